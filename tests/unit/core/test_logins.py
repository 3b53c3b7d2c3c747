# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tasks of one run of Ansible know of credentials that were refused: _logins.py, and who asks it."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from chaos.clocks import StillClock

from ansible_collections.groundwork.provision.plugins.module_utils import _logins
from ansible_collections.groundwork.provision.plugins.module_utils._auth import Basic, XClaritySession
from ansible_collections.groundwork.provision.plugins.module_utils._digest import Digest
from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure
from ansible_collections.groundwork.provision.plugins.module_utils._logins import ASKED_AGAIN, MANY, UNCLEAR_AGAIN, Login, Logins
from ansible_collections.groundwork.provision.plugins.module_utils._slots import Slots
from ansible_collections.groundwork.provision.plugins.module_utils._text import Redactor

PASSWORD = "Passw0rd-of-this-test"
PARTS = ("xclarity", "server:443", "me", PASSWORD)
FORK = multiprocessing.get_context("fork")
COLLECTIONS = Path(_logins.__file__).parents[5]


@pytest.fixture
def logins():
    made = Logins.make()
    assert made is not None
    yield made
    os.close(made._fd)


def login(logins, *changes):
    return Login(logins, (*PARTS, *changes), place="server:443", noun="this user and password", advice="Correct it.")


def refused(one, clock):
    try:
        one.check(clock)
    except Failure as failure:
        return failure
    return None


def elsewhere(work):
    """What ``work`` returns in a process that is forked now."""
    reader, writer = FORK.Pipe(duplex=False)

    def run():
        writer.send(work())

    process = FORK.Process(target=run)
    process.start()
    assert reader.poll(20)
    found = reader.recv()
    process.join()
    return found


def test_what_one_process_has_noted_another_knows(logins, still):
    elsewhere(lambda: login(logins).refused(still))
    failure = refused(login(logins), still)
    assert failure.message() == (
        "log in at server:443: the server refused this user and password less than a second ago, in this run of Ansible, and was not asked "
        "again: log-ins that are refused can lock an account. Nothing was changed. Correct it. (The error of the first task that was "
        "refused has the server's message. A new run asks the server again, this one not before 10 minutes have passed.)"
    )
    assert (failure.code, failure.outcome, failure.status, failure.transient) == ("auth_failed", "none", None, False)
    assert refused(login(logins, "another"), still) is None
    other = Logins.make()
    assert refused(login(other), still) is None, "another run"
    os.close(other._fd)


@pytest.mark.parametrize("ago, told", [(0, "less than a second ago"), (1, "a second ago"), (61, "61 seconds ago")])
def test_when_it_was_refused(logins, still, ago, told):
    login(logins).refused(still)
    still.advance(ago)
    assert told in refused(login(logins), still).why


@pytest.mark.parametrize("ago, left", [(0, "10 minutes have"), (550, "1 minute has"), (599, "1 minute has")])
def test_when_it_is_asked_again(logins, still, ago, left):
    login(logins).refused(still)
    still.advance(ago)
    assert left in refused(login(logins), still).next_step
    still.advance(ASKED_AGAIN - ago)
    one = login(logins)
    assert refused(one, still) is None
    one.begin(still, 5)
    one.refused(still)
    assert refused(login(logins), still) is not None, "and that refusal counts as long"


def test_a_clock_that_began_anew_is_not_before_the_refusal(logins, still):
    """A machine that is restarted has no process of the run any more; times of the future are still no refusal for ever."""
    login(logins).refused(still)
    still.advance(-10)
    assert refused(login(logins), still) is None


def test_the_first_log_in_is_alone_and_the_others_do_as_it_says(logins, still):
    for word in ("refused", "accepted", "end"):
        first = login(logins, word)
        first.begin(still, 30)
        waited, failed = elsewhere(lambda word=word: other(logins, word))
        assert (waited > 29, failed) == (True, False), "it waits, but not for ever"
        getattr(first, word)(*([] if word == "accepted" else [still]))
        first.end(still)
        assert elsewhere(lambda word=word: other(logins, word)) == (0.0, word == "refused")


def other(logins, word):
    clock = StillClock()
    try:
        login(logins, word).begin(clock, 30)
    except Failure:
        return sum(clock.slept), True
    return sum(clock.slept), False


def test_a_process_that_is_killed_keeps_nobody_waiting(logins, still):
    reader, writer = FORK.Pipe(duplex=False)

    def run():
        login(logins).begin(still, 30)
        writer.send("begun")
        signal.pause()

    process = FORK.Process(target=run)
    process.start()
    assert reader.poll(20)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    login(logins).begin(still, 30)
    assert still.slept == []


def test_only_one_of_many_is_alone_at_a_time(logins, still):
    first = login(logins)
    first.begin(still, 30)
    assert not elsewhere(lambda: login(logins)._take())
    first.end(still)
    assert elsewhere(lambda: login(logins)._take())


def test_an_answer_that_may_mean_something_else(logins, still):
    login(logins).refused(still, unclear=True)
    failure = refused(login(logins), still)
    assert "without telling whether it was for them or for its limit of sessions" in failure.why
    assert "not before 1 minute has passed" in failure.next_step
    still.advance(UNCLEAR_AGAIN)
    assert refused(login(logins), still) is None, "a server that was starting, perhaps"


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("second", [True, False])
def test_what_was_accepted_in_this_run_is_refused_the_second_time(logins, still, first, second):
    """A directory behind the server that is away for a moment is told as a wrong password."""
    right = login(logins)
    right.accepted()
    login(logins).refused(still, unclear=first)
    assert refused(login(logins), still) is None
    right.accepted()  # the same task logs in again, after another one was refused
    login(logins).refused(still, unclear=second)
    assert refused(login(logins), still) is None
    login(logins).refused(still, unclear=second)
    assert refused(login(logins), still) is not None, "twice, and not accepted in between"


def test_an_end_takes_back_nothing_that_others_have_noted(logins, still):
    slow = login(logins)
    slow.begin(still, 30)
    elsewhere(lambda: login(logins).accepted())
    slow.end(still)
    login(logins).refused(still)
    assert refused(login(logins), still) is None, "it was accepted before"


def test_who_waited_in_vain_frees_the_others(logins, still):
    """The first one is stopped, and the server gives nobody an answer about the credentials."""
    first = login(logins)
    first.begin(still, 30)

    def wait_and_end():
        clock = StillClock()
        one = login(logins)
        one.begin(clock, 5)
        one.end(clock)

    elsewhere(wait_and_end)
    assert elsewhere(lambda: other(logins, ""))[1] is False
    assert logins.known(login(logins)._entry())[0] == _logins.TRIED


def test_a_number_that_is_another_file_by_now_is_not_written_to(monkeypatch, logins, tmp_path):
    monkeypatch.setattr(_logins, "OURS", logins)
    assert _logins.find(logins.whereabouts()) is logins
    with open(tmp_path / "file", "w+b") as file:
        kept = os.dup(logins._fd)
        os.dup2(file.fileno(), logins._fd)
        assert _logins.find(logins.whereabouts()) is not logins
        os.dup2(kept, logins._fd)
        os.close(kept)


def test_an_end_without_an_answer_does_not_take_a_refusal_back(logins, still):
    one = login(logins)
    one.begin(still, 30)
    elsewhere(lambda: login(logins).refused(still))
    one.end(still)
    assert refused(login(logins), still) is not None


def test_a_module_of_this_machine_finds_it(logins, still):
    """By the place that it is told; it opens what has that identity and that name, and nothing else."""
    login(logins).refused(still)
    told = logins.whereabouts()
    ident, pid, fd = told.split("-")
    code = (
        f"import sys; sys.path.insert(0, {str(COLLECTIONS)!r})\n"
        "from ansible_collections.groundwork.provision.plugins.module_utils import _logins\n"
        f"print([_logins.find(one) is not None and _logins.find(one).known(0)[0] for one in sys.argv[1:]])"
    )
    other, pipe = Logins.make(), os.pipe()
    wrong = [
        "", "x", f"{ident}-{pid}-{pipe[0]}", f"{ident}-{pid}-0", f"{ident}-{pid}-99999", f"{ident}-1/../{pid}-{fd}",
        f"{'0' * 32}-{pid}-{fd}", f"{ident}-{pid}-{other._fd}",
    ]  # fmt: skip
    done = subprocess.run([sys.executable, "-c", code, told, *wrong], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.replace("False", "false")) == [_logins.REFUSED, *[False] * len(wrong)]
    for number in (other._fd, *pipe):
        os.close(number)


def test_nothing_in_it_is_made_of_the_password_alone(logins, still):
    login(logins).refused(still)
    data = os.pread(logins._fd, 1 << 16, 0)
    key = data[16:48]
    assert PASSWORD.encode() not in data
    for text in (PASSWORD, f"me:{PASSWORD}", json.dumps(PARTS), "\0".join(PARTS)):
        for name in ("sha256", "sha512", "md5"):
            assert hashlib.new(name, text.encode()).digest()[:16] not in data
    second = Logins.make()
    assert second.digest(PARTS) != logins.digest(PARTS)
    assert key not in logins.whereabouts().encode()
    assert key.hex() not in logins.whereabouts()
    os.close(second._fd)


def test_of_more_than_it_can_hold_nothing_is_known(logins, still):
    for number in range(MANY + 5):
        one = login(logins, str(number))
        one.begin(still, 30)
        one.refused(still)
    assert refused(login(logins, str(MANY - 1)), still) is not None
    assert refused(login(logins, str(MANY)), still) is None
    assert still.slept == []


def test_where_there_is_no_such_memory(monkeypatch, still):
    monkeypatch.delattr(os, "memfd_create")
    assert Logins.make() is None
    one = Login(None)
    one.begin(still, 30)
    one.refused(still)
    one.begin(still, 30)
    one.accepted()
    one.end(still)
    assert refused(one, still) is None


def test_where_it_cannot_be_read_any_more(still):
    made = Logins.make()
    one = login(made)
    os.close(made._fd)
    one.begin(still, 30)
    one.refused(still)
    one.end(still)
    assert refused(one, still) is None


# -- who asks it ------------------------------------------------------------------------------------------------------


def answer(status, text=""):
    return lambda request, wire: wire.reply(status, json.dumps({"result": "failed", "messages": [{"text": text}]}).encode())


WRONG, NEITHER, FULL = "Wrong password", "It failed.", "The maximum number of sessions is reached."


@pytest.mark.parametrize(
    "status, text, again",
    [(401, WRONG, 0), (403, WRONG, 0), (400, WRONG, 0), (401, NEITHER, 0), (401, "", 0), (401, FULL, 1), (429, "", 1), (500, WRONG, 1)],
)
def test_a_session(serve, client_of, logins, status, text, again):
    server = serve(answer(status, text))
    for _task in range(2):
        with pytest.raises(Failure):
            client_of(server, XClaritySession("me", PASSWORD, Redactor(), login=login(logins))).__enter__()
    assert len(server.requests) == 1 + again


def test_a_password_that_has_to_be_changed_was_accepted(serve, client_of, logins, clock):
    body = {"response": {"session": {"id": "s", "csrf": "c"}, "pwChangeRequired": True}}
    server = serve(lambda request, wire: wire.reply(200, json.dumps(body).encode()))
    for _task in range(2):
        with pytest.raises(Failure) as caught:
            client_of(server, XClaritySession("me", PASSWORD, Redactor(), login=login(logins))).__enter__()
        assert "password to be changed" in caught.value.why
    assert refused(login(logins), clock) is None


def test_nobody_takes_a_slot_for_what_was_refused(serve, client_of, logins, clock, tmp_path):
    login(logins).refused(clock)
    slots = Slots(str(tmp_path), "server:443", "me", clock, limit=1, patience=0.0)
    slot = slots.take()
    server = serve(answer(200))
    with pytest.raises(Failure) as caught:
        client_of(server, XClaritySession("me", PASSWORD, Redactor(), slots=slots, login=login(logins))).__enter__()
    slot.release()
    assert (caught.value.code, caught.value.system, caught.value.operation, server.requests) == ("auth_failed", "test", "log in", [])


@pytest.mark.parametrize("status, sent", [(401, 1), (403, 2), (404, 2)])
def test_basic(serve, client_of, logins, status, sent):
    server = serve(answer(status))
    for _task in range(2):
        with pytest.raises(Failure), client_of(server, Basic("me", PASSWORD, Redactor(), login(logins))) as client:
            client.read("/a", what="read")
    assert len(server.requests) == sent
    assert login(logins)._take(), "whoever was the first has given its turn back"


def test_basic_that_was_accepted_in_this_task(serve, client_of, logins, clock):
    """A 401 for one path only is not about the password."""
    server = serve(lambda request, wire: wire.reply(200 if request.target == "/a" else 401, b"{}"))
    with client_of(server, Basic("me", PASSWORD, Redactor(), login(logins))) as client:
        client.read("/a", what="read")
        with pytest.raises(Failure):
            client.read("/b", what="read")
    assert refused(login(logins), clock) is None


def test_basic_without_an_answer(client_of, serve, logins):
    server = serve(lambda request, wire: wire.reset())
    with client_of(server, Basic("me", PASSWORD, Redactor(), login(logins))) as client:
        with pytest.raises(Failure):
            client.read("/a", what="read", attempts=1)
        assert elsewhere(lambda: other(logins, "x"))[0] == 0.0
        assert elsewhere(lambda: login(logins)._take())


def test_basic_refused_once_after_it_was_accepted(serve, client_of, logins, clock):
    """The first path of another task may be one that is not for this user."""
    server = serve(lambda request, wire: wire.reply(200 if request.target == "/a" else 401, b"{}"))
    for path in ("/a", "/b", "/a"):
        with client_of(server, Basic("me", PASSWORD, Redactor(), login(logins))) as client:
            if path == "/a":
                client.read(path, what="read")
            else:
                with pytest.raises(Failure):
                    client.read(path, what="read")
    assert (refused(login(logins), clock), len(server.requests)) == (None, 3)


def test_a_key_that_may_not_do_something_is_no_wrong_key(serve, client_of, logins, clock):
    """Ops Manager says 401 for a group that the key is not in, without a challenge."""

    def respond(request, wire):
        asked = "authorization" in request.headers
        wire.reply(401, b"{}", [] if asked else [("WWW-Authenticate", 'Digest realm="r", nonce="n", qop="auth"')])

    server = serve(respond)
    for _task in range(3):
        with pytest.raises(Failure), client_of(server, Digest("me", PASSWORD, Redactor(), login=login(logins))) as client:
            client.read("/a", what="read")
    # The second and third begin with a request without the key, as every task does.
    assert (len(server.requests), refused(login(logins), clock)) == (6, None)


def test_digest(serve, client_of, logins):
    count = iter(range(100))

    def respond(request, wire):
        wire.reply(401, b"", [("WWW-Authenticate", f'Digest realm="r", nonce="n{next(count)}", qop="auth"')])

    server = serve(respond)
    with pytest.raises(Failure) as caught, client_of(server, Digest("me", PASSWORD, Redactor(), login=login(logins))) as client:
        client.read("/a", what="read")
    assert (caught.value.code, caught.value.status) == ("auth_failed", 401)
    asked = len(server.requests)
    with pytest.raises(Failure) as caught:
        client_of(server, Digest("me", PASSWORD, Redactor(), login=login(logins))).__enter__()
    assert (caught.value.code, caught.value.status, len(server.requests)) == ("auth_failed", None, asked)
