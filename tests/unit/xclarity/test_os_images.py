# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OS images: shapes of the list, names and ids, file names that may be asked for, the answer to an export, decisions."""

from __future__ import annotations

import dataclasses
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Unproven
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import os_images
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.export_record import FETCH, JOIN, SAME, START, Record, decide

GOLD = "win2016|win2016-x86_64-install-corp_gold"
LIST = [
    {"id": "win2016", "name": "win2016", "profiles": [
        {"id": GOLD, "name": "corp_gold", "customizationOptions": {"bootOptions": {"bootFileIds": ["b"]}}},
        {"id": "win2016|win2016-x86_64-install-twice", "name": "twice", "customizationOptions": None},
    ]},
    {"id": "rhels9.4", "profiles": [
        {"id": "rhels9.4|rhels9.4-x86_64-install-twice", "name": "twice"}, "rhels9.4|rhels9.4-x86_64-install-bare",
    ]},
    {"id": "empty", "profiles": None},
    {"id": "none"},
]  # fmt: skip
IMAGES = [os_images.parse(entry) for entry in LIST]


def code(call, *arguments, **more):
    with pytest.raises(Failure) as caught:
        call(*arguments, **more)
    return caught.value.code


def test_shapes():
    """The page "GET /osImages": items with profiles; a profile's options are null where its OS cannot be customised."""
    assert [image.id for image in IMAGES] == ["win2016", "rhels9.4", "empty", "none"]
    assert [len(image.profiles) for image in IMAGES] == [2, 2, 0, 0]
    assert IMAGES[1].name == "rhels9.4"
    assert IMAGES[1].profiles[1].name == "bare"
    assert IMAGES[0].public()["profiles"][1]["customization"] == {}


@pytest.mark.parametrize(
    "wanted, found",
    [
        (GOLD, GOLD),
        ("corp_gold", GOLD),
        ("win2016|win2016-x86_64-install-twice", "win2016|win2016-x86_64-install-twice"),
        ("bare", "rhels9.4|rhels9.4-x86_64-install-bare"),
    ],
)
def test_find(wanted, found):
    assert os_images.find(IMAGES, wanted).id == found


def test_find_nothing_or_too_much():
    assert code(os_images.find, IMAGES, "no") == "profile_not_found"
    with pytest.raises(Failure) as caught:
        os_images.find(IMAGES, "twice")
    assert caught.value.code == "profile_ambiguous"
    assert "rhels9.4|rhels9.4-x86_64-install-twice" in caught.value.message()
    named_so = os_images.Image("other", "other", {}, (os_images.OsProfile("other|id", GOLD, "other", {}),))
    assert code(os_images.find, [*IMAGES, named_so], GOLD) == "profile_ambiguous"
    with pytest.raises(Failure) as caught:
        os_images.find(IMAGES, "win2016")
    assert GOLD in caught.value.message()


def test_select():
    assert [i.id for i in os_images.select(IMAGES, ["win2016", "no"], None)] == ["win2016"]
    chosen = os_images.select(IMAGES, None, ["twice"])
    assert [(i.id, [p.name for p in i.profiles]) for i in chosen] == [("win2016", ["twice"]), ("rhels9.4", ["twice"])]
    assert os_images.select(IMAGES, None, ["no"]) == []


def test_fingerprint():
    profile = IMAGES[0].profiles[0]
    turned = dataclasses.replace(profile, entry=dict(reversed(list(profile.entry.items()))))
    assert turned.fingerprint == profile.fingerprint
    for changed in ({"customizationOptions": {}}, {"customizationOptions": {"bootOptions": {"bootFileIds": ["c"]}}}, {"new": 1}):
        assert dataclasses.replace(profile, entry={**profile.entry, **changed}).fingerprint != profile.fingerprint


GOOD = [
    "20260301091500_corp_gold.tar.gz", "2016121921921_Custom-2016-datacenter-profile.tar.gz", "a.tar.gz", "A-1._.tar.gz",
    "a" * 200 + ".tar.gz",
]  # fmt: skip
BAD = [
    "../../etc/cron.d/x.tar.gz", "/etc/passwd", "/a.tar.gz", "a\\..\\b.tar.gz", "a\0.tar.gz", "a\n.tar.gz", "\x1b[31m.tar.gz",
    "a\u202egz.rat.tar.gz", "a" * 201 + ".tar.gz", "a" * 5000 + ".tar.gz", "", ".", "..", "-rf.tar.gz", ".bashrc", ".hidden.tar.gz", "CON",
    "ä.tar.gz", "%2e%2e%2fa.tar.gz", "a%2Fb.tar.gz", GOLD, GOLD + ".tar.gz", "win2016", "a b.tar.gz", "a.tar.gz\n", "a.tar", "a.tgz",
    "a.tar.gz.exe", ".tar.gz", "remoteFileServers", None, 5, ["a.tar.gz"], {"a": 1}, "a?b.tar.gz", "a#.tar.gz", "a;b.tar.gz", "１.tar.gz",
    "a.TAR.GZ", "a/../b.tar.gz", " a.tar.gz", "a.tar.gz ", "a,b.tar.gz", "a|b.tar.gz",
]  # fmt: skip


@pytest.mark.parametrize("name", GOOD)
def test_file_names_that_may_be_asked_for(name):
    assert os_images.check_file_name(name, IMAGES) == name
    assert os_images.file_path(name) == "/osImages/" + name


@pytest.mark.parametrize("name", BAD, ids=repr)
def test_file_names_that_may_not(name):
    with pytest.raises(Failure) as caught:
        os_images.check_file_name(name, IMAGES)
    assert caught.value.code == "bad_filename"
    assert caught.value.message().isprintable()
    assert len(caught.value.message()) <= 600
    if isinstance(name, str):
        assert code(os_images.check_source_file, name, IMAGES) == "config_file_name"


def test_a_file_name_that_is_an_id_would_start_another_export():
    images = [os_images.parse({"id": "x", "profiles": [{"id": "looks.like.a.file.tar.gz"}]})]
    assert code(os_images.check_file_name, "looks.like.a.file.tar.gz", images) == "bad_filename"


@given(st.text(alphabet=st.characters(), max_size=30).map(lambda text: text + ".tar.gz"))
def test_whatever_is_let_through_is_plain(name):
    try:
        os_images.check_file_name(name, IMAGES)
    except Failure:
        return
    assert set(name) <= set(string.ascii_letters + string.digits + "._-")
    assert name[0] not in ".-_"


def test_the_step_of_the_page_s_example():
    """The page "GET /osImages/{id}": | is percent-encoded; serverId and path go as a query."""
    here = os_images.export_step(IMAGES[0].profiles[0], "", "", "why")
    assert (here.method, here.path, here.query) == ("GET", "/osImages/win2016%7Cwin2016-x86_64-install-corp_gold", ())
    there = os_images.export_step(IMAGES[0].profiles[0], "101", "/some/path/to/file", "why")
    assert there.query == (("serverId", "101"), ("path", "/some/path/to/file"))
    assert there.public()["query"] == {"serverId": "101", "path": "/some/path/to/file"}
    assert here.resource != there.resource


STEP = os_images.export_step(IMAGES[0].profiles[0], "", "", "why")
REPLY = {"filename": "1_x.tar.gz", "jobID": "12", "result": "success", "messages": []}


@pytest.mark.parametrize(
    "change, job, filename, warnings",
    [
        ({}, "12", "1_x.tar.gz", []),
        ({"jobID": 12}, "12", "1_x.tar.gz", []),
        ({"jobID": None, "jobId": "7"}, "7", "1_x.tar.gz", []),
        ({"jobID": ""}, None, "1_x.tar.gz", []),
        ({"jobID": "0"}, None, "1_x.tar.gz", []),
        ({"filename": None}, "12", "", []),
        ({"result": "warning", "messages": ["low on space"]}, "12", "1_x.tar.gz", ["low on space"]),
        ({"result": "Success"}, "12", "1_x.tar.gz", []),
    ],
)
def test_answers(change, job, filename, warnings):
    """The page: filename, jobID with a capital ID, result, messages as strings."""
    accepted = os_images.accept_export(STEP, REPLY | change)
    assert accepted.job == job
    assert accepted.data == {"filename": filename, "warnings": warnings}


@pytest.mark.parametrize("word", ["failed", "failure", "FAILED", "error"])
def test_a_refusal_inside_a_200(word):
    with pytest.raises(Failure) as caught:
        os_images.accept_export(STEP, REPLY | {"result": word, "messages": ["No space left."]})
    assert (caught.value.code, caught.value.outcome) == ("server_refused", "not_started")
    assert "No space left." in caught.value.message()


@pytest.mark.parametrize("data", [{}, {"result": "success"}, {"result": "success", "jobID": "", "filename": ""}])
def test_answers_that_prove_nothing(data):
    with pytest.raises(Unproven):
        os_images.accept_export(STEP, data)


@pytest.mark.parametrize("data", [None, [], 5, "text"])
def test_answers_of_no_known_shape(data):
    assert code(os_images.accept_export, STEP, data) == "bad_reply"


def test_a_job_that_names_the_profile():
    profile = IMAGES[0].profiles[0]
    assert os_images.mentions({"title": "Export corp_gold"}, profile)
    assert os_images.mentions({"summary": [{"text": f"exporting {GOLD}."}]}, profile)
    assert os_images.mentions({"children": [{"title": "1_corp_gold.tar.gz"}]}, profile)
    assert not os_images.mentions({"title": "Export corp_gold2"}, profile)
    assert not os_images.mentions({"title": "Export my-corp_gold"}, profile)
    assert os_images.file_name_in({"summary": [{"text": "written to 1_x.tar.gz"}]}) == "1_x.tar.gz"
    assert os_images.file_name_in({"summary": "1_x.tar.gz and 2_x.tar.gz"}) == ""


# -- what a run makes of what is remembered ---------------------------------------------------------------------------

PROFILE = IMAGES[0].profiles[0]
RECORD = Record("host:443", GOLD, PROFILE.fingerprint, "1_x.tar.gz", "12", True, "x.tar.gz", "ab" * 32, 100)
STARTED = dataclasses.replace(RECORD, finished=False, sha256="", size=0)


@pytest.mark.parametrize(
    "record, options, act",
    [
        (None, {}, START),
        (None, {"digest_wanted": True}, SAME),
        (None, {"digest_wanted": True, "force": True}, START),
        (None, {"source_file": "1_x.tar.gz"}, FETCH),
        (RECORD, {"file_same": True}, SAME),
        (RECORD, {"file_same": True, "force": True}, START),
        (RECORD, {"file_same": True, "source_file": "1_x.tar.gz"}, SAME),
        (RECORD, {"file_same": True, "source_file": "2_x.tar.gz"}, FETCH),
        (RECORD, {"file_same": False, "source_file": "1_x.tar.gz"}, FETCH),
        (RECORD, {}, START),
        (RECORD, {"still": lambda record: "there"}, FETCH),
        (STARTED, {"file_same": True, "still": lambda record: "running"}, JOIN),
        (STARTED, {"still": lambda record: "running"}, JOIN),
        (STARTED, {"still": lambda record: "there"}, FETCH),
        (STARTED, {}, START),
        (dataclasses.replace(RECORD, fingerprint="other"), {"file_same": True}, START),
        (dataclasses.replace(RECORD, profile="other"), {"file_same": True}, START),
        (dataclasses.replace(RECORD, server="other"), {"file_same": True}, START),
        (dataclasses.replace(STARTED, fingerprint="other"), {"still": lambda record: "running"}, START),
    ],
)
def test_decisions(record, options, act):
    decision = decide(record, "host:443", PROFILE, **{"file_same": False, **options})
    assert decision.act == act
    assert decision.why
    if act in (JOIN, FETCH):
        assert decision.filename


def test_records_survive_a_round_trip():
    assert Record.load(RECORD.dump()) == RECORD


@pytest.mark.parametrize(
    "value", [None, {}, {"schema": 2}, {**RECORD.dump(), "schema": "1"}, {**RECORD.dump(), "size": "1"}, {**RECORD.dump(), "job": None},
              {k: v for k, v in RECORD.dump().items() if k != "sha256"}]
)  # fmt: skip
def test_records_that_are_none_of_ours(value):
    assert Record.load(value) is None
