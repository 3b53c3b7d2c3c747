# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook as AWX runs it: ansible-runner on a private data directory, and split into transmit, worker and process."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jobs import SECRETS, Tool, secrets_in

from simulator.client import Control

PLAY = ("-p", "site.yml", "--ident", "job1")


def facts_of(artifacts: Path, host: str) -> dict[str, Any]:
    """The cached facts of a host; from ansible-core 2.19 on in a form of its own, whose version the file's name begins with."""
    (path,) = (artifacts / "fact_cache").glob(f"*{host}")
    facts = json.loads(path.read_text())
    if "__payload__" not in facts:
        return facts
    return {name: fact["value"] for name, fact in json.loads(facts["__payload__"]).items()}


def judge(artifacts: Path, sim: Control) -> None:
    """Status, events, facts and secrets of a finished job, and what the servers then hold."""
    assert (artifacts / "rc").read_text() == "0", (artifacts / "stdout").read_text()
    assert (artifacts / "status").read_text() == "successful"
    events = [json.loads(path.read_text()) for path in (artifacts / "job_events").glob("*.json")]
    stats: dict[str, Any] = next(one["event_data"] for one in events if one["event"] == "playbook_on_stats")
    assert not stats["failures"]
    assert not stats["dark"]
    # Each module's result is an event of its own, by its name, with a plan in it.
    modules = {one["event_data"].get("resolved_action") for one in events if one["event"] == "runner_on_ok"}
    ours = {"host_profile", "backup", "backup_transfer", "osimage_export", "server_pool_request", "cluster_profile"}
    assert {f"groundwork.provision.{name}" for name in ours} <= modules
    assert any(one["event_data"].get("res", {}).get("plan") for one in events)
    facts = facts_of(artifacts, "localhost")
    assert len(facts["servers"]) == 5
    assert "web-01" in facts["active_profiles"]
    assert all(profile["status"] == "active" for profile in sim.state("xclarity")["profiles"].values())


def test_private_data_dir(sim: Control, data_dir: Path, tool: Tool) -> None:
    done = tool("ansible-runner", "run", str(data_dir), *PLAY)
    assert done.returncode == 0, done.stdout
    artifacts = data_dir / "artifacts" / "job1"
    judge(artifacts, sim)
    assert not any(secret.encode() in done.stdout + done.stderr for secret in SECRETS)
    # ansible-runner notes the environment that it was given in a file of its own, before Ansible starts; AWX removes it.
    assert set(secrets_in(data_dir / "artifacts")) == {"job1/command"}
    assert (artifacts / "command").stat().st_mode & 0o077 == 0
    # A second job changes nothing.
    since = sim.last()
    assert tool("ansible-runner", "run", str(data_dir), "-p", "site.yml", "--ident", "job2").returncode == 0
    assert sim.log(since=since, changing=True) == []


def test_transmit_worker_process(sim: Control, data_dir: Path, tool: Tool, tmp_path: Path) -> None:
    sent = tool("ansible-runner", "transmit", str(data_dir), *PLAY)
    assert sent.returncode == 0, sent.stderr
    worked = tool("ansible-runner", "worker", stdin=sent.stdout)
    assert worked.returncode == 0, worked.stderr
    received = tmp_path / "received"
    received.mkdir()
    processed = tool("ansible-runner", "process", str(received), "--ident", "job1", stdin=worked.stdout)
    assert processed.returncode == 0, processed.stderr
    judge(received / "artifacts" / "job1", sim)
    assert not any(secret.encode() in processed.stdout + processed.stderr for secret in SECRETS)
    assert set(secrets_in(received)) <= {"artifacts/job1/command"}


def test_navigator_without_an_execution_environment(
    sim: Control, data_dir: Path, credentials: dict[str, str], tool: Tool, tmp_path: Path
) -> None:
    (data_dir / "env" / "envvars").unlink()
    artifact, log = tmp_path / "artifact.json", tmp_path / "navigator.log"
    done = tool(
        "ansible-navigator", "run", str(data_dir / "project" / "site.yml"), "-i", str(data_dir / "inventory"), "--ee", "false",
        "--mode", "stdout", "--pae", "true", "--pas", str(artifact), "--lf", str(log), "--ll", "debug", **credentials,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    written = json.loads(artifact.read_text())
    assert written["status"] == "successful"
    assert {play["name"] for play in written["plays"]} >= {"What a later job wants to know"}
    assert all(profile["status"] == "active" for profile in sim.state("xclarity")["profiles"].values())
    texts = {"artifact": artifact.read_bytes(), "log": log.read_bytes(), "output": done.stdout + done.stderr}
    assert [name for name, text in texts.items() for secret in SECRETS if secret.encode() in text] == []
