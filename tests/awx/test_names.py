# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""configure_controller: what a name means on a controller of several organizations, and what is refused before anything is changed."""

from __future__ import annotations

import json

import pytest
import yaml
from sites import DATA, PLAYBOOK, SITE, changing, named

SHARED = "organizations,credential_types,credentials,execution_environments,notification_templates,inventories"
SYSTEMS = "It takes a mapping by xclarity, ops_manager, openstack, backup."


def of(controller, kind, organization):
    """The objects of an organization, by name."""
    ident = named(controller, "organization", organization)["id"]
    return {one["name"]: one for one in controller.objects[kind].values() if one["organization"] == ident}


def with_a_credential(controller, name, organization):
    """A credential for Git, by its id."""
    kind = controller.create("credential_type", {"name": "Source Control", "kind": "cloud", "inputs": {}, "injectors": {}})
    return controller.create("credential", {"name": name, "organization": organization, "credential_type": kind["id"], "inputs": {}})["id"]


def in_an_organization(controller):
    """What projects need."""
    one = controller.create("organization", {"name": "Groundwork"})["id"]
    controller.create("execution_environment", {"name": "Groundwork", "organization": one, "image": SITE["groundwork_ee_image"]})
    return one


def few(site):
    """A file of variables with one template, and a workflow of it: each object is a process of its own, seven times over."""
    (workflow,) = DATA["controller_workflows"]
    protect, approve = (one for one in workflow["simplified_workflow_nodes"] if one["identifier"] in ("protect", "approve"))
    nodes = [{**protect, "success_nodes": ["approve"]}, {**approve, "success_nodes": []}]
    fewer = {
        "controller_templates": DATA["controller_templates"][:1],
        "controller_workflows": [{**workflow, "simplified_workflow_nodes": nodes}],
    }
    path = site.folder / "few.json"
    path.write_text(json.dumps(fewer), encoding="utf-8")
    return path


def test_an_organization_beside_another_has_all_of_its_own(site):
    """Of the same names, which modules look up by name alone. Nothing of the first is touched, and it is not in the way of the first."""
    assert site.play("--tags", SHARED, "-e", "groundwork_organization=First").rc == 0
    controller = site.controller
    controller.create("workflow_approval_template", {"name": "Restart servers?", "organization": None})  # of a workflow of the first
    before = {kind: of(controller, kind, "First") for kind in ("credential", "execution_environment", "inventory", "notification_template")}
    other = ("-e", "groundwork_organization=Other", "-e", "groundwork_execution_environment=Other", "-e", f"@{few(site)}")
    ended = site.play("--check", *other)
    assert (ended.rc, "Check mode ends here" in ended.output) == (0, True), ended.output
    made = site.play(*other)
    assert made.rc == 0, made.output
    assert {kind: of(controller, kind, "First") for kind in before} == before
    templates, credentials = of(controller, "job_template", "Other"), of(controller, "credential", "Other")
    protect = templates["Protect XClarity Administrator"]
    wanted = {credentials[name]["id"] for name in ("XClarity Administrator", "Backup passphrase")}
    assert set(controller.links["job_template", protect["id"], "credentials"]) == wanted
    told = of(controller, "notification_template", "Other")["Groundwork outcome"]["id"]
    assert controller.links["job_template", protect["id"], "notification_templates_error"] == [told]
    assert {one["inventory"] for one in templates.values()} == {of(controller, "inventory", "Other")["Servers"]["id"]}
    source = named(controller, "inventory_source", "Ops Manager")
    assert source["credential"] == credentials["Ops Manager"]["id"]
    start = len(controller.log)
    again = [site.start(*other), site.start("--check", *other)]
    for play in map(site.end, again):
        assert (play.rc, play.recap["changed"]) == (0, 0), play.output
    # Neither list is made in this run, so that all is looked up.
    alone = site.play("--tags", "inventory_sources,workflows,schedules", *other)
    first = site.play("--tags", SHARED, "-e", "groundwork_organization=First")
    for play in (alone, first):
        assert (play.rc, play.recap["changed"]) == (0, 0), play.output
    assert changing(controller.log[start:]) == []
    assert controller.tokens == {}


@pytest.mark.parametrize("mode", [(), ("--check",)], ids=["run", "check"])
def test_an_execution_environment_of_another_organization_is_left_to_it(configured, mode):
    site, _first = configured
    before = len(site.controller.log)
    play = site.play("-e", "groundwork_organization=Other", *mode)
    assert play.rc == 2, play.output
    assert "The execution environment Groundwork is not one of the organization Other but of Groundwork" in play.output
    assert "Nothing was changed. Set groundwork_execution_environment to a name that is free" in play.output
    assert changing(site.controller.log[before:]) == []
    assert site.controller.tokens == {}


def test_two_organizations_in_one_command_are_looked_at_each_by_itself(site):
    """Facts stay for the second use: those of the first organization would have been those of the second."""
    uses = []
    for name in ("First", "Other"):
        ident = site.controller.create("organization", {"name": name})["id"]
        site.controller.create("execution_environment", {"name": name, "organization": ident, "image": SITE["groundwork_ee_image"]})
        names = {"groundwork_organization": name, "groundwork_execution_environment": name}
        uses.append({"ansible.builtin.import_playbook": PLAYBOOK, "vars": names})
    book = site.folder / "both.yml"
    book.write_text(yaml.safe_dump(uses), encoding="utf-8")
    before = len(site.controller.log)
    play = site.play("--tags", "projects", "--check", playbook=str(book))
    assert (play.rc, play.recap["failed"]) == (0, 0), play.output
    assert changing(site.controller.log[before:]) == []


@pytest.mark.parametrize("mode", [(), ("--check",)], ids=["run", "check"])
def test_a_credential_that_nobody_makes_is_refused_in_check_mode_as_in_a_run(site, mode):
    in_an_organization(site.controller)
    for tags in ((), ("--tags", "projects")):
        play = site.play(*tags, "-e", "groundwork_project_credential=nope", *mode)
        assert play.rc == 2, play.output
        assert "There are no credentials named 'nope' for the organization Groundwork" in play.output
        assert "Nothing was changed. Correct groundwork_project_credential" in play.output
    assert changing(site.controller.log) == []


@pytest.mark.parametrize("mode", [(), ("--check",)], ids=["run", "check"])
def test_what_a_run_by_tags_does_not_make_has_to_be_there(site, mode):
    play = site.play("--tags", "projects", *mode)
    assert play.rc == 2, play.output
    said = "There are no organizations named 'Groundwork', no execution environments named 'Groundwork' for the organization Groundwork"
    assert said in play.output
    assert "first with --tags organizations,execution_environments." in play.output
    assert changing(site.controller.log) == []


def test_check_mode_is_green_for_what_this_run_would_make(site):
    play = site.play("--check", "--tags", "organizations,execution_environments,projects")
    assert (play.rc, play.recap["failed"]) == (0, 0), play.output
    assert "Check mode ends here" in play.output


def test_check_mode_is_green_for_an_inventory_still_to_be_made(site):
    """The module of inventory sources says so in words of its own."""
    in_an_organization(site.controller)
    credentials = "credential_types,credentials"
    assert site.play("--tags", f"{credentials},projects").rc == 0
    before = len(site.controller.log)
    play = site.play("--check", "--tags", f"{credentials},projects,inventories,inventory_sources")
    assert (play.rc, play.recap["failed"], play.changed) == (0, 0, ["Servers"]), play.output
    assert "Check mode ends here: XClarity Administrator: The specified inventory" in play.output
    assert changing(site.controller.log[before:]) == []


TO_BE_MADE = {
    # what is not there yet -> the run that names it, and what is told; the module of schedules ends in an error of Python
    "workflow_job_template": ("workflows", "Provisioning: cluster: The workflow Provisioning in organization Groundwork was not found"),
    "job_template": ("job_templates,schedules", "Schedules name what is not there yet."),
}


@pytest.mark.parametrize("kind", TO_BE_MADE)
def test_check_mode_is_green_for_what_the_rest_names(configured, monkeypatch, kind):
    tags, said = TO_BE_MADE[kind]
    site, _first = configured
    monkeypatch.setitem(site.controller.objects, kind, {})
    before = len(site.controller.log)
    play = site.play("--check", "--tags", tags)
    assert (play.rc, play.recap["failed"]) == (0, 0), play.output
    assert f"Check mode ends here: {said}" in play.output
    assert changing(site.controller.log[before:]) == []


def test_the_credential_of_the_project_is_that_of_the_organization(site):
    one = in_an_organization(site.controller)
    ours = with_a_credential(site.controller, "Git", one)
    other = site.controller.create("organization", {"name": "Other"})["id"]
    fields = {"name": "Git", "credential_type": site.controller.objects["credential"][ours]["credential_type"], "inputs": {}}
    theirs = [site.controller.create("credential", {**fields, "organization": ident})["id"] for ident in (other,)]
    run = ("--tags", "projects", "-e")
    assert site.play(*run, "groundwork_project_credential=Git").rc == 0
    assert named(site.controller, "project", "Groundwork")["credential"] == ours
    # An id says which, whose ever it is.
    assert site.play(*run, f"groundwork_project_credential={theirs[0]}").rc == 0
    assert named(site.controller, "project", "Groundwork")["credential"] == theirs[0]


@pytest.mark.parametrize("given", [{"xclarty": {"username": "a"}}, "xclarity"], ids=["misspelt", "text"])
def test_a_system_that_there_is_not_is_refused_with_those_that_there_are(site, given):
    play = site.play(site={**SITE, "groundwork_credentials": given})
    assert play.rc == 2, play.output
    assert SYSTEMS in play.output
    assert isinstance(given, str) or "groundwork_credentials has xclarty." in play.output
    assert site.controller.log == []


@pytest.mark.parametrize("host", ["", " ", "https://"])
def test_a_blank_address_is_told_with_the_names_of_the_variables(site, host):
    play = site.play(CONTROLLER_HOST=host)
    assert play.rc == 2, play.output
    assert f"CONTROLLER_HOST names no controller: it is '{host.strip()}'. Nothing was changed. Set CONTROLLER_HOST" in play.output
    assert "NoneType" not in play.output
    assert site.controller.log == []


def test_what_the_controller_refused_is_in_the_message(site):
    controller = site.controller
    one = in_an_organization(controller)
    project = controller.create("project", {"name": "Groundwork", "organization": one})["id"]
    inventory = controller.create("inventory", {"name": "Servers", "organization": one})["id"]
    fields = {"name": "Protect XClarity Administrator", "organization": one, "project": project, "inventory": inventory, "playbook": "x"}
    template = controller.create("job_template", fields)["id"]
    rule = "DTSTART:20260101T020000Z RRULE:FREQ=DAILY;INTERVAL=1"
    controller.create("schedule", {"name": "Backup every night", "unified_job_template": template, "rrule": rule})
    play = site.play("--tags", "schedules", "-e", "groundwork_backup_rrule=RRULE:FREQ=DAILY")
    assert play.rc == 2, play.output
    message = play.output[play.output.index("The task Schedules failed") :]
    assert "Unable to update schedule Backup every night: rrule: Valid DTSTART required in rrule." in message
    assert "INTERVAL required in rrule" in message
    assert "see response" not in message


def test_a_collection_that_is_not_installed_is_told_with_where_it_is(site):
    for env in ({}, {"CONTROLLER_OAUTH_TOKEN": "one"}):
        play = site.play("-e", "groundwork_controller_collection=no.such", **env)
        assert play.rc == 2, play.output
        assert "ansible-galaxy collection install awx.awx" in play.output
        assert "up to version 13" in play.output
    assert site.controller.log == []


def test_a_token_of_the_environment_is_enough(site):
    site.controller.tokens["given"] = "admin"
    play = site.play("--tags", "organizations", CONTROLLER_OAUTH_TOKEN="given", CONTROLLER_USERNAME="", CONTROLLER_PASSWORD="")
    assert (play.rc, play.changed) == (0, ["Groundwork"]), play.output
    assert site.controller.tokens == {"given": "admin"}
