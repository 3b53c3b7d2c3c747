# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of the event sources: documented as they are, announced, and runnable by an engine that knows nothing of the collection."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from source_engine import Engine

from ansible_collections.groundwork.provision.plugins.plugin_utils import event_log_source, job_source
from simulator.client import Control

ROOT = Path(__file__).resolve().parents[3]
SOURCES = {"jobs": list(job_source.SYSTEMS.values()), "xclarity_events": [event_log_source.EventLog]}
NAMES = sorted(SOURCES)


@pytest.mark.parametrize("name", NAMES)
def test_each_option_is_documented_as_it_is(engine: Engine, name: str):
    told = yaml.safe_load(runpy.run_path(str(engine.path(name)))["DOCUMENTATION"])
    options = told["options"]
    specs = [kind.options().options for kind in SOURCES[name]]
    assert set(options) == {option for spec in specs for option in spec}
    for option, entry in options.items():
        here = [spec[option] for spec in specs if option in spec]
        assert {entry["type"]} == {one.get("type", "str") for one in here}, option
        shared = {"default", "choices", "required", "aliases", "elements"} - {"choices" if option == "system" else ""}
        for key in shared:
            values = [one.get(key) for one in here]
            if key == "required" and len(here) < len(specs):  # by some systems only, so the text says by which
                assert key not in entry
                assert not values[0] or "Required for" in entry["description"][0], option
            elif all(value == values[0] for value in values):
                assert entry.get(key) == values[0], (option, key)
        text = yaml.safe_dump(entry, width=1000)
        for one in here:
            for variable in one["fallback"][1] if "fallback" in one else []:
                assert f"E({variable})" in text, (option, variable)
    for kind in SOURCES[name]:
        assert f"groundwork.provision.{name}" == kind.NAME
    assert told["name"] == name


@pytest.mark.parametrize("name", NAMES)
def test_the_examples_are_rulebooks_whose_arguments_are_options(engine: Engine, name: str):
    module = runpy.run_path(str(engine.path(name)))
    options = yaml.safe_load(module["DOCUMENTATION"])["options"]
    for ruleset in yaml.safe_load(module["EXAMPLES"]):
        assert set(ruleset) == {"name", "hosts", "sources", "rules"}
        for source in ruleset["sources"]:
            (arguments,) = [value for key, value in source.items() if key == f"groundwork.provision.{name}"]
            assert set(arguments) <= set(options)
        for rule in ruleset["rules"]:
            (action,) = rule["action"]
            assert action != "run_playbook" or "event.meta.hosts is defined" in rule["condition"], "it would run on all hosts"


def test_the_event_of_the_guide_is_one(sim: Control, engine: Engine):
    page = (ROOT / "docs" / "guide_eda.md").read_text(encoding="utf-8")
    (shown,) = map(yaml.safe_load, re.findall(r"^```yaml\n(system: .*?)^```$", page, re.M | re.S))
    done = engine.harness.run_module(
        "profile_activation", {"profile": "web-02", "uuid": "0A10000000000000000000000000000B", "restart": "immediate"}
    )
    assert not done.failed, done
    event = next(one for one in engine.run("jobs", engine.jobs("xclarity", backlog=True)) if one["kind"] == "job")
    assert set(shown) == set(event)
    assert set(shown["meta"]) == set(event["meta"])
    assert set(shown["server"]) == set(event["server"])
    assert shown["job"].items() <= event["job"].items()
    assert shown["meta"]["hosts"] == event["meta"]["hosts"]


def test_the_sources_are_announced(engine: Engine):
    root = engine.path("jobs").parents[4]
    told = yaml.safe_load((root / "meta" / "extensions.yml").read_text(encoding="utf-8"))
    folders = [root / "extensions" / one["args"]["ext_dir"] for one in told["extensions"]]
    assert sorted(path.stem for folder in folders for path in folder.glob("*.py")) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_source_finds_its_collection_by_itself(engine: Engine, name: str):
    """The engine runs the file outside of any package, with no path to the collection, from anywhere."""
    program = f"import asyncio, runpy; asyncio.run(runpy.run_path({str(engine.path(name))!r})['main'](asyncio.Queue(1), {{}}))"
    environment = {key: os.environ[key] for key in ("PATH",)}
    environment["HOME"] = str(engine.harness.folder)
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=engine.harness.folder, env=environment, capture_output=True, text=True, check=False
    )
    last = done.stderr.strip().splitlines()[-1]
    assert "SourceError" in last
    assert "system has to be one of" in last or "Endpoint is not set" in last
