# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lock and the record: one at a time, nothing forgotten by a kill, nothing believed that others could have written."""

from __future__ import annotations

import json
import os
import signal
import stat
from pathlib import Path

import pytest

from ansible_collections.groundwork.provision.plugins.module_utils._errors import K1, Failure
from ansible_collections.groundwork.provision.plugins.module_utils._guard import Guard

SETTLE = 15.0
KEY = ("xclarity", "a.example:443", "profiles")


@pytest.fixture
def state(tmp_path):
    return str(tmp_path / "state")


def guard_of(state, clock, **options):
    return Guard(state, KEY, clock, **{"settle": SETTLE, **options})


def full(fd, data):
    """``os.write`` on a full disk."""
    raise OSError(28, "No space left on device")


def killed(state, act):
    """``act(guard)`` in a child that is then killed with -9 while it holds the lock."""
    from chaos.clocks import StillClock

    child = os.fork()
    if child == 0:
        guard = guard_of(state, StillClock())
        guard.__enter__()
        act(guard)
        os.kill(os.getpid(), signal.SIGKILL)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL


# what the killed run had done -> (what the next one finds unfinished, whether it waits)
KILLS = {
    "nothing": (lambda g: None, [], False),
    "intended": (lambda g: g.intend(["activate:web-01"]), ["activate:web-01"], True),
    "two intended, one answered": (
        lambda g: (g.intend(["activate:web-01", "activate:web-02"]), g.resolve("activate:web-01", "started")), ["activate:web-02"], True,
    ),
    "refused": (lambda g: (g.intend(["a:1"]), g.resolve("a:1", "not_started")), [], False),
    "started": (lambda g: (g.intend(["a:1"]), g.resolve("a:1", "started")), [], False),
    "unknown, and told": (lambda g: (g.intend(["a:1"]), g.resolve("a:1", "unknown")), [], True),
    "finished": (lambda g: (g.intend(["a:1"]), g.finish()), [], False),
    "names with line breaks": (lambda g: g.intend(['a:"1\n{}']), ['a:"1\n{}'], True),
}  # fmt: skip


@pytest.mark.parametrize("case", KILLS)
def test_after_a_kill_the_next_run_knows_and_waits(state, still, case):
    act, unfinished, waits = KILLS[case]
    killed(state, act)
    with guard_of(state, still) as guard:
        assert guard.unfinished == unfinished
        assert sum(still.slept) == (SETTLE if waits else 0)
        guard.told()
    with guard_of(state, still) as guard:
        assert guard.unfinished == []


def test_a_run_that_said_it_does_not_know_has_waited_itself(state, still):
    killed(state, lambda guard: (guard.intend(["a:1"]), guard.resolve("a:1", "unknown")))
    still.advance(10)
    with guard_of(state, still):
        assert sum(still.slept) == 5


def test_a_killed_run_may_have_sent_long_after_it_wrote(state, still):
    """One record for a thousand requests: the last may have left a moment before the kill."""
    killed(state, lambda guard: guard.intend([f"a:{n}" for n in range(1000)]))
    still.advance(600)
    with guard_of(state, still):
        assert sum(still.slept) == SETTLE


def test_a_task_for_something_else_does_not_wipe_the_doubt_away(state, still):
    """A playbook is run again from its start: other tasks, of the same kind, come before the one that was killed."""
    killed(state, lambda guard: guard.intend(["activate:web-01"]))
    with guard_of(state, still) as other:
        other.finish()
    with guard_of(state, still) as another:
        another.intend(["activate:web-02"])
        another.resolve("activate:web-02", "started")
        another.finish()
    assert sum(still.slept) == SETTLE, "it has been waited for, once"
    with guard_of(state, still) as guard:
        assert guard.unfinished == ["activate:web-01"]
        guard.told()
    with guard_of(state, still) as guard:
        assert guard.unfinished == []


def test_asking_for_the_same_again_ends_the_doubt(state, still):
    killed(state, lambda guard: guard.intend(["activate:web-01"]))
    with guard_of(state, still) as guard:
        guard.intend(["activate:web-01"])
        guard.resolve("activate:web-01", "started")
        guard.finish()
    with guard_of(state, still) as guard:
        assert guard.unfinished == []
    assert os.path.getsize(guard.path) == 0


def test_a_doubt_ends_after_a_day(state, still):
    killed(state, lambda guard: guard.intend(["activate:web-01"]))
    still.advance(86401)
    with guard_of(state, still) as guard:
        assert guard.unfinished == []


def test_after_a_restart_of_the_machine_the_wall_clock_counts(state, still, monkeypatch):
    killed(state, lambda guard: guard.intend(["a:1"]))
    monkeypatch.setattr("ansible_collections.groundwork.provision.plugins.module_utils._guard._boot_id", lambda: "another")
    still.now = 5.0
    still.offset += 1000.0
    with guard_of(state, still) as guard:
        assert guard.unfinished == ["a:1"]
    assert 0 <= sum(still.slept) <= SETTLE


def test_a_line_cut_off_by_the_kill_was_not_sent_yet(state, still):
    killed(state, lambda guard: guard.intend(["a:1"]))
    path = os.path.join(state, os.listdir(state)[0])
    with open(path, "a", encoding="utf-8") as file:
        file.write('\n{"intent": "b:')
    with guard_of(state, still) as guard:
        assert guard.unfinished == ["a:1"]


def test_a_second_run_waits_for_the_first_and_then_gives_up(state, still):
    with guard_of(state, still):
        with pytest.raises(Failure) as caught:
            guard_of(state, still, wait=30.0).__enter__()
        assert caught.value.code == "lock_unavailable"
        assert K1 in caught.value.message()
        assert 30 <= sum(still.slept) < 31
        other = Guard(state, ("xclarity", "b.example:443", "profiles"), still, settle=SETTLE)
        with other:
            assert other.waited == 0
    with guard_of(state, still) as again:
        assert again.waited == 0


def test_a_second_run_goes_on_when_the_first_is_done(state, still):
    first = guard_of(state, still)
    first.__enter__()
    still.sleep = lambda seconds: (still.advance(seconds), first.__exit__())
    with guard_of(state, still) as second:
        assert second.waited > 0


def test_the_record_is_private_and_names_nothing(state, still):
    with guard_of(state, still) as guard:
        guard.intend(["activate:web-01"])
        assert stat.S_IMODE(os.stat(state).st_mode) == 0o700
        assert stat.S_IMODE(os.stat(guard.path).st_mode) == 0o600
        assert "web-01" not in guard.path
        assert "example" not in guard.path


def test_intents_are_on_disk_before_anything_is_sent(state, still, monkeypatch):
    events = []
    real = os.fsync
    monkeypatch.setattr(os, "fsync", lambda fd: (events.append("fsync"), real(fd)))
    with guard_of(state, still) as guard:
        guard.intend(["a:1"])
        events.append("send")
        with open(guard.path, encoding="utf-8") as file:
            assert [json.loads(line).get("intent") for line in file if line.strip()] == [None, "a:1"]
    assert events == ["fsync", "send"]


# how the record was tampered with
UNSAFE = {
    "a link": lambda path: (os.unlink(path), os.symlink("/etc/hostname", path)),
    "writable for others": lambda path: os.chmod(path, 0o666),
    "directory writable for others": lambda path: os.chmod(os.path.dirname(path), 0o777),
    "a pipe": lambda path: (os.unlink(path), os.mkfifo(path)),
    "of a later version": lambda path: Path(path).write_text('{"schema": 99}\n{"intent": "a:1"}\n', encoding="utf-8"),
}


@pytest.mark.parametrize("case", UNSAFE)
@pytest.mark.parametrize("required", [True, False])
def test_a_record_that_others_could_have_written_is_refused(state, still, case, required):
    with guard_of(state, still) as guard:
        guard.intend(["a:1"])
    UNSAFE[case](guard.path)
    with pytest.raises(Failure) as caught:
        guard_of(state, still, required=required).__enter__()
    assert caught.value.code == "journal_unsafe"
    assert K1 in caught.value.message()
    if os.path.isdir(state):
        os.chmod(state, 0o700)


@pytest.mark.parametrize("text", ["", "\n\n", "[]\n17\nnull\n", "\x00\xff garbage", '{"resolved": "a:1", "outcome": "started"}\n'])
def test_a_record_of_noise_is_an_empty_one(state, still, text):
    with guard_of(state, still) as guard:
        guard.finish()
    with open(guard.path, "w", encoding="latin-1") as file:
        file.write(text)
    with guard_of(state, still) as guard:
        assert guard.unfinished == []
    assert still.slept == []


@pytest.mark.parametrize("required", [True, False])
def test_no_place_for_the_record(tmp_path, still, required):
    (tmp_path / "file").write_text("", encoding="utf-8")
    guard = guard_of(str(tmp_path / "file" / "state"), still, required=required)
    if not required:
        with guard:
            assert guard.note
            guard.intend(["a:1"])
            guard.resolve("a:1", "started")
            guard.finish()
        return
    with pytest.raises(Failure) as caught:
        guard.__enter__()
    assert caught.value.code == "lock_unavailable"


@pytest.mark.parametrize("required", [True, False])
def test_a_full_disk_stops_before_anything_is_sent(state, still, monkeypatch, required):
    with guard_of(state, still, required=required) as guard:
        monkeypatch.setattr(os, "write", full)
        if not required:
            guard.intend(["a:1"])
            return
        with pytest.raises(Failure) as caught:
            guard.intend(["a:1"])
    assert caught.value.code == "lock_unavailable"
    assert caught.value.outcome == "none"


def test_a_full_disk_after_the_sending_does_not_hide_what_became_of_it(state, still, monkeypatch):
    """The request is out by then; only the record stays behind, and the next run finds it unfinished."""

    with guard_of(state, still) as guard:
        guard.intend(["a:1"])
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", full)
            guard.resolve("a:1", "started")
    with guard_of(state, still) as guard:
        assert guard.unfinished == ["a:1"]


def test_a_line_cut_off_does_not_spoil_the_next_one(state, still, monkeypatch):
    real = os.write

    def half(fd, data):
        real(fd, data[: len(data) // 2])
        raise OSError(28, "No space left on device")

    with guard_of(state, still) as guard:
        guard.intend(["a:1"])
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", half)
            guard.resolve("a:1", "started")
    for _run in range(2):  # the first run to find it waits and notes that; the next one can read the note
        with guard_of(state, still) as guard:
            assert guard.unfinished == ["a:1"]
        assert sum(still.slept) == SETTLE


def test_a_file_system_without_locks(state, still, monkeypatch):
    def none(fd, how):
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr("fcntl.flock", none)
    with pytest.raises(Failure) as caught:
        guard_of(state, still).__enter__()
    assert caught.value.code == "lock_unavailable"
    with guard_of(state, still, required=False) as guard:
        assert guard.note
