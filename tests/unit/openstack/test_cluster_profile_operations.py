# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which refusals a run of cluster profiles gets along with, and what it reads. No network."""

from __future__ import annotations

import pytest

from ansible_collections.groundwork.provision.plugins.module_utils._errors import FINISHED, NOT_STARTED, STARTED, Failure
from ansible_collections.groundwork.provision.plugins.module_utils._operation import Item
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Outcome, Step
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils.openstack import cluster_profiles
from ansible_collections.groundwork.provision.plugins.module_utils.openstack.cluster_profile_operations import SetProfiles
from ansible_collections.groundwork.provision.plugins.module_utils.openstack.cluster_profiles import Choice, Desired

PRESENT, ABSENT = {"name": "web"}, None


class Service:
    """Stands in for a client. rows: the profiles of all projects; ``asked`` are the queries. lists_all: it lists all of them anyway."""

    system, project = "openstack", "mine"

    def __init__(self, *rows, lists_all=False):
        self.rows, self.lists_all, self.asked = rows, lists_all, []

    def read(self, path, *, query=(), what, max_body=0):
        self.asked.append(dict(query))
        mine = [row for row in self.rows if self.lists_all or "global_project" in dict(query) or row["project"] == self.project]
        return {"profiles": [] if "marker" in dict(query) else mine}


@pytest.mark.parametrize(
    "method, status, after, tolerated, kept",
    [
        ("DELETE", 404, PRESENT, True, {}),
        ("DELETE", 404, ABSENT, True, {}),
        ("DELETE", 409, PRESENT, True, {"old": []}),
        ("DELETE", 409, ABSENT, False, {}),
        ("DELETE", 403, PRESENT, False, {}),
        ("DELETE", None, PRESENT, False, {}),
        ("PATCH", 404, PRESENT, False, {}),
        ("PATCH", 409, PRESENT, False, {}),
        ("POST", 404, PRESENT, False, {}),
        ("POST", 409, PRESENT, False, {}),
    ],
)
def test_which_refusals_are_tolerated(method, status, after, tolerated, kept):
    operation = SetProfiles(Run({}), Service(), [], present=True, policy="replace", single=False)
    step = Step("x", method, f"{cluster_profiles.PATH}/old", "old", "why")
    item = Item("key", "web", desired=Choice(Desired("web"), after=after))
    operation.kept["key"] = {}
    outcome = Outcome(step, NOT_STARTED, failure=Failure("x", "why", status=status))
    assert operation.tolerates(item, outcome) is tolerated
    assert operation.kept["key"] == kept


def made_item(operation, **more):
    """The profile ``new`` was made in the place of ``old``; the deletion of ``used`` was refused."""
    old, new = (cluster_profiles.parse(row(ident, "mine")) for ident in ("p1", "p2"))
    steps = [Step(method, method, f"{cluster_profiles.PATH}{path}", path, "why") for method, path in
             (("POST", ""), ("DELETE", "/p1"), ("DELETE", "/p3"))]  # fmt: skip
    outcomes = [
        Outcome(steps[0], STARTED, data=new), Outcome(steps[1], FINISHED, data=None), Outcome(steps[2], NOT_STARTED),
    ]  # fmt: skip
    operation.kept["key"] = {"p3": ["cluster c"]}
    return Item("key", "web", desired=Choice(Desired("web"), after=PRESENT), before=old, current=old, outcomes=outcomes, **more)


@pytest.mark.parametrize("single", [False, True])
@pytest.mark.parametrize("verified, shown", [(False, "p2"), (True, "p1")])
def test_what_is_told_of_a_profile(single, verified, shown):
    """Until it is verified, the profile that the service answered with; then the one that was read."""
    operation = SetProfiles(Run({}), Service(), [], present=True, policy="replace", single=single)
    item = made_item(operation, verified=verified)
    told = operation.rows([item]) if single else operation.rows([item])["profiles"][0]
    assert told["profile"]["id"] == shown
    assert (told["deleted"], told["kept"]) == (["p1"], [{"id": "p3", "used_by": ["cluster c"]}])
    assert told["reconciled"] is False
    assert set(told) == {"profile", "deleted", "kept", "reconciled"} | (set() if single else {"name", "changed", "outcome"})


def test_what_is_told_of_none():
    operation = SetProfiles(Run({}), Service(), [], present=False, policy="fail", single=True)
    operation.kept["key"] = {}
    assert operation.rows([Item("key", "web", desired=Choice(Desired("web")))])["profile"] is None
    assert operation.rows([]) == {}


def test_what_follows_is_sent_once():
    operation = SetProfiles(Run({}), Service(), [], present=True, policy="replace", single=False)
    later = Step("delete", "DELETE", f"{cluster_profiles.PATH}/p9", "p9", "why")
    double = Step("delete", "DELETE", f"{cluster_profiles.PATH}/p8", "p8", "why")
    item = made_item(operation)
    assert not operation.has_next(item)
    item.later = [later]
    assert operation.has_next(item)
    item.outcomes.append(Outcome(later, STARTED))
    assert not operation.has_next(item)
    operation.doubles["key"] = double
    assert operation.has_next(item)
    assert operation.next_steps([item]) == [(item, double)]
    item.outcomes.append(Outcome(double, STARTED))
    assert not operation.has_next(item)


def plan(*asked, rows, used=()):
    """(the steps, the lists that were read) for these desired profiles."""
    service = Service(*rows)
    paths = []
    real = service.read

    def read(path, *, query=(), what, max_body=0):
        paths.append(path.rpartition("/")[2])
        if path.endswith(("clusters", "nodes")):
            users = [{"id": "c", "name": "c", "profile_id": ident} for ident in used]
            return {path.rpartition("/")[2]: users if "marker" not in dict(query) else []}
        return real(path, query=query, what=what)

    service.read = read
    operation = SetProfiles(Run({"marker": True}), service, asked, present=True, policy="replace", single=False)
    return [(step.method, cluster_profiles.target(step)) for item in operation.read() for step in (*item.steps, *item.later)], set(paths)


OTHER = {"type": "os.nova.server", "version": "1.0", "properties": {"flavor": "x"}}


def test_who_uses_a_profile_is_asked_only_where_it_may_go():
    there = [row("p1", "mine"), row("p2", "mine", name="db")]
    assert plan(Desired("web", spec=there[0]["spec"]), rows=there) == ([], {"profiles"})
    assert plan(Desired("new", spec=OTHER), Desired("web", spec=there[0]["spec"]), rows=there) == ([("POST", "")], {"profiles"})
    lists = {"profiles", "clusters", "nodes"}
    assert plan(Desired("web", spec=OTHER), rows=there) == ([("POST", ""), ("DELETE", "p1")], lists)
    assert plan(Desired("web", spec=OTHER), rows=there, used=["p1"]) == ([("POST", "")], lists)


def row(ident, project, name="web", kind="os.nova.server"):
    spec = {"type": kind, "version": "1.0", "properties": {}}
    return {
        "id": ident, "name": name, "project": project, "type": f"{kind}-1.0", "spec": spec, "metadata": {},
        "created_at": f"2026-01-01T00:00:0{ident[-1]}Z", "updated_at": None, "domain": None, "user": "u",
    }  # fmt: skip


def test_a_search_stays_in_the_project_unless_it_shall_not():
    service = Service(row("p2", "mine"), row("p1", "theirs"), row("p3", "mine", name="db"))
    assert [one.id for one in cluster_profiles.search(service)] == ["p2", "p3"]
    assert [one.id for one in cluster_profiles.search(service, name="web")] == ["p2"]
    assert [one.id for one in cluster_profiles.search(service, name="web", all_projects=True)] == ["p1", "p2"]
    assert [one.id for one in cluster_profiles.search(service, kind="os.heat.stack", all_projects=True)] == []
    assert [asked.get("global_project") for asked in service.asked if "marker" not in asked] == [None, None, "true", "true"]


def test_a_service_that_lists_other_projects_all_the_same():
    assert [one.id for one in cluster_profiles.search(Service(row("p2", "mine"), row("p1", "theirs"), lists_all=True))] == ["p2"]


def verify(method, *others, title="web"):
    """The operation and the item, after this request for ``p5`` was accepted and the list was read, with others of its name in it."""
    operation = SetProfiles(Run({}), Service(row("p5", "mine"), *others), [], present=True, policy="fail", single=False)
    operation.kept["key"] = {}
    mine = cluster_profiles.parse(row("p5", "mine"))
    body = {"profile": {"name": "web", "spec": mine.spec, "metadata": {}}} if method == "POST" else {"profile": {"name": "web"}}
    path = cluster_profiles.PATH + ("/p5" if method == "PATCH" else "")
    step = Step("x", method, path, "p5", "why", body=body)
    item = Item("key", title, desired=Choice(Desired("web")), outcomes=[Outcome(step, STARTED, data=mine)])
    assert operation.look([item])["key"].ok
    return operation, item


OLDER, YOUNGER, STRANGE = row("p1", "mine"), row("p9", "mine"), {**row("p9", "mine"), "spec": {**OTHER}}


@pytest.mark.parametrize(
    "method, other, current, deleted, warned",
    [
        ("POST", OLDER, "p1", "p5", False),
        ("POST", YOUNGER, "p5", None, False),
        ("POST", STRANGE, "p5", None, True),
        ("PATCH", OLDER, "p5", None, False),
        ("PATCH", STRANGE, "p5", None, False),
    ],
)
def test_only_a_profile_of_our_own_making_is_a_double(method, other, current, deleted, warned):
    """Of two equal profiles that two runs made the younger goes; one that was there before stays, whatever was made beside it."""
    operation, item = verify(method, other)
    assert item.current.id == current
    assert [cluster_profiles.target(step) for step in operation.doubles.values()] == ([deleted] if deleted else [])
    assert bool(operation.run.warnings) is warned


@pytest.mark.parametrize("on_failure, asked", [("continue", 3), ("stop", 2)])
@pytest.mark.parametrize(
    "failure, warned",
    [
        (Failure("not_acceptable", "no", status=406), True),
        (Failure("x", "no", status=400, details={"server_type": "MethodVersionNotFound"}), True),
        (Failure("bad_request", "wrong spec", status=400), False),
        (None, False),
    ],
)
def test_check_mode_asks_the_service_where_it_can(failure, warned, on_failure, asked):
    """The spec of the second is refused. A service that is too old to check is told of, and is no failure."""
    service, paths = Service(), []

    def read(path, *, method="GET", body=None, query=(), what, headers=None, max_body=0):
        if not path.endswith("/validate"):
            return {"profiles": []}
        paths.append((method, path, body["profile"]["spec"]["properties"]))
        if len(paths) == 2 and failure is not None:
            raise failure
        return {}

    service.read = read
    run = Run({"marker": True, "concurrency": 1, "on_failure": on_failure}, check_mode=True)
    desired = [Desired(name, spec={**OTHER, "properties": {"n": name}}) for name in "abc"]
    operation = SetProfiles(run, service, desired, present=True, policy="fail", single=False)
    items = operation.read()
    operation.check(items)
    refused = failure is not None and not warned
    assert [item.failure.operation if item.failure else None for item in items] == [None, "validate" if refused else None, None]
    assert bool(run.warnings) is warned
    count = asked if refused else 3
    assert paths == [("POST", cluster_profiles.PATH + "/validate", {"n": name}) for name in "abc"[:count]]
