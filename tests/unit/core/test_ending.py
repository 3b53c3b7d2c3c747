# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A signal to an inventory plugin: the session is closed first, then the program ends as it would have."""

from __future__ import annotations

import signal

import pytest

from ansible_collections.groundwork.provision.plugins.module_utils._clock import Ended
from ansible_collections.groundwork.provision.plugins.plugin_utils import ending
from ansible_collections.groundwork.provision.plugins.plugin_utils.ending import Ending


class Client:
    """Notes what happens to it; ``at`` sends a signal in the middle of one of its steps."""

    def __init__(self, at: str = "", number: int = signal.SIGTERM, times: int = 1) -> None:
        self.at, self.number, self.times, self.seen = at, number, times, []

    def step(self, name: str) -> None:
        for _time in range(self.times if name == self.at else 0):
            signal.raise_signal(self.number)
        self.seen.append(name)

    def __enter__(self) -> Client:
        self.step("log in")
        return self

    def __exit__(self, kind, *exc) -> None:
        self.step("log out" if kind is None or issubclass(kind, Exception) else "log out at once")


@pytest.fixture
def handled():
    """The signals reach a handler of the test's in place of ending it; what came is in the list."""
    came: list[int] = []
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, lambda number, frame: came.append(number)) for number in numbers}
    yield came
    for number, handler in before.items():
        signal.signal(number, handler)


def run(client: Client) -> None:
    with Ending() as end, end.session(client):
        client.step("read")
        client.step("read on")


def test_without_a_signal_nothing_is_different(handled):
    before = [signal.getsignal(number) for number in (*ending._SIGNALS, signal.SIGALRM)]
    client = Client()
    run(client)
    assert (client.seen, handled) == (["log in", "read", "read on", "log out"], [])
    assert [signal.getsignal(number) for number in (*ending._SIGNALS, signal.SIGALRM)] == before


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("at, seen", [
    ("read", ["log in", "log out at once"]),
    ("log in", ["log in", "log out at once"]),
    ("log out", ["log in", "read", "read on", "log out"]),
])  # fmt: skip
def test_the_session_is_closed_and_then_the_signal_is_given_on(handled, at, seen, number, times):
    client = Client(at, number, times)
    with pytest.raises(Ended):
        run(client)
    assert client.seen == seen
    assert handled == [number]
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0


def test_a_failure_of_the_reading_is_not_covered(handled):
    client = Client()
    with pytest.raises(ValueError), Ending() as end, end.session(client):
        raise ValueError
    assert client.seen == ["log in", "log out"]


def test_a_log_in_that_does_not_come_back_is_waited_for_two_seconds_at_most(handled, monkeypatch):
    monkeypatch.setattr(ending, "GRACE", 0.01)

    class Stuck(Client):
        def __enter__(self) -> Client:
            signal.raise_signal(signal.SIGTERM)
            signal.sigtimedwait([], 30)  # returns when the alarm comes
            return self

    client = Stuck()
    with pytest.raises(Ended):
        run(client)
    assert (client.seen, handled) == ([], [signal.SIGTERM])


def test_an_ignored_signal_stays_ignored(handled):
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    client = Client("read", signal.SIGHUP)
    run(client)
    assert client.seen == ["log in", "read", "read on", "log out"]
