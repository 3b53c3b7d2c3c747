# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The callback groundwork.provision.report with a real ansible-playbook: what is on its page, and that it never breaks a run."""

from __future__ import annotations

import html.parser
import os
import re
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import examples
import pytest
import yaml

FREE = {"web-01": "0A10000000000000000000000000000A", "web-02": "0A10000000000000000000000000000B"}
LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
QUICK = {"restart": "immediate", "poll_interval": 0.05, "wait_timeout": 20}


class Text(html.parser.HTMLParser):
    """What a person reads, and where the links lead."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self.feed(source.partition("</style>")[2])
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def activate(**more: Any) -> dict[str, Any]:
    return {"name": "Activate", "groundwork.provision.profile_activation": {**QUICK, **more}}


def report_of(harness: Any, book: list[dict[str, Any]], *arguments: str, **env: str) -> tuple[Any, Text, str]:
    """(the finished ansible-playbook, what its page says, its source)."""
    path = harness.folder / "book.yml"
    path.write_text(yaml.safe_dump(book, sort_keys=False), encoding="utf-8")
    page = harness.folder / "report.html"
    enabled = {"ANSIBLE_CALLBACKS_ENABLED": "groundwork.provision.report", "GROUNDWORK_REPORT": str(page)}
    played = harness.playbook(str(path), *arguments, **enabled, **env)
    source = page.read_text(encoding="utf-8")
    return played, Text(source), source


def on_localhost(*tasks: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    return [{"hosts": "localhost", "gather_facts": False, "vars": LOCAL, "tasks": list(tasks), **more}]


def on_hosts(harness: Any, hosts: dict[str, dict[str, Any]]) -> str:
    path = harness.folder / "hosts.yml"
    path.write_text(yaml.safe_dump({"all": {"hosts": hosts, "vars": LOCAL}}), encoding="utf-8")
    return str(path)


def test_what_was_done(sim, harness):
    profiles = [{"profile": name, "uuid": uuid} for name, uuid in FREE.items()]
    played, page, source = report_of(harness, on_localhost(activate(profiles=profiles), {"ansible.builtin.debug": {"msg": "not ours"}}))
    assert played.rc == 0, played.output
    assert "No task failed." in page.text
    assert "1 changed" in page.text
    assert "web-01: changed , Complete after" in page.text
    assert "2 changed" in page.text
    assert "localhost ok=2 changed=1" in page.text
    assert "not ours" not in page.text
    assert page.tags.count("svg") == 2
    assert "come to its end" not in page.text
    assert stat.S_IMODE((harness.folder / "report.html").stat().st_mode) == 0o600
    assert [path.name for path in harness.folder.glob(".report.html*")] == []
    assert "Passw0rd" not in source
    assert harness.control.ready["xclarity"] not in source


def test_what_failed_why_and_what_to_do(sim, harness):
    profiles = [{"profile": "web-01", "uuid": FREE["web-01"]}, {"profile": "db-01", "uuid": FREE["web-02"]}]
    played, page, _source = report_of(harness, on_localhost(activate(profiles=profiles)))
    assert played.rc == 2, played.output
    assert "1 task failed." in page.text
    assert page.text.count("Unassign it first") == 2, "once with the failure, once with its code"
    assert "What to do: Unassign it first" in page.text
    assert "target_mismatch" in page.text
    assert "#code-target_mismatch" in page.links
    assert "localhost failed=1" in page.text


def test_one_task_in_check_mode(sim, harness):
    """By its own keyword, also where that is a template."""
    task = activate(profile="web-01", uuid=FREE["web-01"])
    tasks = [{**task, "check_mode": "{{ not real }}", "vars": {"real": real}, "name": f"Really {real}"} for real in (False, True)]
    played, page, _source = report_of(harness, on_localhost(*tasks))
    assert played.rc == 0, played.output
    assert page.text.count("web-01: would be changed") == 1
    assert page.text.count("web-01: changed , Complete") == 1
    assert "Check mode" not in page.text


def test_check_mode_says_what_would_be(sim, harness):
    played, page, _source = report_of(harness, on_localhost(activate(profile="web-01", uuid=FREE["web-01"])), "--check")
    assert played.rc == 0, played.output
    assert "Check mode: nothing was changed by this run." in page.text
    assert "web-01: would be changed" in page.text
    assert "POST /profiles/71" in page.text
    assert sim.log(changing=True) == []


def test_check_mode_says_what_would_be_of_each_kind(sim, harness):
    """However a module calls what it is about: in its plan, and in its result."""
    login = {"credential_username": "me", "credential_password": "S3cret-one"}
    tasks = [
        {"groundwork.provision.managed_node": {"address": "192.0.2.121", "stored_credential": "3401", "managed_authentication": False}},
        {"groundwork.provision.stored_credential": {"description": "new ones", **login}},
        {"groundwork.provision.pattern_deployment": {"pattern": "web", "node": FREE["web-01"], "restart": "pending"}},
    ]
    played, page, _source = report_of(harness, on_localhost(*tasks), "--check")
    assert played.rc == 0, played.output
    for name in ("192.0.2.121", "new ones", FREE["web-01"]):
        assert f"{name}: would be changed" in page.text
    assert "resources: 1 unchanged" not in page.text


def test_a_failure_that_a_role_raises_once_more_is_one(sim, harness):
    """It is told where it was rescued and where it was raised; its job and its code are counted once, and the look of a host that failed is
    no work."""
    sim.seed(xclarity={"nodes": [{"uuid": "7" * 32, "name": "bare"}]})
    sim.switches("xclarity", fail_next=[{"kind": "firmware", "state": "Stopped_With_Error"}])
    hosts = {"web-03": {"xclarity_uuid": "0A10000000000000000000000000000C"}, "bare": {"xclarity_uuid": "7" * 32}}
    tasks = [{"name": "By a role", "ansible.builtin.include_role": {"name": "groundwork.provision.update_firmware"}}]
    variables = {**LOCAL, "update_firmware_activation": "immediate", "update_firmware_poll_interval": 0.05}
    book = [{"hosts": "all", "gather_facts": False, "vars": variables, "tasks": tasks}]
    played, page, _source = report_of(harness, book, "-i", on_hosts(harness, hosts))
    assert played.rc == 2, played.output
    assert "2 failed 2 failed and rescued" in page.text
    assert page.tags.count("svg") == 1, page.text
    assert page.text.count(", 1 time.") == 2, page.text
    assert "times." not in page.text
    looks = page.text.index("in check mode, which looked ahead and changed nothing")
    assert page.text.index("Plan its update", page.text.index("What was done")) > looks


def test_hosts_that_no_wave_reached_are_told(harness):
    """A play that ends after its first wave says nothing of the others."""
    far = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 9}
    hosts = {"a": {}, "b": far, "c": {}, "d": {}}
    waves = {"name": "In waves", "hosts": "all", "serial": 1, "gather_facts": False, "tasks": [{"ansible.builtin.ping": {}}]}
    plays = [{"name": "Look", "hosts": "a,c", "gather_facts": False, "tasks": [{"ansible.builtin.debug": {}}]}, waves]
    played, page, _source = report_of(harness, plays, "-i", on_hosts(harness, hosts))
    assert played.rc != 0, played.output
    assert "Not reached by the play In waves, which ended before: c, d" in page.text
    assert "play Look" not in page.text


def test_a_play_that_ansible_refuses_is_told_with_the_reason(sim, harness):
    """Nobody interrupted it. Ansible shows the reason and tells its plugins nothing."""
    refused = {"name": "Refused", "serial": "{{ undef(hint='serial takes a number from 1.') }}", "hosts": "localhost", "tasks": []}
    played, page, _source = report_of(harness, [*on_localhost(activate(profile="web-01", uuid=FREE["web-01"])), refused])
    assert played.rc != 0, played.output
    assert "serial takes a number from 1." in played.output
    assert "Ansible ended it after" in page.text
    assert "serial takes a number from 1." in page.text
    assert "No task had failed by then." in page.text
    assert "interrupted" not in page.text
    assert "What the servers were doing" not in page.text
    assert "web-01: changed" in page.text


def test_a_playbook_that_cannot_be_read_after_one_that_ran_is_told(sim, harness):
    second = harness.folder / "second.yml"
    second.write_text("- hosts: localhost\n  taskz: []\n", encoding="utf-8")
    played, page, _source = report_of(harness, on_localhost(activate(profile="web-01", uuid=FREE["web-01"])), str(second))
    assert played.rc == 4, played.output
    assert "Ansible ended it after" in page.text
    assert "taskz" in page.text


def test_an_include_that_cannot_be_found_is_told_with_the_reason(sim, harness):
    """Ansible shows it, and goes on with what rescues it. It ends the run without an error of its own."""
    rescue = activate(profile="web-01", uuid=FREE["web-01"])
    missing = {"block": [{"name": "Include", "ansible.builtin.include_tasks": "nowhere.yml"}], "rescue": [rescue]}
    _played, page, _source = report_of(harness, on_localhost(missing))
    assert "nowhere.yml" in page.text
    assert "It told no reason." not in page.text
    assert "Ansible ended it" not in page.text


def test_a_task_of_a_loop_of_includes_has_the_time_in_which_it_ran(sim, harness):
    tasks = [
        {"name": "Read", "groundwork.provision.profile_info": {}},
        {"ansible.builtin.command": "sleep 2"},
    ]  # fmt: skip
    (harness.folder / "included.yml").write_text(yaml.safe_dump(tasks), encoding="utf-8")
    played, _page, source = report_of(harness, on_localhost({"ansible.builtin.include_tasks": "included.yml", "loop": [1, 2, 3]}))
    assert played.rc == 0, played.output
    (seconds,) = re.findall(r"<code>groundwork.provision.profile_info</code>, ([\d.]+)&nbsp;s</span>", source)
    assert float(seconds) < 4


@pytest.mark.parametrize("strategy", ["linear", "free"])
def test_each_host_of_the_role(sim, harness, strategy):
    hosts = {name: {"xclarity_profile": name, "xclarity_target": uuid} for name, uuid in FREE.items()}
    hosts["bare"] = {}
    sim.switches("xclarity", fail_next=[{"kind": "activate", "state": "Stopped_With_Error"}])
    tasks = [{"name": "By a role", "ansible.builtin.include_role": {"name": "groundwork.provision.activate_profiles"}}]
    variables = {**LOCAL, "xclarity_restart": "immediate", "activate_profiles_poll_interval": 0.05}
    book = [{"hosts": "all", "gather_facts": False, "strategy": strategy, "vars": variables, "tasks": tasks}]
    played, page, _source = report_of(harness, book, "-i", on_hosts(harness, hosts))
    assert played.rc == 2, played.output
    assert "1 task failed." in page.text
    assert "#code-job_failed" in page.links
    (failed,) = [name for name in FREE if f"failed on {name};" in page.text]
    (other,) = set(FREE) - {failed}
    assert f"{failed}: failed , Stopped_With_Error after" in page.text
    assert f"{other}: changed , Complete after" in page.text
    assert f"{failed} ok=3 failed=1" in page.text
    assert "Look at the job on the server" in page.text
    assert "No profile is named for this host" in page.text
    assert page.tags.count("svg") == 2


def test_rescue_ignore_loops_and_unreachable(sim, harness):
    wrong = activate(profile="web-99", uuid=FREE["web-01"])
    right = {**activate(profile="{{ item.profile }}", uuid="{{ item.uuid }}"), "loop": [
        {"profile": name, "uuid": uuid, "password": "hidden-in-a-mapping"} for name, uuid in FREE.items()
    ]}  # fmt: skip
    looped = {**activate(profile="{{ item }}", uuid=FREE["web-01"]), "name": "Loop", "loop": ["web-97", "web-98"], "ignore_errors": True}
    rescued = {"block": [{"name": "Rescued", **{key: value for key, value in wrong.items() if key != "name"}}], "rescue": [right]}
    far = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 9}
    lost = {"name": "Ping", "ansible.builtin.ping": {}, "vars": far}
    let = {**lost, "name": "Pong", "ignore_unreachable": "{{ 1 == 1 }}"}
    played, page, source = report_of(harness, on_localhost(rescued, looped, let, lost))
    assert played.rc == 4, played.output
    assert "1 task failed." in page.text
    assert "1 unreachable" in page.text
    assert "1 failed and rescued" in page.text
    assert "3 failed and ignored" in page.text
    assert "Pong failed and ignored on localhost" in page.text
    assert "failed and ignored on localhost, web-97" in page.text
    assert "2 changed" in page.text
    assert "Ping unreachable on localhost" in page.text
    assert "hidden-in-a-mapping" not in source
    assert page.text.index("What failed, why") < page.text.index("What failed and was rescued")


def test_what_is_hidden_stays_hidden(sim, harness):
    task = {**activate(profile="web-99", uuid=FREE["web-01"]), "no_log": True}
    told = {"name": "Told", "ansible.builtin.fail": {"msg": "the key is 0ps-private-key and <b>bold</b>"}, "ignore_errors": True}
    _played, page, source = report_of(harness, on_localhost(told, task))
    assert "The output of this task is hidden (no_log)." in page.text
    assert "web-99" not in source
    assert "0ps-private-key" not in source
    assert "<b>" not in source
    assert "&lt;b&gt;bold" in source


@pytest.mark.parametrize("ending, told", [(signal.SIGINT, True), (signal.SIGKILL, False)])
def test_a_run_that_does_not_come_to_its_end(sim, harness, ending, told):
    """Interrupted, Ansible tells its plugins nothing; killed, there is the page of the last task's begin."""
    page = harness.folder / "report.html"
    page.write_text("an older run", encoding="utf-8")
    mark = harness.folder / "mark"
    tasks = [activate(profile="web-01", uuid=FREE["web-01"]), {"ansible.builtin.shell": f"touch {mark}; sleep 60"}]
    book = harness.folder / "book.yml"
    book.write_text(yaml.safe_dump(on_localhost(*tasks)), encoding="utf-8")
    environment = harness.environment(ANSIBLE_CALLBACKS_ENABLED="groundwork.provision.report", GROUNDWORK_REPORT=str(page))
    before = harness.folder / "before.yml"
    before.write_text(yaml.safe_dump(on_localhost({"ansible.builtin.debug": {"msg": "it has ended"}})), encoding="utf-8")
    command = [str(Path(sys.executable).parent / "ansible-playbook"), str(before), str(book)]
    with subprocess.Popen(command, env=environment, cwd=harness.folder, start_new_session=True, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL) as process:  # fmt: skip
        until = time.monotonic() + 60
        while not mark.exists() and process.poll() is None and time.monotonic() < until:
            time.sleep(0.02)
        assert mark.exists()
        os.killpg(process.pid, ending)
        process.wait(timeout=30)
    text = Text(page.read_text(encoding="utf-8")).text
    assert "come to its end" in text
    assert ("it was interrupted after" in text) == told
    assert "web-01: changed" in text
    assert "Under way" not in text


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_what_was_under_way_when_the_run_ended(sim, harness, ending):
    """The tasks of a role have been sent and have not ended on any host."""
    sim.switches("xclarity", job_seconds=60)
    hosts = {name: {"xclarity_profile": name, "xclarity_target": uuid} for name, uuid in FREE.items()}
    variables = {**LOCAL, "xclarity_restart": "immediate", "activate_profiles_poll_interval": 0.05}
    tasks = [{"name": "By a role", "ansible.builtin.include_role": {"name": "groundwork.provision.activate_profiles"}}]
    book, page = harness.folder / "book.yml", harness.folder / "report.html"
    book.write_text(yaml.safe_dump([{"hosts": "all", "gather_facts": False, "vars": variables, "tasks": tasks}]), encoding="utf-8")
    environment = harness.environment(ANSIBLE_CALLBACKS_ENABLED="groundwork.provision.report", GROUNDWORK_REPORT=str(page))
    command = [str(Path(sys.executable).parent / "ansible-playbook"), "-i", on_hosts(harness, hosts), str(book)]
    with subprocess.Popen(command, env=environment, cwd=harness.folder, start_new_session=True, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL) as process:  # fmt: skip
        until = time.monotonic() + 60
        while len(sim.log(changing=True)) < len(FREE) and process.poll() is None and time.monotonic() < until:
            time.sleep(0.05)
        os.killpg(process.pid, ending)
        process.wait(timeout=30)
    sim.reset()  # a process that is killed leaves its session open
    text = Text(page.read_text(encoding="utf-8")).text
    assert "No task had failed by then." in text
    assert "Under way when" in text
    assert "Activate it, together with all that are registered groundwork.provision.host_profile was under way when" in text
    assert " on web-01, web-02" in text
    assert "hat it started goes on by itself; run again to join it." in text
    assert ("Under way when the run was interrupted" in text) == (ending == signal.SIGINT)
    assert "No task of this collection ran" not in text


def test_each_task_of_a_role_and_its_looks_ahead(empty_sim, harness):
    """In a real run what a role looks up in check mode first is no change, and no planned request."""
    spec = {"type": "os.nova.server", "version": "1.0", "properties": {
        "name": "web", "flavor": "1", "image": "image", "networks": [{"network": "private"}],
    }}  # fmt: skip
    variables = {**LOCAL, "run_cluster_name": "web", "run_cluster_profile_spec": spec, "run_cluster_desired_capacity": 1}
    role = {"name": "By a role", "ansible.builtin.include_role": {"name": "groundwork.provision.run_cluster"}}
    played, page, _source = report_of(harness, on_localhost(role, vars=variables))
    assert played.rc == 0, played.output
    assert "Results of tasks of this collection, and what else failed: 2 changed" in page.text
    assert "Keep the profile groundwork.provision.cluster_profile" in page.text
    assert "Keep the cluster groundwork.provision.cluster" in page.text
    assert "tasks in check mode, which looked ahead and changed nothing" in page.text
    assert "Planned requests" not in page.text
    assert "web: changed" in page.text
    assert page.text.index("Keep the cluster groundwork") < page.text.index("Look at the profile groundwork")


def test_one_reason_of_several_hosts(sim, harness):
    hosts: dict[str, dict[str, Any]] = {name: {} for name in ("a", "b", "c")}
    book = [{"hosts": "all", "gather_facts": False, "tasks": [activate(profile="web-99", uuid=FREE["web-01"])]}]
    played, page, _source = report_of(harness, book, "-i", on_hosts(harness, hosts))
    assert played.rc == 2, played.output
    assert "1 task failed, on 3 hosts." in page.text
    assert page.tags.count("h3") == 2, "the failure once, and the codes"


def test_the_wait_of_a_job_that_did_not_end(sim, harness):
    sim.switches("xclarity", job_seconds=60)
    task = activate(profile="web-01", uuid=FREE["web-01"], wait_timeout=0.5)
    played, page, source = report_of(harness, on_localhost(task))
    assert played.rc == 2, played.output
    assert re.search(r"not ended after \d", page.text)
    assert [float(width) > 0 for width in re.findall(r'class="work" x="[\d.]+" y="0" width="([\d.]+)"', source)] == [True]


def test_a_request_for_servers_is_there_with_what_it_changed(sim, harness):
    sim.switches("ops_manager", allocation_seconds=0, cancel_seconds=0, clean_seconds=0)
    task = {"name": "Ask", "groundwork.provision.server_pool_request": {
        "properties": {"Datacenter": "oslo", "Size": "m"}, "count": 1, "poll_interval": 0.05,
    }}  # fmt: skip
    played, page, _source = report_of(harness, on_localhost(task))
    assert played.rc == 0, played.output
    assert re.search(r"resources: 1 changed Resources \S.*: changed , COMPLETED after", page.text)


def test_the_current_folder_is_no_secret(sim, harness):
    told = {"name": "Told", "ansible.builtin.fail": {"msg": f"nothing in {harness.folder}/x and s3cret-word"}, "ignore_errors": True}
    folders = {"PWD": str(harness.folder), "OLDPWD": f"{harness.folder}/x"}
    _played, page, _source = report_of(harness, on_localhost(told), MY_PASSWORD="s3cret-word", **folders)
    assert f"nothing in {harness.folder}/x and " in page.text
    assert "s3cret-word" not in page.text


@pytest.mark.parametrize("where", ["missing/report.html", "."])
def test_a_page_that_cannot_be_written_is_a_warning(sim, harness, where):
    path = harness.folder / "book.yml"
    path.write_text(yaml.safe_dump(on_localhost(activate(profile="web-01", uuid=FREE["web-01"]))), encoding="utf-8")
    enabled = {"ANSIBLE_CALLBACKS_ENABLED": "groundwork.provision.report", "GROUNDWORK_REPORT": str(harness.folder / where)}
    environment = harness.environment(**enabled)
    command = [str(Path(sys.executable).parent / "ansible-playbook"), str(path)]
    done = subprocess.run(command, env=environment, cwd=harness.folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (done.stdout + done.stderr).count("The report of this run was not written") == 1
    assert "changed=1" in done.stdout


def test_it_is_off_unless_enabled(sim, harness):
    played = harness.play([activate(profile="web-01", uuid=FREE["web-01"])], GROUNDWORK_REPORT=str(harness.folder / "report.html"))
    assert played.rc == 0
    assert not (harness.folder / "report.html").exists()


GUIDE = (examples.ROOT / "docs" / "guide_report.md").read_text(encoding="utf-8")


def run_in(folder: Path, harness: Any, command: str) -> str:
    (folder / "inventory").write_text(yaml.safe_dump({"all": {"children": {"xclarity_servers": {
        "hosts": {name: {"xclarity_profile": name, "xclarity_target": uuid} for name, uuid in FREE.items()},
        "vars": {**LOCAL, "xclarity_restart": "immediate", "activate_profiles_poll_interval": 0.05},
    }}}}), encoding="utf-8")  # fmt: skip
    shell, environment = ["bash", "-ec", command], harness.environment()
    done = subprocess.run(shell, env=environment, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "[WARNING]" not in done.stderr
    return done.stdout


def test_the_command_of_the_guide(sim, harness):
    (command,) = re.findall(r"^```sh\n(.*?)\n```$", GUIDE, re.M | re.S)
    run_in(harness.folder, harness, command)
    text = Text((harness.folder / "groundwork-report.html").read_text(encoding="utf-8")).text
    assert "web-01: changed , Complete after" in text


def test_the_settings_of_the_guide(sim, harness):
    (settings,) = re.findall(r"^```ini\n(.*?)^```$", GUIDE, re.M | re.S)
    (harness.folder / "ansible.cfg").write_text(settings, encoding="utf-8")
    run_in(harness.folder, harness, "ansible-playbook -i inventory groundwork.provision.activate_profiles --check")
    text = Text((harness.folder / "report.html").read_text(encoding="utf-8")).text
    assert text.startswith("Activations in Oslo activate_profiles.yml")
    assert "Check mode" in text
    assert "web-01: would be changed" in text
