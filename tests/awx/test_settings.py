# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""configure_controller: what a site sets, and what is said when the controller refuses."""

from __future__ import annotations

import json
import shutil

import pytest
import yaml
from sites import COLLECTIONS, PLAYBOOK, ROOT, SECRET, SITE, changing, named


def test_secrets_are_sent_again_only_when_told(site):
    """And a credential that was filled in by hand is kept."""
    assert site.play("--tags", "organizations,credential_types,credentials").rc == 0
    by_hand = named(site.controller, "credential", "Ops Manager")
    by_hand["inputs"] = {"endpoint": "https://ops.example.com"}
    other = {**SITE, "vault_backup_passphrase": f"{SECRET}-new"}
    kept = site.play("--tags", "credentials", site=other)
    assert (kept.rc, kept.recap["changed"]) == (0, 0), kept.output
    assert site.controller.secrets_of("Backup passphrase")["passphrase"] == f"{SECRET}-passphrase"
    sent = site.play("--tags", "credentials", "-e", "groundwork_update_secrets=true", site=other)
    # Which of them differ, the controller does not tell.
    assert (sent.rc, sent.changed) == (0, ["XClarity Administrator", "Backup passphrase"]), sent.output
    assert site.controller.secrets_of("Backup passphrase")["passphrase"] == f"{SECRET}-new"
    assert by_hand["inputs"] == {"endpoint": "https://ops.example.com"}


def test_check_mode_of_an_empty_controller_says_where_it_ends(site):
    play = site.play("--check")
    assert (play.rc, play.recap["failed"]) == (0, 0), play.output
    assert "Check mode ends here: XClarity Administrator: " in play.output
    assert changing(site.controller.log) == []


def test_a_user_without_the_permission_is_told_what_is_missing(site):
    site.controller.create("organization", {"name": "Groundwork"})
    play = site.play(CONTROLLER_USERNAME="auditor", CONTROLLER_PASSWORD="auditor")
    assert play.rc == 2, play.output
    said = "The task Credential types failed for 4 of them: Lenovo XClarity Administrator: You don't have permission to POST to"
    assert said in play.output
    assert "Credential types need a system administrator, and all else an administrator of the organization Groundwork." in play.output
    assert {kind: len(objects) for kind, objects in site.controller.objects.items() if objects} == {"organization": 1}


def test_a_wrong_password_is_told(site):
    play = site.play(CONTROLLER_PASSWORD="wrong")
    assert play.rc == 2
    assert "The task Log in failed for 1 of them: the list: Failed to get token: HTTP Error 401: Unauthorized." in play.output
    assert "Correct CONTROLLER_HOST, CONTROLLER_USERNAME and CONTROLLER_PASSWORD" in play.output
    assert "Nothing was changed. Correct" in play.output
    assert "shown as changed" not in play.output


@pytest.mark.parametrize(
    "environment, words, mode",
    [
        ({"CONTROLLER_HOST": "http://127.0.0.1:9"}, "Connection refused", ()),
        ({"CONTROLLER_OAUTH_TOKEN": "unknown"}, "401", ()),
        ({"ANSIBLE_COLLECTIONS_PATH": None}, "ansible-galaxy collection install awx.awx", ("--check",)),
    ],
    ids=["down", "token", "modules"],
)
def test_before_the_playbook_has_looked_nothing_can_have_been_changed(site, environment, words, mode):
    if "ANSIBLE_COLLECTIONS_PATH" in environment:  # without awx.awx
        environment = {"ANSIBLE_COLLECTIONS_PATH": site.environment["ANSIBLE_COLLECTIONS_PATH"].rpartition(":")[0]}
    play = site.play(*mode, **environment)
    assert play.rc == 2, play.output
    assert words in play.output, play.output
    assert "Nothing was changed. " in play.output
    assert "shown as changed" not in play.output
    assert changing(site.controller.log) == []


TIMEOUT = "groundwork_approval_timeout takes a whole number of seconds"
WAVES = "groundwork_waves takes a number of hosts"
SECRETS = "groundwork_update_secrets takes true or false"
INSECURE = "groundwork_credentials takes true or false for insecure, and has neither for"
WRONG = {
    TIMEOUT: ("groundwork_approval_timeout", ["1h", -1, "-1", 1.5, True, False, [], "3600 ", 2**31]),
    WAVES: (
        "groundwork_waves",
        ["some", 0, "0%", "101%", "12.5%", True, False, [1, "x"], [1, [2]], [1, None], {"a": 1}, [0], -1, 1.5],
    ),
    SECRETS: ("groundwork_update_secrets", ["maybe", "y", 2, [], {}]),
    f"{INSECURE} openstack": (
        "groundwork_credentials",
        [{"openstack": {"insecure": "maybe"}, "xclarity": {"insecure": True}, "backup": None}],
    ),
}
NAMES = [name for name, _values in WRONG.values()]
RIGHT = [
    ({}, {}),
    (dict.fromkeys(NAMES, ""), {}),
    (dict.fromkeys(NAMES), {}),
    ({"groundwork_approval_timeout": 0}, {"timeout": 0}),
    ({"groundwork_approval_timeout": "0", "groundwork_waves": "25%"}, {"timeout": 0, "waves": "25%"}),
    ({"groundwork_approval_timeout": "3600", "groundwork_waves": 3}, {"timeout": 3600, "waves": 3}),
    ({"groundwork_waves": ["1", "100%"], "groundwork_update_secrets": "yes"}, {"waves": ["1", "100%"], "secrets": [True]}),
    ({"groundwork_credentials": {"xclarity": {"insecure": "yes"}}}, {"insecure": True}),
    ({"groundwork_credentials": {"xclarity": {"insecure": ""}}}, {"insecure": False}),
]
AS_IF_NOT_SET = {"timeout": 86400, "waves": [1, "25%", "100%"], "secrets": [False], "insecure": "none", "wrong": []}
SHOWN = {
    "timeout": "{{ controller_workflows | map(attribute='simplified_workflow_nodes') | flatten"
    " | selectattr('approval_node', 'defined') | map(attribute='approval_node.timeout') | first }}",
    "waves": "{{ (controller_templates | selectattr('name', 'equalto', 'Update firmware') | first).extra_vars.update_firmware_serial }}",
    "secrets": "{{ controller_credentials | map(attribute='update_secrets') | unique }}",
    "insecure": "{{ controller_credentials[0].inputs.insecure | default('none') }}",
    "wrong": "{{ groundwork_wrong }}",
}


def shown(site, cases):
    """What the data file makes of each of these settings, in one play."""
    files = [str(ROOT / "extensions/awx" / name) for name in ("surveys.yml", "controller.yml")]
    tasks = []
    for number, settings in enumerate(cases):
        copy = {"content": "{{ shown | to_json }}", "dest": f"{site.folder}/shown{number}.json"}
        tasks.append({"ansible.builtin.copy": copy, "vars": {**settings, "shown": SHOWN}})
    book = site.folder / "show.yml"
    play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "vars_files": files, "tasks": tasks}
    book.write_text(yaml.safe_dump([play]), encoding="utf-8")
    ended = site.play(playbook=str(book), site={name: value for name, value in SITE.items() if name not in NAMES})
    assert ended.rc == 0, ended.output
    return [json.loads((site.folder / f"shown{number}.json").read_text(encoding="utf-8")) for number in range(len(cases))]


def test_numbers_and_booleans_that_are_right_are_taken_and_blank_is_not_set(site):
    found = shown(site, [settings for settings, _changes in RIGHT])
    assert found == [{**AS_IF_NOT_SET, **changes} for _settings, changes in RIGHT]


def test_numbers_and_booleans_that_are_wrong_are_found(site):
    cases = [({name: value}, said) for said, (name, values) in WRONG.items() for value in values]
    found = shown(site, [settings for settings, _said in cases])
    told = [(settings, said, one["wrong"]) for (settings, said), one in zip(cases, found, strict=True)]
    assert [case for case in told if len(case[2]) != 1 or case[1] not in case[2][0]] == []


def test_wrong_numbers_and_booleans_are_refused_before_anything_is_sent(site):
    wrong = {name: values[0] for name, values in WRONG.values()}
    play = site.play("--tags", "organizations", site={**SITE, **wrong})
    assert play.rc == 2, play.output
    assert [said for said in WRONG if said not in play.output] == []
    assert "Nothing was changed. Correct" in play.output
    assert site.controller.log == []


@pytest.mark.parametrize("value", [f"user: {SECRET}", [{"username": "a"}], 5], ids=["text", "list", "number"])
@pytest.mark.parametrize("name", ["xclarity", "groundwork_inventory_variables"])
def test_what_has_to_be_a_mapping_is_refused_before_anything_is_sent(site, name, value):
    """Without the value, which may hold a secret."""
    given = {name: value} if name.startswith("groundwork") else {"groundwork_credentials": {name: value, "backup": None}}
    said = "groundwork_inventory_variables takes a mapping" if name.startswith("groundwork") else (
        "groundwork_credentials takes a mapping of inputs for each system, and has none for xclarity")  # fmt: skip
    play = site.play("--tags", "organizations", site={**SITE, **given})
    assert play.rc == 2, play.output
    assert f"{said}. Nothing was changed. Correct what is named, and run again." in play.output
    assert site.controller.log == []


LISTS = (
    "organizations, credential_types, credentials, execution_environments, notification_templates, projects, inventories, "
    "inventory_sources, job_templates, workflows, schedules"
)


@pytest.mark.parametrize("option", ["--tags", "--skip-tags"])
def test_a_tag_that_no_list_has_is_refused(site, option):
    play = site.play(option, "organizations,job_template")
    assert play.rc == 2, play.output
    assert f"There is no list named 'job_template' for {option}" in play.output
    assert LISTS in play.output
    assert "Nothing was changed." in play.output
    assert site.controller.log == []


OF_ANSIBLE = "all,always,never,tagged,untagged"


@pytest.mark.parametrize("arguments, made", [((OF_ANSIBLE, "--skip-tags", "never,untagged,schedules"), True), (("always",), False)])
def test_the_tags_that_ansible_itself_has_are_none_of_a_list(site, arguments, made):
    play = site.play("--check", "--tags", *arguments)
    assert play.rc == 0, play.output
    assert bool(play.changed) is made, play.output


def test_a_playbook_that_imports_this_one_may_have_tags_of_its_own(site):
    book = site.folder / "all.yml"
    other = {"hosts": "localhost", "gather_facts": False, "tasks": [{"ansible.builtin.debug": {}, "tags": ["web"]}]}
    imported = {"ansible.builtin.import_playbook": PLAYBOOK, "vars": {"groundwork_other_tags": ["web"]}}
    book.write_text(yaml.safe_dump([other, imported]), encoding="utf-8")
    play = site.play("--tags", "web", playbook=str(book))
    assert (play.rc, play.recap["failed"], play.changed) == (0, 0, []), play.output
    assert changing(site.controller.log) == []


@pytest.mark.parametrize("missing", ["groundwork_ee_image", "groundwork_project_url"])
def test_what_a_site_has_to_say(site, missing):
    play = site.play(site={**SITE, missing: ""})
    assert play.rc == 2
    assert f"{missing} (the" in play.output
    assert site.controller.log == []


def test_the_modules_of_ansible_controller_do_as_well(site, tmp_path):
    copy = tmp_path / "collections" / "ansible_collections" / "ansible" / "controller"
    shutil.copytree(COLLECTIONS / "ansible_collections" / "awx" / "awx", copy)
    # The lookup finds its options by the name of its collection, which is the other one there.
    lookup = copy / "plugins" / "lookup" / "controller_api.py"
    lookup.write_text(lookup.read_text(encoding="utf-8").replace("awx.awx.auth_plugin", "ansible.controller.auth_plugin"), encoding="utf-8")
    path = f"{site.environment['ANSIBLE_COLLECTIONS_PATH'].rpartition(':')[0]}:{tmp_path / 'collections'}"  # without awx.awx
    play = site.play("--tags", "organizations", "-e", "groundwork_controller_collection=ansible.controller", ANSIBLE_COLLECTIONS_PATH=path)
    assert (play.rc, play.changed) == (0, ["Groundwork"]), play.output
