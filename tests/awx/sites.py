# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site: the playbook configure_controller with its variables, against a controller of these tests."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml
from controller import Controller

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache" / "controller"
COLLECTIONS = CACHE / "collections"  # awx.awx; `run` puts it there
PLAYBOOK = "groundwork.provision.configure_controller"
SECRET = "Secret-canary-4711"
WEBHOOK = "https://hooks.example.com/groundwork"

# The site of the guide, with the file and the vault that it has.
GUIDE = (ROOT / "docs" / "guide_awx.md").read_text(encoding="utf-8")
BLOCK = re.findall(r"^```yaml\n(# site.yml.*?)^```$", GUIDE, re.M | re.S)[0]
SITE = yaml.safe_load(BLOCK.replace("/etc/ssl/xclarity-ca.pem", str(ROOT / "galaxy.yml")))
SITE |= {"vault_xclarity_password": SECRET, "vault_backup_passphrase": f"{SECRET}-passphrase"}


class Loader(yaml.SafeLoader):
    """Takes a template that Ansible must leave as it is."""


Loader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))
DATA = yaml.load((ROOT / "extensions/awx/controller.yml").read_text(encoding="utf-8"), Loader)


@dataclasses.dataclass
class Play:
    """A finished ansible-playbook: its code, its output, and what changed."""

    rc: int
    output: str

    @property
    def recap(self) -> dict[str, int]:
        return {key: int(number) for key, number in re.findall(r"\b(ok|changed|failed|rescued)=(\d+)", self.output)}

    @property
    def changed(self) -> list[str]:
        return re.findall(r"^changed: \[localhost\] => \(item=(.*)\)$", self.output, re.M)


class Site:
    """Runs the playbook against a controller."""

    def __init__(self, controller: Controller, folder: Path, collections: Path) -> None:
        self.controller, self.folder = controller, folder
        self.environment = {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT / "tests" / "startup"),
            "HOME": str(folder),
            "LC_ALL": "C.UTF-8",
            "ANSIBLE_COLLECTIONS_PATH": f"{collections}{os.pathsep}{COLLECTIONS}",
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_PIPELINING": "1",  # one process less for each module
            # The modules of awx.awx read all authorities of the system for each request, also for plain http: a quarter of their time.
            "SSL_CERT_FILE": os.devnull,
            "CONTROLLER_HOST": controller.url,
            "CONTROLLER_USERNAME": "admin",
            "CONTROLLER_PASSWORD": "admin",
        }

    def start(
        self, *arguments: str, site: dict[str, Any] | None = None, playbook: str = PLAYBOOK, **env: str
    ) -> subprocess.Popen[str]:
        """The playbook with the variables of a site, started."""
        path = self.folder / f"site{len(list(self.folder.glob('site*')))}.json"
        path.write_text(json.dumps(SITE if site is None else site), encoding="utf-8")
        return subprocess.Popen(
            [str(Path(sys.executable).parent / "ansible-playbook"), playbook, "-e", f"@{path}", *arguments], cwd=self.folder, text=True,
            env={**self.environment, **env}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def end(self, process: subprocess.Popen[str]) -> Play:
        """What it printed. No secret may be part of it."""
        output, _none = process.communicate(timeout=600)
        assert SECRET not in output
        return Play(process.returncode, output)

    def play(self, *arguments: str, **more: Any) -> Play:
        """From start to end. more: as for :meth:`start`."""
        return self.end(self.start(*arguments, **more))


def changing(log: list[Any]) -> list[tuple[str, str]]:
    """Method and path of the requests that change something, but for the tokens."""
    return [(method, path) for method, path, _query, _body, _status in log if method != "GET" and "/tokens/" not in path]


def named(controller: Controller, kind: str, name: str) -> dict[str, Any]:
    """An object by its name."""
    return next(one for one in controller.objects[kind].values() if one["name"] == name)
