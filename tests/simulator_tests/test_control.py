# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""/_control on the wire: seeding, switches, clock, log, and each fault as a client meets it."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from xclarity_calls import ESTATE, RACK, Calls

from simulator.client import Control, ControlError, SimulatorProcess


@pytest.fixture
def calls(control: Control) -> Calls:
    control.seed(xclarity=ESTATE)
    return Calls(control)


def read_to_the_end(connection: socket.socket) -> None:
    while connection.recv(65536):
        pass


def test_bad_control_calls_are_refused(control: Control) -> None:
    for method, path, body in [
        ("POST", "switches", {"xclarity": {"no_such_switch": 1}}),
        ("POST", "switches", {"no_such_system": {}}),
        ("POST", "seed", {"xclarity": {"no_such_part": []}}),
        ("POST", "reset", {"systems": ["no_such_system"]}),
        ("POST", "faults", {"do": {"no_such_action": 1}}),
        ("POST", "clock", {"mode": "lunar"}),
        ("POST", "xclarity/no_such_action", {}),
        ("GET", "state?system=no_such_system", None),
    ]:
        with pytest.raises(ControlError, match="400"):
            control.call(method, path, body)


def test_time_that_moves_with_the_requests(tmp_path: Path) -> None:
    with SimulatorProcess(tmp_path, step=0.5) as control:
        control.seed(xclarity=ESTATE)
        calls = Calls(control)
        began = control.clock()
        assert control.clock() == began
        calls("GET", "/profiles")
        assert control.clock() == began + 0.5
        control.clock("manual")
        calls("GET", "/profiles")
        assert control.clock() == began + 0.5
        control.reset()
        began = control.clock()
        calls("GET", "/profiles")
        assert control.clock() == began + 0.5


def test_reset_brings_everything_back(control: Control, calls: Calls) -> None:
    control.switches("xclarity", job_seconds=9)
    control.fault("xclarity", status=500, times=-1)
    control.clock(mode="manual", advance=1e6)
    assert calls("GET", "/profiles").status_code == 500
    control.reset()
    state = control.state("xclarity")
    assert state["profiles"] == {}
    assert control.switches("xclarity")["job_seconds"] == 0.2
    assert control.faults() == []
    assert control.log() == []
    assert abs(control.clock() - time.time()) < 60
    assert calls("GET", "/profiles").status_code == 401


def test_one_system_alone_can_be_reset(control: Control, calls: Calls) -> None:
    control.seed(xclarity_target={"users": {"admin": {"password": "pw-admin"}}})
    control.reset("xclarity")
    assert calls("GET", "/profiles").status_code == 401
    assert Calls(control, "xclarity_target")("GET", "/profiles").status_code == 200


def test_log_tells_what_came(control: Control, calls: Calls) -> None:
    before = control.last()
    calls("GET", "/profiles?x=1", headers={"User-Agent": "t", "X-Secret": "s"})
    calls("POST", "/profiles/7%2F1", {"restart": "immediate", "uuid": RACK})
    Calls(control)("GET", "/aicc")
    first, second, third = control.log(before, "xclarity")
    assert (first["method"], first["path"], first["status"], first["user"], first["changing"]) == (
        "GET", "/profiles?x=1", 200, "admin", False)
    assert first["headers"]["user-agent"] == "t"
    assert first["headers"]["authorization"] == "present"
    assert "x-secret" not in first["headers"]
    assert (second["path"], second["status"], second["changing"]) == ("/profiles/7%2F1", 404, True)
    assert json.loads(second["body"]) == {"restart": "immediate", "uuid": RACK}
    assert first["connection"] == second["connection"] != third["connection"]
    assert [entry["seq"] for entry in (first, second, third)] == [before + 1, before + 2, before + 3]
    assert control.log(before, "ops_manager") == []
    assert control.log(before, changing=True) == [second]


@pytest.mark.parametrize(
    ("do", "applied"),
    [({"reset": "before"}, 0), ({"reset": "after"}, 1), ({"reset": "before", "fin": True}, 0),
     ({"reset": "after", "fin": True}, 1), ({"raw": ""}, 0), ({"raw": "", "applied": True}, 1)],
)
def test_lost_replies(control: Control, calls: Calls, do: dict[str, Any], applied: int) -> None:
    control.fault("xclarity", "POST", "^/profiles/", **do)
    with pytest.raises(requests.ConnectionError):
        calls("POST", "/profiles/71", {"restart": "immediate", "uuid": RACK})
    assert control.state("xclarity")["counts"]["activations"] == applied
    assert len(control.log(changing=True)) == 1
    assert control.faults()[0]["fired"] == 1
    # Only the first request was hit, and the connection is usable again.
    assert calls("GET", "/profiles").status_code == 200


def test_reset_is_a_reset_on_the_wire(control: Control) -> None:
    address = urlsplit(control.ready["xclarity"])
    control.fault("xclarity", reset="before")
    context = ssl.create_default_context(cafile=control.ready["ca"])
    # TLS over memory, so that the end of the TCP connection below it can be seen as it is.
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname=address.hostname)
    with socket.create_connection((address.hostname, address.port), timeout=10) as plain:
        for step in (tls.do_handshake, lambda: tls.write(b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n")):
            while True:
                try:
                    step()
                    break
                except ssl.SSLWantReadError:
                    plain.sendall(outgoing.read())
                    incoming.write(plain.recv(65536))
        plain.sendall(outgoing.read())
        with pytest.raises(ConnectionResetError):
            read_to_the_end(plain)


def test_fin_is_an_orderly_end(control: Control) -> None:
    address = urlsplit(control.ready["xclarity"])
    control.fault("xclarity", reset="before", fin=True)
    context = ssl.create_default_context(cafile=control.ready["ca"])
    plain = socket.create_connection((address.hostname, address.port), timeout=10)
    # An end without TLS's own goodbye would raise here.
    with context.wrap_socket(plain, server_hostname=address.hostname, suppress_ragged_eofs=False) as connection:
        connection.sendall(b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.recv(65536) == b""


def test_late_application(control: Control, calls: Calls) -> None:
    control.fault("xclarity", "POST", reset="late", apply_after=0.3)
    with pytest.raises(requests.ConnectionError):
        calls("POST", "/profiles/71", {"restart": "immediate", "uuid": RACK})
    assert control.state("xclarity")["counts"]["activations"] == 0
    deadline = time.monotonic() + 10
    while control.state("xclarity")["counts"]["activations"] == 0 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert control.state("xclarity")["counts"]["activations"] == 1


def test_canned_replies(control: Control, calls: Calls) -> None:
    control.fault("xclarity", "POST", status=503, headers={"Retry-After": "3"}, body="busy")
    reply = calls("POST", "/profiles/71", {"restart": "immediate", "uuid": RACK})
    assert (reply.status_code, reply.headers["Retry-After"], reply.text) == (503, "3", "busy")
    assert control.state("xclarity")["counts"]["activations"] == 0
    control.fault("xclarity", "POST", status=502, applied=True, content_type="text/html", body="<html>")
    reply = calls("POST", "/profiles/71", {"restart": "immediate", "uuid": RACK})
    assert (reply.status_code, reply.headers["Content-Type"], reply.text) == (502, "text/html", "<html>")
    assert control.state("xclarity")["counts"]["activations"] == 1


def test_altered_replies(control: Control, calls: Calls) -> None:
    control.fault("xclarity", body="[]", content_type="text/html", headers={"X-Added": "1"})
    reply = calls("GET", "/profiles")
    assert (reply.status_code, reply.text, reply.headers["Content-Type"], reply.headers["X-Added"]) == (
        200, "[]", "text/html", "1")
    control.fault("xclarity", raw="HTTP/1.1 999 Odd\r\nContent-Length: 2\r\n\r\nok")
    reply = calls("GET", "/profiles")
    assert (reply.status_code, reply.text) == (999, "ok")


@pytest.mark.parametrize("length", [0, 10, 100])
def test_truncated_reply(control: Control, calls: Calls, length: int) -> None:
    control.fault("xclarity", truncate=length)
    reply = calls("GET", "/profiles", stream=True)
    whole = int(reply.headers["Content-Length"])
    assert whole > 100
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match=rf"\b{length} bytes read"):
        assert reply.content


def test_slow_replies(control: Control, calls: Calls) -> None:
    control.fault("xclarity", delay=0.15)
    control.fault("xclarity", delay_after=0.15, nth=2)
    control.fault("xclarity", path="^/tasks", drip=0.1)
    for path in ("/profiles", "/profiles"):
        started = time.monotonic()
        assert calls("GET", path).status_code == 200
        assert time.monotonic() - started >= 0.15
    started = time.monotonic()
    assert calls("GET", "/tasks").json() == []
    # Two bytes, with one pause between them.
    assert time.monotonic() - started >= 0.1


def test_requests_that_never_end_are_not_handled(control: Control) -> None:
    address = urlsplit(control.ready["xclarity"])
    context = ssl.create_default_context(cafile=control.ready["ca"])
    connection = http.client.HTTPSConnection(address.netloc, context=context, timeout=10)
    connection.putrequest("POST", "/profiles/71")
    connection.putheader("Content-Length", "100")
    connection.endheaders(b"{")
    connection.close()
    deadline = time.monotonic() + 10
    while not control.log() and time.monotonic() < deadline:
        time.sleep(0.02)
    entry = control.log()[0]
    assert (entry["status"], entry["changing"]) == (None, False)


def test_the_process_with_the_demo_estate(tmp_path: Path) -> None:
    estate = Path(__file__).parent.parent / "simulator" / "estate.yml"
    process = SimulatorProcess(tmp_path, seed=estate, speed=50)
    with process as control:
        ready = json.loads((tmp_path / "ready.json").read_text(encoding="utf-8"))
        assert ready == control.ready
        assert set(ready) == {"pid", "ca", "xclarity", "ops_manager", "keystone", "clustering", "xclarity_target"}
        assert ready["keystone"].endswith("/v3")
        profiles = control.state("xclarity")["profiles"]
        assert {one["status"] for one in profiles.values()} == {"inactive", "active", "pending"}
        started = control.clock()
        time.sleep(0.02)
        assert control.clock() - started >= 1
        # The name and the IPv6 address are in the certificate as well.
        port = urlsplit(ready["xclarity"]).port
        for host in ("localhost", "127.0.0.1"):
            reply = requests.get(f"https://{host}:{port}/_control/sessions", verify=ready["ca"], timeout=10,
                                 proxies={"https": ""})
            assert reply.json()["open"] == 0
        running = process.process
        assert running is not None
    assert running.returncode == 0
    assert not (tmp_path / "ready.json").exists()
    assert (tmp_path / "stderr.log").read_text(encoding="utf-8") == ""


def test_a_simulator_that_cannot_start_says_why(tmp_path: Path) -> None:
    seed = tmp_path / "seed.yml"
    seed.write_text("xclarity: {no_such_part: 1}\n", encoding="utf-8")
    with pytest.raises(RuntimeError, match="no_such_part"):
        SimulatorProcess(tmp_path / "run", seed=seed).start()
