# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A few calls of every module, run both ways in a process of its own; see test_both_ways.py.

Usage: cases.py READY FOLDER; prints JSON. A process of its own, since Ansible's finder of collections has to be there
before anything is imported from one.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests"))

import both_ways  # noqa: E402  (it stands on the path set above)

RACK = "0A10000000000000000000000000000A"
SPEC = {"type": "os.heat.stack", "version": "1.0", "properties": {"template": {"heat_template_version": "2016-10-14"}}}
POLICY = {"type": "senlin.policy.deletion", "version": "1.0", "properties": {"criteria": "OLDEST_FIRST"}}
A_PROFILE = ("cluster_profile", {"name": "small", "spec": SPEC})
A_CLUSTER = [A_PROFILE, ("cluster", {"name": "web", "profile": "small", "desired_capacity": 1, "poll_interval": 0.05})]
A_POLICY = ("cluster_policy", {"name": "oldest-first", "spec": POLICY})
POOL = {"properties": {"Datacenter": "oslo", "Size": "m"}, "count": 1}
ONE = {"profile": "web-01", "uuid": RACK, "restart": "immediate"}

# name -> (module, arguments, facts of the run). Every module once and well, then one for each kind of end.
CASES: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "backup": ("backup", {"label": "fresh", "passphrase": "Canary-passphrase-1"}, {}),
    "backup_info": ("backup_info", {}, {}),
    "backup_transfer": ("backup_transfer", {"operation": "copy", "backup": "nightly", "destination": "/mnt/backups"}, {}),
    "chassis_info": ("chassis_info", {}, {}),
    "cluster": ("cluster", {"name": "web", "profile": "small", "desired_capacity": 2}, {"before": [A_PROFILE]}),
    "cluster_info": ("cluster_info", {}, {"before": A_CLUSTER}),
    "cluster_action": ("cluster_action", {"id": "nobody"}, {}),
    "cluster_action_info": ("cluster_action_info", {}, {}),
    "cluster_node": ("cluster_node", {"name": "leader", "profile": "small", "cluster": "web"}, {"before": A_CLUSTER}),
    "cluster_node_info": ("cluster_node_info", {}, {"before": A_CLUSTER}),
    "cluster_policy": ("cluster_policy", {"name": "oldest-first", "spec": POLICY}, {}),
    "cluster_policy_info": ("cluster_policy_info", {}, {"before": [A_POLICY]}),
    "cluster_policy_binding": ("cluster_policy_binding", {"cluster": "web", "policy": "oldest-first"}, {"before": [*A_CLUSTER, A_POLICY]}),
    "cluster_policy_binding_info": ("cluster_policy_binding_info", {"cluster": "web"}, {"before": A_CLUSTER}),
    "cluster_receiver": ("cluster_receiver", {"name": "more", "cluster": "web", "action": "CLUSTER_SCALE_OUT"}, {"before": A_CLUSTER}),
    "cluster_receiver_info": ("cluster_receiver_info", {}, {}),
    "cluster_profile": ("cluster_profile", {"name": "fresh", "spec": SPEC}, {}),
    "cluster_profile_info": ("cluster_profile_info", {}, {}),
    "cluster_profile_type_info": ("cluster_profile_type_info", {}, {}),
    "event_info": ("event_info", {"alerts": True}, {}),
    "firmware_info": ("firmware_info", {}, {}),
    "firmware_policy": ("firmware_policy", {"node": "web-01", "policy": "production"}, {}),
    "firmware_update": ("firmware_update", {"node": "web-03", "activation": "immediate"}, {}),
    "job": ("job", {"job": "4711"}, {}),
    "job_info": ("job_info", {}, {}),
    "managed_node": ("managed_node", {"address": "192.0.2.121", "stored_credential": "3401", "managed_authentication": False}, {}),
    "node_info": ("node_info", {}, {}),
    "node_led": ("node_led", {"node": "web-01", "state": "blinking"}, {}),
    "node_power": ("node_power", {"node": "web-01", "state": "off"}, {}),
    "os_deployment": ("os_deployment", {"node": "web-01", "image": "rhels9.4|rhels9.4-x86_64-install-web_gold", "confirm": True}, {}),
    "osimage_export": ("osimage_export", {"profile": "rhels9.4|rhels9.4-x86_64-install-web_gold", "dest": "{folder}/export.tgz"}, {}),
    "osimage_info": ("osimage_info", {}, {}),
    "pattern_deployment": ("pattern_deployment", {"pattern": "web", "node": "web-01", "restart": "immediate"}, {}),
    "pattern_info": ("pattern_info", {}, {}),
    "profile_activation": ("profile_activation", ONE, {}),
    "profile_info": ("profile_info", {"profile": ["web-01"]}, {}),
    "remote_file_server": ("remote_file_server", {"name": "images", "state": "absent"}, {}),
    "remote_file_server_info": ("remote_file_server_info", {}, {}),
    "server_pool_info": ("server_pool_info", {}, {}),
    "server_pool_request": ("server_pool_request", POOL, {}),
    "server_pool_request_info": ("server_pool_request_info", {}, {}),
    "server_pool_server": ("server_pool_server", {"hostnames": ["oslo-m1.example.net"], "state": "absent"}, {}),
    "storage_info": ("storage_info", {}, {}),
    "stored_credential": ("stored_credential", {"description": "fresh", "credential_username": "u", "credential_password": "Canary-1"}, {}),
    "switch_info": ("switch_info", {}, {}),
    "xclarity_info": ("xclarity_info", {}, {}),
    "xclarity_request": ("xclarity_request", {"path": "/aicc"}, {}),
    "xclarity_session": ("xclarity_session", {"auth_method": "basic"}, {}),
    "xclarity_session_info": ("xclarity_session_info", {"idle_for": 3600}, {}),
    "sessions that were left open": ("xclarity_session", {"state": "absent", "idle_for": 3600}, {}),
    "a failure": ("profile_activation", {**ONE, "profile": "nobody"}, {}),
    "a failed item": ("profile_activation", {"profiles": [{"profile": "web-01", "uuid": RACK}], "restart": "immediate"},
                      {"switches": {"fail_next": [{"kind": "activate", "state": "Stopped_With_Error"}]}}),
    "check mode": ("profile_activation", ONE, {"check": True}),
    "no diff": ("profile_activation", ONE, {"diff": False}),
    "an unknown option": ("profile_info", {"bogus": 1}, {}),
    "a wrong choice": ("profile_activation", {**ONE, "restart": "later"}, {}),
    "a wrong type": ("profile_info", {"timeout": "soon"}, {}),
    "an alias": ("server_pool_info", {"username": "automation", "public_key": None}, {}),
    "both names of an alias": ("server_pool_info", {"username": "automation"}, {}),
    "a secret in an answer": ("profile_info", {"profile": ["Passw0rd-demo"], "status": ["Passw0rd-demo"]}, {}),
    "a warning": ("profile_activation", {**ONE, "lock": "best_effort", "state_dir": "/proc/none"}, {}),
    "a certificate that is not verified": ("profile_info", {"validate_certs": False}, {}),
    "a cloud as a mapping": ("cluster_profile_info", {"cloud": {"auth_url": "https://127.0.0.1:1/v3", "password": "Canary-cloud-1"},
                                                      "auth": None, "region_name": None, "ca_path": None}, {}),
    "a misspelt secret": ("profile_info", {"pasword": "Canary-pasword-1"}, {}),
    "blank options": ("profile_info", {"timeout": "", "auth_method": "", "session": "", "ca_path": "{ca}"}, {}),
    "a number as text, a text as list": ("node_info", {"node": "web-01", "timeout": "20"}, {}),
}  # fmt: skip


def connection(control: Any, module: str) -> dict[str, Any]:
    from harness import Harness

    system = "ops_manager" if module.startswith("server_pool") else "openstack" if module.startswith("cluster") else "xclarity"
    return Harness(control, Path("/"), Path("/")).connection(system)


def call(control: Any, name: str, folder: Path, way: str) -> dict[str, Any]:
    """One call on a fresh estate: its result, and what changed something on the servers."""
    import yaml

    module, given, facts = CASES[name]
    control.reset()
    control.seed(**yaml.safe_load((ROOT / "tests" / "simulator" / "estate.yml").read_text(encoding="utf-8")))
    if "switches" in facts:
        control.switches("xclarity", **facts["switches"])
    options = both_ways.options(module)
    quick = {"poll_interval": 0.05, "wait_timeout": 20.0, "reconcile_timeout": 1.0, "state_dir": str(folder / "state")}
    for earlier, asked in facts.get("before", []):
        made = both_ways.run(earlier, {**connection(control, earlier), "state_dir": quick["state_dir"], **asked}, way)
        assert not made.get("failed"), made
    arguments = {**connection(control, module), **{key: value for key, value in quick.items() if key in options}}
    arguments |= {key: value.replace("{folder}", str(folder)) if isinstance(value, str) else value for key, value in given.items()}
    arguments = {key: control.ready["ca"] if value == "{ca}" else value for key, value in arguments.items() if value is not None}
    for old in [*folder.glob("export*"), *folder.glob(".export*")]:
        old.unlink()
    result = both_ways.run(module, arguments, way, check=facts.get("check", False), diff=facts.get("diff", True))
    sent = [[one["method"], both_ways.normal(one["path"]), both_ways.normal(one["body"])] for one in control.log(changing=True)]
    left = control.sessions("xclarity")["open"]
    return {"result": both_ways.normal(result), "sent": sent, "sessions_left": left}


def main() -> None:
    both_ways.start()
    from simulator.client import Control

    control, folder = Control(sys.argv[1]), Path(sys.argv[2])
    found = {name: {way: call(control, name, folder, way) for way in (both_ways.IN_PROCESS, both_ways.MODULE)} for name in CASES}
    print(json.dumps({"cases": found, "taken": both_ways.taken()}))


if __name__ == "__main__":
    main()
