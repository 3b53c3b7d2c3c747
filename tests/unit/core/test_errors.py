# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The four parts of every message, and what each status code means."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.groundwork.provision.plugins.module_utils import _errors
from ansible_collections.groundwork.provision.plugins.module_utils._errors import K1, K2, K3, K4, Failure, for_status

SENTENCES = {"none": K1, "not_started": K2, "started": f"{K3} (job 17).", "finished": f"{K3} (job 17).", "unknown": K4}


@pytest.mark.parametrize("outcome", SENTENCES)
def test_what_why_known_next(outcome):
    failure = Failure("code", "it broke", "Fix it and run again.", what="activate web-01 (POST /profiles/71)", outcome=outcome, job="17")
    text = failure.message()
    parts = ["activate web-01 (POST /profiles/71)", "it broke.", SENTENCES[outcome], "Fix it and run again."]
    places = [text.index(part) for part in parts]
    assert places == sorted(places)
    assert ("The request was not repeated." in text) == (outcome == "unknown")
    assert sum(text.count(sentence) for sentence in (K1, K2, K3, K4)) == 1


@pytest.mark.parametrize("outcome", SENTENCES)
def test_who_tells_how_it_ended_does_not_say_beside_that_it_was_started(outcome):
    failure = _errors.ended_badly("code", "the job 17 ended as Stopped", "Look.", outcome=outcome, job="17")
    assert (SENTENCES[outcome] in failure.message()) == (outcome not in ("started", "finished"))
    assert failure.message().startswith("the job 17 ended as Stopped.")


@pytest.mark.parametrize("effect, words", [
    (("the deletion", "accepted"), "It is not known whether the deletion was accepted."),
    (("the profile", "created"), "It is not known whether the profile was created."),
    (("the job", "started"), K4),
    (None, K4),
])  # fmt: skip
def test_what_is_not_known_is_told_of_what_the_request_makes(effect, words):
    text = Failure("reply_lost", "it broke", "Look.", outcome="unknown", effect=effect, job="17").message()
    assert words in text
    assert (K4 in text) == (words == K4)


@given(st.sampled_from(sorted(SENTENCES)), st.text(max_size=900), st.text(max_size=900), st.text(max_size=250))
def test_the_sentence_survives_any_length(outcome, why, told, step):
    text = Failure("code", why, step, what="x", outcome=outcome, server_message=told, job="17").message()
    assert len(text) <= _errors.MESSAGE_LIMIT
    assert SENTENCES[outcome] in text
    assert text.isprintable()


#              status -> (code, outcome of a start, transient)
STATUSES = {
    200: None, 201: None, 204: None, 299: None,
    300: ("redirect_refused", "not_started", False),
    308: ("redirect_refused", "not_started", False),
    400: ("bad_request", "not_started", False),
    401: ("auth_failed", "not_started", False),
    403: ("forbidden", "not_started", False),
    404: ("not_found", "not_started", False),
    405: ("unexpected_status", "not_started", False),
    409: ("conflict", "not_started", False),
    412: ("precondition_failed", "not_started", False),
    418: ("unexpected_status", "not_started", False),
    422: ("bad_request", "not_started", False),
    423: ("rate_limited", "not_started", True),
    429: ("rate_limited", "not_started", True),
    451: ("unexpected_status", "not_started", False),
    500: ("server_error", "unknown", True),
    501: ("server_error", "unknown", True),
    502: ("server_error", "unknown", True),
    503: ("busy", "unknown", True),
    504: ("server_error", "unknown", True),
    600: ("server_error", "unknown", True),
    999: ("server_error", "unknown", True),
    101: ("server_error", "unknown", True),
    0: ("server_error", "unknown", True),
}  # fmt: skip


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("starts", [True, False])
def test_a_status_means(status, starts):
    failure = for_status(status, starts=starts)
    if STATUSES[status] is None:
        assert failure is None
        return
    assert failure is not None
    code, outcome, transient = STATUSES[status]
    assert (failure.code, failure.transient, failure.status) == (code, transient, status)
    assert failure.outcome == (outcome if starts else "none")
    assert failure.next_step


def test_what_is_set_stays():
    failure = Failure("code", "why", resource="first").about(resource="second", operation="copy")
    assert (failure.resource, failure.operation) == ("first", "copy")


@pytest.mark.parametrize("way", ["made with", "set", "told later"])
def test_the_servers_words_are_cleaned_wherever_they_come_from(way):
    words = "\x1b[1mone\ntwo\u202e" + "x" * 500
    failure = Failure("code", "why", server_message=words if way == "made with" else None)
    if way == "set":
        failure.server_message = words
    failure.about(server_message=words)
    told = failure.public()["server_message"]
    assert told.isprintable()
    assert len(told) <= 200


def refusal(name: str, code: str = "node_not_found") -> Failure:
    return _errors.bad_input(code, f"there is no {name}.", "Leave it out.", resource=name)


def test_all_refusals_of_a_list_are_told():
    refused = _errors.Refusals()
    refused.tell()
    for name in ("a", "b", "c"):
        with refused:
            if name != "b":
                raise refusal(name)
    with pytest.raises(Failure) as told:
        refused.tell()
    assert told.value.public()["resources"] == ["a", "c"]
    assert told.value.message() == "there is no a. The same goes for c. Nothing was changed. Leave it out."


def test_a_defect_is_no_refusal():
    with pytest.raises(KeyError), _errors.Refusals():
        raise KeyError("x")


@pytest.mark.parametrize("refusals, resources, words", [
    ([refusal("a")], ["a"], "there is no a. Nothing"),
    ([refusal("a"), refusal("a")], ["a"], "there is no a. Nothing"),
    ([refusal("a"), refusal("b", "node_offline")], ["a", "b"], "Refused too: b (node_offline)."),
    ([refusal(f"web-{n:04d}") for n in range(5000)], [f"web-{n:04d}" for n in range(5000)], " and 49"),
])  # fmt: skip
def test_refusals_together(refusals, resources, words):
    failure = _errors.together(refusals)
    assert failure.public()["resources"] == resources
    assert words in failure.message()
    assert len(failure.message()) <= 600
    assert failure.message().endswith("Nothing was changed. Leave it out.")
