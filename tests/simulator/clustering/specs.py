# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Specs of cluster profiles, judged as Senlin judges them.

profile_types.json holds what a running Senlin 16.0.0 answers for its three profile types (GET /v1/profile-types/{type}
and .../ops at microversion 1.14). The checks below follow its words and its order, with its oddities: a TypeError
inside Senlin becomes a 400 with one generic sentence, a missing type or version a 500.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .errors import SenlinError, generic_bad_request

Schema = dict[str, Any]

PROFILE_TYPES: dict[str, dict[str, Any]] = {
    entry["name"]: entry for entry in json.loads((Path(__file__).parent / "profile_types.json").read_text("utf-8"))}

_SPEC_SCHEMA: Schema = {
    "type": {"type": "String", "required": True},
    "version": {"type": "String", "required": True},
    "properties": {"type": "Map", "required": True},
}
_TRUE, _FALSE = {"1", "t", "true", "on", "y", "yes"}, {"0", "f", "false", "off", "n", "no"}
#: The arguments of Senlin's request context: what a profile's `context` may hold.
_CONTEXT_KEYS = {
    "self", "auth_token", "user_id", "project_id", "domain_id", "user_domain_id", "project_domain_id", "is_admin",
    "read_only", "show_deleted", "request_id", "auth_url", "trusts", "user_name", "project_name", "domain_name",
    "user_domain_name", "project_domain_name", "auth_token_info", "region_name", "roles", "password", "api_version"}


class SpecError(Exception):
    """Senlin's ESchema: the words become part of a 400 InvalidSpec."""


def type_name(spec: dict[str, Any]) -> str:
    """ "os.heat.stack-1.0" for a spec; 500 when type or version is missing, 404 when there is no such type."""
    for key in ("type", "version"):
        if key not in spec:
            raise SenlinError(500, "ESchema", f"The '{key}' key is missing from the provided spec map.")
    if not isinstance(spec["type"], str):
        raise generic_bad_request()
    name = f"{spec['type']}-{spec['version']}"
    if name not in PROFILE_TYPES:
        raise SenlinError(404, "ResourceNotFound", f"The profile_type '{name}' could not be found.")
    return name


def check_spec(spec: dict[str, Any], name: str, known: dict[str, list[str]]) -> None:
    """Judge a spec of a known type for a profile called `name`.

    `known` may name what Nova, Glance and Neutron have: {"flavors": [..], "images": [..], "networks": [..]}; a kind
    that is left out is not asked for. Raises SpecError (to be worded by the caller) or SenlinError.
    """
    properties = spec.get("properties", {})
    if properties is None:
        raise generic_bad_request()
    kind = spec["type"]
    _check_map(spec, _SPEC_SCHEMA)
    _check_map(properties, PROFILE_TYPES[type_name(spec)]["schema"])
    if kind == "os.heat.stack":
        if not properties.get("template") and not properties.get("template_url"):
            raise _invalid(f"Both template and template_url are not specified for profile '{name}'.")
        return
    bad = [key for key in properties.get("context") or {} if key not in _CONTEXT_KEYS]
    if bad:
        raise SpecError(f"Some keys in 'context' are invalid: {bad}")
    if kind == "os.nova.server":
        _check_server(properties, known)
    else:
        _check_container(properties)


def _invalid(message: str) -> SenlinError:
    return SenlinError(400, "InvalidSpec", message)


def _check_server(properties: dict[str, Any], known: dict[str, list[str]]) -> None:
    for key, kind in (("flavor", "flavors"), ("image", "images")):
        wanted = properties.get(key)
        if wanted is not None and kind in known and str(wanted) not in known[kind]:
            raise _invalid(f"The specified {key} '{wanted}' could not be found.")
    if "networks" not in properties:                         # Senlin iterates over None
        raise generic_bad_request()
    for network in properties["networks"]:
        wanted = network.get("network")
        if wanted is not None and "networks" in known and wanted not in known["networks"]:
            raise _invalid(f"The specified network {wanted} could not be found.")
        if wanted is None and network.get("port") is None:
            raise _invalid("One of 'port' and 'network' must be provided")


def _check_container(properties: dict[str, Any]) -> None:
    hosts = [key for key in ("host_cluster", "host_node") if properties.get(key)]
    if len(hosts) == 2:
        raise _invalid("Either 'host_cluster' or 'host_node' must be specified, but not both.")
    if not hosts:
        raise _invalid("Either 'host_cluster' or 'host_node' must be specified.")
    # a bug of Senlin: no container profile can be created at all
    raise SenlinError(500, "AttributeError", "'dict' object has no attribute 'is_admin'")


def _check_map(data: Any, schema: Schema) -> None:
    """Every item of the schema, then what the schema does not know."""
    if not isinstance(data, dict):
        raise SpecError(f"'{data}' is not a Map")
    for key, item in schema.items():
        if key in data:
            _check_value(data[key], item)
        elif item.get("required") and "default" not in item:
            raise SpecError(f"Required spec item '{key}' not provided")
    for key in data:
        if key not in schema:
            raise SpecError(f"Unrecognizable spec item '{key}'")


def _check_value(value: Any, item: Schema) -> None:
    kind = item["type"]
    if kind == "Map":
        if not isinstance(value, dict):
            raise SpecError(f"'{value}' is not a Map")
        if item.get("schema"):
            _check_map(value, item["schema"])
    elif kind == "List":
        if not isinstance(value, list | str):
            raise SpecError(f"'{value}' is not a List")
        for element in value:
            _check_value(element, item["schema"]["*"])
    elif kind == "String":
        if value is None:
            raise SpecError(f"The value '{value}' is not a valid string.")
    elif kind == "Integer":
        _check_integer(value)
    elif str(value).strip().lower() not in _TRUE | _FALSE:
        raise SpecError(f"The value '{value}' is not a valid Boolean")


def _check_integer(value: Any) -> None:
    if value is None:
        return
    try:
        int(value)
    except ValueError:
        raise SpecError(f"The value '{value}' is not a valid Integer") from None
    except TypeError as error:
        raise SpecError(str(error)) from None
