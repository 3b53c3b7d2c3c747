# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a module's own ``main`` in this process, or a real ``ansible-playbook``, against the simulator."""

from __future__ import annotations

import dataclasses
import importlib
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import forked
import yaml
from ansible.module_utils.common import warnings as ansible_warnings

from simulator.client import Control

PACKAGE = "ansible_collections.groundwork.provision.plugins"

# Distinct, so that a hit in some output names its source. The demo estate has these users and keys.
XCLARITY_PASSWORD = "Passw0rd-demo"
OPS_MANAGER_PRIVATE_KEY = "0ps-private-key"

QUICK = {"poll_interval": 0.05, "wait_timeout": 20.0, "reconcile_timeout": 1.0}


class Result(dict[str, Any]):
    """What the module printed, with a few short cuts."""

    @property
    def failed(self) -> bool:
        return bool(self.get("failed"))

    @property
    def code(self) -> str | None:
        return self.get("error", {}).get("code")


# Warnings of the collection that plays with the group's own key meet: it may not read the whole pool, and what is given back twice is not
# held the second time. And those of an update that the comparison does not show yet, of a host that is not taken into use again, and of
# what a tear-down leaves to others.
OWN_WARNINGS = re.compile(
    r"\[WARNING\]: (This key may not read the pool's servers|The group holds no server named"
    r"|The comparison with the policy does not show|The update of \S+ was sent at|The (policy|profile) [^:]+ stays: "
    r"|The policy \S+ is replaced on |Hosts of this wave became unreachable"
    r"|The tasks of update_firmware_undrain have not run to their end).*"
)


@dataclasses.dataclass
class Played:
    """A finished ansible-playbook: its code, its output, and the numbers of its recap summed over hosts."""

    rc: int
    output: str
    recap: dict[str, int]


class Harness:
    """control: the simulator. folder: the test's own. collections: the root above ansible_collections/."""

    def __init__(self, control: Control, folder: Path, collections: Path) -> None:
        self.control, self.folder, self.collections = control, folder, collections
        self.calls = 0

    # -- modules -------------------------------------------------------------------------------------------------

    def connection(self, system: str) -> dict[str, Any]:
        """The connection options of one system for the simulator's demo estate."""
        ready = self.control.ready
        if system == "xclarity":
            return {
                "endpoint": ready["xclarity"], "ca_path": ready["ca"], "username": "AUTOMATION", "password": XCLARITY_PASSWORD,
            }  # fmt: skip
        if system == "ops_manager":
            return {
                "endpoint": ready["ops_manager"], "ca_path": ready["ca"], "public_key": "automation",
                "private_key": OPS_MANAGER_PRIVATE_KEY, "group_name": "payments",
            }  # fmt: skip
        auth = {
            "auth_url": ready["keystone"], "username": "demo", "password": "demopw", "project_name": "demo",
            "user_domain_name": "Default", "project_domain_name": "Default",
        }  # fmt: skip
        return {"auth": auth, "region_name": "RegionOne", "ca_path": ready["ca"]}

    def run_module(
        self, name: str, params: dict[str, Any] | None = None, *, system: str | None = None, check: bool = False, diff: bool = True
    ) -> Result:
        """Run ``name`` with ``params`` over the connection options of its system; its parsed result.

        system: taken from the module's action group when not given. Waits are made short unless ``params`` sets them.
        """
        module = importlib.import_module(f"{PACKAGE}.modules.{name}")
        options = module.SPEC.options
        system = system or _system(options)
        arguments: dict[str, Any] = {**self.connection(system)}
        arguments.update({key: value for key, value in QUICK.items() if key in options})
        if "state_dir" in options:
            arguments["state_dir"] = str(self.folder / "state")
        arguments.update(params or {})
        arguments = {key: value for key, value in arguments.items() if value is not OMIT}
        way = os.environ.get("GROUNDWORK_WAYS")
        if way:
            return self._one_way(way, name, arguments, check=check, diff=diff)
        return run_main(module.main, arguments, check=check, diff=diff)

    def _one_way(self, way: str, name: str, arguments: dict[str, Any], *, check: bool, diff: bool) -> Result:
        """As a real task, in the controller or as a module; see integration/ways/run.py, which compares what is noted here."""
        import both_ways

        result = both_ways.run(name, arguments, way, check=check, diff=diff)
        self.calls += 1
        test = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0]
        shown = both_ways.normal(result)
        if name == "cluster_profile_info" and "profiles" in shown:
            # Senlin's own order of those made in the same second is that of their ids, which are drawn.
            shown["profiles"].sort(key=lambda profile: json.dumps(profile, sort_keys=True))
        line = {"test": test, "call": self.calls, "module": name, "result": shown}
        with open(Path(os.environ["GROUNDWORK_WAYS_DIR"]) / f"{way}-{os.getpid()}.jsonl", "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        result.setdefault("failed", False)
        result.pop("exception", None)  # an object of the controller's, which no test of a module expects
        return Result(result)

    def leave_unfinished(self, system: str, kind: str, identity: tuple[str, ...], *keys: str, group: str = "") -> None:
        """The record as a run leaves it that was killed around its requests."""
        guard = importlib.import_module(f"{PACKAGE}.module_utils._guard")
        clock = importlib.import_module(f"{PACKAGE}.module_utils._clock").Clock()
        one = guard.Guard(str(self.folder / "state"), system, kind, clock, settle=0, group=group)
        one.identify(*identity)
        with one:
            one.intend(keys)

    # -- playbooks -----------------------------------------------------------------------------------------------

    def environment(self, **more: str) -> dict[str, str]:
        """The environment of a play: the connections by variables, nothing from the user's own configuration."""
        ready = self.control.ready
        return {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            **forked.FIXED,
            "HOME": str(self.folder),
            "ANSIBLE_COLLECTIONS_PATH": str(self.collections),
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
            "ANSIBLE_NOCOLOR": "1",
            "GROUNDWORK_STATE_DIR": str(self.folder / "state"),
            "XCLARITY_ENDPOINT": ready["xclarity"],
            "XCLARITY_CA_PATH": ready["ca"],
            "XCLARITY_USERNAME": "AUTOMATION",
            "XCLARITY_PASSWORD": XCLARITY_PASSWORD,
            "OPS_MANAGER_ENDPOINT": ready["ops_manager"],
            "OPS_MANAGER_CA_PATH": ready["ca"],
            "OPS_MANAGER_PUBLIC_KEY": "automation",
            "OPS_MANAGER_PRIVATE_KEY": OPS_MANAGER_PRIVATE_KEY,
            "OPS_MANAGER_GROUP_NAME": "payments",
            "OS_AUTH_URL": ready["keystone"],
            "OS_CACERT": ready["ca"],
            "OS_USERNAME": "demo",
            "OS_PASSWORD": "demopw",
            "OS_PROJECT_NAME": "demo",
            "OS_USER_DOMAIN_NAME": "Default",
            "OS_PROJECT_DOMAIN_NAME": "Default",
            "OS_REGION_NAME": "RegionOne",
            **more,
        }

    def play(self, tasks: list[dict[str, Any]], *arguments: str, variables: dict[str, Any] | None = None, **env: str) -> Played:
        """Run tasks on localhost with ansible-playbook. A warning or deprecation of Ansible's own fails the test."""
        book = [{"name": "Test", "hosts": "localhost", "gather_facts": False, "vars": variables or {}, "tasks": tasks}]
        path = self.folder / "play.yml"
        path.write_text(yaml.safe_dump(book, sort_keys=False), encoding="utf-8")
        return self.playbook(str(path), *arguments, **env)

    def playbook(self, *arguments: str, **env: str) -> Played:
        """Run ansible-playbook with these arguments."""
        command = [str(Path(sys.executable).parent / "ansible-playbook"), *arguments]
        done = forked.run(command, env=self.environment(**env), cwd=self.folder)
        output = done.stdout + done.stderr
        assert "[WARNING]" not in OWN_WARNINGS.sub("", output), output
        assert "[DEPRECATION WARNING]" not in output, output
        recap: dict[str, int] = {}
        for key, number in re.findall(r"\b(ok|changed|unreachable|failed|skipped|rescued|ignored)=(\d+)", output):
            recap[key] = recap.get(key, 0) + int(number)
        return Played(done.returncode, output, recap)


class _Omit:
    """Stands for an option that shall not be given although the harness would."""


OMIT = _Omit()


def run_main(main: Any, arguments: dict[str, Any], *, check: bool = False, diff: bool = True) -> Result:
    """The parsed result of a module's ``main`` for these arguments, and a look that no secret is in it."""
    in_process = importlib.import_module(f"{PACKAGE}.plugin_utils.in_process")
    ansible_warnings._global_warnings.clear()
    ansible_warnings._global_deprecations.clear()
    if display := sys.modules.get("ansible.utils.display"):
        display.Display()._warns.clear()  # the controller shows each text once in its life
    internal = {"_ansible_check_mode": check, "_ansible_diff": diff, "_ansible_no_log": True, "_ansible_verbosity": 0}
    text = in_process.run_here(main, {**arguments, **internal})
    result = Result(_decode(text))
    for name in ("password", "private_key", "passphrase"):
        secret = arguments.get(name)
        if isinstance(secret, str) and len(secret) >= 4:
            assert secret not in text, f"the secret {name} is in the result"
    return result


def _decode(text: str) -> dict[str, Any]:
    try:
        from ansible.module_utils.common.json import Direction, get_module_decoder
    except ImportError:  # ansible-core 2.18
        return json.loads(text)
    return json.loads(text, cls=get_module_decoder("legacy", Direction.MODULE_TO_CONTROLLER))


def _system(options: dict[str, Any]) -> str:
    if "private_key" in options:
        return "ops_manager"
    return "openstack" if "auth_type" in options else "xclarity"
