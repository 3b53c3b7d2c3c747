# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host whose task has no more time says what is known of its server, not what Ansible supposes."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from ansible_collections.groundwork.provision.plugins.action import host_profile
from ansible_collections.groundwork.provision.plugins.plugin_utils.host_registry import Registry

PLAY = ["a", "b"]
VARIABLES = {"ansible_play_batch": PLAY, "xclarity_profile": "p-b"}


class TaskTimeoutError(BaseException):
    """Named as Ansible names its own, which each release has in another place."""


@pytest.fixture
def registry(tmp_path):
    return Registry(str(tmp_path), "call")


@pytest.fixture
def action(monkeypatch):
    made = host_profile.ActionModule.__new__(host_profile.ActionModule)
    made._task = SimpleNamespace(check_mode=False, diff=False, environment=[], no_log=False, timeout=3, args={"phase": "activate"})
    made._templar = SimpleNamespace(template=lambda value: value)
    monkeypatch.setattr(host_profile, "GRACE", 0.0)
    return made


def end(*_arguments):
    raise TaskTimeoutError


@pytest.mark.parametrize(
    "keyword, value",
    [("check_mode", True), ("diff", True), ("environment", [{"XCLARITY_ENDPOINT": "https://other"}]), ("no_log", True), ("timeout", 4)],
)
def test_hosts_whose_keywords_differ_do_not_work_for_each_other(action, keyword, value):
    """Who works uses its own: its mode, its environment and its time; and it shows the plan and the warnings of all."""
    before = action._way()
    assert action._way() == before
    setattr(action._task, keyword, value)
    assert action._way() != before


@pytest.mark.parametrize("check_mode, changed, outcome", [(False, True, "unknown"), (True, False, "none")])
def test_while_another_host_works_for_it(registry, action, monkeypatch, check_mode, changed, outcome):
    action._task.check_mode = check_mode
    registry.register("b", "way", "one", {"profile": "p-b"})
    with registry.take("a", "way", PLAY):
        monkeypatch.setattr(registry, "result", end)
        own = action._activate(registry, "b", VARIABLES)
    assert (own["failed"], own["changed"], own["outcome"], own["timedout"]) == (True, changed, outcome, {"period": 3})
    assert (own["error"]["code"], own["error"]["resource"]) == ("task_timeout", "p-b")
    assert ("It is not known" in own["msg"], "Nothing was changed." in own["msg"]) == (changed, not changed)


def test_with_its_result_there_it_is_that(registry, action, monkeypatch):
    registry.register("b", "way", "one", {"profile": "p-b"})
    with registry.take("a", "way", PLAY):
        registry.store({"b": {"changed": True, "profile": {"id": "7"}}})
    monkeypatch.setattr(registry, "result", end)
    assert action._activate(registry, "b", VARIABLES) == {"changed": True, "b": {"id": "7"}}


def test_before_anybody_began_it_nobody_begins_it(registry, action, monkeypatch):
    registry.register("b", "way", "one", {"profile": "p-b"})
    monkeypatch.setattr(registry, "take", end)
    own = action._activate(registry, "b", VARIABLES)
    assert (own["failed"], own["changed"], own["error"]["code"]) == (True, False, "task_timeout")
    assert "Nothing was changed." in own["msg"]
    assert registry.is_empty()


def test_who_worked_for_others_until_its_time_was_over_begins_nothing_more(registry, action, monkeypatch):
    """Ansible's alarm comes once."""
    for host, key in (("a", "one"), ("b", "two")):
        registry.register(host, action._way(), key, {"profile": f"p-{host}"})
    taken = []

    def work(_registry, batch, _host, _variables):
        taken.append(batch.hosts)
        registry.store({host: {"changed": False} for host in batch.hosts})
        return {"failed": True, "error": {"code": "task_timeout"}}

    monkeypatch.setattr(action, "_run_for", work)
    with registry.take("b", "way", PLAY):
        own = action._activate(registry, "b", VARIABLES)
    assert taken == [["a"]]
    assert own["outcome"] == "unknown"


def test_another_end_is_not_a_timeout(registry, action, monkeypatch):
    registry.register("b", "way", "one", {"profile": "p-b"})
    monkeypatch.setattr(registry, "take", lambda *_arguments: (number for number in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        action._activate(registry, "b", VARIABLES)
