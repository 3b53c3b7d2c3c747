# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The package opsmanager 0.5.3 (requests' digest) against the simulated Ops Manager."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from conftest import Client, ClientError
from harness import OPS_MANAGER_PRIVATE_KEY

from simulator.client import Control

SERVER = {"Datacenter": "oslo", "Size": "m"}


@pytest.fixture
def connect(sim: Control, start_client: Callable[..., Client]) -> Callable[..., Client]:
    """connect(private_key, timeout): the client with a key of the project payments. The clock stands still."""
    sim.clock(mode="manual")

    def connect(private_key: str = OPS_MANAGER_PRIVATE_KEY, timeout: float = 30.0) -> Client:
        client = start_client("opsmanager", REQUESTS_CA_BUNDLE=sim.ready["ca"])
        client.connect(url=sim.ready["ops_manager"], public_key="automation", private_key=private_key, timeout=timeout)
        return client

    return connect


@pytest.fixture
def manager(connect: Callable[..., Client]) -> Client:
    return connect()


@pytest.fixture
def pool(manager: Client) -> str:
    """The path of the project's server pool."""
    return f"/groups/{manager.project_id(name='payments')}/serverPool"


def test_projects_and_one_challenge(sim: Control, manager: Client, pool: str) -> None:
    assert manager.project_names() == ["payments"]
    assert manager.request(method="GET", path=pool)["enabled"] is True
    # Its digest is remembered: one challenge, then each request is accepted at once.
    assert [entry["status"] for entry in sim.log(system="ops_manager")].count(401) == 1


def test_a_request_from_its_creation_to_its_servers(sim: Control, manager: Client, pool: str, run_module: Any) -> None:
    made = manager.request(method="POST", path=f"{pool}/requests", body={"properties": [SERVER, SERVER]})
    assert (made["statusName"], made["numServers"]) == ("EXECUTING", 2)
    sim.clock(advance=1)
    assert manager.request(method="GET", path=f"{pool}/requests/{made['id']}")["statusName"] == "COMPLETED"
    theirs = manager.request(method="GET", path=f"{pool}/servers")["results"]
    ours = run_module("server_pool_info")["servers"]
    assert {one["hostname"] for one in theirs} == {one["hostname"] for one in ours}
    assert len(theirs) == 2
    # Ours counts what the other client got: nothing is missing, nothing is sent.
    result = run_module("server_pool_request", {"properties": SERVER, "count": 2})
    assert (result.failed, result["changed"]) == (False, False)


def test_cancel_has_no_body(sim: Control, manager: Client, pool: str) -> None:
    made = manager.request(method="POST", path=f"{pool}/requests", body={"properties": [SERVER]})
    assert manager.request(method="DELETE", path=f"{pool}/requests/{made['id']}") == {}
    sim.clock(advance=1)
    assert manager.request(method="GET", path=f"{pool}/requests/{made['id']}")["statusName"] == "CANCELLED"


def test_refusals(manager: Client, connect: Callable[..., Client], pool: str) -> None:
    with pytest.raises(ClientError) as caught:
        manager.request(method="POST", path=f"{pool}/requests", body={"properties": [SERVER], "numServers": 1})
    assert (caught.value.name, caught.value.status) == ("OpsManagerBadRequestError", 400)
    with pytest.raises(ClientError) as caught:
        manager.request(method="GET", path=f"{pool}/requests/5a9d0a0a1d41c81a2b3c4dff")
    assert caught.value.name == "OpsManagerNotFoundError"
    with pytest.raises(ClientError) as caught:
        connect(private_key="wrong").project_names()
    assert caught.value.name == "OpsManagerAuthenticationError"


def test_agents_are_read_in_pages(sim: Control, manager: Client, pool: str) -> None:
    sim.seed(ops_manager={"agents": {"payments": [{"hostname": f"host{n}", "typeName": "AUTOMATION"} for n in range(250)]}})
    project = pool.split("/")[2]
    assert manager.agent_hosts(project=project) == [f"host{n}" for n in range(250)]


def test_a_lost_answer_gives_the_peer_more_servers(sim: Control, connect: Callable[..., Client]) -> None:
    """A peer's defect: it sends a POST again whose answer did not come. Ours looks what has become of it: the next test."""
    hasty = connect(timeout=1.0)
    pool = f"/groups/{hasty.project_id(name='payments')}/serverPool"
    sim.fault("ops_manager", "POST", "/serverPool/requests$", delay_after=2.5)
    hasty.request(method="POST", path=f"{pool}/requests", body={"properties": [SERVER]})
    sim.clock(advance=1)
    assert len(hasty.request(method="GET", path=f"{pool}/servers")["results"]) == 2, "one was asked for"


def test_a_lost_answer_gives_ours_one_server(sim: Control, run_module: Any) -> None:
    sim.fault("ops_manager", "POST", "/serverPool/requests$", delay_after=2.5)
    result = run_module("server_pool_request", {"properties": SERVER, "count": 1, "timeout": 1})
    assert (result.failed, result["changed"]) == (False, True)
    assert sim.state("ops_manager")["counts"]["requests_created"] == 1
