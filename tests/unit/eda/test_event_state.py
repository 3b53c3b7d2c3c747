# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file of what was passed on: whole, private, for one source, and true after a kill."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat

import pytest
from chaos.clocks import StillClock

from ansible_collections.groundwork.provision.plugins.plugin_utils.event_state import LOCK_PATIENCE, SourceError, State


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


def test_what_was_written_is_there_again(tmp_path, clock):
    state = State(str(tmp_path), ("a", "b"), clock)
    assert state.data == {}
    state.data["number"] = 7
    state.write()
    assert not os.path.exists(state.path), "nothing was said to have changed"
    state.touch()
    state.write()
    state.close()
    assert stat.S_IMODE(os.stat(state.path).st_mode) == 0o600
    again = State(str(tmp_path), ("a", "b"), clock)
    assert again.data == {"number": 7}
    again.close()


def test_each_key_has_a_file_of_its_own(tmp_path, clock):
    states = [State(str(tmp_path), key, clock) for key in (("a", "b"), ("ab",), ("a", "c"))]
    assert len({state.path for state in states}) == 3
    for state in states:
        state.close()


def test_a_second_source_waits_a_moment_and_is_refused(tmp_path, clock):
    first = State(str(tmp_path), ("a",), clock)
    with pytest.raises(SourceError, match="cursor of its own"):
        State(str(tmp_path), ("a",), clock)
    assert LOCK_PATIENCE <= sum(clock.slept) <= LOCK_PATIENCE + 1
    first.close()
    State(str(tmp_path), ("a",), clock).close()


def killed(state):
    """As the process leaves it that is killed."""
    state.close()


def test_each_note_outlives_a_kill(tmp_path, clock):
    state = State(str(tmp_path), ("a",), clock)
    state.data.update(items={"1": "x"}, number=1)
    state.touch()
    state.write()
    state.add({"items": {"2": "y"}, "number": 2})
    state.add({"items": {"1": "z"}})
    log = tmp_path / "events" / os.path.basename(state.path).replace(".json", ".log")
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    killed(state)
    again = State(str(tmp_path), ("a",), clock)
    assert again.data == {"items": {"1": "z", "2": "y"}, "number": 2}
    again.add({"number": 3})
    killed(again)
    assert State(str(tmp_path), ("a",), clock).data == {"items": {"1": "z", "2": "y"}, "number": 3}


def test_a_note_that_has_not_settled_leaves_no_trace(tmp_path, clock):
    state = State(str(tmp_path), ("a",), clock)

    def on_the_disk():
        copy = tmp_path / f"copy{len(list(tmp_path.iterdir()))}"
        shutil.copytree(tmp_path / "events", copy / "events")
        with contextlib.closing(State(str(copy), ("a",), clock)) as found:
            return found.data

    for number in (1, 2):
        state.data["number"] = number
        state.add({"number": number}, settles=2.0)
        clock.sleep(0.9)
    assert state.settling
    state.write()
    assert on_the_disk() == {}
    clock.sleep(0.7)
    state.data["number"] = 3
    state.add({"number": 3}, settles=2.0)
    assert on_the_disk() == {"number": 1}, "what has settled is noted, though later ones have not"
    clock.sleep(2.0)
    state.write()
    assert not state.settling
    assert on_the_disk() == {"number": 3}
    state.data["number"] = 4
    state.add({"number": 4}, settles=2.0)
    state.write(at_once=True)
    assert on_the_disk() == {"number": 4}
    state.close()


def test_notes_from_before_the_file_was_written_do_not_count(tmp_path, clock):
    state = State(str(tmp_path), ("a",), clock)
    state.add({"number": 1})
    state.data["number"] = 2
    state.touch()
    state.write()
    killed(state)
    again = State(str(tmp_path), ("a",), clock)
    assert again.data == {"number": 2}
    again.close()


def test_a_note_that_was_cut_off_does_not_count(tmp_path, clock):
    state = State(str(tmp_path), ("a",), clock)
    state.add({"number": 1})
    state.add({"number": 22})
    killed(state)
    log = tmp_path / "events" / os.path.basename(state.path).replace(".json", ".log")
    log.write_bytes(log.read_bytes()[:-3])
    again = State(str(tmp_path), ("a",), clock)
    assert again.data == {"number": 1}
    again.close()


def test_a_disk_that_is_full_is_told_and_tried_again(tmp_path, clock, monkeypatch):
    state = State(str(tmp_path), ("a",), clock)
    state.data["number"] = 1
    state.touch()
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(SourceError, match="cannot be written"):
            state.write()
    state.write()
    state.close()
    again = State(str(tmp_path), ("a",), clock)
    assert again.data == {"number": 1}
    again.close()


def full(fd):
    raise OSError(28, "No space left on device")


def test_a_folder_that_others_may_write_to_is_refused(tmp_path, clock):
    (tmp_path / "events").mkdir(mode=0o777)
    (tmp_path / "events").chmod(0o777)
    with pytest.raises(SourceError, match="others may write to it"):
        State(str(tmp_path), ("a",), clock)


@pytest.mark.parametrize("make", [lambda path: path.symlink_to("/dev/null"), lambda path: path.mkdir()])
def test_what_is_no_file_is_refused(tmp_path, clock, make):
    path = State(str(tmp_path), ("a",), clock)
    path.close()
    make(tmp_path / "events" / os.path.basename(path.path))
    with pytest.raises(SourceError, match="Remove it to begin anew"):
        State(str(tmp_path), ("a",), clock)
