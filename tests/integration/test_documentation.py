# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples of README.md and of the guides work as they are printed, and the promises are in words that can be kept."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
from pathlib import Path

import examples
import pytest
import yaml
from harness import PACKAGE

ERROR_CODES = examples.ROOT / "docs" / "error_codes.md"
RULEBOOKS = examples.ROOT / "docs" / "guide_eda.md"  # which Ansible does not run
DEFINITIONS = examples.ROOT / "docs" / "guide_ee.md"  # which ansible-builder reads
GUIDES = set((examples.ROOT / "docs").glob("guide_*.md")) - {RULEBOOKS, DEFINITIONS}
RUNNABLE = [examples.ROOT / "README.md", ERROR_CODES, *sorted(GUIDES)]
PAGES = sorted({*RUNNABLE, *(examples.ROOT / "docs").glob("*.md"), *(examples.ROOT / "roles").glob("*/README.md")})
BLOCKS = re.compile(r"^```yaml\n(.*?)^```$", re.M | re.S)
FORBIDDEN = ("exactly once", "guaranteed idempotent")


def plays(page: Path) -> list[str]:
    """The blocks that are tasks or plays. Those over an inventory are run in test_commands.py."""
    blocks = BLOCKS.findall(page.read_text(encoding="utf-8"))
    return [block for block in blocks if block.startswith("- name:") and "hosts: xclarity_servers" not in block]


@pytest.mark.parametrize("page", RUNNABLE, ids=lambda page: page.name)
def test_the_examples_of_a_page_work(empty_sim, harness, page):
    examples.prepare(harness)
    assert plays(page)
    for block in plays(page):
        played = examples.run(harness, block)
        assert played.rc == 0, played.output
        assert played.recap["skipped"] == 0


def test_the_servers_of_a_rack_where_none_is_on(empty_sim, harness):
    """An empty list of nodes is refused, so the example does not come to that."""
    examples.prepare(harness)
    (block,) = (block for block in plays(examples.ROOT / "docs" / "guide_hardware.md") if "Restart all servers of a rack" in block)
    played = examples.run(harness, block.replace("'R12'", "'no such rack'"))
    assert (played.rc, played.recap["skipped"]) == (0, 1), played.output


# Blocks that are no tasks of their own, or work over hosts: the first line of each, and the test that runs it.
ELSEWHERE = {
    "# requirements.yml": "test_commands.py",
    "# .github/workflows/provision.yml": "test_commands.py",
    "# .gitlab-ci.yml": "test_commands.py",
    "- name: Activate one server, then two, then a quarter of them at a time": "test_commands.py",
    "- groundwork.provision.profile_activation:": "test_documentation.py",
    "---": "test_documentation.py",
    "# site.yml: what belongs to the site; keep the secrets in a vault": "../awx/test_configure.py",
    "# execution-environment.yml": "test_documentation.py",
    "dependencies:": "test_documentation.py",
    "# rack14.yml": "playbooks/test_hardware_roles.py",
    "# activated.yml": "../eda/test_rulebooks.py",
    "# vars.yml": "../eda/test_rulebooks.py",
    "system: xclarity": "eda/test_source_files.py",
    "- name: React to the work of XClarity Administrator": "eda/test_source_files.py",
    "- name: React to the event log of XClarity Administrator": "eda/test_source_files.py",
}
EVERY_PAGE = [examples.ROOT / "README.md", *sorted(examples.ROOT.glob("*.md")), *sorted((examples.ROOT / "docs").glob("*.md"))]


def test_every_block_of_every_page_is_run():
    """Those of the roles' pages are run in test_role_documentation.py, all of them."""
    run = {block for page in RUNNABLE for block in plays(page)}
    rest = [block for page in EVERY_PAGE for block in BLOCKS.findall(page.read_text(encoding="utf-8")) if block not in run]
    assert {block.splitlines()[0] for block in rest} == set(ELSEWHERE)
    assert all((Path(__file__).parent / name).is_file() for name in ELSEWHERE.values())


def test_the_definitions_of_an_execution_environment(tmp_path):
    """ansible-builder takes the one of the page, alone and with what builds from an artifact in place of Galaxy. `make ee` builds one."""
    whole, part = (yaml.safe_load(block) for block in BLOCKS.findall(DEFINITIONS.read_text(encoding="utf-8")))
    version = yaml.safe_load((examples.ROOT / "galaxy.yml").read_text(encoding="utf-8"))["version"]
    assert whole["dependencies"]["galaxy"]["collections"] == [{"name": "groundwork.provision", "version": version}]
    (file,) = (one["src"] for one in part["additional_build_files"])
    assert file == f"groundwork-provision-{version}.tar.gz"
    (tmp_path / file).touch()
    merged = {**whole, **part, "dependencies": {**whole["dependencies"], **part["dependencies"]}}
    for name, definition in (("whole", whole), ("merged", merged)):
        (tmp_path / f"{name}.yml").write_text(yaml.safe_dump(definition), encoding="utf-8")
        builder = str(Path(sys.executable).with_name("ansible-builder"))
        subprocess.run([builder, "create", "-f", f"{name}.yml", "-c", name], cwd=tmp_path, check=True, stdout=subprocess.DEVNULL)
    assert (tmp_path / "merged" / "_build" / "collections" / file).is_file()


def test_the_task_of_the_page_of_sizes(empty_sim, harness):
    """One task for all hosts of a play, each of which has its row."""
    examples.prepare(harness)
    (block,) = BLOCKS.findall((examples.ROOT / "docs" / "sizing.md").read_text(encoding="utf-8"))
    targets = {"db-01": "C0FFEE00E5F60718293A4B5C6D7E8F91", "db-02": "C0FFEE00E5F60718293A4B5C6D7E8F92"}
    hosts = {name: {"row": {"profile": name, "uuid": uuid}} for name, uuid in targets.items()}
    local = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    (harness.folder / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": hosts, "vars": local}}), encoding="utf-8")
    play = {"hosts": "all", "gather_facts": False, "tasks": yaml.safe_load(block)}
    (harness.folder / "book.yml").write_text(yaml.safe_dump([play]), encoding="utf-8")
    played = harness.playbook("-i", str(harness.folder / "hosts.yml"), str(harness.folder / "book.yml"))
    assert played.rc == 0, played.output
    assert [entry["method"] for entry in empty_sim.log(changing=True)] == ["POST", "POST"]


def test_the_fragment_of_a_changelog_is_one():
    (block,) = BLOCKS.findall((examples.ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    config = yaml.safe_load((examples.ROOT / "changelogs" / "config.yaml").read_text(encoding="utf-8"))
    (section,) = yaml.safe_load(block)
    assert section in {name for name, _title in config["sections"]}


@pytest.mark.parametrize("name, host", [("server_pool", "oslo-l1.example.net"), ("senlin_cluster", "web-01")])
def test_the_example_of_an_inventory_plugin(sim, harness, name, host):
    """That of the plugin xclarity is run in test_xclarity_inventory.py."""
    text = importlib.import_module(f"{PACKAGE}.inventory.{name}").EXAMPLES
    given = yaml.safe_load(examples.replaced(text, sim, harness.folder))
    if name == "server_pool":
        given["ca_path"] = sim.ready["ca"]
        harness.run_module("server_pool_request", {"properties": {"Datacenter": "oslo", "Size": "l"}, "count": 1})
    else:
        examples.prepare(harness)
        auth = harness.connection("openstack")
        cloud = {"auth": auth["auth"], "region_name": auth["region_name"], "cacert": auth["ca_path"]}
        (harness.folder / "clouds.yaml").write_text(yaml.safe_dump({"clouds": {"production": cloud}}), encoding="utf-8")
        web = {"name": "web", "project": "demo", "profile": "web-server-of-old", "nodes": 1, "config": {"node.name.format": "web-$2I"}}
        sim.seed(clustering={"clusters": [web]})
    path = harness.folder / f"example.{name}.yml"
    path.write_text(yaml.safe_dump(given), encoding="utf-8")
    more = {"OS_CLIENT_CONFIG_FILE": str(harness.folder / "clouds.yaml"), "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true"}
    command = [str(Path(sys.executable).parent / "ansible-inventory"), "-i", str(path), "--list"]
    environment = harness.environment(**more)
    done = subprocess.run(command, env=environment, cwd=harness.folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert host in json.loads(done.stdout)["_meta"]["hostvars"], done.stdout


def test_the_rescue_of_the_error_codes_is_for_the_codes_that_it_names(empty_sim, harness):
    examples.prepare(harness)
    _deletion, activation = plays(ERROR_CODES)
    assert examples.run(harness, activation).rc == 0
    elsewhere = examples.run(harness, activation.replace("A1B2C3D4E5F60718293A4B5C6D7E8F90", "C0FFEE00E5F60718293A4B5C6D7E8F91"))
    assert (elsewhere.rc, elsewhere.recap["rescued"]) == (0, 1), elsewhere.output
    assert "Unassign it first" in elsewhere.output
    unknown = examples.run(harness, activation.replace("profile: web-01", "profile: web-99"))
    assert unknown.rc != 0
    assert "there is no profile with the id or name web-99" in unknown.output


@pytest.mark.parametrize("status, failed", [(503, False), (403, True)])
def test_the_condition_of_the_error_codes_is_for_the_codes_that_it_names(empty_sim, harness, status, failed):
    examples.prepare(harness)
    deletion, _activation = plays(ERROR_CODES)
    empty_sim.fault("xclarity", "GET", "^/managementServer/data", times=-1, status=status)
    played = examples.run(harness, deletion)
    assert (played.rc != 0) == failed, played.output


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.parent.name}/{page.name}")
def test_no_page_promises_what_nobody_can_keep(page):
    text = " ".join(page.read_text(encoding="utf-8").lower().split())
    assert [phrase for phrase in FORBIDDEN if phrase in text] == []
    assert "safe to run concurrently" not in text.replace("safe to run concurrently from one control node", "")
