# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a controller refuses, and in which words: credential types, credentials, surveys, answers, schedules. As AWX 24.6.1 does it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import jinja2
import jsonschema
from jinja2.sandbox import ImmutableSandboxedEnvironment

Errors = dict[str, Any]

NAME = "^[a-zA-Z_]+[a-zA-Z0-9_]*$"
FORBIDDEN = {
    "VIRTUAL_ENV", "PATH", "PYTHONPATH", "JOB_ID", "INVENTORY_ID", "INVENTORY_SOURCE_ID", "INVENTORY_UPDATE_ID", "AD_HOC_COMMAND_ID",
    "REST_API_URL", "REST_API_TOKEN", "MAX_EVENT_RES", "CALLBACK_QUEUE", "CALLBACK_CONNECTION", "CACHE", "INVENTORY_HOSTVARS", "AWX_HOST",
    "PROJECT_REVISION", "SUPERVISOR_CONFIG_PATH",
}  # fmt: skip
TEXT_ONLY = ("choices", "multiline", "format", "secret")
FIELD = {
    "type": "object",
    "properties": {
        "type": {"enum": ["string", "boolean"]}, "format": {"enum": ["ssh_private_key", "url"]}, "id": {"type": "string", "pattern": NAME},
        "choices": {"type": "array", "minItems": 1, "items": {"type": "string"}, "uniqueItems": True}, "label": {"type": "string"},
        "help_text": {"type": "string"}, "multiline": {"type": "boolean"}, "secret": {"type": "boolean"},
        "ask_at_runtime": {"type": "boolean"}, "default": {},
    },
    "additionalProperties": False,
    "required": ["id", "label"],
}  # fmt: skip
INPUTS = {
    "type": "object",
    "properties": {"required": {"type": "array", "items": {"type": "string"}}, "fields": {"type": "array", "items": FIELD}},
    "additionalProperties": False,
}
ASCII = {"type": "string", "pattern": r"^[\x00-\x7f]*$"}
INJECTORS = {
    "type": "object",
    "properties": {
        "file": {
            "type": "object",
            "patternProperties": {r"^template(\.[a-zA-Z_]+[a-zA-Z0-9_]*)?$": {"type": "string"}},
            "additionalProperties": False,
        },
        "env": {"type": "object", "patternProperties": {NAME: ASCII}, "additionalProperties": False},
        "extra_vars": {"type": "object"},
    },
    "additionalProperties": False,
}
QUESTIONS: dict[str, Any] = {
    "text": str, "textarea": str, "password": str, "multiplechoice": str, "multiselect": str, "integer": int, "float": float,
}  # fmt: skip


class _NoFile:
    """What ``tower.filename`` is where there is no file for it."""

    def __str__(self) -> str:
        raise jinja2.UndefinedError("Must define unnamed file injector in order to reference `tower.filename`.")


def _schema(value: Any, schema: Mapping[str, Any]) -> list[str]:
    return [error.message for error in jsonschema.Draft4Validator(schema).iter_errors(value)]


def credential_type(inputs: Mapping[str, Any], injectors: Mapping[str, Any]) -> Errors:
    """Why a credential type is refused; empty when it is not."""
    if found := _schema(inputs, INPUTS):
        return {"inputs": found}
    ids = [field["id"] for field in inputs.get("fields", ())]
    for field in inputs.get("fields", ()):
        if ids.count(field["id"]) > 1:
            return {"inputs": [f"field IDs must be unique ({field['id']})"]}
        if field["id"] == "tower":
            return {"inputs": ["tower is a reserved field name"]}
        for key in TEXT_ONLY:
            if key in field and field.get("type", "string") != "string":
                return {"inputs": [f"{key} not allowed for {field['type']} type ({field['id']})"]}
    if found := _schema(injectors, INJECTORS):
        return {"injectors": found}
    for name in injectors.get("env", ()):
        if name.startswith("ANSIBLE_"):
            words = f"Environment variable {name} may affect Ansible configuration so its use is not allowed in credentials."
            return {"injectors": [words]}
        if name in FORBIDDEN:
            return {"injectors": [f"Environment variable {name} is not allowed to be used in credentials."]}
    return _templates(ids, injectors)


def _templates(ids: list[str], injectors: Mapping[str, Any]) -> Errors:
    files = injectors.get("file", {})
    several = {name.split(".")[1]: "EXAMPLE" for name in files if "." in name}
    if several and "template" in files:
        return {"injectors": ["Must use multi-file syntax when injecting multiple files"]}
    names: dict[str, Any] = {"filename": several or ("EXAMPLE" if files else _NoFile())}
    known = {**dict.fromkeys(ids, "EXAMPLE"), "tower": names}
    sandbox = ImmutableSandboxedEnvironment(undefined=jinja2.StrictUndefined)
    for kind in ("file", "env", "extra_vars"):
        for name, template in injectors.get(kind, {}).items():
            try:
                sandbox.from_string(template).render(**known)
            except jinja2.UndefinedError as exc:
                return {"injectors": [f"{name} uses an undefined field ({exc})"]}
            except jinja2.TemplateSyntaxError as exc:
                return {"injectors": [f"Syntax error rendering template for {name} inside of {kind} ({exc})"]}
    return {}


def credential(inputs_of_type: Mapping[str, Any], inputs: Mapping[str, Any]) -> Errors:
    """Why the inputs of a credential are refused. What is required may be missing."""
    fields = inputs_of_type.get("fields", [])
    properties = {field["id"]: {"type": field.get("type", "string")} for field in fields}
    for field in fields:
        if "choices" in field:
            properties[field["id"]]["enum"] = field["choices"]
    if unknown := _schema(inputs, {"type": "object", "properties": {key: {} for key in properties}, "additionalProperties": False}):
        return {"inputs": unknown}
    wrong = {name: found for name, value in inputs.items() if (found := _schema(value, properties[name]))}
    return {"inputs": wrong} if wrong else {}


def survey(new: Mapping[str, Any]) -> str:
    """Why a survey is refused; empty when it is not."""
    for field, kind, words in (("name", str, "string"), ("description", str, "string"), ("spec", list, "list of items")):
        if field not in new:
            problem = f"Field '{field}' is missing from survey spec."
        elif not isinstance(new[field], kind):
            problem = f"Expected {words} for field '{field}', received {type(new[field]).__name__} type."
        else:
            continue
        return "'spec' doesn't contain any items." if new.get("spec") == [] else problem
    if not new["spec"]:
        return "'spec' doesn't contain any items."
    seen: set[str] = set()
    for number, asked in enumerate(new["spec"]):
        if problem := _question(number, asked, seen):
            return problem
        seen.add(asked["variable"])
    return ""


def _question(number: int, asked: Mapping[str, Any], seen: set[str]) -> str:
    for field in ("type", "question_name", "variable", "required"):
        if field not in asked:
            return f"'{field}' missing from survey question {number}"
        kind, words = (bool, "boolean") if field == "required" else (str, "string")
        if not isinstance(asked[field], kind):
            return f"'{field}' in survey question {number} expected to be {words}."
    kind, default = asked["type"], asked.get("default", "")
    if asked["variable"] in seen:
        return f"'variable' '{asked['variable']}' duplicated in survey question {number}."
    if kind not in QUESTIONS:
        return f"'{kind}' in survey question {number} is not one of '{', '.join(QUESTIONS)}' allowed question types."
    if default != "" and not isinstance(default, (float, int) if kind == "float" else QUESTIONS[kind]):
        return f"Default value {default} in survey question {number} expected to be {kind if kind in ('integer', 'float') else 'string'}."
    for limit in ("min", "max"):
        if asked.get(limit) is not None and not isinstance(asked[limit], int):
            return f"The {limit} limit in survey question {number} expected to be integer."
    if kind in ("multiplechoice", "multiselect"):
        if "choices" not in asked:
            return f"Survey question {number} of type {kind} must specify choices."
        chosen = default.splitlines()
        if kind == "multiplechoice" and len(chosen) > 1:
            return "Multiple Choice (Single Select) can only have one default value."
        if any(one not in asked["choices"] for one in chosen):
            return "Default choice must be answered from the choices listed."
    return ""


def answers(spec: list[dict[str, Any]], given: Mapping[str, Any]) -> list[str]:
    """What is wrong with the answers of a launch."""
    problems = []
    for asked in spec:
        variable, value = asked["variable"], given.get(asked["variable"])
        choices = asked.get("choices") or []
        if variable not in given:
            if asked["required"]:
                problems.append(f"'{variable}' value missing")
        elif asked["type"] in ("text", "textarea", "password"):
            if not isinstance(value, str):
                problems.append(f"Value {value} for '{variable}' expected to be a string.")
            elif asked.get("min") and len(value) < asked["min"]:
                problems.append(f"'{variable}' value {value} is too small (length is {len(value)} must be at least {asked['min']}).")
            elif asked.get("max") and len(value) > asked["max"]:
                problems.append(f"'{variable}' value {value} is too large (must be no more than {asked['max']}).")
        elif asked["type"] == "multiplechoice" and value not in (choices.splitlines() if isinstance(choices, str) else choices):
            problems.append(f"Value {value} for '{variable}' expected to be one of {choices}.")
    return problems


def schedule(rrule: str) -> list[str]:
    """What is wrong with the rule of a schedule."""
    found = []
    if not re.match(r"DTSTART(;TZID=[^:]+:\d{8}T\d{6}|:\d{8}T\d{6}Z)", rrule):
        found.append("Valid DTSTART required in rrule. Value should start with: DTSTART:YYYYMMDDTHHMMSSZ")
    for rule in re.findall(r"RULE:\S+", rrule):
        if "INTERVAL=" not in rule:
            found.append(f"INTERVAL required in rrule: {rule}")
    return found
