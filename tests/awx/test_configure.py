# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""configure_controller: everything is made once, a second run and check mode change nothing."""

from __future__ import annotations

import subprocess

import yaml
from sites import CACHE, ROOT, SECRET, WEBHOOK, changing, named

SURVEYS = yaml.safe_load((ROOT / "extensions/awx/surveys.yml").read_text(encoding="utf-8"))["groundwork_surveys"]
MADE = {
    "organization": 1, "credential_type": 4, "credential": 4, "execution_environment": 1, "notification_template": 1, "project": 1,
    "inventory": 1, "inventory_source": 2, "job_template": 13, "workflow_job_template": 1, "workflow_job_template_node": 8,
    "workflow_approval_template": 1, "schedule": 1,
}  # fmt: skip


def test_everything_is_made_once(configured):
    site, first = configured
    assert first.rc == 0, first.output
    assert "[WARNING]" not in first.output
    assert {kind: len(objects) for kind, objects in site.controller.objects.items()} == MADE
    assert all(status < 400 for *_request, status in site.controller.log)
    assert "PATCH" not in {method for method, _path in changing(site.controller.log)}


def test_a_second_run_and_check_mode_change_nothing(configured):
    site, first = configured
    before = len(site.controller.log)
    both = [site.start(), site.start("--check")]
    for play in map(site.end, both):
        assert (play.rc, play.recap["changed"], play.recap["failed"]) == (0, 0, 0), play.output
        assert play.recap["ok"] == first.recap["ok"]
    assert changing(site.controller.log[before:]) == []


def test_every_survey_is_shown_back_as_it_was_sent(configured):
    controller = configured[0].controller
    templates = [("job_template", one) for one in controller.objects["job_template"].values()]
    asked = {name for name in SURVEYS if not name.startswith("workflow_")}
    assert {one["playbook"].rpartition(".")[2] for _kind, one in templates} == asked
    for kind, one in templates:
        assert controller.surveys[kind, one["id"]] == SURVEYS[one["playbook"].rpartition(".")[2]]
    (workflow,) = controller.objects["workflow_job_template"]
    assert controller.surveys["workflow_job_template", workflow] == SURVEYS["workflow_provisioning"]


def test_nothing_restarts_before_the_approval(configured):
    controller = configured[0].controller
    nodes = controller.objects["workflow_job_template_node"]
    runs = {**controller.objects["job_template"], **controller.objects["workflow_approval_template"]}
    (ident,) = set(nodes) - {after for node in nodes.values() for after in node["success_nodes"]}
    order = []
    while ident:
        order.append(runs[nodes[ident]["unified_job_template"]]["name"])
        ident = next(iter(nodes[ident]["success_nodes"]), None)
    assert order == [
        "Protect XClarity Administrator", "Manage servers", "Restart servers?", "Update firmware", "Activate server profiles",
        "Acquire servers", "Define cluster profiles", "Run a cluster",
    ]  # fmt: skip


def test_who_is_told_and_what_is_stored(configured):
    controller = configured[0].controller
    (template,) = controller.objects["notification_template"].values()
    assert template["notification_configuration"]["url"] == WEBHOOK
    (workflow,) = controller.objects["workflow_job_template"]
    assert controller.links["workflow_job_template", workflow, "notification_templates_approvals"] == [template["id"]]
    assert controller.secrets_of("XClarity Administrator")["password"] == SECRET
    assert named(controller, "credential", "XClarity Administrator")["inputs"]["password"] == "$encrypted$"
    assert named(controller, "inventory", "Servers")["variables"] == '{"protect_manager_destination": "/mnt/backups"}'


def test_awx_export_gives_the_same_objects_back(configured):
    site, _first = configured
    site.controller.tokens["awx-command"] = "admin"
    command = [str(CACHE / "venv/bin/awx"), "--conf.host", site.controller.url, "--conf.token", "awx-command", "-f", "yaml", "export"]
    kinds = ["--credential_types", "--credentials", "--job_templates", "--workflow_job_templates", "--schedules", "--inventory_sources"]
    done = subprocess.run(command + kinds, capture_output=True, text=True, check=False, timeout=300, env={**site.environment})
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    found = yaml.safe_load(done.stdout)
    assert {kind: len(found[kind]) for kind in ("credential_types", "credentials", "job_templates", "workflow_job_templates")} == {
        "credential_types": 4, "credentials": 4, "job_templates": 13, "workflow_job_templates": 1,
    }  # fmt: skip
    template = next(one for one in found["job_templates"] if one["name"] == "Update firmware")
    assert template["playbook"] == "groundwork.provision.update_firmware"
    assert template["organization"] == {"name": "Groundwork", "type": "organization"}
    assert template["related"]["survey_spec"] == SURVEYS["update_firmware"]
    assert [one["name"] for one in template["related"]["credentials"]] == ["XClarity Administrator"]
    assert SECRET not in done.stdout
