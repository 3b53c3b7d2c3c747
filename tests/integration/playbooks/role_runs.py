# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run one role, alone on localhost or over hosts, with what it is given."""

from __future__ import annotations

from typing import Any

import yaml
from harness import Harness

# A cluster profile.
SPEC = {
    "type": "os.nova.server", "version": "1.0",
    "properties": {"name": "web", "flavor": "1", "image": "image", "networks": [{"network": "private"}]},
}  # fmt: skip


def run(harness, hosts, *arguments, after=(), role="activate_profiles", play=None, env=None, **variables):
    """A play over these hosts with the role, and tasks after it. play: more keywords of the play. env: more of the environment."""
    inventory = harness.folder / "hosts.yml"
    everything = {"all": {"hosts": hosts, "vars": {f"{role}_poll_interval": 0.1, **variables}}}
    inventory.write_text(yaml.safe_dump(everything), encoding="utf-8")
    tasks = [{"name": "Use the role", "ansible.builtin.include_role": {"name": f"groundwork.provision.{role}"}}, *after]
    book = harness.folder / "roles.yml"
    plays = [{"name": "Test", "hosts": "all", "gather_facts": False, **(play or {}), "tasks": tasks}]
    book.write_text(yaml.safe_dump(plays), encoding="utf-8")
    return harness.playbook("-i", str(inventory), str(book), *arguments, **(env or {}))


def alone(harness, role, *arguments, after=(), **variables):
    """The role on localhost."""
    here = {"localhost": {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}}
    return run(harness, here, *arguments, after=after, role=role, **variables)


def changing(sim, system="xclarity", since=0):
    return [(entry["method"], entry["path"]) for entry in sim.log(since=since, system=system, changing=True)]


def output_with_a_warning(harness, role, *arguments, after=(), **variables):
    """The output of a run that warns, which the harness takes for a failure of the test, and that ends well."""
    try:
        played = alone(harness, role, *arguments, after=after, **variables)
    except AssertionError as exc:
        output = " ".join(str(exc).split())  # long warnings are wrapped
        assert "[WARNING]" in output
        assert "failed=0" in output, output
        return output
    raise AssertionError(f"the run did not warn: {played.output}")


def note(harness: Harness, name: str, word: str) -> dict[str, Any]:
    """A task that leaves a word in the file of its host, as ansible.builtin.copy would, which starts Python twice for it."""
    place = f"{harness.folder}/{{{{ inventory_hostname }}}}.state"
    command = f'[ "$(cat {place} 2>/dev/null)" = {word} ] || {{ printf %s {word} > {place} && echo written; }}'
    return {"name": name, "ansible.builtin.raw": command, "register": "noted", "changed_when": "'written' in noted.stdout"}


def in_use(harness: Harness, host: str) -> str:
    place = harness.folder / f"{host}.state"
    return place.read_text(encoding="utf-8") if place.exists() else ""
