# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""configure_controller: what a site sets, and what is said when the controller refuses."""

from __future__ import annotations

import shutil

import pytest
from sites import COLLECTIONS, SECRET, SITE, changing, named


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
