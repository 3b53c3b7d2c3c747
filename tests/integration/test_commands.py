# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every command of README.md and of the pages is run: installation from the artifact and from git, upgrade, removal, playbooks."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import examples
import pytest
import yaml
from harness import Harness

ROOT = examples.ROOT
sys.path.append(str(ROOT / "tools"))
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "roles").glob("*/README.md"))]
SHELL = re.compile(r"^```sh\n(.*?)^```$", re.M | re.S)
URL = "https://example.com/groundwork/provision.git"
PLACE = "~/.ansible/collections/ansible_collections/groundwork/provision"
# Commands that need more than a clone and a minute; that they exist is looked at.
MAKE = re.compile(r"make [a-z-]+( .*)?")


def commands(page: Path, heading: str = "") -> list[str]:
    """Each command of a page, or of the part of it below a heading, a continued line as one."""
    told = page.read_text(encoding="utf-8")
    part = told[told.index(heading) :].partition("\n## ")[0] if heading else told
    text = "\n".join(SHELL.findall(part)).replace("\\\n", " ")
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]


EVERY = sorted({re.split(r" +# ", command)[0].strip() for page in PAGES for command in commands(page)})


# The first change of a newcomer.
FIRST = commands(ROOT / "CONTRIBUTING.md", "## A first change")

# Each with the test that runs it.
ELSEWHERE = {
    **dict.fromkeys(commands(ROOT / "docs" / "versioning.md"), "tools/release.py"),
    "ansible-playbook groundwork.provision.configure_controller -e @site.yml": "tests/awx/test_configure.py",
    "ansible-playbook groundwork.provision.configure_controller -e @site.yml --check": "tests/awx/test_configure.py",
    "ANSIBLE_CALLBACKS_ENABLED=groundwork.provision.report ansible-playbook -i inventory groundwork.provision.activate_profiles":
    "tests/integration/test_report.py",
    ".venv/bin/python tests/mutants/random_mutations.py --map": "tests/unit/tools/test_mutations.py",
    ".venv/bin/python tests/mutants/random_mutations.py --names FILE": "tests/unit/tools/test_mutations.py",
    "ansible-playbook -i inventory groundwork.provision.update_firmware -e update_firmware_serial=10%"
    " -e update_firmware_max_fail_percentage=20": "tests/integration/playbooks/test_hardware_roles.py",
    "ansible-playbook -i rack14.yml groundwork.provision.provision_bare_metal -e xclarity_hosts=rack14":
    "tests/integration/playbooks/test_hardware_roles.py",
    "ansible-playbook -i rack14.yml groundwork.provision.provision_bare_metal -e xclarity_hosts=rack14 --check --diff":
    "tests/integration/playbooks/test_hardware_roles.py",
    "ansible-playbook -i oslo.xclarity.yml -i rome.xclarity.yml groundwork.provision.activate_profiles -e xclarity_restart=defer":
    "tests/integration/xclarity/test_xclarity_inventory.py",
    "pip install ansible-rulebook ansible-runner ansible-core 'requests>=2.32.4,<3'": "tests/eda/requirements.txt",
    "ansible-rulebook --rulebook activated.yml -i servers.xclarity.yml --vars secrets.yml": "tests/eda/test_rulebooks.py",
    "ansible-rulebook --rulebook activated.yml -i servers.xclarity.yml --vars vars.yml --persistence-id provisioning --id 1":
    "tests/eda/test_rulebooks.py",
}  # fmt: skip


def test_there_is_a_test_for_each_command():
    known = [*INSTALLATION, *PLAYBOOKS, *OTHERS, *ELSEWHERE, *(one for one in FIRST if not MAKE.match(one))]
    assert all((ROOT / path).is_file() for path in ELSEWHERE.values())
    assert [command for command in EVERY if command not in known and not MAKE.fullmatch(command)] == []
    assert [command for command in known if command not in EVERY] == []


@pytest.mark.parametrize("command", [command for command in EVERY if command.startswith("make ")])
def test_targets_of_make_are_there(command):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"make ([a-z-]+)", command):
        assert re.search(rf"^{target}:.*## ", makefile, re.M), target


# -- installation -----------------------------------------------------------------------------------------------------

INSTALLATION = (
    "ansible-galaxy collection install groundwork-provision-1.0.0.tar.gz",
    f"ansible-galaxy collection install git+{URL},v1.0.0",
    f"pip install -r {PLACE}/requirements.txt",
    "ansible-galaxy collection install -r requirements.yml",
    "ansible-galaxy collection install -r requirements.yml --force",
    f"rm -r {PLACE}",
)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sources as a git repository with the tag of the release."""
    import tree

    folder = tmp_path_factory.mktemp("git")
    source = tree.copy(folder)
    (folder / "home").mkdir()
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "init.defaultBranch=main"]
    for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "release"], ["tag", "v1.0.0"]):
        environment = {**os.environ, "HOME": str(folder / "home")}
        subprocess.run([*git, *arguments], cwd=source, check=True, env=environment, stdout=subprocess.DEVNULL)
    return source


class Shell:
    """Runs commands of a page in an empty home, with the address of the repository replaced."""

    def __init__(self, folder: Path, repository: Path) -> None:
        self.folder, self.home, self.repository = folder, folder / "home", f"file://{repository}"
        self.home.mkdir()
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE", "GROUNDWORK"))}
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self.environment = {**kept, "HOME": str(self.home), "LC_ALL": "C.UTF-8", "PATH": path}

    def run(self, command: str) -> str:
        done = subprocess.run(
            ["bash", "-ec", command.replace(URL, self.repository)],
            cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, (command, done.stdout + done.stderr)
        return done.stdout


@pytest.fixture
def shell(tmp_path: Path, repository: Path) -> Shell:
    return Shell(tmp_path, repository)


def installed(home: Path) -> Path:
    return home / ".ansible" / "collections" / "ansible_collections" / "groundwork" / "provision"


def works(shell: Shell) -> None:
    """The collection is found by its name, with its roles and plug-ins."""
    assert "profile_activation" in shell.run("ansible-doc -t module -l groundwork.provision")
    assert "activate_profiles" in shell.run("ansible-doc -t role -l groundwork.provision")
    assert "groundwork.provision.xclarity" in shell.run("ansible-doc -t inventory -l groundwork.provision")


def test_installation_from_the_artifact_and_removal(shell):
    import artifact

    built = artifact.build(shell.folder / "build", shell.folder / "collections")
    shutil.copy(built, shell.folder)
    assert built.name == INSTALLATION[0].split()[-1]
    shell.run(INSTALLATION[0])
    works(shell)
    shell.run(INSTALLATION[2].replace("pip install", "pip install --dry-run"))  # all of it is there already
    shell.run(INSTALLATION[5])
    assert not any(path.is_file() for path in (shell.home / ".ansible" / "collections").rglob("*"))


def test_installation_from_git_pinned_and_upgraded(shell):
    shell.run(INSTALLATION[1])
    works(shell)
    assert json.loads((installed(shell.home) / "MANIFEST.json").read_text())["collection_info"]["version"] == "1.0.0"
    (requirements,) = re.findall(r"```yaml\n(# requirements.yml\n.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.S)
    assert yaml.safe_load(requirements)["collections"][0]["name"] == URL
    (shell.folder / "requirements.yml").write_text(requirements.replace(URL, shell.repository), encoding="utf-8")
    shutil.rmtree(installed(shell.home))
    shell.run(INSTALLATION[3])
    works(shell)
    (installed(shell.home) / "README.md").write_text("old", encoding="utf-8")
    shell.run(INSTALLATION[4])
    assert (installed(shell.home) / "README.md").read_text(encoding="utf-8") != "old"


# -- playbooks, over the demo's inventory -----------------------------------------------------------------------------

PLAYBOOKS = (
    "ansible-playbook -i inventory groundwork.provision.provision --check --diff",
    "ansible-playbook -i inventory groundwork.provision.provision --tags protect_manager",
    "ansible-playbook -i inventory groundwork.provision.provision",
    "ansible-playbook -i inventory groundwork.provision.activate_profiles --check --diff",
    "ansible-playbook -i servers.xclarity.yml groundwork.provision.activate_profiles -e xclarity_restart=defer --check --diff",
    "ansible-playbook -i inventory waves.yml --check --diff",
    "ansible-playbook -i inventory site.yml --check --diff",
)
FENCED = re.compile(r"^```yaml\n(.*?)^```$", re.M | re.S)


def test_playbooks(sim, harness: Harness):
    shutil.copytree(ROOT / "tests" / "demo", harness.folder, dirs_exist_ok=True)
    (harness.folder / "images").mkdir()
    waves = next(block for block in FENCED.findall((ROOT / "docs" / "guide_waves.md").read_text()) if "serial:" in block)
    (harness.folder / "waves.yml").write_text(waves, encoding="utf-8")
    (harness.folder / "site.yml").write_text("- import_playbook: groundwork.provision.activate_profiles\n", encoding="utf-8")
    source = "plugin: groundwork.provision.xclarity\nprofiles_by_name: true\n"
    (harness.folder / "servers.xclarity.yml").write_text(source, encoding="utf-8")
    folders = {"DEMO_FOLDER": str(harness.folder / "images"), "DEMO_PASSPHRASE": "a passphrase"}
    for command in PLAYBOOKS:
        played = harness.playbook(*command.split()[1:], **folders)
        assert played.rc == 0, (command, played.output)
        assert played.recap["ok"], command
        assert ("--check" in command) or played.recap["changed"], command
    # The same play of waves, for real, a wave at a time.
    sim.reset()
    sim.seed(**yaml.safe_load((ROOT / "tests" / "simulator" / "estate.yml").read_text(encoding="utf-8")))
    sim.switches("xclarity", max_concurrent_sessions=3)
    played = harness.playbook("-i", "inventory", "waves.yml", **folders)
    assert played.rc == 0, played.output
    assert sim.sessions("xclarity")["opened"] == 5  # of six hosts: one, two, and three times a quarter, which is one


# -- what else a page shows -------------------------------------------------------------------------------------------

# Variables that are set for what comes after.
OTHERS = (
    "export ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED=true",
    "export XCLARITY_CA_PATH=/etc/ssl/xclarity.pem",
    "export XCLARITY_ENDPOINT=https://xclarity.example.com XCLARITY_USERNAME=reader XCLARITY_PASSWORD=...",
)


def test_the_pipelines_are_made_of_tested_commands():
    page = (ROOT / "docs" / "guide_ci.md").read_text(encoding="utf-8")
    github, gitlab = (yaml.safe_load(block) for block in FENCED.findall(page) if block.startswith("# ."))
    plain = "ansible-playbook -i inventory groundwork.provision.activate_profiles"
    for name, command in (("check", f"{plain} --check --diff"), ("provision", plain)):
        steps = [step["run"] for step in github["jobs"][name]["steps"] if "run" in step]
        assert steps == gitlab[name]["script"]
        assert steps[-1] == command
        assert {step for step in steps if step not in EVERY} <= {plain}
    assert f"{plain} --check --diff" in PLAYBOOKS


def test_a_check_does_not_take_the_turn_of_a_change():
    """GitHub cancels an older pending run of a group when a newer one comes."""
    page = (ROOT / "docs" / "guide_ci.md").read_text(encoding="utf-8")
    github, gitlab = (yaml.safe_load(block) for block in FENCED.findall(page) if block.startswith("# ."))
    check, change = (github["jobs"][name]["concurrency"] for name in ("check", "provision"))
    assert "concurrency" not in github
    assert "github.ref" in check["group"]
    assert change == {"group": "provision", "cancel-in-progress": False}
    assert gitlab["provision"]["resource_group"] == "provision"
    assert "resource_group" not in gitlab["check"]


# -- the first change -------------------------------------------------------------------------------------------------


def test_the_first_change_of_a_newcomer(tmp_path):
    """Line by line in a clone, as CONTRIBUTING.md has it: red where it says so, and all else ends 0."""
    import tree

    clone = tree.copy(tmp_path).rename(tmp_path / "clone")
    (clone / ".venv").symlink_to(ROOT / ".venv")
    git = ("git", "-c", "user.name=newcomer", "-c", "user.email=newcomer@example.com")
    for arguments in (("init", "--quiet"), ("add", "--all"), ("commit", "--quiet", "--message", "as it is")):
        subprocess.run([*git, *arguments], cwd=clone, check=True)
    ends = []
    for command in FIRST:
        shell = ["bash", "-c", command]
        quiet = {"stdin": subprocess.DEVNULL, "capture_output": True, "text": True}
        done = subprocess.run(shell, cwd=clone, env=tree.environment(), check=False, **quiet)
        red = command.endswith("# red")
        assert (done.returncode != 0) is red, f"{command}\n{done.stdout}{done.stderr}"
        assert not red or "'unexpected_status' == 'bad_request'" in done.stdout
        ends.append(done.stdout)
    assert "changelogs/fragments/too-large.yml" not in ends[-1]  # new, so git diff does not show it
    assert "2 files changed" in ends[-1]
