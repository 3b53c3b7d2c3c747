# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The client of these tests bears a connection that the service closes under a reading, and hides nothing else. Needs no service."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest
import requests
from real_cloud import Account, Cloud

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
BUSY = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\n{}"


class Closing:
    """Answers the first ``good`` requests of each connection, and closes it under the next; ``alive`` tells for how many connections. The
    first ``busy`` requests get 503."""

    def __init__(self, good: int = 1, alive: int = 99, busy: int = 0) -> None:
        self.good, self.alive, self.busy, self.asked = good, alive, busy, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        for number in range(99):
            try:
                connection, _address = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection, number), daemon=True).start()

    def _answer(self, connection: socket.socket, number: int) -> None:
        with connection:
            for answered in range(self.good + 1):
                data = connection.recv(65536)
                while data and not data.startswith((b"GET ", b"POST ")):  # the body comes by itself now and then
                    data = connection.recv(65536)
                if not data:
                    break
                self.asked += 1
                if answered == self.good or number >= self.alive:
                    break
                connection.sendall(BUSY if self.asked <= self.busy else OK)


@pytest.fixture
def service(request: pytest.FixtureRequest) -> Iterator[Closing]:
    one = Closing(**getattr(request, "param", {}))
    yield one
    one.listener.close()


def account(service: Closing) -> Account:
    return Account(Cloud({"keystone": service.url, "clustering": service.url, "clouds_yaml": "/", "users": {}, "ca": ""}, {}))


def test_a_reading_is_sent_again_on_a_fresh_connection(service: Closing) -> None:
    one = account(service)
    assert [one.call("GET", "/v1/nodes").status_code for _number in range(5)] == [200] * 5


def test_what_changes_something_does_not_meet_a_connection_that_was_kept(service: Closing) -> None:
    one = account(service)
    assert [one.call(method, "/v1/nodes", {}).status_code for method in ("GET", "POST", "POST", "GET", "POST")] == [200] * 5


@pytest.mark.parametrize("service", [{"good": 0}], indirect=True)
def test_what_changes_something_is_sent_once(service: Closing) -> None:
    one = account(service)
    with pytest.raises(requests.ConnectionError):
        one.call("POST", "/v1/nodes", {})
    assert service.asked == 1


@pytest.mark.parametrize("service", [{"alive": 1}], indirect=True)
def test_a_service_that_is_gone_is_told(service: Closing) -> None:
    one = account(service)
    one.call("GET", "/v1/nodes")
    with pytest.raises(requests.ConnectionError):
        one.call("GET", "/v1/nodes")
    assert service.asked == 3, "the one that was closed under, and one more"


@pytest.mark.parametrize("service, statuses", [({"busy": 1}, [200, 200]), ({"busy": 2}, [503, 200])], indirect=["service"])
def test_a_reading_is_sent_once_more_where_keystone_was_not_there(service: Closing, statuses: list[int]) -> None:
    one = account(service)
    assert [one.call("GET", "/v1/nodes").status_code for _number in statuses] == statuses


@pytest.mark.parametrize("service", [{"busy": 1}], indirect=True)
def test_what_changes_something_is_not_sent_again_for_a_503(service: Closing) -> None:
    assert account(service).call("POST", "/v1/nodes", {}).status_code == 503
    assert service.asked == 1
