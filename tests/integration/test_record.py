# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make record`: what it writes of a server is how it answers, not what it says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from harness import OPS_MANAGER_PRIVATE_KEY, XCLARITY_PASSWORD, Harness

from simulator.client import Control

TOOL = Path(__file__).resolve().parents[2] / "tools" / "record.py"
# Secrets, and what else nobody has to know: names, addresses, ids, texts.
HIDDEN = (
    XCLARITY_PASSWORD, OPS_MANAGER_PRIVATE_KEY, "demopw", "AUTOMATION@", "web-01", "nightly", "0A10000000000000000000000000000",
    "192.0.2.", "corp_gold", "oslo", "payments", "127.0.0.1", "4edf27ff", "canary",
)  # fmt: skip


@pytest.fixture
def record(sim: Control, harness: Harness, tmp_path: Path) -> Callable[..., tuple[list[dict[str, Any]], str]]:
    """record(*arguments): the lines that were written, and all text of the file and the output."""

    def record(*arguments: str) -> tuple[list[dict[str, Any]], str]:
        file = tmp_path / "recording.jsonl"
        environment = {**harness.environment(), "GROUNDWORK_COLLECTIONS": str(harness.collections), "PATH": os.environ["PATH"]}
        done = subprocess.run(
            [sys.executable, str(TOOL), "--dest", str(file), *arguments], cwd=tmp_path, env=environment, check=False, capture_output=True,
            text=True, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        assert file.stat().st_mode & 0o777 == 0o600
        text = file.read_text(encoding="utf-8")
        file.unlink()
        return [json.loads(line) for line in text.splitlines()], text + done.stdout.replace(str(file), "")

    return record


def test_all_that_can_be_read(sim: Control, record: Any, run_module: Any) -> None:
    run_module("cluster_profile", {"name": "canary", "spec": {"type": "os.heat.stack", "version": "1.0", "properties": {
        "template": {"heat_template_version": "2016-10-14"}}}, "metadata": {"canary": "canary"}})  # fmt: skip
    lines, text = record()
    assert [word for word in HIDDEN if word in text] == []
    assert {line["system"] for line in lines} == {"xclarity", "ops_manager", "clustering"}
    # Nothing that changes something is sent, and the simulator's replies are as the shapes say.
    assert sim.log(changing=True, system="xclarity") == []
    assert [line for line in lines if line.get("differs")] == []
    profiles = next(line for line in lines if line["path"] == "/profiles")
    first = profiles["body"]["items"][0]
    assert first["profileStatus"] == "UNASSIGNED"
    assert first["profileName"].startswith("<text ")
    assert set(first) >= {"id", "profileName", "uuid", "externalId", "templateId"}
    # The same value has the same name in all replies: references can be followed.
    nodes = next(line for line in lines if line["path"].startswith("/nodes"))
    active = next(one for one in profiles["body"]["items"] if one["profileStatus"] == "ACTIVE")
    assert active["uuid"] in {one["uuid"] for one in nodes["body"]["nodeList"] if isinstance(one, dict)}
    assert active["uuid"].startswith("<HEX32 ")
    assert profiles["headers"]["Content-Type"].startswith("application/com.lenovo.lxca-v")


def test_the_tokens_of_a_session_are_not_in_it(record: Any) -> None:
    lines, _text = record("profile_info")
    login = lines[0]
    assert (login["method"], login["path"]) == ("POST", "/sessions")
    assert login["request_body"]["password"].startswith("<text ")
    session = login["body"]["response"]["session"]
    assert session["id"].startswith("<")
    assert session["csrf"].startswith("<")
    assert {"Cookie", "X-Csrf-Token"} <= set(lines[1]["request_headers"])


def test_a_module_that_sends_a_secret(sim: Control, record: Any) -> None:
    arguments = {"name": "canary", "address": "192.0.2.99", "protocol": "SFTP", "port": 22, "server_password": "canary-password"}
    lines, text = record("remote_file_server", json.dumps(arguments))
    assert [word for word in HIDDEN if word in text] == []
    sent = next(line for line in lines if line["method"] == "POST" and line["path"] != "/sessions")
    assert sent["request_body"]["protocol"] == "SFTP"


def test_a_small_number_below_the_name_of_a_secret(sim: Control, record: Any) -> None:
    body = {"pin": 481, "password": {"status": "Ready", "n": 9876}, "count": 481}
    sim.fault("xclarity", "POST", "^/anything$", status=200, body="{}", content_type="application/json")
    lines, _text = record("xclarity_request", json.dumps({"method": "POST", "path": "/anything", "body": body}))
    sent = next(line for line in lines if line["path"] not in ("/sessions", "/aicc") and line["method"] == "POST")["request_body"]
    assert (sent["count"], sent["pin"] == 481, "Ready" in str(sent), "9876" in str(sent)) == (481, False, False, False)


def test_a_reply_of_another_shape_is_told(sim: Control, record: Any) -> None:
    body = json.dumps({"identifier": "id", "label": "id", "items": [{"id": "71", "profileName": "web-01"}]})
    sim.fault("xclarity", "GET", "^/profiles$", status=200, body=body, content_type="application/json")
    lines, text = record("profile_info")
    told = next(line for line in lines if line["path"] == "/profiles")
    assert "items/0: 'profileStatus' is a required property" in told["differs"]
    assert "1 replies are not as we know them" in text
