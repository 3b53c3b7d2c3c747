# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""openstacksdk 4.22.0 against the simulated Keystone and Senlin. Against the real ones: tests/senlin/test_peers.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from conftest import Client, ClientError
from harness import Harness

from simulator.client import Control

SPEC = {"type": "os.heat.stack", "version": "1.0", "properties": {"template": {"heat_template_version": "2016-10-14"}}}


@pytest.fixture
def connect(sim: Control, start_client: Callable[..., Client]) -> Callable[..., Client]:
    """connect(user): the SDK as a user of the project of the same name."""

    def connect(user: str) -> Client:
        client = start_client("openstacksdk")
        auth = {
            "auth_url": sim.ready["keystone"], "username": user, "password": f"{user}pw", "project_name": user,
            "user_domain_name": "Default", "project_domain_name": "Default",
        }  # fmt: skip
        client.connect(auth=auth, verify=sim.ready["ca"])
        return client

    return connect


@pytest.fixture
def sdk(connect: Callable[..., Client]) -> Client:
    return connect("demo")


def test_life_of_a_profile(sdk: Client, run_module: Any) -> None:
    made = sdk.create(name="net", spec=SPEC, metadata={"owner": "ops"})
    assert (made["name"], made["spec"], made["metadata"]) == ("net", SPEC, {"owner": "ops"})
    # Ours finds it as it is wanted.
    same = run_module("cluster_profile", {"name": "net", "spec": SPEC, "metadata": {"owner": "ops"}})
    assert (same.failed, same["changed"], same["profile"]["id"]) == (False, False, made["id"])
    assert sdk.update(ident=made["id"], name="net-2", metadata={})["name"] == "net-2"
    assert sdk.names() == ["net-2"]
    assert sdk.validate(spec=SPEC) == "validated_profile"
    sdk.delete(ident=made["id"])
    assert sdk.find(name="net-2") is None


def test_refusals(sdk: Client) -> None:
    made = sdk.create(name="net", spec=SPEC)
    for call, code in (
        (lambda: sdk.create(name="bad", spec={**SPEC, "type": "os.bogus"}), 404),
        (lambda: sdk.create(name="bad name", spec=SPEC), 400),
        (lambda: sdk.delete(ident="00000000-0000-0000-0000-000000000000"), 404),
    ):
        with pytest.raises(ClientError) as caught:
            call()
        assert caught.value.status == code
    assert sdk.find(name=made["id"])["id"] == made["id"]


def test_its_look_up_by_name_deletes_another_profile_and_ours_does_not(sdk: Client, run_module: Any) -> None:
    """A peer's defect: a name goes into the path, where the service takes underscores for any character."""
    run_module("cluster_profile", {"name": "only-one", "spec": SPEC})
    ours = run_module("cluster_profile", {"name": "____", "state": "absent"})
    assert (ours.failed, ours["changed"]) == (False, False)
    assert sdk.names() == ["only-one"]
    sdk.delete(ident=sdk.find(name="____")["id"])
    assert sdk.names() == []


def test_as_admin_it_takes_another_projects_profile_and_ours_does_not(
    connect: Callable[..., Client], harness: Harness, run_module: Any
) -> None:
    """A peer's defect: an administrator's lists hold every project's profiles."""
    theirs = connect("demo").create(name="shared-name", spec=SPEC)
    admin = connect("admin")
    assert admin.find(name="shared-name")["id"] == theirs["id"]
    auth = {**harness.connection("openstack")["auth"], "username": "admin", "password": "adminpw", "project_name": "admin"}
    gone = run_module("cluster_profile", {"auth": auth, "name": "shared-name", "state": "absent"})
    assert (gone.failed, gone["changed"]) == (False, False)
    own = run_module("cluster_profile", {"auth": auth, "name": "shared-name", "spec": SPEC})
    assert own["changed"] is True
    assert own["profile"]["id"] != theirs["id"]
