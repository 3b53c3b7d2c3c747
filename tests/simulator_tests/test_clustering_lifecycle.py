# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a test can do to the simulated clusters beyond the recorded answers: servers that fail, an engine that dies, old versions."""

from __future__ import annotations

from typing import Any

import pytest
from clustering_lifecycle_cases import SERVER
from clustering_table import Case, Service

from simulator.client import Control, ControlError


@pytest.fixture
def cloud(control: Control) -> Service:
    control.seed(clustering={"profiles": [{"name": "small", "spec": SERVER, "project": "demo"}],
                             "clusters": [{"name": "web", "profile": "small", "project": "demo", "nodes": 2, "max_size": 4}]})
    control.clock(mode="manual")
    return Service(control.ready["keystone"], control.ready["clustering"], control.ready["ca"])


def call(cloud: Service, method: str, path: str, body: Any = None, version: str = "1.14") -> tuple[int, Any]:
    reply = cloud.send(Case("", method, path, body, version=version))
    return reply.status_code, reply.json() if reply.content else None


def cluster(control: Control) -> dict[str, Any]:
    (found,) = control.state("clustering")["clusters"]
    return dict(found)


def resize(cloud: Service, control: Control, number: int) -> tuple[int, Any]:
    body = {"resize": {"adjustment_type": "EXACT_CAPACITY", "number": number, "strict": True}}
    return call(cloud, "POST", f"/v1/clusters/{cluster(control)['id']}/actions", body)


def status(control: Control, action: str) -> str:
    return next(one["status"] for one in control.state("clustering")["actions"] if one["action"] == action)


def test_a_parent_fails_early_and_stays_locked(control: Control, cloud: Service) -> None:
    control.action("clustering", "server_orders", create=[{"error": "No valid host", "times": 1}, {"delay": 2.0}])
    assert resize(cloud, control, 4)[0] == 202
    control.clock(advance=0.3)
    assert status(control, "CLUSTER_RESIZE") == "FAILED"
    code, body = resize(cloud, control, 2)
    assert (code, body["error"]["type"]) == (409, "ResourceIsLocked")
    control.clock(advance=3.0)
    assert (cluster(control)["status"], cluster(control)["desired_capacity"]) == ("WARNING", 4)
    assert resize(cloud, control, 2)[0] == 202


def test_a_cluster_with_a_queued_action_conflicts(control: Control, cloud: Service) -> None:
    control.switches("clustering", cluster_seconds=5.0)
    assert resize(cloud, control, 3)[0] == 202
    code, body = call(cloud, "PATCH", f"/v1/clusters/{cluster(control)['id']}", {"cluster": {"metadata": {"a": 1}}})
    assert (code, body["error"]["type"] in ("ActionConflict", "ResourceIsLocked")) == (409, True)
    assert call(cloud, "DELETE", f"/v1/clusters/{cluster(control)['id']}")[0] == 202  # waits for the lock
    control.clock(advance=5.1)
    control.clock(advance=5.5)
    assert control.state("clustering")["clusters"] == []


def test_check_succeeds_although_a_server_is_gone(control: Control, cloud: Service) -> None:
    victim = control.state("clustering")["nodes"][0]
    control.action("clustering", "server_orders", gone=[victim["physical_id"]])
    path = f"/v1/clusters/{cluster(control)['id']}"
    assert [one["value"] for one in call(cloud, "GET", path + "/attrs/details.status")[1]["cluster_attributes"]] == ["ACTIVE"]
    call(cloud, "POST", path + "/actions", {"check": {}})
    control.clock(advance=1.0)
    assert (status(control, "CLUSTER_CHECK"), cluster(control)["status"]) == ("SUCCEEDED", "WARNING")
    call(cloud, "POST", path + "/actions", {"recover": {"operation": "RECREATE", "check": True}})
    control.clock(advance=1.0)
    assert {node["status"] for node in control.state("clustering")["nodes"]} == {"ACTIVE"}


def test_an_engine_that_dies(control: Control, cloud: Service) -> None:
    resize(cloud, control, 4)
    control.clock(advance=0.05)
    assert cluster(control)["status"] == "RESIZING"
    assert control.action("clustering", "kill_engine")["killed"] == 3
    assert {one["status_reason"] for one in control.state("clustering")["actions"]} == {"Engine failure"}
    assert cluster(control)["status"] == "RESIZING"
    assert resize(cloud, control, 4)[0] == 202


def test_an_older_service(control: Control, cloud: Service) -> None:
    control.switches("clustering", max_minor=5)
    code, body = call(cloud, "GET", "/v1/clusters")
    assert (code, body["error"]["message"]) == (
        406, "Version '1.14' is not supported by the API. Minimum is '1.0' and maximum is '1.5'.")
    assert call(cloud, "GET", "/v1", version="1.5")[1]["version"]["max_version"] == "1.5"
    # what it does not know it drops without a word, and updates every node
    path = f"/v1/clusters/{cluster(control)['id']}"
    control.seed(clustering={"profiles": [{"name": "large", "spec": SERVER, "project": "demo"}]})
    body = {"cluster": {"profile_id": "large", "profile_only": True}}
    assert call(cloud, "PATCH", path, body, version="1.5")[0] == 202
    control.clock(advance=1.0)
    assert {node["profile_name"] for node in control.state("clustering")["nodes"]} == {"large"}


def test_quota_is_a_500(control: Control, cloud: Service) -> None:
    control.switches("clustering", cluster_quota=1)
    code, body = call(cloud, "POST", "/v1/clusters", {"cluster": {"name": "two", "profile_id": "small"}})
    assert (code, body["error"]["type"]) == (500, "OverQuota")


def test_a_webhook_needs_no_token_and_keeps_its_parameters(control: Control, cloud: Service) -> None:
    receiver = {"name": "out", "type": "webhook", "cluster_id": "web", "action": "CLUSTER_SCALE_OUT", "params": {"count": "1"}}
    made = call(cloud, "POST", "/v1/receivers", {"receiver": receiver})[1]["receiver"]
    call(cloud, "PATCH", f"/v1/receivers/{made['id']}", {"receiver": {"params": {"count": "2"}}})
    shown = call(cloud, "GET", f"/v1/receivers/{made['id']}")[1]["receiver"]
    assert (shown["params"], shown["channel"]) == ({"count": "2"}, made["channel"])
    path = made["channel"]["alarm_url"].removeprefix(cloud.clustering)
    assert cloud.send(Case("", "POST", path, user=None)).status_code == 202
    control.clock(advance=1.0)
    assert cluster(control)["desired_capacity"] == 3


def test_cancel_lets_running_nodes_finish(control: Control, cloud: Service) -> None:
    control.switches("clustering", cluster_seconds=2.0, node_seconds=1.0)
    action = resize(cloud, control, 3)[1]["action"]
    control.clock(advance=0.1)
    assert call(cloud, "PATCH", f"/v1/actions/{action}", {"action": {"status": "CANCELLED"}})[0] == 202
    control.clock(advance=3.0)
    assert (status(control, "CLUSTER_RESIZE"), status(control, "NODE_CREATE")) == ("CANCELLED", "SUCCEEDED")
    assert {node["status"] for node in control.state("clustering")["nodes"]} == {"ACTIVE"}


def test_a_field_that_no_cluster_has(control: Control, cloud: Service) -> None:
    with pytest.raises(ControlError, match="there is no colour in clusters"):
        control.action("clustering", "cluster", id=cluster(control)["id"], colour="blue")
