# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An event source whose server comes back as another one: with another certificate, and then with another identity."""

from __future__ import annotations

import logging
import shutil
import socket
from pathlib import Path

import pytest
import yaml
from source_engine import Engine, told

from simulator.client import Control, SimulatorProcess

USERS = {"AUTOMATION": {"password": "Passw0rd-demo", "role": "supervisor"}}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def test_a_certificate_that_nobody_vouches_for_ends_a_source_that_never_reached_the_server(sim: Control, engine: Engine):
    arguments = engine.jobs("xclarity")
    del arguments["ca_path"]
    with pytest.raises(Exception, match=r"is not trusted.*Set ca_path"):
        engine.run("jobs", arguments)
    assert sim.log(system="xclarity") == []
    assert engine.slept == []


def test_verification_is_switched_off_by_a_plain_false_only_and_said(sim: Control, engine: Engine, caplog: pytest.LogCaptureFixture):
    arguments = {**engine.jobs("xclarity"), "ca_path": None}
    for value in ("maybe", ["no"]):
        with pytest.raises(Exception, match="The value of validate_certs in the rulebook has to be true or false"):
            engine.run("jobs", {**arguments, "validate_certs": value})
    assert engine.run("jobs", {**arguments, "validate_certs": "no"}, lambda: None, lambda: None) == []
    warnings = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert warnings == ["The certificate of 127.0.0.1 is not verified because validate_certs is false."]


def test_a_server_that_comes_back_with_another_certificate(engine: Engine, tmp_path: Path, caplog: pytest.LogCaptureFixture):
    """It is asked rarely, nothing is sent to it, the log says why; once its new CA is in place the source goes on by itself."""
    seed, trusted = tmp_path / "seed.yml", tmp_path / "trusted.pem"
    seed.write_text(yaml.safe_dump({"xclarity": {"users": USERS, "nodes": [{"uuid": "0A" * 16, "name": "web-01"}]}}), encoding="utf-8")
    servers = [
        SimulatorProcess(tmp_path / name, seed=seed, systems="xclarity", port_base=port)
        for port in [free_port()] for name in ("first", "second")
    ]  # fmt: skip
    controls: list[Control] = []

    def begin() -> Control:
        controls.append(servers[len(controls)].start())
        return controls[-1]

    def replace() -> None:
        servers[0].stop()
        begin()

    def no_request() -> None:
        assert [entry for entry in controls[1].log(system="xclarity") if entry["method"] == "POST"] == []

    def trust() -> None:
        no_request()
        shutil.copy(controls[-1].ready["ca"], trusted)

    try:
        begin()
        shutil.copy(controls[0].ready["ca"], trusted)
        arguments = {
            **engine.jobs("xclarity"), "endpoint": controls[0].ready["xclarity"], "ca_path": str(trusted), "watch": ["profiles"],
        }  # fmt: skip
        events = engine.run(
            "jobs", arguments, replace, no_request, no_request, trust, lambda: None,
            lambda: controls[1].seed(xclarity={"profiles": [{"id": "71", "name": "web-01"}]}),
        )  # fmt: skip
        identity = controls[1].state("xclarity")["appliance_uuid"]
    finally:
        for server in servers:
            server.stop()
    assert told(events) == [("profile", "71", "inactive")]
    assert events[0]["server"]["id"] == identity
    assert len(engine.state()) == 2, "another appliance has a state of its own"
    texts = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert len([text for text in texts if "is not trusted" in text and "Set ca_path" in text]) >= 2
    assert texts[-1] == "The server answers again."
    assert engine.slept[2] > engine.slept[0] * 1.5
