# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lock and the record: one at a time, nothing forgotten by a kill, nothing believed that others could have written."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import stat
import threading
from pathlib import Path

import pytest

from ansible_collections.groundwork.provision.plugins.module_utils._errors import K1, Failure
from ansible_collections.groundwork.provision.plugins.module_utils._guard import Guard

SETTLE = 15.0
IDENTITY = ("xclarity", "A1B2")
DAY = 86400.0


@pytest.fixture
def state(tmp_path):
    return str(tmp_path / "state")


def guard_of(state, clock, identity=IDENTITY, kind="profiles", **options):
    guard = Guard(state, "xclarity", kind, clock, **{"settle": SETTLE, **options})
    guard.identify(*identity)
    return guard


def full(fd, data):
    """``os.write`` on a full disk."""
    raise OSError(28, "No space left on device")


def killed(state, act, clock=None, **options):
    """``act(guard)`` in a child that is then killed with -9 while it holds the lock."""
    from chaos.clocks import StillClock

    child = os.fork()
    if child == 0:
        try:
            guard = guard_of(state, clock or StillClock(), **options)
            guard.__enter__()
            act(guard)
        finally:
            os.kill(os.getpid(), signal.SIGKILL)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL


def record(state):
    (name,) = [name for name in os.listdir(state) if name.endswith(".record")]
    return os.path.join(state, name)


def entries(state):
    """What the file itself holds, read without the code under test: the keys that are open."""
    found = set()
    for line in Path(record(state)).read_text(encoding="utf-8").splitlines():
        value = json.loads(line) if line else {}
        found |= set(value.get("keys", []))
        found.discard(value.get("done"))
    return found


# what the killed run had done -> (what the next one finds unfinished, whether it waits)
KILLS = {
    "nothing": (lambda g: None, set(), False),
    "intended": (lambda g: g.intend(["activate:71"]), {"activate:71"}, True),
    "two intended, one answered": (
        lambda g: (g.intend(["activate:71", "activate:72"]), g.resolve("activate:71", "started")), {"activate:72"}, True,
    ),
    "refused": (lambda g: (g.intend(["a:1"]), g.resolve("a:1", "not_started")), set(), False),
    "started": (lambda g: (g.intend(["a:1"]), g.resolve("a:1", "started")), set(), False),
    "unknown, and nobody told": (lambda g: (g.intend(["a:1"]), g.resolve("a:1", "unknown")), {"a:1"}, True),
    "names with line breaks": (lambda g: g.intend(['a:"1\n{}']), {'a:"1\n{}'}, True),
}  # fmt: skip


def test_the_job_of_a_killed_run_is_in_the_record(state, still):
    def act(guard):
        guard.intend(["restart:a", "restart:b", "restart:c", "restart:d"])
        guard.keep("restart:a", "17")
        guard.keep("restart:b", None)
        guard.keep("restart:of nobody", "19")
        guard.resolve("restart:c", "started")

    killed(state, act)
    for told in (False, True):
        with guard_of(state, still) as guard:
            assert guard.unfinished == {"restart:a", "restart:b", "restart:d"}
            assert [guard.started([f"restart:{name}"]) for name in "abcd"] == [["17"], [], None, None]
            assert (guard.started(["restart:a", "restart:b"]), guard.started(["restart:a", "restart:d"])) == (["17"], None)
            if told:
                guard.settled_by_reading(["restart:a"])
    with guard_of(state, still) as guard:
        assert (guard.unfinished, guard.started(["restart:b"])) == ({"restart:b", "restart:d"}, [])


@pytest.mark.parametrize("case", KILLS)
def test_after_a_kill_the_next_run_knows_and_waits(state, still, case):
    act, unfinished, waits = KILLS[case]
    killed(state, act)
    with guard_of(state, still) as guard:
        assert guard.unfinished == unfinished
        assert sum(still.slept) == (SETTLE if waits else 0)
    guard.tell(unfinished)
    with guard_of(state, still) as guard:
        assert guard.unfinished == set()
    assert sum(still.slept) == (SETTLE if waits else 0), "waited for once"


def test_a_run_that_said_it_does_not_know_has_waited_itself(state, still):
    """What is told at the end of a run: only what is left of the time counts for the next."""
    with guard_of(state, still) as guard:
        guard.intend(["a:1"])
        guard.resolve("a:1", "unknown")
    guard.tell(["a:1"])
    still.advance(10)
    with guard_of(state, still) as guard:
        assert guard.unfinished == set()
    assert sum(still.slept) == 5


@pytest.mark.parametrize("killed_before", [True, False])
def test_an_attempt_that_follows_by_itself_is_told_again(state, still, killed_before):
    """``until``: nobody has looked between the attempts of one task. Another task, or the next run of the play, goes on."""
    if killed_before:
        killed(state, lambda guard: guard.intend(["a:1", "a:2"]))
    else:
        with guard_of(state, still, teller="run-task") as guard:
            guard.intend(["a:1", "a:2"])
            guard.resolve("a:1", "unknown")
            guard.resolve("a:2", "unknown")
        guard.tell(["a:1", "a:2"])
    for _attempt in range(3):
        with guard_of(state, still, teller="run-task") as guard:
            assert guard.unfinished == {"a:1", "a:2"}
        guard.tell(["a:1", "a:2"])
    assert sum(still.slept) == SETTLE, "waited for once"
    with guard_of(state, still, teller="run-task") as guard:
        guard.settled_by_reading(["a:2"])
    with guard_of(state, still, teller="run-task") as guard:
        assert guard.unfinished == {"a:1"}
    for other in ("run-other", ""):
        with guard_of(state, still, teller=other) as guard:
            assert guard.unfinished == set()


def test_who_is_not_known_is_nobody(state, still):
    killed(state, lambda guard: guard.intend(["a:1"]))
    with guard_of(state, still) as guard:
        assert guard.unfinished == {"a:1"}
    guard.tell(["a:1"])
    with guard_of(state, still) as guard:
        assert guard.unfinished == set()


def test_what_was_not_told_yet_is_told_by_the_next_run(state, still):
    """The run is killed while it waits for its other items: nobody has read of the unknown one."""
    with guard_of(state, still) as guard:
        guard.intend(["a:1", "a:2"])
        guard.resolve("a:1", "started")
        guard.resolve("a:2", "unknown")
    with guard_of(state, still) as guard:
        assert guard.unfinished == {"a:2"}


def test_a_killed_run_may_have_sent_long_after_it_wrote(state, still):
    """One record for a thousand requests: the last may have left a moment before the kill."""
    killed(state, lambda guard: guard.intend([f"a:{n}" for n in range(1000)]))
    still.advance(600)
    with guard_of(state, still):
        assert sum(still.slept) == SETTLE


def test_after_a_second_kill_is_waited_again(state, still):
    """The first kill was waited for; the request of the second may still be on its way."""
    killed(state, lambda guard: guard.intend(["a:1"]))
    killed(state, lambda guard: guard.intend(["a:1"]), clock=None)
    with guard_of(state, still):
        assert sum(still.slept) == SETTLE
    killed(state, lambda guard: guard.intend(["a:2"]), settle=0)
    with guard_of(state, still) as guard:
        assert guard.unfinished == {"a:1", "a:2"}
    assert sum(still.slept) == 2 * SETTLE


def test_a_task_for_something_else_does_not_wipe_the_doubt_away(state, still):
    """A playbook is run again from its start: other tasks, of the same kind, come before the one that was killed."""
    killed(state, lambda guard: guard.intend(["activate:71"]))
    with guard_of(state, still):
        pass
    with guard_of(state, still) as another:
        another.intend(["activate:72"])
        another.resolve("activate:72", "started")
    assert sum(still.slept) == SETTLE, "it has been waited for, once"
    with guard_of(state, still) as guard:
        assert guard.unfinished == {"activate:71"}
    guard.tell({"activate:71"})
    with guard_of(state, still) as guard:
        assert guard.unfinished == set()


def test_only_what_was_told_is_cleared(state, still):
    killed(state, lambda guard: guard.intend(["activate:71", "activate:72", "activate:73"]))
    with guard_of(state, still) as guard:
        pass
    guard.tell(["activate:72", "activate:99"])
    with guard_of(state, still) as guard:
        assert guard.unfinished == {"activate:71", "activate:73"}


def test_what_a_reading_has_settled_is_not_asked_about_again(state, still):
    killed(state, lambda guard: guard.intend(["activate:71", "activate:72"]))
    with guard_of(state, still) as guard:
        guard.settled_by_reading(["activate:71"])
    with guard_of(state, still) as guard:
        assert guard.unfinished == {"activate:72"}


def test_asking_for_the_same_again_ends_the_doubt(state, still):
    killed(state, lambda guard: guard.intend(["activate:71"]))
    with guard_of(state, still) as guard:
        guard.intend(["activate:71"])
        guard.resolve("activate:71", "started")
    with guard_of(state, still) as guard:
        assert guard.unfinished == set()


# -- age and size -----------------------------------------------------------------------------------------------------


def test_each_doubt_has_its_own_age(state, still):
    """Runs in between do not keep an old one alive: it ends after a day, whatever else is recorded."""
    killed(state, lambda guard: guard.intend(["a:old"]))
    for hour in range(1, 24):
        still.advance(3600)
        with guard_of(state, still) as guard:
            guard.intend([f"a:{hour}"])
            guard.resolve(f"a:{hour}", "started")
            assert guard.unfinished == {"a:old"}
    still.advance(3700)
    with guard_of(state, still) as guard:
        assert guard.unfinished == set()


@pytest.mark.parametrize("jump", [-400 * DAY, -2 * DAY, 2 * DAY, 400 * DAY])
def test_a_wall_clock_that_is_set_ends_no_doubt(state, still, jump):
    """A machine that was resumed from a snapshot, or had no clock of its own, gets the right time in the middle."""
    killed(state, lambda guard: guard.intend(["a:1"]))
    still.offset += jump
    with guard_of(state, still) as guard:
        assert guard.unfinished == {"a:1"}
    still.advance(DAY)
    with guard_of(state, still) as guard:
        assert guard.unfinished == set(), "and it ends after a day all the same"


@pytest.mark.parametrize("settled", [False, True])
@pytest.mark.parametrize("jump", [-400 * DAY, -2 * DAY, -5.0])
def test_a_wall_clock_that_is_set_back_over_a_restart_ends_no_doubt(state, still, monkeypatch, jump, settled):
    killed(state, lambda guard: guard.intend(["a:1"]))
    if settled:  # a run has waited for it, so that the next one has no reason of its own to write the record
        with guard_of(state, still):
            pass
    monkeypatch.setattr("ansible_collections.groundwork.provision.plugins.module_utils._guard._boot_id", lambda: "another")
    still.now, still.offset = 5.0, still.offset + jump
    with guard_of(state, still) as guard:
        assert guard.unfinished == {"a:1"}
    still.advance(DAY)
    with guard_of(state, still) as guard:
        assert guard.unfinished == set(), "it has been dated anew once, and not at each run"


def test_the_record_stays_small_over_months(state, still):
    sizes = []
    for _day in range(60):
        with guard_of(state, still) as guard:
            guard.intend([f"activate:{n}" for n in range(1000)])
            for n in range(1000):
                guard.resolve(f"activate:{n}", "started")
        sizes.append(os.path.getsize(record(state)))
        still.advance(DAY)
    assert max(sizes) < 100
    assert len(os.listdir(state)) == 2


def test_a_doubt_is_kept_when_the_others_of_its_run_are_done(state, still):
    killed(state, lambda g: (g.intend(["a:1", "a:2"]), g.resolve("a:1", "started")))
    assert entries(state) == {"a:2"}


def test_after_a_restart_of_the_machine_the_wall_clock_counts(state, still, monkeypatch):
    with guard_of(state, still) as guard:
        guard.intend(["a:1"])
        guard.resolve("a:1", "unknown")
    guard.tell(["a:1"])
    monkeypatch.setattr("ansible_collections.groundwork.provision.plugins.module_utils._guard._boot_id", lambda: "another")
    still.now, still.offset = 5.0, still.offset + 1000.0  # five seconds later
    with guard_of(state, still):
        assert sum(still.slept) == SETTLE - 5


def test_what_was_told_late_is_noted_under_the_lock_or_not_at_all(state, still):
    """Another run that holds the lock rewrites the record: a note in between would be lost, or take away one of its own."""
    with guard_of(state, still) as guard:
        guard.intend(["a:1"])
        guard.resolve("a:1", "unknown")
    with guard_of(state, still) as other:
        other.intend(["a:2"])
        before = Path(record(state)).read_bytes()
        guard.tell(["a:1"])
        assert Path(record(state)).read_bytes() == before
        assert 5 <= sum(still.slept) - SETTLE <= 6, "it waits a little, not as long as a run would"
    guard.tell(["a:1"])
    with guard_of(state, still) as again:
        assert "a:1" not in again.unfinished


# -- two runs ---------------------------------------------------------------------------------------------------------


def test_a_second_run_waits_for_the_first_and_then_gives_up(state, still):
    with guard_of(state, still):
        with pytest.raises(Failure) as caught:
            guard_of(state, still, wait=30.0).__enter__()
        assert caught.value.code == "lock_unavailable"
        assert K1 in caught.value.message()
        assert 30 <= sum(still.slept) < 31
        for other in ({"identity": ("xclarity", "OTHER")}, {"kind": "backups"}):
            with guard_of(state, still, **other) as free:
                assert free.waited == 0
    with guard_of(state, still) as again:
        assert again.waited == 0


def test_a_second_run_goes_on_when_the_first_is_done(state, still):
    first = guard_of(state, still)
    first.__enter__()
    still.sleep = lambda seconds: (still.advance(seconds), first.__exit__())
    with guard_of(state, still) as second:
        assert second.waited > 0


def test_a_run_that_is_told_to_end_does_not_go_on_waiting(state, clock):
    from ansible_collections.groundwork.provision.plugins.module_utils._clock import Clock, Ended

    real = Clock()
    with guard_of(state, real):
        threading.Timer(0.2, real.stop.set).start()
        with pytest.raises(Ended):
            guard_of(state, real).__enter__()


def sent(state, clock, **options):
    with guard_of(state, clock, **options) as guard:
        guard.intend(["a:1"])
        guard.resolve("a:1", "started")


# what happens between the reading and the lock -> whether the reading still holds
MEANWHILE = {
    "nothing": (lambda state, clock: None, True),
    "another run that sent nothing": (lambda state, clock: guard_of(state, clock).__enter__().__exit__(), True),
    "another run that sent something": (sent, False),
    "a run that was killed": (lambda state, clock: killed(state, lambda g: g.intend(["a:1"])), False),
    "a run for another server": (lambda state, clock: sent(state, clock, identity=("xclarity", "OTHER")), True),
    "work of another kind": (lambda state, clock: sent(state, clock, kind="backups"), True),
    "work of another kind of the group": (lambda state, clock: sent(state, clock, kind="power", group="servers"), False),
    "the same for another server": (
        lambda state, clock: sent(state, clock, kind="power", group="servers", identity=("xclarity", "OTHER")),
        True,
    ),
}


@pytest.mark.parametrize("earlier", [False, True])
@pytest.mark.parametrize("case", MEANWHILE)
def test_a_reading_without_the_lock_holds_when_nobody_sent_anything_since(state, still, case, earlier):
    act, holds = MEANWHILE[case]
    group = {"group": "servers"} if "group" in case or "the same" in case else {}
    if earlier:
        sent(state, still, **group)
        sent(state, still, kind="power", **group)
    guard = Guard(state, "xclarity", "profiles", still, settle=SETTLE, **group)
    assert guard.quiet()
    act(state, still)
    guard.identify(*IDENTITY)
    with guard:
        assert guard.undisturbed is holds


@pytest.mark.parametrize("end", ["open", "told", "noise", "link"])
def test_while_something_is_open_nobody_reads_without_the_lock(state, still, end):
    """Of any server of the kind: which one it is, is not known yet."""
    killed(state, lambda guard: guard.intend(["a:1"]), identity=("xclarity", "OTHER"))
    if end == "told":
        with guard_of(state, still, identity=("xclarity", "OTHER")) as guard:
            guard.intend(["a:1"])
            guard.resolve("a:1", "unknown")
        guard.tell(["a:1"])
    elif end == "noise":
        os.chmod(record(state), 0o666)
    elif end == "link":
        path = record(state)
        os.unlink(path)
        os.symlink("/etc/hostname", path)
    assert not Guard(state, "xclarity", "profiles", still, settle=SETTLE).quiet()
    assert Guard(state, "xclarity", "backups", still, settle=SETTLE).quiet()


def test_without_a_directory_all_is_quiet(state, still):
    assert Guard(state, "xclarity", "profiles", still, settle=SETTLE).quiet()
    assert not os.path.exists(state)


def test_check_mode_sees_what_a_real_run_would_find_and_writes_nothing(state, still):
    killed(state, lambda guard: guard.intend(["a:1"]))
    before = Path(record(state)).read_bytes(), sorted(os.listdir(state))
    guard = guard_of(state, still)
    guard.peek()
    assert guard.unfinished == {"a:1"}
    assert (Path(record(state)).read_bytes(), sorted(os.listdir(state))) == before
    assert still.slept == []
    other = guard_of(state, still, identity=("xclarity", "OTHER"))
    other.peek()
    assert other.unfinished == set()


# -- the file ---------------------------------------------------------------------------------------------------------


def test_the_record_is_private_and_names_no_server(state, still):
    with guard_of(state, still, identity=("xclarity", "very.secret.example")) as guard:
        guard.intend(["activate:71"])
        assert stat.S_IMODE(os.stat(state).st_mode) == 0o700
        for name in os.listdir(state):
            assert stat.S_IMODE(os.stat(os.path.join(state, name)).st_mode) == 0o600
            assert "secret" not in name


def test_intents_are_on_disk_before_anything_is_sent(state, still, monkeypatch):
    """The file is synced, put in place, and its directory synced: a power cut afterwards finds it."""
    events = []
    real = {name: getattr(os, name) for name in ("fsync", "rename")}
    for name, call in real.items():
        monkeypatch.setattr(os, name, lambda *args, _name=name, _call=call, **more: (events.append(_name), _call(*args, **more)))
    with guard_of(state, still) as guard:
        guard.intend(["a:1"])
        events.append("send")
        assert entries(state) == {"a:1"}
    assert events[:4] == ["fsync", "rename", "fsync", "send"]


def test_a_kill_in_the_middle_of_writing_leaves_the_record_as_it_was(state, still):
    killed(state, lambda guard: guard.intend(["a:1"]))

    def die_at_the_rename(guard):
        os.rename = lambda *args, **more: os.kill(os.getpid(), signal.SIGKILL)
        guard.intend(["a:2"])

    killed(state, die_at_the_rename)
    with guard_of(state, still) as guard:
        assert guard.unfinished == {"a:1"}


def test_what_a_killed_run_was_writing_is_cleaned_up(state, still, monkeypatch):
    def die_at_the_rename(guard):
        os.rename = lambda *args, **more: os.kill(os.getpid(), signal.SIGKILL)
        guard.intend(["a:2"])

    killed(state, die_at_the_rename)
    assert any("part" in name for name in os.listdir(state))
    still.offset += 1e9  # long after
    sent(state, still)
    assert sorted(name.rpartition(".")[2] for name in os.listdir(state)) == ["lock", "record"]


# how the record was tampered with
UNSAFE = {
    "the record is a link": lambda path: (os.unlink(path), os.symlink("/etc/hostname", path)),
    "the lock is a link": lambda path: (os.unlink(lock(path)), os.symlink("/etc/hostname", lock(path))),
    "the record is writable for others": lambda path: os.chmod(path, 0o666),
    "the lock is writable for others": lambda path: os.chmod(lock(path), 0o666),
    "the directory is writable for others": lambda path: os.chmod(os.path.dirname(path), 0o777),
    "the lock is a pipe": lambda path: (os.unlink(lock(path)), os.mkfifo(lock(path))),
    "of a later version": lambda path: Path(path).write_text('{"schema": 99}\n{"keys": ["a:1"]}\n', encoding="utf-8"),
}


def lock(path):
    return path.removesuffix(".record") + ".lock"


@pytest.mark.parametrize("case", UNSAFE)
@pytest.mark.parametrize("required", [True, False])
def test_a_record_that_others_could_have_written_is_refused(state, still, case, required):
    sent(state, still)
    UNSAFE[case](record(state))
    with pytest.raises(Failure) as caught:
        guard_of(state, still, required=required).__enter__()
    assert caught.value.code in ("journal_unsafe", "lock_unavailable")
    assert K1 in caught.value.message()
    os.chmod(state, 0o700)


@pytest.mark.parametrize("case", [*UNSAFE, "all is well", "another run holds it", "there are no locks"])
@pytest.mark.parametrize("required", [True, False])
def test_no_descriptor_is_left_open(state, still, monkeypatch, case, required):
    """One that stays open would keep the lock for as long as the controller's worker lives."""
    sent(state, still)
    other = guard_of(state, still)
    if case in UNSAFE:
        UNSAFE[case](record(state))
    elif case == "another run holds it":
        other.__enter__()
    elif case == "there are no locks":
        monkeypatch.setattr("fcntl.flock", none)
    before = sorted(os.listdir("/proc/self/fd"))
    with contextlib.suppress(Failure), guard_of(state, still, required=required, wait=1.0) as guard:
        guard.intend(["a:1", "a:2"])
        guard.resolve("a:1", "started")
    with contextlib.suppress(Failure):
        guard_of(state, still).peek()
    Guard(state, "xclarity", "profiles", still, settle=SETTLE).quiet()
    assert sorted(os.listdir("/proc/self/fd")) == before
    other.__exit__()
    os.chmod(state, 0o700)


@pytest.mark.parametrize(
    "text", ["", "\n\n", "[]\n17\nnull\n", "\x00\xff garbage", '{"done": "a:1"}\n', '{"keys": ["a:1"]}', '{"keys": 3}']
)
def test_a_record_of_noise_is_an_empty_one(state, still, text):
    sent(state, still)
    with open(record(state), "w", encoding="latin-1") as file:
        file.write(text)
    with guard_of(state, still) as guard:
        assert guard.unfinished == set()
    assert still.slept == []


def test_a_line_cut_off_leaves_its_request_open(state, still):
    killed(state, lambda guard: guard.intend(["a:1"]))
    with open(record(state), "a", encoding="utf-8") as file:
        file.write('\n{"done": "a:')
    with guard_of(state, still) as guard:
        assert guard.unfinished == {"a:1"}


@pytest.mark.parametrize("required", [True, False])
def test_no_place_for_the_record(tmp_path, still, required):
    (tmp_path / "file").write_text("", encoding="utf-8")
    guard = guard_of(str(tmp_path / "file" / "state"), still, required=required)
    if not required:
        with guard:
            assert guard.note
            guard.intend(["a:1"])
            guard.resolve("a:1", "started")
        return
    with pytest.raises(Failure) as caught:
        guard.__enter__()
    assert caught.value.code == "lock_unavailable"


def test_a_user_without_a_home_is_told(still, monkeypatch):
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr("os.path.expanduser", lambda path: path)
    with pytest.raises(Failure) as caught:
        guard_of("~/.ansible/groundwork", still).__enter__()
    assert caught.value.code == "lock_unavailable"
    assert "no home directory" in caught.value.message()
    assert not os.path.exists("~")


@pytest.mark.parametrize("required", [True, False])
def test_a_full_disk_stops_before_anything_is_sent(state, still, monkeypatch, required):
    with guard_of(state, still, required=required) as guard:
        monkeypatch.setattr(os, "write", full)
        if not required:
            guard.intend(["a:1"])
            assert guard.note
            return
        with pytest.raises(Failure) as caught:
            guard.intend(["a:1"])
    assert caught.value.code == "lock_unavailable"
    assert caught.value.outcome == "none"


def test_a_full_disk_after_the_sending_does_not_hide_what_became_of_it(state, still, monkeypatch):
    """The request is out by then; only the record stays behind, and the next run finds it unfinished."""
    with monkeypatch.context() as patch, guard_of(state, still) as guard:
        guard.intend(["a:1"])
        patch.setattr(os, "write", full)
        guard.resolve("a:1", "started")
        guard.__exit__()
    with guard_of(state, still) as guard:
        assert guard.unfinished == {"a:1"}


def test_a_line_cut_off_does_not_spoil_the_next_one(state, still, monkeypatch):
    real = os.write

    def half(fd, data):
        real(fd, data[: len(data) // 2])
        raise OSError(28, "No space left on device")

    def act(guard):
        guard.intend(["a:1", "a:2"])
        os.write = half
        guard.resolve("a:1", "started")
        os.write = real
        guard.resolve("a:2", "started")

    killed(state, act)
    with guard_of(state, still) as guard:
        assert guard.unfinished == {"a:1"}


def none(fd, how):
    """``fcntl.flock`` of a file system without locks."""
    raise OSError(38, "Function not implemented")


def test_a_file_system_without_locks(state, still, monkeypatch):
    monkeypatch.setattr("fcntl.flock", none)
    with pytest.raises(Failure) as caught:
        guard_of(state, still).__enter__()
    assert caught.value.code == "lock_unavailable"
    with guard_of(state, still, required=False) as guard:
        assert guard.note


def test_many_threads_note_outcomes_at_once(state, still):
    keys = [f"a:{n}" for n in range(400)]
    with guard_of(state, still) as guard:
        guard.intend(keys)

        def note(part):
            for key in part:
                guard.resolve(key, "started")

        threads = [threading.Thread(target=note, args=(keys[n::8],)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert entries(state) == set()


# -- what is kept between two times with the lock ---------------------------------------------------------------------


def test_what_is_reserved_is_so_for_others_until_it_is_given_back(state, still):
    first, second = guard_of(state, still), guard_of(state, still)
    with first:
        first.reserve(["a", "b"])
    with second:
        assert [second.reserved(thing) for thing in "abc"] == [True, True, False]
    assert not first.reserved("a")
    first.reserve(["b"])
    assert [second.reserved(thing) for thing in "ab"] == [False, True]
    first.reserve(["b", "c"])
    assert not second.reserved("c"), "nothing is added without the lock"
    first.reserve([])
    assert not second.reserved("b")
    assert [name for name in os.listdir(state) if name.endswith(".reserved")] == []


def test_two_runs_do_not_reserve_the_same(state, still):
    """What another one keeps is neither kept nor given back by this one."""
    first, second, third = (guard_of(state, still) for _number in range(3))
    with first:
        first.reserve(["a"])
    with second:
        second.reserve(["a"])
        assert second.reserved("a")
        second.reserve([])
    assert third.reserved("a")
    first.reserve([])
    assert not third.reserved("a")


def test_a_killed_run_reserves_nothing(state, still):
    def act(guard):
        guard.reserve(["a"])

    killed(state, act)
    assert not guard_of(state, still).reserved("a")


def test_while_the_lock_is_released_others_have_it_and_what_they_recorded_is_known(state, still):
    first, second = guard_of(state, still), guard_of(state, still)
    with first:
        with first.released(), second:
            second.intend(["activate:1"])
        assert first.unfinished == {"activate:1"}
        with pytest.raises(Failure), guard_of(state, still, wait=0.0):
            pass
    with first.released():  # without the lock there is nothing to give back
        pass
    with second:
        pass


def test_kinds_of_one_group_share_the_lock_and_not_the_record(state, still):
    """What one of them has left open is no doubt of the other, which does not wait for it either; only at the same time they do not act."""
    killed(state, lambda guard: guard.intend(["a:1"]), kind="power", group="servers")
    profiles = Guard(state, "xclarity", "profiles", still, settle=SETTLE, group="servers")
    assert profiles.quiet()
    profiles.identify(*IDENTITY)
    with profiles:
        assert (profiles.unfinished, profiles.undisturbed, still.slept) == (set(), True, [])
        with pytest.raises(Failure) as caught:
            guard_of(state, still, kind="power", group="servers", wait=0).__enter__()
        assert caught.value.code == "lock_unavailable"
        with guard_of(state, still, kind="power", wait=0):
            pass  # of the same name, outside of the group
    with guard_of(state, still, kind="power", group="servers") as guard:
        assert guard.unfinished == {"a:1"}


def test_what_has_started_something_is_not_on_its_way_any_more(state, still):
    """The record of a living run that waits for it costs others no time."""
    killed(state, lambda guard: (guard.intend(["a:1"]), guard.keep("a:1", "7")))
    with guard_of(state, still) as guard:
        assert (guard.unfinished, still.slept) == ({"a:1"}, [])
