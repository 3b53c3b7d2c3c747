# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server of raw sockets, a transport to it, and clocks on which nobody waits."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from chaos.clocks import SkippingClock, StillClock
from chaos.wire import WireServer

from ansible_collections.groundwork.provision.plugins.module_utils._auth import Auth
from ansible_collections.groundwork.provision.plugins.module_utils._client import Client
from ansible_collections.groundwork.provision.plugins.module_utils._transport import Endpoint, Transport


@pytest.fixture
def clock() -> SkippingClock:
    return SkippingClock()


@pytest.fixture
def still() -> StillClock:
    return StillClock()


@pytest.fixture
def serve() -> Iterator[Callable[..., WireServer]]:
    """``serve(respond)`` starts a server; all end with the test. A mistake in ``respond`` fails the test."""
    servers: list[WireServer] = []

    def start(respond: Any, tls: Any = None) -> WireServer:
        servers.append(WireServer(respond, tls))
        return servers[-1]

    yield start
    for server in servers:
        server.close()
        assert server.errors == []


@pytest.fixture
def connect(clock: SkippingClock) -> Iterator[Callable[..., Transport]]:
    """``connect(server)`` makes a transport to it; closed with the test."""
    made: list[Transport] = []

    def start(server: WireServer, **options: Any) -> Transport:
        endpoint = Endpoint.parse(server.url, schemes=("http", "https"))
        made.append(Transport(endpoint, options.pop("clock", clock), **{"use_proxy": False, "timeout": 5.0, **options}))
        return made[-1]

    yield start
    for transport in made:
        transport.close()


@pytest.fixture
def client_of(connect: Callable[..., Transport]) -> Callable[..., Client]:
    """``client_of(server)`` makes a client without authentication, or with the one that is given."""

    def make(server: WireServer, auth: Auth | None = None, **options: Any) -> Client:
        return Client("test", connect(server, **options), auth or Auth(), randomness=random.Random(1))

    return make
