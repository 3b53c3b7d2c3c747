# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of option_table.py against one rule for what each option is read as, and the inventories against the modules."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ansible import template
from option_table import BLANK, CANARY, ENVIRONMENT, EVALUATED_LATER, FILE, GOOD, MISSPELT, SAME, TEMPLATED, VARIABLE, WRONG, good

ROOT = Path(__file__).resolve().parents[2]
REFUSED = "refused"
# ansible-core 2.18 gives the result of a template as text, so a mapping in a variable arrives as one.
TEMPLATES_GIVE_TEXT = not hasattr(template, "trust_as_template")
# The modules may have a session in their place.
REQUIRED_HERE_ONLY = ("username", "password", "public_key", "private_key")


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> list[dict[str, Any]]:
    script = Path(__file__).with_name("option_table.py")
    command = [sys.executable, str(script), str(tmp_path_factory.mktemp("table"))]
    environment = {**os.environ, "PYTHONPATH": os.environ["ANSIBLE_COLLECTIONS_PATH"]}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    assert CANARY not in done.stderr
    rows = json.loads(done.stdout)
    texts = [row for row in rows if row["told"].get("type", "str") in ("str", "path")]
    lost = [row for row in texts if TEMPLATES_GIVE_TEXT and row["kind"] == WRONG and row["source"] == VARIABLE]
    return [row for row in rows if row not in lost]


def unset(row: dict[str, Any], default: Any, required: bool) -> Any:
    """What an option is that nothing sets."""
    if isinstance(default, str) and row["told"].get("type") == "path":
        default = os.path.expanduser(default)
    return REFUSED if required or row["option"] in SAME else default


def expected(row: dict[str, Any], default: Any, required: bool) -> Any:
    """What the option of a row is read as."""
    option, kind, source = row["told"], row["kind"], row["source"]
    if row["option"] in EVALUATED_LATER and source == VARIABLE:
        return REFUSED
    if row.get("literal"):
        return REFUSED if row["option"] == "vars_prefix" else row["literal"]
    if kind == BLANK:
        given = row.get("file", {}).get(row["option"])
        plain = option.get("type", "str") == "str" and not option.get("choices") and not option.get("env")
        kept = plain and row["plugin"] == "xclarity" and row["option"] == "vars_prefix" and given is not None
        return ("" if given != " " else REFUSED) if kept else unset(row, default, required)
    if kind == MISSPELT:
        return unset(row, default, required) if source == ENVIRONMENT else REFUSED
    if kind == WRONG or (kind == TEMPLATED and source == ENVIRONMENT):
        return REFUSED
    return good(row["option"], option)[1]


def described(row: dict[str, Any], who: str) -> str:
    given = {key: row[key] for key in ("file", "environment", "variables") if key in row}
    return f"{who} {row['plugin']}.{row['option']} {row['kind']} in the {row['source']}: {given} -> {row[who]}"


def is_written_out(row: dict[str, Any]) -> bool:
    """A cloud as a mapping, which the modules take."""
    return row["option"] == "cloud" and row["kind"] == WRONG


def result(row: dict[str, Any], who: str) -> Any:
    return REFUSED if REFUSED in row[who] else row[who]["value"]


def test_the_table_is_whole(table):
    """Every documented option of every inventory plugin, from each of its sources. The other plugins of the collection have no options
    that are read by our own code: the actions are the modules', the callback's two texts are Ansible's to read, and the test
    ``host_name`` takes a text."""
    kinds = {path.parent.name for path in (ROOT / "plugins").glob("*/*.py")} - {"__init__"}
    assert kinds == {"action", "callback", "doc_fragments", "inventory", "module_utils", "modules", "plugin_utils", "test"}
    assert {row["plugin"] for row in table} == {path.stem for path in (ROOT / "plugins" / "inventory").glob("*.py")}
    assert len(table) > 800
    inventories = [row for row in table if "inventory" in row]
    for name, count in (("xclarity", 24), ("server_pool", 24), ("senlin_cluster", 24)):
        assert len({row["option"] for row in inventories if row["plugin"] == name}) >= count
    for kind in (BLANK, MISSPELT, TEMPLATED, WRONG, GOOD):
        assert {row["source"] for row in inventories if row["kind"] == kind} >= {FILE, ENVIRONMENT}
    assert {row["source"] for row in inventories} == {FILE, ENVIRONMENT, VARIABLE}
    assert sum("module" in row for row in table) > 350


def test_the_inventories_read_every_option_by_one_rule(table):
    odd = [
        described(row, "inventory")
        for row in table
        if "inventory" in row and result(row, "inventory") != expected(row, row["told"].get("default"), bool(row["told"].get("required")))
    ]
    assert odd == []


def test_the_modules_read_them_the_same_way(table):
    from ansible_collections.groundwork.provision.plugins.module_utils import _options

    specs = {"xclarity": _options.XCLARITY, "server_pool": _options.OPS_MANAGER, "senlin_cluster": _options.OPENSTACK}
    odd = []
    for row in table:
        if "module" not in row:
            continue
        option = specs[row["plugin"]].options[row["option"]]
        wanted = expected(row, option.get("default"), bool(option.get("required")))
        plain = option.get("type", "str") == "str" and "choices" not in option
        if row["plugin"] == "senlin_cluster" and row["kind"] == BLANK and plain:
            continue  # openstack/settings.py takes it for not set
        if result(row, "module") != wanted and not is_written_out(row):
            odd.append(described(row, "module"))
    assert odd == []


def test_inventory_and_module_agree(table):
    """But for a default of their own, and for what a module does not need."""
    odd = []
    for row in table:
        if "inventory" in row and "module" in row:
            both = result(row, "inventory"), result(row, "module")
            unset_here = row["kind"] in (BLANK, MISSPELT) and both[0] in (REFUSED, unset(row, row["told"].get("default"), False))
            # What is blank there, openstack/settings.py takes for not set.
            blank = row["plugin"] == "senlin_cluster" and row["kind"] == BLANK and not str(both[1] or "").strip()
            own = row["option"] in REQUIRED_HERE_ONLY or row["option"] == "timeout"
            if both[0] != both[1] and not (unset_here and (own or blank)) and not is_written_out(row):
                odd.append(f"{described(row, 'inventory')} and {row['module']}")
    assert odd == []


def test_no_refusal_shows_a_value(table):
    shown = []
    for row in table:
        for who in ("inventory", "module"):
            text = json.dumps(row.get(who, {}))
            # Ansible shows what a module was given, and names a text that is no choice, no boolean or no number.
            own = who == "module" and row["kind"] == WRONG and isinstance(row.get("file", {}).get(row["option"], ""), str)
            hits = [one for one in (CANARY, CANARY.replace("-", "_"), "7 * 7") if one in text and not own]
            if REFUSED in row.get(who, {}) and (hits or "Traceback" in text):
                shown.append(described(row, who))
    assert shown == []


def test_a_refusal_of_an_inventory_names_the_option_and_is_no_accident(table):
    for row in table:
        text = row.get("inventory", {}).get(REFUSED)
        if text is not None:
            assert text.startswith("AnsibleParserError: "), described(row, "inventory")
            assert row["option"] in text.lower(), described(row, "inventory")
