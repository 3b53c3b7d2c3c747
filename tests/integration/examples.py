# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the examples of the documentation as they are printed, but for addresses, credentials, paths and patience.

``estate()`` is the demo estate with what the examples speak of: servers, backups, jobs, profiles.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import yaml
from harness import OPS_MANAGER_PRIVATE_KEY, PACKAGE, XCLARITY_PASSWORD, Harness, Played

from simulator.client import Control

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py") if path.stem != "__init__")

VARIABLES = {
    "xclarity_password": XCLARITY_PASSWORD,
    "ops_manager_private_key": OPS_MANAGER_PRIVATE_KEY,
    "application_credential_secret": "app-cred-secret",
    "backup_passphrase": "Backup-demo",
    "images_password": "images-password",
    "bmc_password": "Passw0rd-bmc",
}
NETWORKS = [{"network": "private"}]
WEB_SERVER = {"type": "os.nova.server", "version": "1.0", "properties": {"name": "web", "flavor": "m1.small", "networks": NETWORKS}}
FILES = {"web-server.yml": WEB_SERVER, "worker.yml": WEB_SERVER}


def estate() -> dict[str, Any]:
    """The demo estate and what the examples need beside it."""
    data: dict[str, Any] = yaml.safe_load((ROOT / "tests" / "simulator" / "estate.yml").read_text(encoding="utf-8"))
    lxca, pool = data["xclarity"], data["ops_manager"]
    for uuid, name in (
        ("A1B2C3D4E5F60718293A4B5C6D7E8F90", "rack-1"), ("C0FFEE00E5F60718293A4B5C6D7E8F91", "rack-2"),
        ("C0FFEE00E5F60718293A4B5C6D7E8F92", "rack-3"),
    ):  # fmt: skip
        lxca["nodes"].append({"uuid": uuid, "name": name})
    lxca["profiles"] = [
        {"id": "71", "name": "web-01"}, {"id": "72", "name": "web-02"}, {"id": "74", "name": "db-01"}, {"id": "77", "name": "db-02"},
        {"id": "75", "name": "app-01"},
    ]  # fmt: skip
    lxca["backups"] += [
        {"uuid": f"5a0e7a54-0000-4000-8000-0000000000{week}", "label": f"weekly-{week}", "locations": ["internal"]} for week in ("08", "09")
    ]
    waiting = {"uuid": "5a0e7a54-0000-4000-8000-000000000010", "label": "weekly-10", "passphrase": "Backup-demo", "processed": False}
    data["xclarity_target"]["backups"] = [waiting]
    pool["properties"] = []
    pool["servers"] += [
        {"hostname": "rome-m{n}.example.net", "count": 2, "properties": {"Datacenter": "rome", "Size": "m"}},
        {"hostname": "rome-s1.example.net", "properties": {"Datacenter": "rome", "Size": "s"}},
    ]
    for server in pool["servers"]:
        server["properties"].pop("Rack", None)
    pool["properties"] = [{"id": "Datacenter", "multiSelect": True}]
    clustering = data["clustering"]
    clustering["application_credentials"][0]["id"] = "6cb5fa6a13184e6fab65ba2108adf50c"
    clustering["profiles"].append(
        {"name": "web-server-of-old", "project": "demo", "spec": WEB_SERVER, "id": "7fa885cd-fa39-4531-a42d-780af95c84a4"}
    )
    small_steps = {"type": "senlin.policy.batch", "version": "1.0", "properties": {"max_batch_size": 1}}
    clustering["policies"] = [{"name": "small-steps", "project": "demo", "spec": small_steps}]
    clustering["clusters"] = [{"name": "web-cluster", "project": "demo", "profile": "web-server-of-old", "nodes": 2}]
    return data


def replaced(text: str, control: Control, folder: Path) -> str:
    """``text`` with the simulator's addresses and user, and with paths below ``folder``."""
    ready = control.ready
    for old, new in {
        "https://xclarity.example.com": ready["xclarity"],
        "https://xclarity.oslo.example.com": ready["xclarity"],
        "https://xclarity-new.example.com": ready["xclarity_target"],
        "https://opsmanager.example.com:8443": ready["ops_manager"],
        "https://keystone.example.com/v3": ready["keystone"],
        "username: automation": "username: AUTOMATION",
        "/var/tmp": str(folder),
        "/etc/profiles": str(folder / "profiles"),
    }.items():
        text = text.replace(old, new)
    return text


def prepare(harness: Harness) -> None:
    """Seed the servers, write the files that examples name, and a clouds.yaml for the cloud ``production``."""
    harness.control.reset()
    harness.control.seed(**estate())
    harness.control.switches("xclarity", location_entries="each")  # so that a verified move has what it compares
    profiles = harness.folder / "profiles"
    profiles.mkdir()
    for name, content in FILES.items():
        (profiles / name).write_text(yaml.safe_dump(content), encoding="utf-8")
    auth = harness.connection("openstack")
    cloud = {"auth": auth["auth"], "region_name": auth["region_name"], "cacert": auth["ca_path"]}
    (harness.folder / "clouds.yaml").write_text(yaml.safe_dump({"clouds": {"production": cloud}}), encoding="utf-8")


def defaults(control: Control) -> dict[str, dict[str, Any]]:
    """module_defaults: the simulator's certificate, and short pauses where a module waits."""
    found: dict[str, dict[str, Any]] = {}
    for name in MODULES:
        options = importlib.import_module(f"{PACKAGE}.modules.{name}").SPEC.options
        given = {"ca_path": control.ready["ca"], "poll_interval": 0.05}
        found[f"groundwork.provision.{name}"] = {key: value for key, value in given.items() if key in options}
    return found


def run(harness: Harness, text: str, *arguments: str) -> Played:
    """Run an example: a list of tasks, or of plays."""
    content = yaml.safe_load(replaced(text, harness.control, harness.folder))
    plays = content if "hosts" in content[0] else [{"hosts": "localhost", "tasks": content}]
    for play in plays:
        play.setdefault("gather_facts", False)
        play["module_defaults"] = {**defaults(harness.control), **play.get("module_defaults", {})}
        play["vars"] = {**VARIABLES, **play.get("vars", {})}
    book = harness.folder / "example.yml"
    book.write_text(yaml.safe_dump(plays, sort_keys=False), encoding="utf-8")
    return harness.playbook(str(book), *arguments, OS_CLIENT_CONFIG_FILE=str(harness.folder / "clouds.yaml"))
