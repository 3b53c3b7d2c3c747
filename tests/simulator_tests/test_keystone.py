# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the simulated Keystone adds to the recorded answers: expiry, revocation, seeds."""

from __future__ import annotations

import pytest
from clustering_table import Case, Service

from simulator.client import Control


@pytest.fixture
def cloud(control: Control) -> Service:
    control.clock("manual")
    ready = control.ready
    return Service(ready["keystone"], ready["clustering"], ready["ca"])


def listed(cloud: Service, user: str = "demo") -> int:
    return cloud.send(Case("", "GET", "/v1/profiles", user=user)).status_code


def application_credential(**changes: object) -> dict[str, object]:
    return {"auth": {"identity": {"methods": ["application_credential"], "application_credential": {
        "name": "robot", "user": {"name": "demo", "domain": {"id": "default"}}, "secret": "s3cret", **changes}}}}


def test_a_token_expires(control: Control, cloud: Service) -> None:
    control.switches("clustering", token_seconds=3600)
    assert listed(cloud) == 200
    control.clock(advance=3599)
    assert listed(cloud) == 200
    control.clock(advance=2)
    assert listed(cloud) == 401


def test_a_token_made_from_a_token_ends_with_it(control: Control, cloud: Service) -> None:
    cloud.token("demo")
    control.clock(advance=100)
    login = {"auth": {"identity": {"methods": ["token"], "token": {"id": "{token_demo}"}}}}
    again = cloud.send(Case("", "POST", "/auth/tokens", login, user=None, service="keystone")).json()["token"]
    first = cloud.send(Case("", "GET", "/auth/tokens", service="keystone",
                            headers={"X-Subject-Token": cloud.token("demo")})).json()["token"]
    assert again["expires_at"] == first["expires_at"]
    assert again["issued_at"] > first["issued_at"]


def test_all_tokens_can_be_revoked(control: Control, cloud: Service) -> None:
    assert listed(cloud) == 200
    control.action("clustering", "revoke_tokens")
    assert listed(cloud) == 401


@pytest.mark.parametrize(("entry", "changes", "status"), [
    ({}, {}, 201), ({}, {"secret": "x"}, 401), ({"expires": 1.0}, {}, 401), ({}, {"name": "other"}, 401)])
def test_seeded_application_credential(control: Control, cloud: Service, entry: dict[str, float],
                                       changes: dict[str, str], status: int) -> None:
    control.seed(clustering={"application_credentials": [
        {"name": "robot", "secret": "s3cret", "user": "demo", "project": "demo", **entry}]})
    reply = cloud.send(Case("", "POST", "/auth/tokens", application_credential(**changes), user=None, service="keystone"))
    assert reply.status_code == status
    if status == 201:
        assert {role["name"] for role in reply.json()["token"]["roles"]} == {"member", "reader"}
    assert "s3cret" not in str(control.log(system="keystone"))


def test_users_and_domains_are_seeded(control: Control, cloud: Service) -> None:
    control.seed(clustering={
        "domains": [{"id": "d2", "name": "Second"}], "projects": [{"name": "demo", "domain": "d2"}],
        "users": [{"name": "demo", "password": "other", "domain": "d2", "projects": {"demo": ["admin"]},
                   "domains": {"d2": ["reader"]}}]})
    user = {"name": "demo", "domain": {"name": "Second"}, "password": "other"}
    identity = {"methods": ["password"], "password": {"user": user}}
    for scope, part in (({"project": {"name": "demo", "domain": {"name": "Second"}}}, "project"),
                        ({"domain": {"name": "Second"}}, "domain")):
        login = {"auth": {"identity": identity, "scope": scope}}
        reply = cloud.send(Case("", "POST", "/auth/tokens", login, user=None, service="keystone"))
        assert reply.status_code == 201
        assert part in reply.json()["token"]
        assert reply.json()["token"]["catalog"]


def test_the_catalog_leads_to_the_clustering_port(control: Control, cloud: Service) -> None:
    catalog = cloud.send(Case("", "GET", "/auth/catalog", service="keystone")).json()["catalog"]
    urls = {service["type"]: {endpoint["url"] for endpoint in service["endpoints"]} for service in catalog}
    assert urls == {"identity": {control.ready["keystone"]}, "clustering": {control.ready["clustering"]}}
    control.switches("clustering", clustering_in_catalog=False)
    catalog = cloud.send(Case("", "GET", "/auth/catalog", service="keystone")).json()["catalog"]
    assert [service["type"] for service in catalog] == ["identity"]
