# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which refusals a run of cluster profiles gets along with, and what it reads. No network."""

from __future__ import annotations

import pytest

from ansible_collections.groundwork.provision.plugins.module_utils._errors import NOT_STARTED, Failure
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
