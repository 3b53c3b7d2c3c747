# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run: its numbers, its results, and its one exit, through which no secret and no hostile text passes."""

from __future__ import annotations

import copy
import functools
import json
import math
import os
import signal
import threading
import time
import types

import pytest
from harness import run_main

from ansible_collections.groundwork.provision.plugins.module_utils import _bulk, _module
from ansible_collections.groundwork.provision.plugins.module_utils._clock import Clock, Ended
from ansible_collections.groundwork.provision.plugins.module_utils._errors import K1, K2, K3, K4, Failure
from ansible_collections.groundwork.provision.plugins.module_utils._options import Spec
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Outcome, Step
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run

SECRET = "Canary-5ecret"
SPEC = Spec({"password": {"type": "str", "no_log": True}, "ids": {"type": "list", "elements": "str"}})


def leave(body, **params):
    """The result of a module whose run function is ``body``, as text and parsed."""
    result = run_main(lambda: _module.main(SPEC, body), {"password": SECRET, **params})
    return result, json.dumps(result, ensure_ascii=False)


# how a run could carry the secret to its end
EXITS = {
    "result": lambda run: {"changed": True, "note": f"login {SECRET}"},
    "key": lambda run: {"changed": True, SECRET: 1},
    "deep": lambda run: {"changed": True, "a": [{"b": (SECRET, SECRET.upper())}]},
    "plan": lambda run: {"changed": True, "plan": [{"body": {"password": SECRET}}]},
    "diff": lambda run: {"changed": True, "diff": {"before": SECRET, "after": {"x": SECRET}}},
    "warning": lambda run: run.warn(f"be careful with {SECRET}") or {"changed": False},
    "failure": lambda run: fail(Failure("x", f"it broke near {SECRET}", f"Look at {SECRET}", server_message=SECRET)),
    "details": lambda run: fail(Failure("x", "it broke", details={"id": SECRET})),
    "our own defect": lambda run: fail(ValueError(SECRET)),
    "a defect with a secret for a type": lambda run: fail(KeyError(SECRET)),
    "the stack is exhausted": lambda run: fail(RecursionError(SECRET)),
    "told to end": lambda run: fail(Ended(SECRET)),
}


def fail(exc):
    raise exc


@pytest.mark.parametrize("way", EXITS)
def test_no_secret_passes_the_exit(way):
    result, text = leave(EXITS[way])
    for form in (SECRET, SECRET.upper(), SECRET.lower(), SECRET[::-1]):
        assert form not in text
    assert "Traceback" not in text
    if way in ("our own defect", "a defect with a secret for a type", "the stack is exhausted"):
        assert result.code == "internal_error"
        assert "in _module.py:" in result["msg"]


@pytest.mark.parametrize("text", ["\x1b[2J", "a\r\nfake: [localhost] => ok", "\ud800", "\u202eabc", "nul\0"])
def test_hostile_text_is_harmless_at_the_exit(text):
    result, told = leave(lambda run: {"changed": False, "name": text, "list": [text], text: 1})
    told.encode("utf-8")
    for bad in ("\x1b", "\ud800", "\u202e", "\0", "\r"):
        assert bad not in json.dumps(result, ensure_ascii=False).encode("utf-8", "surrogatepass").decode("utf-8", "replace")
        assert bad not in result["name"]


@pytest.mark.parametrize(
    "outcome, changed, sentence",
    [("none", False, K1), ("not_started", False, K2), ("started", True, K3), ("finished", True, K3), ("unknown", True, K4)],
)
def test_changed_says_whether_anything_may_have_happened(outcome, changed, sentence):
    result, _text = leave(lambda run: fail(Failure("x", "why", "next", outcome=outcome)))
    assert (result["changed"], result["outcome"], result.failed) == (changed, outcome, True)
    assert sentence in result["msg"]


NUMBERS = {
    "timeout": [0, -1, math.nan, math.inf, 1e9, 0.01],
    "wait_timeout": [-1, math.nan, math.inf, 1e10],
    "poll_interval": [0, -5, math.nan, math.inf, 1e9],
    "reconcile_timeout": [-1, math.nan, math.inf, 1e5],
    "concurrency": [0, -1, 65],
}


@pytest.mark.parametrize("name, value", [(name, value) for name, values in NUMBERS.items() for value in values])
def test_numbers_that_make_no_sense(name, value):
    with pytest.raises(Failure) as caught:
        Run({name: value})
    assert caught.value.code == "config_number"
    assert K1 in caught.value.message()


@pytest.mark.parametrize("place", ["rel/dir", "./x", "$NOPE/x", "..", "x"])
def test_a_state_directory_that_depends_on_where_ansible_was_called_from_is_refused(place):
    """Two runs would not see each other."""
    with pytest.raises(Failure) as caught:
        Run({"state_dir": place})
    assert caught.value.code == "config_options"
    assert "state_dir is no absolute path" in caught.value.message()


@pytest.mark.parametrize("place", [None, "", "/var/lib/x", "~/.ansible/groundwork", "~nobody-at-all/x"])
def test_any_other_state_directory_is_left_to_whoever_needs_it(place):
    Run({"state_dir": place})


# -- many items -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("concurrency", [1, 4, 64])
def test_each_item_is_worked_on_once(concurrency):
    done = []
    assert _bulk.each(range(100), lambda n: done.append(n) or True, concurrency=concurrency, clock=Clock()) == 100
    assert sorted(done) == list(range(100))


@pytest.mark.parametrize("concurrency", [1, 4])
def test_after_a_failed_item_no_other_is_begun(concurrency):
    done = []
    begun = _bulk.each(range(1000), lambda n: done.append(n) or n != 3, concurrency=concurrency, clock=Clock(), stop=True)
    assert sorted(done) == list(range(begun))
    assert begun < 1000


@pytest.mark.parametrize("concurrency", [1, 2])
def test_what_a_worker_raises_ends_the_whole(concurrency):
    begun = []
    clock = Clock()

    def work(number):
        begun.append(number)
        if number == 3:
            raise KeyboardInterrupt
        return True

    with pytest.raises(KeyboardInterrupt):
        _bulk.each(range(1000), work, concurrency=concurrency, clock=clock)
    assert len(begun) < 1000
    assert clock.stop.asked


def test_a_worker_that_hangs_does_not_keep_a_run_that_ends():
    """Its connections are closed, and then it is left alone; it has ended by itself once something wakes it."""
    hang, closed = threading.Event(), []
    clock = Clock()

    def work(number):
        if number == 0:
            clock.stop.ask("the test says so")
            raise Ended
        hang.wait(60)
        return True

    began = time.monotonic()
    # The main thread is told to end while it waits for the others.
    timer = threading.Timer(0.2, lambda: signal.raise_signal(signal.SIGUSR1))  # given to that thread
    before = signal.signal(signal.SIGUSR1, lambda number, frame: (never for never in ()).throw(Ended()))
    timer.start()
    try:
        with pytest.raises(Ended):
            _bulk.each([1, 2], work, concurrency=2, clock=clock, abort=lambda: closed.append(1))
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert closed == [1]
    assert time.monotonic() - began < 10
    hang.set()


# what is known of the requests of a run -> (the sentence, changed)
FATES = {
    "nothing was sent": ([], K1, False),
    "refused": (["not_started"], K2, False),
    "started": (["started"], K3, True),
    "not known": (["unknown"], K4, True),
    "one refused, one started": (["not_started", "started"], K3, True),
    "one started, one not known": (["started", "unknown"], K4, True),
}


@pytest.mark.parametrize("end", [Failure("forbidden", "the server denied the request"), ValueError("a defect"), Ended()])
@pytest.mark.parametrize("case", FATES)
def test_an_end_that_nobody_expected_tells_what_had_been_sent(case, end):
    """A reading afterwards, a defect or a signal: what was started before it stays started."""
    fates, sentence, changed = FATES[case]

    def body(run):
        run.outcomes += [Outcome(Step("activate", "POST", "/", str(n), "why"), fate) for n, fate in enumerate(fates)]
        fail(copy.copy(end))

    result = run_main(lambda: _module.main(SPEC, body), {})
    assert result["changed"] is changed
    assert [one for one in (K1, K2, K3, K4) if one in result["msg"]] == [sentence]


@pytest.mark.parametrize("failed", [True, False])
def test_what_holds_once_the_user_has_read_it_is_done_after_the_result_is_out(monkeypatch, capsys, failed):
    """Whoever is killed before has told nobody."""
    seen = []

    def out(**result):
        print(result["msg"])
        raise SystemExit(1)

    module = types.SimpleNamespace(params={}, spec=Spec(), _diff=False, warn=seen.append, fail_json=out, exit_json=out)
    run = Run({})
    run.after_told = [lambda: seen.append(capsys.readouterr().out), lambda: seen.append("more"), functools.partial(os.close, -1)]
    with pytest.raises(SystemExit):
        _module._leave(module, run, {"failed": failed, "msg": "it is not known"})
    assert seen == ["it is not known\n", "more"]
