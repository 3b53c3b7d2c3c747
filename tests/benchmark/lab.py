# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every comparison stands on: the simulator with N servers, and ansible-playbook in an environment of its own."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import measure
import yaml

from simulator.client import Control

TESTS = Path(__file__).resolve().parent.parent
ESTATE = TESTS / "simulator" / "estate.yml"
PASSWORD = "Passw0rd-demo"


class Lab:
    """control: the simulator. folder: for plays and data. collections: the root above ansible_collections/."""

    def __init__(self, control: Control, folder: Path, collections: Path) -> None:
        self.control, self.folder, self.collections = control, folder, collections
        self.url, self.ca = control.ready["xclarity"], control.ready["ca"]
        self._numbers = iter(range(10**9))

    # -- the servers ----------------------------------------------------------------------------------------------

    def fresh(self, count: int, latency: float = 0.0, **seed: Any) -> None:
        """The demo estate and ``count`` servers with an inactive profile each; every answer waits ``latency`` seconds."""
        self.control.reset()
        self.control.seed(**yaml.safe_load(ESTATE.read_text(encoding="utf-8")))
        if count:
            self.control.seed(xclarity={"generate": {"rack_nodes": count, "profiles": count, "prefix": "many"}})
        if seed:
            self.control.seed(**seed)
        if latency:
            self.control.fault(times=-1, delay=latency)

    def requests(self, system: str = "xclarity") -> int:
        """How many requests the server has had since :meth:`fresh`."""
        return len(self.control.log(system=system))

    def items(self, count: int) -> Path:
        """A file with ``count`` profiles and where they belong."""
        path = self.folder / f"profiles-{count}.json"
        if not path.exists():
            rows = [{"profile": f"many-{n:05d}", "uuid": f"{n:032X}"} for n in range(1, count + 1)]
            path.write_text(json.dumps(rows), encoding="utf-8")
        return path

    # -- Ansible --------------------------------------------------------------------------------------------------

    def environment(self, **more: str) -> dict[str, str]:
        """Connections by variables, and nothing of the user's own configuration."""
        ready = self.control.ready
        return {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(self.folder),
            "LC_ALL": "C.UTF-8",
            "ANSIBLE_COLLECTIONS_PATH": str(self.collections),
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
            "ANSIBLE_NOCOLOR": "1",
            "GROUNDWORK_STATE_DIR": str(self.folder / "state"),
            "XCLARITY_ENDPOINT": ready["xclarity"],
            "XCLARITY_CA_PATH": ready["ca"],
            "XCLARITY_USERNAME": "AUTOMATION",
            "XCLARITY_PASSWORD": PASSWORD,
            "OPS_MANAGER_ENDPOINT": ready["ops_manager"],
            "OPS_MANAGER_CA_PATH": ready["ca"],
            "OPS_MANAGER_PUBLIC_KEY": "automation",
            "OPS_MANAGER_PRIVATE_KEY": "0ps-private-key",
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

    def play(
        self,
        tasks: list[dict[str, Any]],
        *,
        variables: Mapping[str, Any] | None = None,
        files: list[Path] | None = None,
        program: str | None = None,
        options: Sequence[str] = (),
        **env: str,
    ) -> measure.Taken:
        """Run ``tasks`` on localhost. files: JSON lists, each a variable of the play under its first word (profiles-10.json).

        The interpreter is named, as on a control node that is looked after: without it Ansible looks for one first.
        """
        values: dict[str, Any] = {"ansible_python_interpreter": "{{ ansible_playbook_python }}", **(variables or {})}
        book = [{"name": "Measure", "hosts": "localhost", "connection": "local", "gather_facts": False, "vars": values, "tasks": tasks}]
        path = self.folder / f"play-{next(self._numbers)}.yml"
        path.write_text(yaml.safe_dump(book, sort_keys=False), encoding="utf-8")
        command = [program or str(Path(sys.executable).parent / "ansible-playbook"), str(path), *options]
        for file in files or []:
            extra = self.folder / f"vars-{file.stem}.json"
            if not extra.exists():
                extra.write_text(json.dumps({file.stem.split("-")[0]: json.loads(file.read_text())}), encoding="utf-8")
            command += ["--extra-vars", f"@{extra}"]
        try:
            return measure.run(command, self.environment(**env), self.folder)
        finally:
            path.unlink()
