# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A running Keystone and Senlin, as the tests see them: `Cloud` is one instance, `Account` is one user of it.

An instance is started and stopped by the scripts in tests/services/senlin; see its README for the settings.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

SCRIPTS = Path(__file__).resolve().parent.parent / "services" / "senlin"
PORTS = ("KEYSTONE_PORT", "SENLIN_PORT", "KEYSTONE_TLS_PORT", "SENLIN_TLS_PORT")
DEFAULT_DOMAIN = {"id": "default"}
TIMEOUT = 90  # seconds for one request; above the service's own 30 s wait for its conductor


class Account:
    """One token and what is asked with it.

    `token` is None for a caller without one; `project` and `user` are ids, `project` is None when unscoped.
    `login` is how the token was got, in the words of the `auth` option of the modules.
    """

    def __init__(self, cloud: Cloud, reply: requests.Response | None = None) -> None:
        self.cloud = cloud
        self.login: dict[str, str] = {}
        self.token: str | None = None
        self.body: dict[str, Any] = {}
        if reply is not None:
            assert reply.status_code == 201, reply.text
            self.token = reply.headers["X-Subject-Token"]
            self.body = reply.json()["token"]

    @property
    def connection(self) -> dict[str, Any]:
        """The connection options of the modules for this account."""
        return {"auth": self.login, "ca_path": self.cloud.settings["ca"]}

    @property
    def project(self) -> str | None:
        return self.body.get("project", {}).get("id")

    @property
    def user(self) -> str:
        return self.body["user"]["id"]

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        microversion: str | None = None,
        base: str | None = None,
        **headers: str,
    ) -> requests.Response:
        """One request to the clustering service (or to `base`); a body of bytes goes as it is, any other as JSON."""
        given = {"Accept": "application/json"}
        if self.token is not None:
            given["X-Auth-Token"] = self.token
        if microversion is not None:
            given["OpenStack-API-Version"] = microversion if " " in microversion else f"clustering {microversion}"
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        if data is not None:
            given["Content-Type"] = "application/json"
        given.update({name.replace("_", "-"): value for name, value in headers.items()})
        return self.cloud.request(method, (base or self.cloud.clustering) + path, headers=given, data=data)

    def keystone(self, method: str, path: str, body: Any = None) -> requests.Response:
        return self.call(method, path, body, base=self.cloud.keystone)

    def create(self, name: str, spec: dict[str, Any], **more: Any) -> dict[str, Any]:
        """A new profile; returns what the service says of it."""
        reply = self.call("POST", "/v1/profiles", {"profile": {"name": name, "spec": spec, **more}})
        assert reply.status_code == 201, reply.text
        return reply.json()["profile"]

    def profiles(self, query: str = "") -> list[dict[str, Any]]:
        reply = self.call("GET", f"/v1/profiles{query}")
        assert reply.status_code == 200, reply.text
        return reply.json()["profiles"]

    def clusters(self, query: str = "") -> list[dict[str, Any]]:
        return self.listing("clusters", query)

    def nodes(self, cluster: str = "") -> list[dict[str, Any]]:
        return self.listing("nodes", f"?cluster_id={cluster}" if cluster else "")

    def actions(self, query: str = "") -> list[dict[str, Any]]:
        """The actions that somebody asked for, without those that came of them."""
        return [one for one in self.listing("actions", query) if one["cause"] == "RPC Request"]

    def listing(self, kind: str, query: str = "") -> list[dict[str, Any]]:
        reply = self.call("GET", f"/v1/{kind}{query}", microversion=self.cloud.settings["microversion"])
        assert reply.status_code == 200, reply.text
        return reply.json()[kind]

    def clear(self) -> None:
        """Delete all that the project holds."""
        for kind in ("receivers", "clusters", "nodes", "policies", "profiles"):
            end = time.monotonic() + 90
            query = "?force=true" if kind in ("clusters", "nodes") else ""
            asked: set[str] = set()
            while found := self.listing(kind):
                assert time.monotonic() < end, found
                for one in found:
                    if one["id"] not in asked or one.get("status") in ("ERROR", "WARNING"):
                        asked.add(one["id"])
                        self.call("DELETE", f"/v1/{kind}/{one['id']}{query}", microversion=self.cloud.settings["microversion"])
                time.sleep(0.3)


class Cloud:
    """One instance: `keystone` and `clustering` are base URLs, `settings` is the content of its ready.json, `environment` what its
    scripts are called with."""

    def __init__(self, settings: dict[str, Any], environment: dict[str, str]) -> None:
        self.settings, self.environment = settings, environment
        self.keystone: str = settings["keystone"]
        self.clustering: str = settings["clustering"]
        self.clouds_yaml = Path(settings["clouds_yaml"])
        self.users: dict[str, str] = settings["users"]
        self.http = self._session()

    def _session(self) -> requests.Session:
        http = requests.Session()
        http.trust_env = False  # no proxy, no .netrc
        http.verify = self.settings["ca"] or True
        return http

    def request(self, method: str, url: str, **options: Any) -> requests.Response:
        """One request. The service closes connections that it kept open when it likes, also under a request, and it says 503 where its
        own token expires while it asks Keystone. What changes something has a connection of its own, for it cannot be sent twice; a
        reading is sent once more, and a service that is gone fails then, too."""
        if method in ("GET", "HEAD"):
            with contextlib.suppress(requests.ConnectionError):
                reply = self.http.request(method, url, timeout=TIMEOUT, **options)
                if reply.status_code != 503:
                    return reply
        with self._session() as fresh:
            return fresh.request(method, url, timeout=TIMEOUT, **options)

    def orders(self, **orders: Any) -> None:
        """How servers fail from now on; see tests/services/senlin/lifecycle.py. Without any they do not."""
        Path(self.settings["server_orders"]).write_text(json.dumps(orders))

    def conductor(self, alive: bool) -> None:
        """Stop the conductor, or start it again; returns when that is done."""
        pid = int(Path(self.settings["senlin_pid_file"]).read_text().split()[0])
        os.kill(pid, signal.SIGUSR2 if alive else signal.SIGUSR1)
        end = time.monotonic() + 30
        wanted, state = "alive" if alive else "dead", Path(self.settings["conductor_state"])
        while state.read_text() != wanted:
            assert time.monotonic() < end, f"the conductor is not {wanted} after 30 s"
            time.sleep(0.05)

    def crash(self) -> None:
        """Kill Senlin amid whatever it is at, and start it again on the same database."""
        _script("crash.sh", self.environment)

    def issue(self, identity: dict[str, Any], scope: dict[str, Any] | None = None) -> Account:
        """A token for this identity; an application credential brings its scope with it."""
        auth: dict[str, Any] = {"identity": identity} if scope is None else {"identity": identity, "scope": scope}
        anyone = Account(self)
        return Account(self, anyone.keystone("POST", "/auth/tokens", {"auth": auth}))

    def account(self, user: str, *, scoped: bool = True, password: str = "", project: str = "") -> Account:
        """A fresh token of one of the users, for its own project unless another one is named."""
        password = password or self.users[user]
        about = {"name": user, "domain": DEFAULT_DOMAIN, "password": password}
        identity = {"methods": ["password"], "password": {"user": about}}
        login = {"auth_url": self.keystone, "username": user, "password": password, "user_domain_name": "Default"}
        if scoped:
            name = project or self.settings["projects"][user]
            login |= {"project_name": name, "project_domain_name": "Default"}
            account = self.issue(identity, {"project": {"name": name, "domain": DEFAULT_DOMAIN}})
        else:
            account = self.issue(identity, {"unscoped": {}})
        account.login = login
        return account

    @contextmanager
    def own_project(self) -> Iterator[Account]:
        """A member of a new, empty project: what other tests make is not in its way. What it holds goes with it."""
        admin = self.account("admin")
        name, password = f"test-{uuid.uuid4().hex[:8]}", uuid.uuid4().hex
        about = {"name": name, "domain_id": "default"}
        project = admin.keystone("POST", "/projects", {"project": about}).json()["project"]["id"]
        user = admin.keystone("POST", "/users", {"user": {**about, "password": password}}).json()["user"]["id"]
        role = admin.keystone("GET", "/roles?name=member").json()["roles"][0]["id"]
        try:
            admin.keystone("PUT", f"/projects/{project}/users/{user}/roles/{role}")
            yield self.account(name, password=password, project=name)
        finally:
            # New tokens: those from above may have expired.
            member, admin = self.account(name, password=password, project=name), self.account("admin")
            member.clear()
            admin.keystone("DELETE", f"/users/{user}")
            admin.keystone("DELETE", f"/projects/{project}")


def _script(name: str, settings: dict[str, str]) -> str:
    done = subprocess.run(
        [str(SCRIPTS / name)],
        env={**os.environ, **settings},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{name} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def _free_ports(count: int) -> list[int]:
    """Below those that the system gives to connections: until the instance listens, some seconds later, one of these would be taken."""
    found: list[int] = []
    for port in random.SystemRandom().sample(range(20000, 32768), 500):
        with socket.socket() as one, contextlib.suppress(OSError):
            one.bind(("127.0.0.1", port))
            found.append(port)
        if len(found) == count:
            return found
    raise RuntimeError("no free ports were found between 20000 and 32767")


@contextmanager
def running(*, own: bool = False, **settings: str) -> Iterator[Cloud]:
    """The instance with these settings, started if it is not running and then also stopped.

    With `own` it is a second one, on ports that are free now. Raises RuntimeError with the script's words, for
    example when no Python that Senlin runs on is found.
    """
    if own:
        settings = {**settings, **dict(zip(PORTS, map(str, _free_ports(len(PORTS))), strict=True))}
    said = _script("up.sh", settings)
    try:
        ready = Path(said.rsplit("(", 1)[1].split(")")[0].split(",")[0])
        yield Cloud(json.loads(ready.read_text(encoding="utf-8")), settings)
    finally:
        if not said.startswith("already running"):
            _script("down.sh", settings)
