# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The migration page names every command of Lenovo's pylxca_module, and no module or role that is not there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "migration_pylxca.md").read_text(encoding="utf-8")
# The keys of func_dict in its source (lenovo/ansible.lenovo-lxca).
COMMANDS = [
    "connect", "chassis", "cmms", "get_configpatterns", "get_particular_configpattern", "import_configpatterns",
    "apply_configpatterns", "get_configstatus", "configprofiles", "configtargets", "discover", "fans", "fanmuxes",
    "ffdc", "jobs", "lxcalog", "manage", "unmanage", "manage_status", "unmanage_status", "nodes", "osimages",
    "powersupplies", "scalablesystem", "switches", "tasks", "updaterepo", "update_firmware", "update_firmware_all",
    "update_firmware_query_status", "update_firmware_query_comp", "get_managementserver_pkg",
    "update_managementserver_pkg", "import_managementserver_pkg", "updatepolicy", "users", "gather_server_facts",
    "validate_basic_rules", "validate_plugin_rules", "get_resourcegroups", "create_resourcegroups",
    "add_resourcegroup_member", "compliance_engine", "rules", "compositeResults", "get_storedcredentials",
    "create_storedcredentials", "update_storedcredentials", "delete_storedcredentials",
]  # fmt: skip
ROWS = [line.split("|")[1:3] for line in PAGE.splitlines() if line.startswith("| ") and "---" not in line]


def test_every_command_has_a_row():
    named = {name for theirs, _ours in ROWS for name in re.findall(r"`(\w+)`", theirs)}
    assert [command for command in COMMANDS if command not in named] == []


def test_every_row_names_ours_or_a_reason():
    modules = {path.stem for path in (ROOT / "plugins" / "modules").glob("*.py")}
    roles = {path.name for path in (ROOT / "roles").iterdir()}
    for theirs, ours in ROWS[1:]:
        named = set(re.findall(r"`(\w+)`", ours))
        assert named & (modules | roles) or "because" in ours or "options of" in ours or "not needed" in ours, theirs
        for role in re.findall(r"role `(\w+)`", ours):
            assert role in roles
