# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts register, one takes those that are alike, each reads its own result: in one process, and in several that may be killed."""

from __future__ import annotations

import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from ansible_collections.groundwork.provision.plugins.module_utils._clock import Clock
from ansible_collections.groundwork.provision.plugins.plugin_utils.host_registry import Batch, Registry

PLAY = ["a", "b", "c", "d"]


@pytest.fixture
def registry(tmp_path):
    return Registry(str(tmp_path), "call")


def test_registrations_of_one_key_are_taken_together_in_the_order_of_the_play(registry):
    for host, key in (("c", "one"), ("a", "one"), ("b", "two")):
        registry.register(host, "way", key, {"profile": host})
    with registry.take("a", "way", PLAY) as batch:
        assert batch == Batch(["a", "c"], [{"profile": "a"}, {"profile": "c"}])
    with registry.take("a", "way", PLAY) as batch:
        assert batch == Batch(["b"], [{"profile": "b"}])
    with registry.take("a", "way", PLAY) as batch:
        assert batch is None


def test_nobody_takes_what_another_way_has_to_be_worked_for(registry):
    """The keywords of a task can differ between hosts: one of them in check mode, or with another environment."""
    registry.register("a", "checked", "one", {})
    registry.register("b", "real", "one", {})
    with registry.take("b", "real", PLAY) as batch:
        assert batch == Batch(["b"], [{}])
    with registry.take("b", "real", PLAY) as batch:
        assert batch is None
    with registry.take("a", "checked", PLAY) as batch:
        assert batch == Batch(["a"], [{}])


def test_its_own_a_host_takes_also_where_its_way_was_evaluated_anew(registry):
    """As with an environment that holds a password drawn for each use."""
    registry.register("a", "before", "one", {})
    with registry.take("a", "now", PLAY) as batch:
        assert batch == Batch(["a"], [{}])


def test_a_host_that_has_left_the_play_is_not_worked_for(registry):
    for host in ("a", "b"):
        registry.register(host, "way", "one", {})
    with registry.take("a", "way", ["a", "c"]) as batch:
        assert batch == Batch(["a"], [{}])
    assert registry.dropped("b")
    assert not registry.dropped("a")
    assert registry.result("b") is None


def test_what_nobody_has_taken_can_be_taken_back(registry):
    for host in ("a", "b"):
        registry.register(host, "way", "one", {})
    assert registry.withdraw("a")
    assert not registry.registered("a")
    with registry.take("b", "way", PLAY) as batch:
        assert batch == Batch(["b"], [{}])
        assert not registry.withdraw("b")
    assert not registry.withdraw("a")


class Time(Clock):
    """Passes when somebody waits; ``then`` is called after each wait."""

    def __init__(self, then=lambda: None):
        super().__init__()
        self.now, self.then = 0.0, then

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds
        self.then()


def test_who_has_no_time_left_waits_no_longer_than_it_says(registry):
    registry.register("a", "way", "one", {})
    clock = Time()
    with registry.take("b", "way", PLAY):
        assert registry.result_within("a", 5.0, clock) is None
        assert 5.0 <= clock.now < 5.5
        assert registry.result_within("a", 5.0, Time(lambda: registry.store({"a": {"changed": True}}))) == {"changed": True}
    assert not registry.registered("a")


def test_who_has_no_time_left_does_not_wait_for_one_that_has_left(registry):
    registry.register("a", "way", "one", {})
    with registry.take("b", "way", PLAY):
        pass
    clock = Time()
    assert registry.result_within("a", 5.0, clock) is None
    assert clock.now == 0.0


def test_another_call_sees_nothing(registry, tmp_path):
    registry.register("a", "way", "one", {})
    with Registry(str(tmp_path), "another").take("a", "way", PLAY) as batch:
        assert batch is None


def test_a_result_is_read_once(registry):
    registry.register("a", "way", "one", {})
    with registry.take("a", "way", PLAY):
        registry.store({"a": {"changed": True}})
    assert registry.has_result("a")
    assert registry.result("a") == {"changed": True}
    assert not registry.registered("a")
    assert registry.result("a") is None


def test_to_register_again_takes_the_place_of_what_was_registered(registry):
    """Also under another key: what is evaluated anew may differ, as a password that is drawn for each use."""
    registry.register("a", "way", "one", {"profile": "old"})
    registry.register("a", "way", "two", {"profile": "new"})
    with registry.take("b", "way", PLAY) as first, registry.take("b", "way", PLAY) as second:
        assert sorted([first.items, second.items]) == [[], [{"profile": "new"}]]


def test_a_result_of_before_is_forgotten_when_the_host_registers_again(registry):
    registry.register("a", "way", "one", {})
    with registry.take("a", "way", PLAY):
        registry.store({"a": {"changed": True}})
    registry.register("a", "way", "one", {})
    assert not registry.has_result("a")


def test_it_is_empty_until_somebody_registers(registry):
    assert registry.is_empty()
    registry.register("a", "way", "one", {})
    assert not registry.is_empty()


def test_one_is_the_first(registry):
    assert [registry.first("x"), registry.first("x"), registry.first("y")] == [True, False, True]


def test_names_of_hosts_may_be_anything(registry):
    names = ["../../etc/passwd", "a/b", "\udcff", "x" * 4000, ""]
    for name in names:
        registry.register(name, "way", "one", {"profile": name})
    with registry.take("", "way", names) as batch:
        registry.store({name: {"is": name} for name in batch.hosts})
    assert [registry.result(name) for name in names] == [{"is": name} for name in names]


def test_what_it_writes_is_private(registry, tmp_path):
    registry.register("a", "way", "one", {})
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o700}


def work(folder, ready, go, die):
    """Take what is there and, unless told to die first, store a result when told to go on."""
    registry = Registry(folder, "call")
    with registry.take("a", "way", PLAY) as batch:
        ready.set()
        go.wait(30)
        if die:
            os.kill(os.getpid(), signal.SIGKILL)
        registry.store({host: {"worked": True} for host in batch.hosts})


def read(folder, host, answers):
    answers.put(Registry(folder, "call").result(host))


@pytest.mark.parametrize("die, expected", [(False, {"worked": True}), (True, None)])
def test_a_host_waits_for_who_works_for_it_and_not_for_one_that_is_dead(registry, tmp_path, die, expected):
    context = multiprocessing.get_context("fork")
    ready, go = context.Event(), context.Event()
    registry.register("b", "way", "one", {})
    worker = context.Process(target=work, args=(str(tmp_path), ready, go, die))
    worker.start()
    assert ready.wait(30)
    with registry.take("b", "way", PLAY) as batch:
        assert batch is None
    answers = context.SimpleQueue()
    reader = context.Process(target=read, args=(str(tmp_path), "b", answers))
    reader.start()
    reader.join(0.3)
    assert reader.is_alive(), "it did not wait"
    go.set()
    reader.join(30)
    assert answers.get() == expected
    worker.join(30)


def compete(folder, host, gate, log):
    registry = Registry(folder, "call")
    gate.wait(30)
    while True:
        with registry.take(host, "way", PLAY) as batch:
            if batch is None:
                return
            for one in batch.hosts:
                log.put(one)


def test_of_many_that_come_at_once_each_registration_is_taken_by_one(registry, tmp_path):
    context = multiprocessing.get_context("fork")
    for host, key in zip(PLAY, ("one", "one", "two", "three"), strict=True):
        registry.register(host, "way", key, {})
    gate, log = context.Event(), context.SimpleQueue()
    workers = [context.Process(target=compete, args=(str(tmp_path), host, gate, log)) for host in PLAY * 2]
    for worker in workers:
        worker.start()
    gate.set()
    for worker in workers:
        worker.join(30)
    taken = []
    while not log.empty():
        taken.append(log.get())
    assert sorted(taken) == PLAY


def live(folder, host, rounds, answers):
    """What the action does, again and again: register, work for all who wait, read the own result."""
    registry = Registry(folder, "call")
    for number in range(rounds):
        registry.register(host, "way", f"key {number % 2}", {"number": number})
        while not registry.has_result(host):
            with registry.take(host, "way", PLAY) as batch:
                if batch is None:
                    break
                registry.store(dict(zip(batch.hosts, batch.items, strict=True)))
        answers.put((host, number, registry.result(host)))


def test_hosts_that_come_at_any_time_each_get_their_own_result(tmp_path):
    context = multiprocessing.get_context("fork")
    answers, rounds = context.Queue(), 60
    workers = [context.Process(target=live, args=(str(tmp_path), host, rounds, answers)) for host in PLAY]
    for worker in workers:
        worker.start()
    found = [answers.get(timeout=60) for _each in range(rounds * len(PLAY))]
    for worker in workers:
        worker.join(30)
    assert [one for one in found if one[2] != {"number": one[1]}] == []


@pytest.mark.parametrize("alike", [True, False])
def test_what_it_costs_grows_with_the_hosts_and_no_faster(tmp_path, monkeypatch, alike):
    """All of one server, or each of its own."""
    opened = []
    real = Path.open
    monkeypatch.setattr(Path, "open", lambda self, *args, **kwargs: opened.append(self) or real(self, *args, **kwargs))

    def cost(count: int) -> int:
        opened.clear()
        registry, hosts = Registry(str(tmp_path), f"call {count}"), [f"h{n}" for n in range(count)]
        for host in hosts:
            registry.register(host, "way", "one" if alike else host, {})
        for host in hosts:
            while not registry.has_result(host):
                with registry.take(host, "way", hosts) as batch:
                    if batch is None:
                        break
                    registry.store({one: {} for one in batch.hosts})
            assert registry.result(host) == {}
        return len(opened)

    assert cost(80) <= 2 * cost(40) + 10
