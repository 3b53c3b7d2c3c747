# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs with our credential types, injected by the controller's own code and run by ansible-runner against the simulated servers."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import ansible_runner
import pytest
import yaml
from harness import OPS_MANAGER_PRIVATE_KEY, XCLARITY_PASSWORD
from sites import CACHE, DATA, SECRET

TYPES = {one["name"]: one for one in DATA["controller_credential_types"]}
XCLARITY, OPS_MANAGER, OPENSTACK, BACKUP = TYPES
SECRETS = (XCLARITY_PASSWORD, OPS_MANAGER_PRIVATE_KEY, "demopw", SECRET)


@dataclasses.dataclass
class Job:
    """A finished job: its status, its events, and what it printed."""

    status: str
    events: list[dict]
    output: str

    def result(self, task):
        """Of the one task with this name."""
        (found,) = [
            event["event_data"]["res"] for event in self.events
            if event["event"] in ("runner_on_ok", "runner_on_failed") and event["event_data"]["task"] == task
        ]  # fmt: skip
        return found


class Runner:
    """Makes a private data directory as a controller does, and runs one playbook in it."""

    def __init__(self, harness, folder: Path) -> None:
        self.harness, self.folder = harness, folder
        for name in ("project", "env", "inventory"):
            (folder / name).mkdir(mode=0o700)
        localhost = f"localhost ansible_connection=local ansible_python_interpreter={sys.executable}\n"
        (folder / "inventory" / "hosts").write_text(localhost, encoding="utf-8")

    def inject(self, kind: str, inputs: dict) -> dict:
        """What the controller's code makes of a credential."""
        told = {"type": TYPES[kind], "inputs": inputs, "folder": str(self.folder)}
        done = subprocess.run(
            [str(CACHE / "venv/bin/python"), str(Path(__file__).with_name("inject.py"))],
            input=json.dumps(told), capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def run(self, tasks, *injected, variables=None, **env) -> Job:
        """tasks: a list, or the name of a playbook. injected: of the job's credentials."""
        playbook = tasks
        if not isinstance(tasks, str):
            book = [{"name": "Look", "hosts": "localhost", "gather_facts": False, "tasks": tasks}]
            (self.folder / "project" / "look.yml").write_text(yaml.safe_dump(book, sort_keys=False), encoding="utf-8")
            playbook = "look.yml"
        kept = {"ANSIBLE_COLLECTIONS_PATH", "ANSIBLE_NOCOLOR", "ANSIBLE_LOCALHOST_WARNING", "LC_ALL", "PATH"}
        environment = {key: value for key, value in self.harness.environment().items() if key in kept}
        command = ["-v"] if variables is None else ["-v", "-e", json.dumps(variables)]
        for one in injected:
            environment |= one["env"]
            command += one["arguments"]
        # As in a container, where the private data directory is /runner.
        place = str(self.folder)
        environment = {key: value.replace("/runner/", f"{place}/") for key, value in environment.items()}
        arguments = " ".join(f"'{one}'" for one in command).replace("@/runner/", f"@{place}/")
        (self.folder / "env" / "envvars").unlink(missing_ok=True)  # ansible-runner would keep those of the job before
        ran = ansible_runner.run(
            private_data_dir=place, playbook=playbook, cmdline=arguments, quiet=True, envvars={**environment, "HOME": place, **env},
        )  # fmt: skip
        job = Job(ran.status, list(ran.events), ran.stdout.read())
        text = job.output + json.dumps(job.events)
        assert not any(secret in text for secret in SECRETS)
        return job


@pytest.fixture
def runner(sim, harness, tmp_path) -> Runner:
    folder = tmp_path / "job"
    folder.mkdir()
    (tmp_path / "state").mkdir()
    return Runner(harness, folder)


def authority(runner) -> str:
    return Path(runner.harness.control.ready["ca"]).read_text(encoding="utf-8")


def xclarity(runner, **more):
    return {"endpoint": runner.harness.control.ready["xclarity"], "username": "AUTOMATION", "password": XCLARITY_PASSWORD, **more}


LOOK = [{"name": "Profiles", "groundwork.provision.profile_info": {}}]


@pytest.mark.parametrize("in_process", ["1", "0"], ids=["in the controller", "as a module"])
def test_a_job_with_a_credential_of_xclarity(runner, in_process):
    injected = runner.inject(XCLARITY, xclarity(runner, ca_certificate=authority(runner)))
    assert injected["safe"]["XCLARITY_PASSWORD"] == "**********"
    assert injected["env"]["XCLARITY_CA_PATH"].startswith("/runner/")
    assert injected["env"]["XCLARITY_VALIDATE_CERTS"] == "true"
    assert injected["env"]["XCLARITY_AUTH_METHOD"] == "session"
    job = runner.run(LOOK, injected, GROUNDWORK_IN_PROCESS=in_process)
    assert job.status == "successful", job.output
    assert len(job.result("Profiles")["profiles"]) == 6


@pytest.mark.parametrize("blank", [{}, {"ca_certificate": "", "auth_method": "", "insecure": False}, {"ca_certificate": ""}])
def test_blank_fields_turn_nothing_off(runner, blank):
    """The certificate of the simulated server is signed by an authority that nobody knows: only `insecure` may get past it."""
    job = runner.run(LOOK, runner.inject(XCLARITY, xclarity(runner, **blank)))
    assert job.status == "failed"
    assert job.result("Profiles")["error"]["code"] == "tls_untrusted", job.output
    if not blank:
        past = runner.run(LOOK, runner.inject(XCLARITY, xclarity(runner, insecure=True)))
        assert past.status == "successful", past.output


def test_a_credential_without_anything_is_told(runner):
    """A controller stores a credential without its required fields."""
    job = runner.run(LOOK, runner.inject(XCLARITY, {}))
    assert job.status == "failed"
    assert "endpoint" in job.result("Profiles")["msg"]
    assert "XCLARITY_ENDPOINT" in job.result("Profiles")["msg"] or "missing required arguments" in job.result("Profiles")["msg"]


@pytest.mark.parametrize("more", [{"group_name": "payments"}, {"group_name": "payments", "group_id": ""}])
def test_a_job_with_a_credential_of_ops_manager(runner, more):
    inputs = {"endpoint": runner.harness.control.ready["ops_manager"], "public_key": "automation", "private_key": OPS_MANAGER_PRIVATE_KEY,
              "ca_certificate": authority(runner), **more}  # fmt: skip
    injected = runner.inject(OPS_MANAGER, inputs)
    assert injected["env"]["OPS_MANAGER_GROUP_ID"] == ""
    job = runner.run([{"name": "Pool", "groundwork.provision.server_pool_info": {}}], injected)
    assert job.status == "successful", job.output


def test_a_job_with_a_credential_of_openstack(runner):
    inputs = {"auth_url": runner.harness.control.ready["keystone"], "username": "demo", "password": "demopw", "project_name": "demo",
              "ca_certificate": authority(runner)}  # fmt: skip
    injected = runner.inject(OPENSTACK, inputs)
    assert injected["env"]["OS_INTERFACE"] == "public"
    assert injected["env"]["OS_INSECURE"] == "false"
    look = [{"name": "Profiles", "groundwork.provision.cluster_profile_info": {}}]
    assert runner.run(look, injected).status == "successful"
    unknown = runner.run(look, runner.inject(OPENSTACK, {**inputs, "ca_certificate": ""}))
    assert unknown.status == "failed", unknown.output
    assert unknown.result("Profiles")["error"]["code"] == "tls_untrusted"


@pytest.mark.parametrize("given, inventory", [(f"{SECRET}-passphrase", ""), ("", f"{SECRET}-of-the-inventory"), ("", "")])
def test_a_backup_with_its_passphrase(sim, runner, given, inventory):
    """A blank one leaves the inventory's; without both, nothing is begun."""
    (runner.folder / "inventory" / "group_vars").mkdir()
    told = {"protect_manager_passphrase": inventory, "protect_manager_destination": "/mnt/backups", "protect_manager_series": "",
            "protect_manager_keep": 9, "protect_manager_poll_interval": 0.1}  # fmt: skip
    (runner.folder / "inventory" / "group_vars" / "all.yml").write_text(yaml.safe_dump(told), encoding="utf-8")
    backup = runner.inject(BACKUP, {"passphrase": given})
    connection = runner.inject(XCLARITY, xclarity(runner, ca_certificate=authority(runner)))
    job = runner.run("groundwork.provision.protect_manager", connection, backup, variables={"launch_protect_manager_label": "asked"},
                     GROUNDWORK_STATE_DIR=str(runner.folder.parent / "state"))  # fmt: skip
    labels = [one["label"] for one in sim.state("xclarity")["data"]["backups"].values()]
    if given or inventory:
        assert (job.status, "asked" in labels) == ("successful", True), job.output
    else:
        assert (job.status, "asked" in labels) == ("failed", False)
        assert "protect_manager_passphrase" in job.output
