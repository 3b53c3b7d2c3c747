# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller of these tests answers as a real one did: recorded.jsonl holds what AWX 24.6.1 was asked by awx.awx in two runs of one
playbook, and what it answered; the table below what it refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import requests
from controller import KINDS, PATHS, Controller
from sites import changing

LINES = [json.loads(line) for line in Path(__file__).with_name("recorded.jsonl").read_text(encoding="utf-8").splitlines()]
WAS_THERE = {  # before the recorded run
    "organization": (6, {"name": "Groundwork"}),
    "project": (10, {"name": "Groundwork", "organization": 6, "scm_type": "git", "scm_branch": "main", "allow_override": True}),
    "inventory": (2, {"name": "Servers", "organization": 6, "variables": '{"site": "a"}'}),
}


def ask(controller, method, path, query="", body=None, user="admin"):
    return requests.request(method, f"{controller.url}{path}?{query}", json=body, auth=(user, user) if user else None, timeout=10)


def test_each_recorded_request_is_answered_as_it_was(controller):
    for kind, (ident, fields) in WAS_THERE.items():
        controller.create(kind, fields, ident)
    for line in LINES:
        # Ids are given in the order of the real one.
        controller.last_id = line.get("id", controller.last_id + 1) - 1
        answer = ask(controller, line["m"], line["p"], line["q"], line["b"])
        assert answer.status_code == line["s"], (line, answer.text)
        assert answer.headers["X-API-Product-Name"] == "AWX"
        shown = answer.json() if answer.text else {}
        if "spec" in line.get("keys", ()):
            assert shown == line["shown"]
            continue
        assert list(shown) == line.get("keys", []), line
        assert [one["id"] for one in shown.get("results", [])] == line.get("found", []), line


def test_the_second_recorded_run_changed_nothing_but_what_was_told_so():
    second = [("", line["m"], line["p"]) for line in LINES if line["run"] == 2 and line["m"] != "GET" and "/tokens/" not in line["p"]]
    assert [path for _none, method, path in second] == ["/api/v2/inventories/2/"]  # host_filter: "" was in that playbook


TYPE = {"name": "T", "kind": "cloud", "inputs": {"fields": [{"id": "a", "label": "A"}]}, "injectors": {}}
JOB = {"name": "J", "organization": 6, "project": 10, "inventory": 2, "playbook": "x"}
QUESTION = {"question_name": "q", "variable": "v", "type": "text", "required": False}


def of_type(**more):
    return "credential_types/", {**TYPE, **more}


def env(name, template="{{ a }}", **more):
    return of_type(injectors={"env": {name: template}, **more})


def field(**more):
    return of_type(inputs={"fields": [{"id": "a", "label": "A", **more}]})


def survey(**more):
    return "job_templates/51/survey_spec/", {"name": "", "description": "", "spec": [{**QUESTION, **more}]}


def credential(**more):
    return "credentials/", {"name": "new", "organization": 6, "credential_type": 50, "inputs": {}, **more}


def without(key):
    return "job_templates/", {name: value for name, value in {**JOB, "name": "other"}.items() if name != key}


def schedule(rrule):
    return "schedules/", {"name": "S", "unified_job_template": 51, "rrule": rrule}


FORBIDDEN = "Environment variable ANSIBLE_X may affect Ansible configuration so its use is not allowed in credentials."
UNDEFINED = "X uses an undefined field"
REFUSED = {
    "ansible": (*env("ANSIBLE_X"), {"injectors": [FORBIDDEN]}),
    "path": (*env("PATH"), {"injectors": ["Environment variable PATH is not allowed to be used in credentials."]}),
    "undefined": (*env("X", "{{ b }}"), {"injectors": [f"{UNDEFINED} ('b' is undefined)"]}),
    "no file": (
        *env("X", "{{ tower.filename }}"),
        {"injectors": [f"{UNDEFINED} (Must define unnamed file injector in order to reference `tower.filename`.)"]},
    ),
    "two syntaxes": (
        *env("X", file={"template": "x", "template.b": "x"}), {"injectors": ["Must use multi-file syntax when injecting multiple files"]},
    ),
    "type": (*field(type="integer"), {"inputs": ["'integer' is not one of ['string', 'boolean']"]}),
    "secret boolean": (*field(type="boolean", secret=True), {"inputs": ["secret not allowed for boolean type (a)"]}),
    "kind": (*of_type(kind="ssh"), {"kind": ["Must be 'cloud' or 'net', not ssh"]}),
    "id twice": (*of_type(inputs={"fields": [{"id": "a", "label": "A"}] * 2}), {"inputs": ["field IDs must be unique (a)"]}),
    "same name": (*of_type(name="there"), {"__all__": ["Credential type with this Name and Kind already exists."]}),
    "unknown input": (*credential(inputs={"nope": "x"}), {"inputs": ["Additional properties are not allowed ('nope' was unexpected)"]}),
    "no owner": (*credential(organization=None), {"detail": ["Missing 'user', 'team', or 'organization'."]}),
    "boolean as text": (*credential(inputs={"b": "yes"}), {"inputs": {"b": ["'yes' is not of type 'boolean'"]}}),
    "no project": (*without("project"), {"project": ["Job Templates must have a project assigned."]}),
    "no playbook": (*without("playbook"), {"playbook": ["Must select playbook for project."]}),
    "no inventory": (*without("inventory"), {"inventory": ["You must either set a default value or ask to prompt on launch."]}),
    "question of type boolean": (
        *survey(type="boolean"),
        {"error": "'boolean' in survey question 0 is not one of 'text, textarea, password, multiplechoice, multiselect, integer, float' "
                  "allowed question types."},
    ),
    "default no choice": (
        *survey(type="multiplechoice", choices=["a"], default="b"), {"error": "Default choice must be answered from the choices listed."},
    ),
    "no choices": (*survey(type="multiplechoice"), {"error": "Survey question 0 of type multiplechoice must specify choices."}),
    "integer as text": (
        *survey(type="integer", default="1"), {"error": "Default value 1 in survey question 0 expected to be integer."},
    ),
    "variable as number": (*survey(variable=1), {"error": "'variable' in survey question 0 expected to be string."}),
    "empty": ("job_templates/51/survey_spec/", {"name": "", "description": "", "spec": []}, {"error": "'spec' doesn't contain any items."}),
    "no INTERVAL": (
        *schedule("DTSTART:20261201T020000Z RRULE:FREQ=DAILY"), {"rrule": ["INTERVAL required in rrule: RULE:FREQ=DAILY"]},
    ),
    "not there": ("job_templates/51/credentials/", {"id": 99}, {"detail": "Credential matching query does not exist."}),
    "two of one type": ("job_templates/51/credentials/", {"id": 53}, {"error": "Cannot assign multiple there credentials."}),
}  # fmt: skip


@pytest.fixture
def filled(controller: Controller) -> Controller:
    """With one of what the table refers to."""
    for kind, (ident, fields) in WAS_THERE.items():
        controller.create(kind, fields, ident)
    inputs = {"fields": [{"id": "a", "label": "A"}, {"id": "b", "label": "B", "type": "boolean"}]}
    controller.create("credential_type", {**TYPE, "name": "there", "inputs": inputs}, 50)
    controller.create("job_template", JOB, 51)
    for ident in (52, 53):
        controller.create("credential", {"name": f"C{ident}", "organization": 6, "credential_type": 50, "inputs": {}}, ident)
    controller.links["job_template", 51, "credentials"] = [52]
    return controller


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused(filled, case):
    path, body, words = REFUSED[case]
    answer = ask(filled, "POST", f"/api/v2/{path}", body=body)
    assert (answer.status_code, answer.json()) == (400, words)


def test_what_is_refused_without_a_body(filled):
    unknown = ask(filled, "GET", "/api/v2/job_templates/", "nope=1")
    assert (unknown.status_code, unknown.json()) == (400, {"detail": "JobTemplate has no field named 'nope'"})
    nobody = ask(filled, "GET", "/api/v2/job_templates/", user="")
    assert nobody.status_code == 401
    assert nobody.json()["detail"].startswith("Authentication credentials were not provided.")
    assert ask(filled, "GET", "/api/v2/job_templates/J++Groundwork/").json()["id"] == 51
    assert ask(filled, "POST", "/api/v2/job_templates/", user="auditor", body=JOB).status_code == 403
    assert changing(filled.log) == [("POST", "/api/v2/job_templates/")]


def test_what_is_taken(filled):
    """A credential without a required input, and a float's default that is a whole number, are."""
    path, body = credential(name="blank")
    assert ask(filled, "POST", f"/api/v2/{path}", body=body).status_code == 201
    path, body = survey(type="float", default=1)
    assert ask(filled, "POST", f"/api/v2/{path}", body=body).status_code == 200


def test_every_kind_has_what_is_read_of_it():
    assert set(PATHS.values()) == set(KINDS)
    for kind in KINDS.values():
        assert {"id", "type", "url", "related", "summary_fields"} <= set(kind["fields"])
