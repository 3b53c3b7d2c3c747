# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Slots for sessions: no more tasks than sessions, no slot taken by a dead process, and no session left open by one."""

from __future__ import annotations

import contextlib
import datetime
import fcntl
import json
import os

import pytest
from chaos.clocks import StillClock

from ansible_collections.groundwork.provision.plugins.module_utils import _slots
from ansible_collections.groundwork.provision.plugins.module_utils._auth import XClaritySession
from ansible_collections.groundwork.provision.plugins.module_utils._clock import Ended
from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure
from ansible_collections.groundwork.provision.plugins.module_utils._slots import Slots, digest
from ansible_collections.groundwork.provision.plugins.module_utils._text import Redactor


class BusyClock(StillClock):
    """Calls ``then`` at its n-th sleep."""

    def __init__(self, nth=1, then=lambda: None):
        super().__init__()
        self.nth, self.then = nth, then

    def sleep(self, seconds):
        super().sleep(seconds)
        if len(self.slept) == self.nth:
            self.then()


@pytest.fixture
def state(tmp_path):
    return str(tmp_path / "state")


def slots(state, clock=None, place="lxca:443", user="me", **options):
    return Slots(state, place, user, clock or StillClock(), **options)


def in_a_process_that_is_killed(state, *sessions, **options):
    """A task that opens sessions one after the other and ends without a word."""
    pid = os.fork()
    if not pid:
        slot = slots(state, **options).take()
        for one in sessions:
            slot.opened(one)
        os._exit(0)
    os.waitpid(pid, 0)


# -- the queue --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [1, 3])
def test_no_more_slots_than_sessions(state, limit):
    held = [slots(state, limit=limit).take() for _number in range(limit)]
    clock = BusyClock(nth=4, then=held[0].release)
    assert slots(state, clock, limit=limit).take() is not None
    assert len(clock.slept) == 4, "whoever finds none free waits until one is"


def test_where_the_server_has_no_limit_nobody_waits(state):
    clock = StillClock()
    kept = [slots(state, clock, limit=0).take() for _number in range(20)]
    assert all(kept)
    assert clock.slept == []


def test_another_user_and_another_server_have_slots_of_their_own(state):
    kept = [slots(state, limit=1).take(), slots(state, limit=1, user="you").take(), slots(state, limit=1, place="other:443").take()]
    assert all(kept)


def test_the_wait_ends_in_time_and_says_why(state):
    held, waited = slots(state, limit=1).take(), []
    clock = StillClock()
    with pytest.raises(Failure) as caught:
        slots(state, clock, limit=1, patience=60.0, told=waited.append).take()
    assert (caught.value.code, caught.value.outcome) == ("sessions_exhausted", "none")
    assert "auth_method: basic" in caught.value.next_step
    assert waited == sorted(waited)
    assert (waited[0], round(waited[-1])) == (0.0, 60), "it is told how long it has lasted"
    assert 60 <= clock.now - 1000 < 62
    held.release()


def test_a_run_that_is_told_to_end_does_not_go_on_waiting(state):
    held = slots(state, limit=1).take()
    clock = BusyClock(nth=2)
    clock.then = clock.stop.set
    with pytest.raises(Ended):
        slots(state, clock, limit=1).take()
    assert not slots(state).wanted, "nor is it waited for any more"
    held.release()


def test_whoever_holds_one_can_see_that_somebody_waits(state):
    mine = slots(state, limit=1)
    held, seen = mine.take(), []
    assert not mine.wanted
    clock = BusyClock(nth=2)
    clock.then = lambda: (seen.append(mine.wanted), held.release())
    other = slots(state, clock, limit=1).take()
    assert (seen, mine.wanted) == ([True], False)
    other.release()


# -- sessions that were left open --------------------------------------------------------------------------------------


def test_a_killed_process_leaves_its_slot_free_and_a_digest_of_its_session(state, tmp_path):
    in_a_process_that_is_killed(state, "SESSION-1")
    files = [path.read_text(encoding="ascii") for path in (tmp_path / "state" / "sessions").iterdir()]
    assert [digest("SESSION-1")] == [text for text in files if text]
    assert "SESSION-1" not in "".join(files)
    clock = StillClock()
    slot = slots(state, clock).take()
    assert (slot.dead, clock.slept) == ([digest("SESSION-1")], [])


def test_all_that_is_left_is_found_at_once_and_stays_known_until_it_is_gone(state):
    living = slots(state, limit=4).take()
    living.opened("ALIVE")
    for name in ("A", "B"):
        held = slots(state, limit=4).take() if name == "B" else None
        in_a_process_that_is_killed(state, name, limit=4)
        if held:
            held.dead.clear()
            held.keep()
            held.release()
    in_a_process_that_is_killed(state, "C", limit=4)
    slot = slots(state, limit=4).take()
    assert digest("C") in slot.dead
    assert digest("ALIVE") not in slot.dead, "its process lives"
    slot.buried(digest("C"))
    slot.release()
    assert digest("C") not in slots(state, limit=4).take().dead


def test_two_dead_slots_are_gathered_into_one(state):
    first = slots(state).take()
    in_a_process_that_is_killed(state, "B")  # in the second slot
    first.opened("A")
    first.closed(surely=False)
    first.release()
    slot = slots(state).take()
    assert set(slot.dead) == {digest("A"), digest("B")}
    assert slots(state).take().dead == [], "nobody else looks after them meanwhile"
    slot.release()
    assert set(slots(state).take().dead) == {digest("A"), digest("B")}, "they were not ended, so they stay known"


@pytest.mark.parametrize("surely", [True, False])
def test_a_session_that_was_ended_is_forgotten_and_one_that_perhaps_was_not_is_kept(state, surely):
    slot = slots(state).take()
    slot.opened("A")
    slot.closed(surely=surely)
    slot.release()
    assert slots(state).take().dead == ([] if surely else [digest("A")])


# -- where there can be none ------------------------------------------------------------------------------------------


def _for_all(tmp_path):
    (tmp_path / "state" / "sessions").mkdir(parents=True)
    (tmp_path / "state" / "sessions").chmod(0o777)


def _a_file(tmp_path):
    (tmp_path / "state").write_text("", encoding="ascii")


def _links(tmp_path):
    folder = tmp_path / "state" / "sessions"
    folder.mkdir(parents=True, mode=0o700)
    for number in range(3):
        (folder / f"{slots('x')._name}-{number}.slot").symlink_to(tmp_path / "elsewhere")


@pytest.mark.parametrize("prepare", [_for_all, _a_file, _links])
def test_without_a_private_place_tasks_go_on_without(state, tmp_path, prepare):
    prepare(tmp_path)
    assert slots(state).take() is None
    assert not (tmp_path / "elsewhere").exists()


def test_without_a_home_or_locks_tasks_go_on_without(state, monkeypatch):
    monkeypatch.setenv("HOME", "")
    assert slots("~nobody-of-this-name/state").take() is None

    def no_locks(fd, how):
        raise OSError(37, "No locks available")

    monkeypatch.setattr(_slots.fcntl, "flock", no_locks)
    assert slots(state).take() is None


def test_noise_in_a_file_is_nobodys_session(state, tmp_path):
    slots(state).take().release()
    for path in (tmp_path / "state" / "sessions").iterdir():
        path.write_bytes(b"\xff\x00 garbage\n" * 100 + b"x" * 64)
    assert slots(state).take().dead == []


# -- with a server ----------------------------------------------------------------------------------------------------

LIMIT = json.dumps({"result": "failed", "messages": [{"text": "The maximum number of user sessions is reached."}]}).encode()
WRONG = json.dumps({"result": "failed", "messages": [{"text": "The user name or the password is not valid."}]}).encode()
SILENT = b"{}"


class Appliance:
    """Knows sessions by id. full: how it answers a login above ``limit``. basic: whether it takes Basic."""

    def __init__(self, *sessions, limit=3, full=(403, LIMIT), basic=True, delete=200):
        self.open = list(sessions)
        self.limit, self.full, self.basic, self.delete = limit, full, basic, delete
        self.logins = self.serial = 0

    def __call__(self, request, wire):
        known = any(f"JSESSIONID={one};" in request.headers.get("cookie", "") for one in self.open)
        if (request.method, request.target) == ("POST", "/sessions"):
            self.logins += 1
            if len(self.open) >= self.limit:
                wire.reply(*self.full)
                return
            self.serial += 1
            self.open.append(f"NEW{self.serial}")
            session = {"id": self.open[-1], "csrf": "csrf"}
            wire.reply(200, json.dumps({"response": {"session": session}, "result": "success"}).encode())
        elif not known and not (self.basic and "authorization" in request.headers):
            wire.reply(401, WRONG)
        elif (request.method, request.target) == ("GET", "/sessions"):
            wire.reply(200, json.dumps({"response": [{"id": one, "UserId": "me"} for one in self.open]}).encode())
        elif (request.method, request.target) == ("DELETE", "/sessions"):
            self.open = [one for one in self.open if f"JSESSIONID={one};" not in request.headers["cookie"]]
            wire.reply(200, b'{"result": "success"}')
        elif request.method == "DELETE":
            if self.delete == 200:
                self.open.remove(request.target.rpartition("/")[2])
            wire.reply(self.delete, b"{}")
        else:
            wire.reply(200, b"{}")


@pytest.fixture
def log_in(serve, client_of, clock, state):
    """``log_in(appliance)`` is one task that does nothing but log in and out; its client."""

    def run(appliance, **options):
        auth = XClaritySession("me", "Passw0rd", Redactor(), slots=slots(state, clock, **options))
        with client_of(serve(appliance), auth) as client:
            client.read("/aicc", what="look")
        return client

    return run


def test_the_next_task_ends_what_a_killed_one_left_and_nothing_else(state, log_in):
    appliance = Appliance("DEAD", "FOREIGN")
    in_a_process_that_is_killed(state, "DEAD")
    log_in(appliance)
    assert appliance.open == ["FOREIGN"]
    before = appliance.logins
    log_in(appliance)
    assert appliance.logins == before + 1


@pytest.mark.parametrize("full", [(403, LIMIT), (401, SILENT), (429, b"")], ids=["told", "silent", "429"])
def test_a_user_who_is_locked_out_by_dead_sessions_gets_in(state, log_in, full):
    for name in ("A", "B", "C"):
        in_a_process_that_is_killed(state, name, limit=1)
    appliance = Appliance("A", "B", "C", full=full)
    log_in(appliance)
    assert appliance.open == []


def test_where_they_cannot_be_ended_the_limit_is_waited_out(state, log_in, clock):
    in_a_process_that_is_killed(state, "A")
    appliance, waited = Appliance("A", limit=1, basic=False), []
    with pytest.raises(Failure) as caught:
        log_in(appliance, patience=60.0, told=waited.append)
    assert caught.value.code == "sessions_exhausted"
    assert "auth_method: basic" in caught.value.next_step
    assert waited[-1] > 10, "it is told how long it has lasted"
    assert sum(clock.slept) > 59
    assert slots(state).take().dead == [digest("A")], "the next task knows it still"


def test_the_limit_is_waited_out_and_a_wrong_password_is_not(state, log_in, clock):
    appliance = Appliance("FOREIGN", limit=1)
    real = clock.sleep

    def sleep(seconds):
        real(seconds)
        if len(clock.slept) == 3:
            appliance.open.clear()

    clock.sleep = sleep
    log_in(appliance)
    assert (appliance.logins, len(clock.slept)) == (4, 3)
    clock.slept.clear()
    with pytest.raises(Failure) as caught:
        log_in(Appliance("FOREIGN", limit=1, full=(401, WRONG)))
    assert (caught.value.code, clock.slept) == ("auth_failed", [])
    assert slots(state, limit=1).take() is not None, "its slot is free again"


@pytest.mark.parametrize("status", [404, 500])
def test_one_that_is_gone_already_is_forgotten_and_one_that_stays_is_not(state, log_in, status):
    in_a_process_that_is_killed(state, "DEAD")
    log_in(Appliance("DEAD", delete=status))
    assert slots(state).take().dead == ([] if status == 404 else [digest("DEAD")])


def test_a_log_out_that_failed_is_made_up_for_by_the_next_task(serve, client_of, clock, state):
    appliance = Appliance()
    lost = []

    def respond(request, wire):
        if (request.method, request.target) == ("DELETE", "/sessions") and not lost:
            lost.append(1)
            wire.reset()
        else:
            appliance(request, wire)

    for expected in (["NEW1"], []):
        with client_of(serve(respond), XClaritySession("me", "Passw0rd", Redactor(), slots=slots(state, clock))):
            pass
        assert appliance.open == expected


def test_a_session_that_is_handed_over_is_nobodys_left_over(serve, client_of, clock, state):
    appliance = Appliance()
    auth = XClaritySession("me", "Passw0rd", Redactor(), slots=slots(state, clock, limit=1))
    auth.open(client_of(serve(appliance)).transport)
    assert auth.hand_over() == {"id": "NEW1", "csrf": "csrf"}
    slot = slots(state, clock, limit=1).take()
    assert slot.dead == []
    assert fcntl.flock(slot.fd, fcntl.LOCK_EX) is None


# -- a wait holds no session that others queue for --------------------------------------------------------------------


@contextlib.contextmanager
def queueing(state, **options):
    with slots(state, **options).queueing():
        yield


@pytest.fixture
def waiting(serve, client_of, clock, state):
    """``waiting(appliance)``: the client of a task that polls; its one slot is the only one."""

    def make(appliance, **options):
        return client_of(serve(appliance), XClaritySession("me", "Passw0rd", Redactor(), slots=slots(state, clock, limit=1, **options)))

    return make


def test_a_pause_gives_the_session_up_when_somebody_waits_for_one(state, waiting):
    appliance = Appliance()
    with waiting(appliance) as client:
        client.read("/tasks/1", what="poll")
        client.pause()
        assert appliance.open == ["NEW1"], "nobody waits"
        with queueing(state, limit=1):
            client.pause()
        assert appliance.open == []
        other = slots(state, limit=1).take()
        assert other.dead == []
        other.release()
        client.read("/tasks/1", what="poll")
        assert appliance.open == ["NEW2"]
    assert appliance.open == []


def test_the_next_poll_queues_like_everybody(state, waiting, clock):
    appliance = Appliance()
    with waiting(appliance) as client:
        with queueing(state, limit=1):
            client.pause()
        other = slots(state, limit=1).take()
        real = clock.sleep

        def sleep(seconds):
            real(seconds)
            if len(clock.slept) == 3:
                other.release()

        clock.sleep = sleep
        client.read("/tasks/1", what="poll")
        assert len(clock.slept) == 3


def test_a_session_that_was_handed_in_is_kept_in_a_pause(serve, client_of, state):
    appliance = Appliance("MINE")
    auth = XClaritySession("", "", Redactor(), {"id": "MINE", "csrf": "csrf"})
    with client_of(serve(appliance), auth) as client, queueing(state, limit=1):
        client.pause()
        client.resume()
        client.read("/tasks/1", what="poll")
    assert (appliance.open, appliance.logins) == (["MINE"], 0)


def test_resume_logs_in_and_nothing_after_the_end_does(state, waiting):
    appliance = Appliance()
    client = waiting(appliance)
    with client:
        with queueing(state, limit=1):
            client.pause()
        client.resume()
        client.resume()
        assert appliance.logins == 2
    client.resume()
    assert (appliance.logins, appliance.open) == (2, [])


def test_a_log_out_that_was_lost_in_a_pause_is_made_up_for(state, waiting):
    appliance = Appliance(delete=200)
    lost = []

    def respond(request, wire):
        if request.method == "DELETE" and not lost:
            lost.append(1)
            wire.reset()
        else:
            appliance(request, wire)

    with waiting(respond) as client:
        with queueing(state, limit=1):
            client.pause()
        assert appliance.open == ["NEW1"]
        client.read("/tasks/1", what="poll")
        assert appliance.open == ["NEW2"]


def test_whoever_is_refused_for_the_limit_is_seen_to_wait(state, log_in, clock):
    """Another machine has some of the sessions, so that there are more slots here than sessions."""
    appliance, seen, real = Appliance("ELSEWHERE", limit=1), [], clock.sleep

    def sleep(seconds):
        real(seconds)
        seen.append(slots(state).wanted)
        appliance.open.clear()

    clock.sleep = sleep
    log_in(appliance)
    assert (seen, slots(state).wanted) == ([True], False)


# -- logins whose answer nobody has seen ------------------------------------------------------------------------------


def in_a_process_that_is_killed_while_it_logs_in(state, wall, **options):
    pid = os.fork()
    if not pid:
        slots(state, **options).take().opening(wall)
        os._exit(0)
    os.waitpid(pid, 0)


class Listed(Appliance):
    """Tells of each session what ``entries`` say of it beside its id."""

    def __init__(self, clock, *sessions, **options):
        super().__init__(*sessions, **options)
        self.clock, self.entries = clock, {}

    def __call__(self, request, wire):
        if (request.method, request.target) != ("GET", "/sessions"):
            super().__call__(request, wire)
            return
        shown = []
        for one in self.open:
            own = f"JSESSIONID={one};" in request.headers.get("cookie", "")
            shown.append({"id": one, **told(self.clock, 0), "isOwnSession": own, **self.entries.get(one, {})})
        wire.reply(200, json.dumps({"response": shown}).encode())


def told(clock, idle, used=0.0, **more):
    """An entry of a session that was opened ``idle`` + ``used`` seconds ago and last used ``idle`` seconds ago."""
    last = datetime.datetime.fromtimestamp(clock.wall() - idle, datetime.UTC)
    opened, last = (last - datetime.timedelta(seconds=used)).isoformat(), last.isoformat()
    return {"UserId": "ME", "Address": "10.0.0.1", "created": opened, "lastAccessed": last, "idleFor": str(int(idle)), **more}


NOT_OURS = {
    "used since": {"used": 20.0},
    "opened long before": {"idle": 300.0},
    "opened since": {"idle": 3.0, "login": 60.0},
    "another user's": {"UserId": "you"},
    "from another address": {"Address": "10.0.0.2"},
    "too fresh": {"idle": 1.0, "login": 1.0},
    "its times are not told": {"created": ""},
    "how long it was not used is not told": {"idleFor": None},
}


@pytest.mark.parametrize("case", ["ours", *NOT_OURS])
def test_what_a_login_without_an_answer_has_opened_is_ended_and_nothing_else(state, log_in, clock, case):
    facts = dict(NOT_OURS.get(case, {}))
    login = facts.pop("login", 10.0)
    in_a_process_that_is_killed_while_it_logs_in(state, clock.wall() - login)
    appliance = Listed(clock, "STRAY", limit=3)
    appliance.entries["STRAY"] = told(clock, facts.pop("idle", login), **facts)
    log_in(appliance)
    assert appliance.open == ([] if case == "ours" else ["STRAY"])


def test_the_session_of_a_task_that_is_about_to_log_in_is_left(state, log_in, clock):
    in_a_process_that_is_killed_while_it_logs_in(state, clock.wall() - 10)
    other = slots(state).take()
    assert other.lost, "it was the first to find the slot"
    other.lost.clear()
    other.opening(clock.wall() - 10)
    in_a_process_that_is_killed_while_it_logs_in(state, clock.wall() - 9)
    appliance = Listed(clock, "THEIRS")
    appliance.entries["THEIRS"] = told(clock, 9.5)
    log_in(appliance)
    assert appliance.open == ["THEIRS"]
    other.opened("THEIRS")
    log_in(appliance)
    assert appliance.open == ["THEIRS"], "it is known now, and its task lives"
    other.release()


def test_more_such_sessions_than_logins_are_somebody_elses(state, log_in, clock):
    in_a_process_that_is_killed_while_it_logs_in(state, clock.wall() - 10)
    appliance = Listed(clock, "A", "B", limit=9)
    appliance.entries = {"A": told(clock, 10), "B": told(clock, 10)}
    log_in(appliance)
    assert appliance.open == ["A", "B"]


@pytest.mark.parametrize("full", [(403, LIMIT), (401, SILENT)], ids=["told", "silent"])
def test_three_of_them_lock_nobody_out(state, log_in, clock, full):
    """Three killed at once, and the next task comes right after: they are too fresh at first. That Basic is accepted tells that it
    is not the password."""
    for _number in range(3):
        in_a_process_that_is_killed_while_it_logs_in(state, clock.wall(), limit=1)
    began = clock.wall()
    appliance = Listed(clock, "A", "B", "C", full=full)
    real = clock.sleep

    def sleep(seconds):
        real(seconds)
        appliance.entries = {one: told(clock, clock.wall() - began) for one in "ABC"}

    clock.sleep = sleep
    appliance.entries = {one: told(clock, 0) for one in "ABC"}
    log_in(appliance, limit=1)
    assert appliance.open == []


@pytest.mark.parametrize(
    "status, content, left", [(None, None, True), (504, b"", True), (200, b"{}", True), (401, WRONG, False), (403, LIMIT, False)]
)
def test_a_login_leaves_its_time_where_it_may_have_opened_a_session(serve, client_of, clock, state, status, content, left):
    def respond(request, wire):
        wire.reset() if status is None else wire.reply(status, content)

    with pytest.raises(Failure):
        client_of(serve(respond), XClaritySession("me", "Passw0rd", Redactor(), slots=slots(state, clock, patience=0.0))).__enter__()
    assert bool(slots(state).take().lost) is left


def test_a_login_that_never_left_opens_nothing(connect, serve, clock, state):
    server = serve(lambda request, wire: wire.reset())
    transport = connect(server)
    server.close()
    with pytest.raises(Failure) as caught:
        XClaritySession("me", "Passw0rd", Redactor(), slots=slots(state, clock)).open(transport)
    assert caught.value.code == "connect_refused"
    assert slots(state).take().lost == []


def test_a_lost_login_is_forgotten_when_it_can_have_opened_nothing(state, log_in, clock):
    in_a_process_that_is_killed_while_it_logs_in(state, clock.wall() - 3600)
    log_in(Listed(clock))
    assert slots(state).take().lost == []
