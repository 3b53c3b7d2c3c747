# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every reply of the simulators fits its shape in tests/schemas, and every shape is met by a reply."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests
import yaml
from requests.auth import HTTPDigestAuth
from schemas.shapes import Shape, differences, find, shapes

from simulator.client import Control

ESTATE = Path(__file__).resolve().parents[1] / "simulator" / "estate.yml"
RACK = "0A10000000000000000000000000000A"
BACKUP = "4edf27ff-08d1-49b5-b7f3-7e8edc4fd278"
IMAGE = quote("win2016|win2016-x86_64-install-corp_gold", safe="")
SPEC = {"type": "os.heat.stack", "version": "1.0", "properties": {"template": {"heat_template_version": "2016-10-14"}}}


class Checked:
    """Calls to one system; each reply is held against its shape. `met` are the shapes that were met."""

    def __init__(self, control: Control, system: str, base: str = "", **session: Any) -> None:
        self.system, self.base, self.root = system, base, control.ready[system]
        self.http = requests.Session()
        self.http.trust_env = False
        self.http.verify = control.ready["ca"]
        for name, value in session.items():
            setattr(self.http, name, value)
        self.met: set[Shape] = set()

    def __call__(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        reply = self.http.request(method, self.root + self.base + path, json=body, timeout=20, **options)
        data = reply.json() if reply.content else None
        shape = find(self.system, method, self.base + path, reply.status_code)
        assert shape is not None, f"no shape for {reply.status_code} to {method} {path}"
        assert differences(shape, data) == [], f"{method} {path}: {data}"
        self.met.add(shape)
        return data

    def not_met(self) -> list[str]:
        return [f"{shape.call} {shape.status}" for shape in shapes(self.system) if shape not in self.met]


@pytest.fixture
def estate(control: Control) -> Control:
    control.seed(**yaml.safe_load(ESTATE.read_text(encoding="utf-8")))
    control.clock(mode="manual")
    return control


def test_xclarity(estate: Control) -> None:
    call = Checked(estate, "xclarity")

    def done() -> None:
        estate.clock(advance=10)

    session = call("POST", "/sessions", {"UserId": "AUTOMATION", "password": "Passw0rd-demo"})["response"]["session"]
    call("GET", "/sessions")
    call("DELETE", "/sessions", headers={"X-Csrf-Token": session["csrf"]})
    call("POST", "/sessions", {"UserId": "AUTOMATION", "password": "wrong"})
    call.http.auth = ("AUTOMATION", "Passw0rd-demo")
    for path in ("/userAccountSettings", "/profiles", "/profiles/71", "/nodes", f"/nodes/{RACK}", "/osImages", "/managementServer/data",
                 "/managementServer/data/repository", "/managementServer/quiesce", "/osImages/remoteFileServers",
                 "/osImages/remoteFileServers/101", "/profiles/999", "/tasks/999", "/nowhere", "/aicc", "/notificationsLicense",
                 "/patterns", "/compliancePolicies", "/compliancePolicies/persistedResult", "/updatableComponents", "/chassis", "/switches",
                 "/storage", "/events", "/storedCredentials", "/discovery", "/hostPlatforms"):
        call("GET", path)
    call("PUT", f"/nodes/{RACK}", {"leds": [{"name": "Identify", "state": "On"}]})
    job = call("POST", "/profiles/71", {"restart": "immediate", "uuid": RACK})["items"][0]["jobRecordId"]
    call("GET", f"/profiles/status?uuids={RACK}")
    call("GET", f"/tasks/{job}")
    done()
    for path in ("/tasks", f"/tasks/{job}", f"/jobs/{job}", "/profiles", f"/profiles/status?uuids={RACK}"):
        call("GET", path)
    call("POST", "/profiles/72", {"restart": "immediate", "uuid": "0A10000000000000000000000000FFFF"})
    call("POST", "/profiles/unassign/71", {"force": True})
    done()
    call("PUT", "/profiles/71", {"profileName": "renamed"})
    call("DELETE", "/profiles/71")
    started = {"action": "start", "operation": "copy", "uuid": BACKUP, "destination": "/mnt/backups"}
    copying = call("PUT", "/managementServer/data", started)["jobId"]
    call("PUT", "/tasks", {"action": "cancel", "list": [copying]})
    done()
    call("DELETE", f"/tasks/{copying}")
    call("PUT", "/managementServer/data", {**started, "operation": "link"})
    call("PUT", "/managementServer/data", started)
    done()
    call("DELETE", f"/managementServer/data/{BACKUP}?location=%2Fmnt%2Fbackups")
    call("POST", "/managementServer/data", {"action": "start", "operation": "backup", "label": "now", "passphrase": "Passw0rd-b"})
    done()
    call("GET", f"/osImages/{IMAGE}")
    done()
    call("GET", "/tasks")
    call("POST", "/osImages/remoteFileServers", {"address": "192.0.2.9", "displayName": "x", "port": 22, "protocol": "SFTP"})
    call("DELETE", "/osImages/remoteFileServers/101")
    assert call.not_met() == []


def test_ops_manager(estate: Control) -> None:
    base = "/api/public/v1.0"
    call = Checked(estate, "ops_manager", base, auth=HTTPDigestAuth("automation", "0ps-private-key"))
    group = call("GET", "/groups/byName/payments")["id"]
    pool = f"/groups/{group}/serverPool"
    wanted = {"properties": [{"Datacenter": "oslo", "Size": "m"}]}
    for path in (pool, f"{pool}/requests", f"{pool}/servers", f"{pool}/properties", f"/groups/{group}/agents/AUTOMATION",
                 f"/groups/{group}/hosts", f"{pool}/requests/{group}", "/serverPool/servers"):
        call("GET", path)
    first, second = call("POST", f"{pool}/requests", wanted)["id"], call("POST", f"{pool}/requests", wanted)["id"]
    call("POST", f"{pool}/requests", {**wanted, "numServers": 1})
    call("DELETE", f"{pool}/requests/{second}")
    call("GET", f"{pool}/requests/{second}")
    estate.clock(advance=10)
    for path in (f"{pool}/requests", f"{pool}/requests/{first}", f"{pool}/requests/{second}"):
        call("GET", path)
    (server,) = call("GET", f"{pool}/servers")["results"]
    call("GET", f"{pool}/servers/{server['id']}")
    call("DELETE", f"{pool}/servers/{server['id']}")
    call.http.auth = HTTPDigestAuth("owner", "0ps-owner-key")
    for path in ("/serverPool", "/serverPool/servers", "/serverPool/requests"):
        call("GET", path)
    call.http.auth = HTTPDigestAuth("owner", "wrong")
    call("GET", "/serverPool")
    assert call.not_met() == []


def test_clustering(estate: Control) -> None:
    password = {"user": {"name": "demo", "domain": {"name": "Default"}, "password": "demopw"}}
    project = {"name": "demo", "domain": {"name": "Default"}}
    login = {"identity": {"methods": ["password"], "password": password}, "scope": {"project": project}}
    token = requests.post(
        estate.ready["keystone"] + "/auth/tokens", json={"auth": login}, verify=estate.ready["ca"], timeout=20
    ).headers["X-Subject-Token"]
    headers = {"X-Auth-Token": token, "Accept": "application/json", "OpenStack-API-Version": "clustering 1.14"}
    call = Checked(estate, "clustering", headers=headers)
    one = call("POST", "/v1/profiles", {"profile": {"name": "net", "spec": SPEC}})["profile"]["id"]
    call("POST", "/v1/profiles/validate", {"profile": {"spec": SPEC}})
    call("GET", f"/v1/profiles/{one}")
    call("PATCH", f"/v1/profiles/{one}", {"profile": {"metadata": {"a": 1}}})
    for path in ("/v1/profiles", "/v1/profile-types", "/v1/profile-types/os.heat.stack-1.0", "/v1/profiles/nothing", "/v1/nowhere"):
        call("GET", path)
    call("POST", "/v1/profiles", {"profile": {"name": "net", "spec": {**SPEC, "type": "os.bogus"}}})
    call("POST", "/v1/profiles", {"profile": {"name": "net", "spec": {**SPEC, "version": 1.0}}})
    call("GET", "/v1/profiles")
    call("DELETE", f"/v1/profiles/{one}")
    call.http.headers["OpenStack-API-Version"] = "clustering 9.9"
    call("GET", "/v1/profiles")
    call.http.headers["X-Auth-Token"] = "unknown"
    call("GET", "/v1/profiles")
    assert call.not_met() == []


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda item: item.pop("profileStatus"), "items/0: 'profileStatus' is a required property"),
        (lambda item: item.update(id=71), "items/0/id: type string"),
        (lambda item: item.update(complianceStatus="perhaps"), "items/0/complianceStatus"),
    ],
)
def test_a_changed_shape_is_seen(estate: Control, change: Callable[[dict[str, Any]], Any], place: str) -> None:
    data = Checked(estate, "xclarity", auth=("AUTOMATION", "Passw0rd-demo"))("GET", "/profiles")
    change(data["items"][0])
    shape = find("xclarity", "GET", "/profiles", 200)
    assert shape is not None
    assert any(found.startswith(place) for found in differences(shape, data))
