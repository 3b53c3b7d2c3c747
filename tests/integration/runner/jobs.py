# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a job of the demo is made of, and where its secrets must not be."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

from harness import OPS_MANAGER_PRIVATE_KEY, XCLARITY_PASSWORD

DEMO = Path(__file__).resolve().parents[2] / "demo"
PASSPHRASE = "Passphrase-canary-runner"
SECRETS = (PASSPHRASE, XCLARITY_PASSWORD, OPS_MANAGER_PRIVATE_KEY, "demopw")

PLAYBOOK = [
    {"ansible.builtin.import_playbook": "groundwork.provision.provision"},
    {
        "name": "What a later job wants to know",
        "hosts": "localhost",
        "gather_facts": False,
        "tasks": [
            {"groundwork.provision.profile_info": {"status": "active"}, "register": "active"},
            {
                "ansible.builtin.set_fact": {
                    "cacheable": True,
                    "servers": "{{ acquire_servers_hostnames }}",
                    "active_profiles": "{{ active.profiles | map(attribute='name') | sort }}",
                }
            },
        ],
    },
]

Tool = Callable[..., subprocess.CompletedProcess[bytes]]


def secrets_in(folder: Path) -> dict[str, list[str]]:
    """The files below a folder that hold a secret, and which."""
    found: dict[str, list[str]] = {}
    for path in folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            held = [secret for secret in SECRETS if secret.encode() in content]
            if held:
                found[str(path.relative_to(folder))] = held
    return found
