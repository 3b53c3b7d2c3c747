# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A task gives the same result inside the controller and as a module: a few calls of every module. `make test-ways` does all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import both_ways
import pytest
from cases import CASES

ROOT = Path(__file__).resolve().parents[3]
MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py"))
CONTROLLER_ONLY = [path.stem for path in (ROOT / "plugins" / "modules").glob("*.yml")]  # actions without a module


@pytest.fixture(scope="module")
def called(simulator, tmp_path_factory):
    """What every case gave both ways, from one process."""
    folder = tmp_path_factory.mktemp("ways")
    ready = folder / "ready.json"
    ready.write_text(json.dumps(simulator.ready), encoding="utf-8")
    script = Path(__file__).with_name("cases.py")
    done = subprocess.run(
        [sys.executable, str(script), str(ready), str(folder)], env=dict(os.environ), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout)


def test_every_module_has_a_case_and_an_action():
    assert sorted({module for module, _arguments, _facts in CASES.values()}) == MODULES
    assert sorted(path.stem for path in (ROOT / "plugins" / "action").glob("*.py")) == sorted([*MODULES, *CONTROLLER_ONLY])


@pytest.mark.parametrize("name", CASES)
def test_both_ways_give_the_same(called, name):
    one, other = called["cases"][name]["in_process"], called["cases"][name]["module"]
    assert both_ways.differences(one["result"], other["result"]) == []
    assert one["sent"] == other["sent"]
    assert one["sessions_left"] == other["sessions_left"] == 0


@pytest.mark.parametrize(
    "name, key, value",
    [
        *((name, "failed", None) for name in MODULES if name not in ("job", "xclarity_session", "cluster_action")),
        ("profile_activation", "changed", True), ("server_pool_request", "changed", True), ("backup", "changed", True),
        ("check mode", "changed", True), ("a failure", "failed", True), ("a failed item", "failed", True),
        ("an unknown option", "failed", True), ("a wrong choice", "failed", True), ("a wrong type", "failed", True),
        ("an alias", "failed", None), ("a number as text, a text as list", "failed", None),
    ],
)  # fmt: skip
def test_the_cases_are_what_they_say(called, name, key, value):
    result = called["cases"][name]["module"]["result"]
    assert (result.get(key) or None) == value, result


def test_what_only_some_cases_show(called):
    results = {name: case["in_process"]["result"] for name, case in called["cases"].items()}
    assert results["check mode"]["plan"]
    assert called["cases"]["check mode"]["in_process"]["sent"] == []
    assert "diff" in results["check mode"]
    assert "diff" not in results["no diff"]
    assert results["a warning"]["warnings"]
    assert "is not verified because validate_certs is false." in json.dumps(results["a certificate that is not verified"]["warnings"])
    assert results["a cloud as a mapping"]["error"]["code"] == "config_credentials"
    assert "profiles" in results["blank options"]
    assert "Canary-" not in json.dumps([results[name] for name in ("a cloud as a mapping", "a misspelt secret")])
    assert "Passw0rd-demo" not in json.dumps(called["cases"])
    assert "Canary-passphrase-1" not in json.dumps({name: case["in_process"]["result"] for name, case in called["cases"].items()})


@pytest.mark.parametrize("name", both_ways.WAYS)
def test_which_way_is_taken(called, name):
    assert called["taken"][name] is both_ways.WAYS[name][2]
