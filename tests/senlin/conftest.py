# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the tests against a real Keystone and a real Senlin (`make test-senlin`).

The service is started once a session, from nothing, unless it is already running on the default ports; only what
was started here is stopped. Most of the time is waiting, so two processes share the files; the second one has a service of its own.
"""

from __future__ import annotations

import os
import signal
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from plays import Player
from real_cloud import Account, Cloud, running

HERE = Path(__file__).resolve().parent
SEED = HERE / "data" / "create_profile_request.json"
sys.path.insert(0, str(HERE.parent / "simulator_tests"))  # the table that both services are asked


def pytest_configure() -> None:
    # Ended by a time limit, the run still stops what it started.
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.fixture(scope="session")
def cloud() -> Iterator[Cloud]:
    """The service with its defaults: names not unique, all parts alive, TLS with a private CA."""
    with running(own=os.environ.get("PYTEST_XDIST_WORKER", "gw0") != "gw0") as instance:
        yield instance


@pytest.fixture(scope="session")
def strict_cloud() -> Iterator[Cloud]:
    """A second service, an older one: name_unique, tokens that live eight seconds, and microversions up to 1.5."""
    with running(own=True, NAME_UNIQUE="true", TOKEN_EXPIRATION="8", MAX_MICROVERSION="1.5") as instance:
        yield instance


@pytest.fixture(scope="session")
def fragile() -> Iterator[Cloud]:
    """A third one: it waits only three seconds for its conductor, takes an engine for dead after seven, and has a quota of two clusters."""
    with running(own=True, RPC_TIMEOUT="3", PERIODIC_INTERVAL="3", MAX_CLUSTERS="2") as instance:
        yield instance


@pytest.fixture
def fragile_cloud(fragile: Cloud) -> Iterator[Cloud]:
    """The third service, to stop the conductor of, or to kill; what was stopped is started again after the test."""
    yield fragile
    fragile.conductor(alive=True)
    fragile.orders()


@pytest.fixture(scope="session")
def demo(cloud: Cloud) -> Account:
    """A member of the project demo."""
    return cloud.account("demo")


@pytest.fixture(scope="session")
def admin(cloud: Cloud) -> Account:
    """An administrator, in the project admin."""
    return cloud.account("admin")


@pytest.fixture
def alone(cloud: Cloud) -> Iterator[Account]:
    """A member of a project that holds nothing else."""
    with cloud.own_project() as account:
        yield account


@pytest.fixture
def play(tmp_path: Path) -> Player:
    """Runs tasks with ansible-playbook and the collection that GROUNDWORK_COLLECTIONS names; see plays.py."""
    return Player(tmp_path, Path(os.environ["ANSIBLE_COLLECTIONS_PATH"]))


@pytest.fixture
def name() -> str:
    """A name that no other test uses."""
    return f"test-{uuid.uuid4().hex[:12]}"


@pytest.fixture(scope="session")
def seed_request() -> bytes:
    """The request body of the page "Create Profile", to the letter."""
    return SEED.read_bytes().strip()


@pytest.fixture
def spec(name: str) -> Callable[..., dict[str, Any]]:
    """`spec(flavor="2")`: of servers with a name that only this test orders to fail."""

    def make(**properties: Any) -> dict[str, Any]:
        given = {"name": name, "flavor": "1", "image": "image", "networks": [{"network": "private"}], **properties}
        return {"type": "os.nova.server", "version": "1.0", "properties": given}

    return make


@pytest.fixture
def small(alone: Account, spec: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    """A profile of such servers in the project of `alone`."""
    return alone.create("small", spec())


@pytest.fixture
def no_orders(cloud: Cloud) -> Iterator[None]:
    """After the test no server is ordered to fail any more."""
    yield
    cloud.orders()


@pytest.fixture
def heat_spec() -> dict[str, Any]:
    return {
        "type": "os.heat.stack",
        "version": "1.0",
        "properties": {"template": {"heat_template_version": "2014-10-16", "resources": {}}},
    }


@pytest.fixture
def nova_spec() -> dict[str, Any]:
    return {
        "type": "os.nova.server",
        "version": "1.0",
        "properties": {"name": "node", "flavor": "1", "image": "image", "networks": [{"network": "private"}]},
    }


Create = Callable[..., dict[str, Any]]


@pytest.fixture
def create(admin: Account) -> Iterator[Create]:
    """`create(account, name, spec, metadata=...)` makes a profile that is deleted after the test, whoever owns it."""
    made: list[str] = []

    def make(account: Account, name: str, spec: dict[str, Any], **more: Any) -> dict[str, Any]:
        profile = account.create(name, spec, **more)
        if account.cloud is admin.cloud:
            made.append(profile["id"])
        return profile

    yield make
    for identity in made:
        assert admin.call("DELETE", f"/v1/profiles/{identity}").status_code in (204, 404)
