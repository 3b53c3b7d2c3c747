# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples of the roles' READMEs work as they are printed, and their tables say what the argument specs say."""

from __future__ import annotations

import re

import examples
import pytest
import yaml
from harness import XCLARITY_PASSWORD

ROLES = sorted(path.parent for path in (examples.ROOT / "roles").glob("*/README.md"))
BLOCKS = re.compile(r"^```yaml\n(.*?)^```$", re.M | re.S)
# What the examples take from a vault, and how the simulator is waited for.
VARIABLES = {
    "vault_xclarity_password": XCLARITY_PASSWORD,
    "vault_backup_passphrase": "Passphrase-canary-73",
    **{f"{role.name}_poll_interval": 0.05 for role in ROLES},
}
# An example of a role whose servers are those of the demo estate.
HOSTS = {"database": {"hosts": {}}}


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_the_examples_of_a_role_work(empty_sim, harness, role):
    examples.prepare(harness)
    for path in (harness.folder / "profiles").iterdir():
        (harness.folder / "cluster_profiles").mkdir(exist_ok=True)
        path.rename(harness.folder / "cluster_profiles" / path.name)
    blocks = [examples.replaced(block, harness.control, harness.folder) for block in BLOCKS.findall((role / "README.md").read_text())]
    books = [block for block in blocks if block.startswith("- ")]
    sources = [block for block in blocks if block.startswith("# ")]
    (inventory,) = [block for block in blocks if not block.startswith(("- ", "# "))] or [yaml.safe_dump(HOSTS)]
    assert books
    for name in ("drain.yml", "undrain.yml"):
        (harness.folder / name).write_text("- ansible.builtin.debug:\n    msg: moved\n", encoding="utf-8")
    everything = {"all": {"children": yaml.safe_load(inventory), "vars": VARIABLES}}
    (harness.folder / "hosts.yml").write_text(yaml.safe_dump(everything), encoding="utf-8")
    for number, book in enumerate(books):
        path = harness.folder / f"book{number}.yml"
        path.write_text(book.replace("/srv/images", str(harness.folder)), encoding="utf-8")
        played = harness.playbook("-i", str(harness.folder / "hosts.yml"), str(path),
                                  OS_CLIENT_CONFIG_FILE=str(harness.folder / "clouds.yaml"))  # fmt: skip
        assert played.rc == 0, played.output
        assert played.recap["rescued"] == 0, played.output
    for source in sources:  # of an inventory plugin, with the name of its file in the first line
        path = harness.folder / source.splitlines()[0].removeprefix("# ").partition(";")[0]
        path.write_text(source, encoding="utf-8")
        played = harness.playbook("-i", str(path), f"groundwork.provision.{role.name}", "-e", "xclarity_restart=defer", "--check", "--diff",
                                  OSLO_PASSWORD=XCLARITY_PASSWORD)  # fmt: skip
        assert played.rc == 0, played.output
        assert played.recap["ok"], played.output


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_the_table_of_a_role_has_its_options(role):
    """Each option of the role's own stands in the table, and nothing else does; ``_name`` goes on from the word before."""
    spec = yaml.safe_load((role / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))["argument_specs"]["main"]["options"]
    own = {option for option in spec if option.startswith(role.name)}
    found = set()
    for row in re.findall(r"^\| (`.*?) \|", (role / "README.md").read_text(encoding="utf-8"), re.M):
        for word in re.findall(r"`(\w+)`", row):
            if word.startswith("_"):
                found.add(role.name + word)
            elif word.startswith(role.name):
                found.add(word)
    # the hosts and the waves of the playbook, which are no options of the role
    assert found - {f"{role.name}_{key}" for key in ("hosts", "serial", "max_fail_percentage")} == own


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_defaults_are_options(role):
    spec = yaml.safe_load((role / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))["argument_specs"]["main"]["options"]
    assert set(yaml.safe_load((role / "defaults" / "main.yml").read_text(encoding="utf-8"))) <= set(spec)


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_there_is_a_playbook_and_a_scenario_for_each_role(role):
    (play,) = yaml.safe_load((examples.ROOT / "playbooks" / f"{role.name}.yml").read_text(encoding="utf-8"))
    assert play["tasks"][-1]["ansible.builtin.include_role"]["name"] == f"groundwork.provision.{role.name}"
    assert [task["ansible.builtin.import_tasks"] for task in play["tasks"][:-1]] == ["tasks/answers.yml"]
    assert play["tasks"][0]["vars"]["answers_role"] == role.name
    assert (examples.ROOT / "extensions" / "molecule" / role.name / "verify.yml").is_file()
