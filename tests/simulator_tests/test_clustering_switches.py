# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a test can set up in the simulated Senlin beyond the recorded answers, and that openstacksdk can talk to it."""

from __future__ import annotations

from typing import Any

import openstack
import openstack.connection
import pytest
from clustering_cases import DOCKER, SEED_SPEC, SERVER, STACK, create, delete, get, spec, validate
from clustering_table import Case, Service

from simulator.client import Control


@pytest.fixture
def cloud(control: Control) -> Service:
    ready = control.ready
    return Service(ready["keystone"], ready["clustering"], ready["ca"])


def error(cloud: Service, case: Case) -> tuple[int, str, str]:
    reply = cloud.send(case)
    return reply.status_code, reply.json()["error"]["type"], reply.json()["error"]["message"]


def test_name_unique(control: Control, cloud: Service) -> None:
    control.switches("clustering", name_unique=True)
    assert cloud.send(create("", {"name": "one", "spec": STACK})).status_code == 201
    second = error(cloud, create("", {"name": "one", "spec": STACK}))
    assert second == (400, "BadRequest", "A profile named 'one' already exists.")
    assert cloud.send(create("", {"name": "one", "spec": STACK}, user="alt_demo")).status_code == 201


@pytest.mark.parametrize(("conductor", "made"), [("lost", 0), ("applied", 1)])
def test_dead_conductor(control: Control, cloud: Service, conductor: str, made: int) -> None:
    control.switches("clustering", conductor=conductor, rpc_timeout=0.05)
    status, kind, message = error(cloud, create("", {"name": "one", "spec": STACK}))
    assert (status, kind) == (500, "MessagingTimeout")
    assert message.startswith("Timed out waiting for a reply to message ID ")
    state = control.state("clustering")
    assert len(state["profiles"]) == made
    assert state["counts"]["create_arrivals"] == 1
    control.switches("clustering", conductor="alive")
    assert len(cloud.send(get("", "/v1/profiles?name=one")).json()["profiles"]) == made


def test_missing_services_refuse_specs(control: Control, cloud: Service) -> None:
    control.switches("clustering", heat=False, nova=False)
    status, kind, message = error(cloud, validate("", STACK))
    assert (status, kind) == (400, "InvalidSpec")
    assert message.startswith("Failed in validating template:")
    assert error(cloud, create("", {"name": "one", "spec": SERVER}))[:2] == (500, "InternalError")


@pytest.mark.parametrize(("changes", "message"), [
    ({"flavor": "m9"}, "The specified flavor 'm9' could not be found."),
    ({"image": "beos"}, "The specified image 'beos' could not be found."),
    ({"networks": [{"network": "moon"}]}, "The specified network moon could not be found."),
])
def test_known_flavors_images_networks(control: Control, cloud: Service, changes: dict[str, Any], message: str) -> None:
    control.seed(clustering={"known": {"flavors": ["m1.tiny"], "images": ["cirros"], "networks": ["private"]}})
    assert cloud.send(validate("", SERVER)).status_code == 200
    assert error(cloud, validate("", spec(SERVER, **changes))) == (400, "InvalidSpec", message)


def test_both_hosts_of_a_container(cloud: Service) -> None:
    assert error(cloud, validate("", spec(DOCKER, host_node="a", host_cluster="b")))[:2] == (400, "InvalidSpec")


def test_seeded_cluster_keeps_its_profile_in_use(control: Control, cloud: Service) -> None:
    control.seed(clustering={
        "profiles": [{"name": "p{n}", "count": 2, "project": "demo", "spec": STACK}],
        "clusters": [{"name": "c", "profile": "p1", "project": "demo"}]})
    assert error(cloud, delete("", "/v1/profiles/p1"))[:2] == (409, "ResourceInUse")
    assert cloud.send(delete("", "/v1/profiles/p2")).status_code == 204
    assert cloud.send(Case("", "DELETE", "/v1/clusters/c")).status_code == 202


def test_pages_of_ten_thousand(control: Control, cloud: Service) -> None:
    control.seed(clustering={"profiles": [{"name": "p{n}", "count": 10000, "project": "demo", "spec": STACK}]})
    seen: list[str] = []
    marker = ""
    while True:
        page = cloud.send(get("", f"/v1/profiles?limit=4000{marker}")).json()["profiles"]
        if not page:
            break
        seen += [profile["id"] for profile in page]
        marker = f"&marker={page[-1]['id']}"
    assert len(seen) == len(set(seen)) == 10000
    assert [one["name"] for one in cloud.send(get("", "/v1/profiles?name=p77")).json()["profiles"]] == ["p77"]


def test_validation_and_login_do_not_count_as_changes(control: Control, cloud: Service) -> None:
    cloud.send(validate("", STACK))
    cloud.send(create("", {"name": "one", "spec": STACK}))
    changing = control.log(changing=True)
    assert [(entry["method"], entry["path"], entry["user"]) for entry in changing] == [("POST", "/v1/profiles", "demo")]


# openstacksdk warns of deprecations inside itself
@pytest.mark.filterwarnings("ignore::openstack.warnings.OpenStackDeprecationWarning")
@pytest.mark.filterwarnings("ignore::openstack.warnings.RemovedInSDK50Warning")
@pytest.mark.filterwarnings("ignore::openstack.warnings.RemovedInSDK60Warning")
def test_openstacksdk(control: Control) -> None:
    ready = control.ready
    auth = {"auth_url": ready["keystone"], "username": "demo", "password": "demopw", "project_name": "demo",
            "user_domain_name": "Default", "project_domain_name": "Default"}
    config = openstack.config.OpenStackConfig(load_yaml_config=False, load_envvars=False)
    region = config.get_one(auth=auth, region_name="RegionOne", cacert=ready["ca"], clustering_default_microversion="1.14")
    with openstack.connection.Connection(config=region) as connection:
        clustering = connection.clustering
        assert clustering.validate_profile(spec=SEED_SPEC).name == "validated_profile"
        profile = clustering.create_profile(name="web", spec=SEED_SPEC, metadata={"a": "b"})
        assert profile.spec == SEED_SPEC
        assert clustering.find_profile("web").id == profile.id
        assert [one.id for one in clustering.profiles(name="web")] == [profile.id]
        assert clustering.update_profile(profile, metadata={"a": "c"}).metadata == {"a": "c"}
        clustering.delete_profile(profile, ignore_missing=False)
        assert clustering.find_profile("web") is None
        assert {one.name for one in clustering.profile_types()} >= {"os.heat.stack", "os.nova.server"}
