# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``timeout`` is for all of a request: whoever is slow, in which step and in how many, it ends in time."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import trustme
from proxies import VARIABLES, tunnel

from ansible_collections.groundwork.provision.plugins.module_utils import _wire
from ansible_collections.groundwork.provision.plugins.module_utils._errors import NONE, UNKNOWN, Failure
from ansible_collections.groundwork.provision.plugins.module_utils._transport import Endpoint, Transport

TIMEOUT = 0.8
# For what takes most of the time in one step and would take all of it again in the next: 0.7 * 2 + 2 > 2 + 1.
LONG, MOST = 2.0, 1.4


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def authority(tmp_path) -> trustme.CA:
    made = trustme.CA()
    made.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return made


@pytest.fixture
def tls(authority) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
def lost(clock, tmp_path) -> Callable[..., Failure]:
    """The failure of a starting request to a server that is too slow; it has to come in time."""

    def run(url: str, timeout: float = TIMEOUT, **options: Any) -> Failure:
        endpoint = Endpoint.parse(url, schemes=("http", "https"))
        authorities = tmp_path / "ca.pem"
        ca_path = str(authorities) if authorities.exists() else None
        transport = Transport(endpoint, clock, ca_path=ca_path, timeout=timeout)
        began = time.monotonic()
        with pytest.raises(Failure) as caught:
            transport.send("POST", "/x", starts=True, **options)
        took = time.monotonic() - began
        transport.close()
        assert took < timeout + 1, f"{took:.1f} s"
        return caught.value

    return run


@pytest.fixture
def listen() -> Iterator[Callable[[Callable[[socket.socket, threading.Event], None]], str]]:
    """``listen(act)``: a port at which each connection is given to ``act``, with an event that ends the test."""
    stop = threading.Event()
    listeners = []

    def start(act: Callable[[socket.socket, threading.Event], None]) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    sock, _peer = listener.accept()
                    threading.Thread(target=serve, args=(sock,), daemon=True).start()

        def serve(sock: socket.socket) -> None:
            with contextlib.suppress(OSError), sock:
                act(sock, stop)

        threading.Thread(target=accept, daemon=True).start()
        return f"127.0.0.1:{listener.getsockname()[1]}"

    yield start
    stop.set()
    for listener in listeners:
        listener.close()


def drip(data: bytes, pause: float = 0.05) -> Callable[[socket.socket, threading.Event], None]:
    """A byte now and then, again and again."""

    def act(sock: socket.socket, stop: threading.Event) -> None:
        sock.recv(65536)
        for index in range(int(15 / pause)):  # so that a client that waits for ever fails the test and does not hold it up
            if stop.wait(pause):
                return
            sock.sendall(data[index % len(data) : index % len(data) + 1])

    return act


def test_a_handshake_that_drips(listen, lost):
    """The beginning of a TLS record that is said to be long."""
    failure = lost("https://" + listen(drip(b"\x16\x03\x03\x40\x00" + b"\x02\x00\x3f\xfc" + b"\0" * 16_000)))
    assert (failure.code, failure.outcome) == ("connect_timeout", NONE)


def test_a_handshake_that_never_comes(listen, lost):
    failure = lost("https://" + listen(lambda sock, stop: stop.wait(30)))
    assert (failure.code, failure.outcome) == ("connect_timeout", NONE)


@pytest.mark.parametrize(
    "answer",
    [b"HTTP/1.1 200 Connection established\r\n" + b"X: 1\r\n" * 500, b"HTTP/1.1 200 " + b"x" * 5000, b"HTTP/1.1 103 Early\r\n\r\n"],
)
def test_a_proxy_that_drips_its_answer(listen, lost, monkeypatch, answer):
    place = listen(drip(answer))
    monkeypatch.setenv("https_proxy", f"http://{place}")
    failure = lost("https://xclarity.example")
    assert (failure.code, failure.outcome) == ("proxy_error", NONE)
    assert f"the proxy {place} made no connection to xclarity.example:443 within" in failure.why


def test_a_proxy_that_takes_nearly_all_of_the_time_and_a_server_that_takes_the_rest(serve, listen, lost, monkeypatch):
    """Each step is in time for itself."""

    def late(request: Any, wire: Any) -> None:
        time.sleep(MOST)
        tunnel(request, wire)

    monkeypatch.setenv("https_proxy", serve(late).url)
    failure = lost("https://" + listen(lambda sock, stop: stop.wait(30)), LONG)
    assert (failure.code, failure.outcome) == ("connect_timeout", NONE)


def test_a_handshake_that_drips_inside_the_tls_of_a_proxy(serve, listen, lost, monkeypatch, tls):
    monkeypatch.setenv("https_proxy", serve(tunnel, tls).url)
    failure = lost("https://" + listen(drip(b"\x16\x03\x03\x40\x00" + b"\x02\x00\x3f\xfc" + b"\0" * 16_000)))
    assert (failure.code, failure.outcome) == ("connect_timeout", NONE)


def test_a_handshake_with_a_proxy_that_drips(listen, lost, monkeypatch):
    place = listen(drip(b"\x16\x03\x03\x40\x00" + b"\x02\x00\x3f\xfc" + b"\0" * 16_000))
    monkeypatch.setenv("https_proxy", f"https://{place}")
    failure = lost("https://xclarity.example")
    assert (failure.code, failure.outcome) == ("proxy_error", NONE)
    assert place in failure.why


@pytest.mark.parametrize("secure", [False, True])
def test_interim_answers_without_end(serve, lost, tls, secure):
    server = serve(lambda request, wire: wire.drip(b"HTTP/1.1 103 Early\r\nX: 1\r\n\r\n" * 500, 0.01), tls if secure else None)
    failure = lost(server.url)
    assert (failure.code, failure.outcome) == ("reply_timeout", UNKNOWN)


@pytest.mark.parametrize("secure", [False, True])
def test_a_server_that_is_slow_to_take_the_request(listen, lost, tls, secure):
    """It takes a little in time, each time. Without a limit for the whole this goes on for minutes."""

    def act(sock: socket.socket, stop: threading.Event) -> None:
        reader = tls.wrap_socket(sock, server_side=True) if secure else sock
        while not stop.wait(TIMEOUT / 20):
            for _number in range(8):
                reader.recv(16384)

    failure = lost(("https://" if secure else "http://") + listen(act), body=b"x" * (32 << 20))
    assert (failure.code, failure.outcome) == ("reply_timeout", UNKNOWN)


def test_a_server_that_is_late_with_its_handshake_and_then_takes_nothing(listen, lost, tls):
    def act(sock: socket.socket, stop: threading.Event) -> None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stop.wait(MOST)
        kept = tls.wrap_socket(sock, server_side=True)
        stop.wait(30)
        kept.close()

    failure = lost("https://" + listen(act), LONG, body=b"x" * (32 << 20))
    assert (failure.code, failure.outcome) == ("reply_timeout", UNKNOWN)


# -- names ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def resolve(monkeypatch) -> Callable[[Callable[[], list[Any]]], None]:
    """``resolve(answer)``: what the resolver says of name.example."""
    real = socket.getaddrinfo

    def put(answer: Callable[[], list[Any]]) -> None:
        monkeypatch.setattr(
            socket, "getaddrinfo", lambda host, *args, **kw: answer() if host == "name.example" else real(host, *args, **kw)
        )

    return put


def address(place: str) -> tuple[Any, ...]:
    host, _colon, port = place.rpartition(":")
    return (socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, int(port)))


def test_a_resolver_that_does_not_answer(resolve, lost):
    done = threading.Event()
    resolve(lambda: [str(done.wait(20))])
    failure = lost("https://name.example")
    done.set()
    assert (failure.code, failure.outcome, failure.transient) == ("dns_failure", NONE, True)
    assert "within" in failure.why


def test_a_resolver_that_is_away_comes_back_and_a_name_that_does_not_exist_does_not(resolve, lost):
    def fail(number: int) -> Callable[[], list[Any]]:
        def answer() -> list[Any]:
            raise socket.gaierror(number, "no")

        return answer

    for number, transient in ((socket.EAI_AGAIN, True), (socket.EAI_NONAME, False)):
        resolve(fail(number))
        failure = lost("https://name.example")
        assert (failure.code, failure.outcome, failure.transient) == ("dns_failure", NONE, transient)


def test_a_name_that_python_cannot_resolve_is_no_defect(resolve, lost):
    def answer() -> list[Any]:
        raise UnicodeError("label empty or too long")

    resolve(answer)
    assert lost("https://name.example").code == "connect_failed"


@pytest.fixture
def holes() -> Iterator[Callable[[], str]]:
    """Ports that answer nothing: their queue is full."""
    open_ones: list[socket.socket] = []

    def make() -> str:
        listener = socket.create_server(("127.0.0.1", 0), backlog=0)
        open_ones.append(listener)
        for _number in range(3):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
            open_ones.append(filler)
        return f"127.0.0.1:{listener.getsockname()[1]}"

    yield make
    for one in open_ones:
        one.close()


def test_a_name_with_many_addresses_that_do_not_answer(resolve, lost, holes):
    places = [holes() for _number in range(4)]
    resolve(lambda: [address(place) for place in places])
    failure = lost("http://name.example")
    assert (failure.code, failure.outcome) == ("connect_timeout", NONE)


def test_the_last_of_several_addresses_still_gets_its_share(resolve, serve, clock, holes):
    server = serve(lambda request, wire: wire.reply(200, b"{}"))
    places = [holes(), holes(), f"127.0.0.1:{server.port}"]
    resolve(lambda: [address(place) for place in places])
    transport = Transport(Endpoint.parse("http://name.example", schemes=("http",)), clock, timeout=TIMEOUT * 2)
    assert transport.send("GET", "/x").status == 200
    transport.close()


def test_the_last_failure_of_several_addresses_is_told(resolve, lost):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        place = f"127.0.0.1:{listener.getsockname()[1]}"
    resolve(lambda: [address(place), address(place)])
    assert lost("http://name.example").code == "connect_refused"
    resolve(list)
    assert lost("http://name.example").code == "connect_failed"


def test_a_connection_that_takes_long_leaves_less_for_the_handshake(listen, lost, monkeypatch):
    class Slow(socket.socket):
        def connect(self, *args: Any) -> None:
            time.sleep(MOST)
            super().connect(*args)

    place = listen(lambda sock, stop: stop.wait(30))
    monkeypatch.setattr(socket, "socket", Slow)
    failure = lost(f"https://{place}", LONG)
    assert (failure.code, failure.outcome) == ("connect_timeout", NONE)


def test_an_address_is_not_resolved_in_a_thread(monkeypatch):
    """A thousand connections to it are no thousand threads."""

    class NoThread:
        def __init__(self, **more):
            raise AssertionError("a thread was started")

    monkeypatch.setattr(_wire.threading, "Thread", NoThread)
    assert [found[4] for found in _wire._addresses("127.0.0.1", 8443, None)] == [("127.0.0.1", 8443)]
