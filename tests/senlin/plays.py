# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs tasks with a real ansible-playbook and gives back their results."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import forked
import yaml

COLLECTION = "groundwork.provision"
PROFILE = f"{COLLECTION}.cluster_profile"
INFO = f"{COLLECTION}.cluster_profile_info"
TYPES = f"{COLLECTION}.cluster_profile_type_info"
SECRETS = ("adminpw", "demopw", "gAAAAA")  # the passwords, and how every token of Keystone begins

Task = dict[str, Any]
Result = dict[str, Any]


def keep(**options: Any) -> Task:
    """A cluster_profile task."""
    return {PROFILE: options}


def drop(**options: Any) -> Task:
    """A cluster_profile task with state absent."""
    return {PROFILE: {"state": "absent", **options}}


def cluster(**options: Any) -> Task:
    """A cluster task that looks often."""
    return {f"{COLLECTION}.cluster": {"poll_interval": 0.3, **options}}


class Player:
    """folder: the test's own. collections: the root above ansible_collections/."""

    def __init__(self, folder: Path, collections: Path) -> None:
        self.folder, self.collections = folder, collections
        self.output = ""

    def environment(self, **more: str) -> dict[str, str]:
        """Nothing of the user's own configuration: no OS_* variable, no clouds.yaml, no ansible.cfg."""
        return {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(self.folder),
            **forked.FIXED,
            "ANSIBLE_COLLECTIONS_PATH": str(self.collections),
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
            "ANSIBLE_NOCOLOR": "1",
            "GROUNDWORK_STATE_DIR": str(self.folder / "state"),
            **more,
        }

    def __call__(self, connection: dict[str, Any], *tasks: Task, check: bool = False, **env: str) -> list[Result]:
        """The result of each task, failed ones too. `connection` is set once for all, by the action group.

        A warning or deprecation, or a secret in the output, fails the test.
        """
        steps: list[Task] = [
            {"name": f"Task {number}", **task, "register": f"result_{number}", "ignore_errors": True} for number, task in enumerate(tasks)
        ]
        results = self.folder / "results.json"
        names = ", ".join(step["register"] for step in steps)
        report = {"content": f"{{{{ [{names}] | to_json }}}}", "dest": str(results), "mode": "0600"}
        steps.append({"name": "Report", "ansible.builtin.copy": report, "check_mode": False, "diff": False})
        play = {
            "name": "Test",
            "hosts": "localhost",
            "gather_facts": False,
            "module_defaults": {f"group/{COLLECTION}.openstack": connection},
            "tasks": steps,
        }
        book = self.folder / "play.yml"
        book.write_text(yaml.safe_dump([play], sort_keys=False), encoding="utf-8")
        results.unlink(missing_ok=True)
        self.playbook(str(book), "--diff", *(["--check"] if check else []), **env)
        return json.loads(results.read_text(encoding="utf-8"))

    def playbook(self, *arguments: str, **env: str) -> str:
        """Run ansible-playbook to its good end and return what it printed."""
        command = [str(Path(sys.executable).parent / "ansible-playbook"), *arguments]
        done = forked.run(command, env=self.environment(**env), cwd=self.folder, timeout=300)
        self.output = done.stdout + done.stderr
        assert done.returncode == 0, self.output
        for word in ("[WARNING]", "[DEPRECATION WARNING]", "Traceback", *SECRETS):
            assert word not in self.output, self.output
        return self.output
