# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Firmware of servers: the policies, and how each server compares with its own.

Sources: recorded replies of GET /compliancePolicies/persistedResult (which holds chassis, racks, complexes, switches and storage, each in
a shape of its own, and was seen in ISO-8859-1), mock replies of the other calls, Lenovo's client. Reasons are texts in the language of
the appliance, so nothing is read of them.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._client import READ_ATTEMPTS, Client
from ansible_collections.groundwork.provision.plugins.module_utils._errors import Refusals, bad_input, bad_reply
from ansible_collections.groundwork.provision.plugins.module_utils._text import clean
from ansible_collections.groundwork.provision.plugins.module_utils._transport import MAX_LIST
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import api, nodes

POLICIES = "/compliancePolicies"
RESULTS = "/compliancePolicies/persistedResult"
NODE_ATTRIBUTES = "uuid,name,status,accessState,machineType,firmware"
_DEPTH = 12  # of the nesting of a result


@dataclasses.dataclass(frozen=True)
class Component:
    """What a policy asks of one part of a server. compliant: None where it is left alone (DoNotUpdate) or not told.

    package: the repository holds what is needed.
    """

    name: str
    category: str
    compliant: bool | None
    left_alone: bool
    package: bool
    fix_id: str
    build: str
    versions: tuple[str, ...]

    @property
    def outdated(self) -> bool:
        return self.compliant is False and not self.left_alone

    def public(self) -> dict[str, t.Any]:
        return {
            "name": self.name, "category": self.category, "compliant": self.compliant, "do_not_update": self.left_alone,
            "package": self.package, "fix_id": self.fix_id, "build": self.build, "versions": list(self.versions),
        }  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Compliance:
    """How one device compares. policy: empty where none is assigned. compliant: None where it is not told."""

    uuid: str
    policy: str
    compliant: bool | None
    supported: bool
    components: tuple[Component, ...]

    @property
    def to_update(self) -> list[Component]:
        return [one for one in self.components if one.outdated and one.package]

    @property
    def without_package(self) -> list[Component]:
        return [one for one in self.components if one.outdated and not one.package]

    def public(self) -> dict[str, t.Any]:
        return {
            "policy": self.policy, "compliant": self.compliant, "supported": self.supported,
            "components": [one.public() for one in self.components], "to_update": [one.name for one in self.to_update],
            "without_package": [one.name for one in self.without_package],
        }  # fmt: skip


def _text(value: t.Any, limit: int = 200) -> str:
    return clean(value, limit) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""


def _yes(value: t.Any) -> bool | None:
    """A boolean as a text, yes and no or true and false; an empty one is not told."""
    word = str(value).casefold() if isinstance(value, (str, bool)) else ""
    return True if word in ("yes", "true") else False if word in ("no", "false") else None


def _is_left_alone(value: t.Any) -> bool:
    return isinstance(value, str) and value.casefold().replace(" ", "").startswith("donotupdate")


def parse_component(entry: t.Mapping[str, t.Any]) -> Component:
    versions = entry.get("versionList")
    alone = any(_is_left_alone(entry.get(key)) for key in ("compliant", "fixid", "targetVersion"))
    return Component(
        name=_text(entry.get("componentName")),
        category=_text(entry.get("category")),
        compliant=None if alone else _yes(entry.get("compliant")),
        left_alone=alone,
        package=_yes(entry.get("packageExistence")) is True,
        fix_id="" if alone else _text(entry.get("fixid")),
        build=_text(entry.get("build")),
        versions=tuple(_text(one) for one in versions) if isinstance(versions, list) else (),
    )


def parse_compliance(entry: t.Mapping[str, t.Any]) -> Compliance:
    """One device. An older appliance was seen to say deviceCompliant."""
    targets = entry.get("targetFirmware")
    return Compliance(
        uuid=nodes.key_of(entry),
        policy=_text(entry.get("policyName")),
        compliant=_yes(entry.get("endpointCompliant", entry.get("deviceCompliant"))),
        supported=_yes(entry.get("supported")) is not False,
        components=tuple(parse_component(one) for one in targets if isinstance(one, dict)) if isinstance(targets, list) else (),
    )


def walk(value: t.Any, depth: int = 0) -> t.Iterator[dict[str, t.Any]]:
    """The entries of devices, wherever they stand: some keys of a complex are ids."""
    if depth > _DEPTH:
        return
    if isinstance(value, dict):
        if isinstance(value.get("uuid"), str) and {"policyName", "endpointCompliant", "deviceCompliant", "targetFirmware"} & value.keys():
            yield value
        for one in value.values():
            if isinstance(one, (dict, list)):
                yield from walk(one, depth + 1)
    elif isinstance(value, list):
        for one in value:
            yield from walk(one, depth + 1)


def read_compliance(client: Client, *, attempts: int = READ_ATTEMPTS) -> dict[str, Compliance]:
    """How every device compares, by its UUID in one spelling."""
    what = "read the compliance of firmware"
    data = client.read(RESULTS, what=what, attempts=attempts, max_body=MAX_LIST)
    if not isinstance(data, dict) or not isinstance(data.get("all"), list):
        raise bad_reply("the answer holds no list of devices", what=what)
    return {one.uuid: one for one in map(parse_compliance, walk(data["all"]))}


def read_policies(client: Client) -> list[dict[str, str]]:
    """Every policy, by name, with its description."""
    what = "list compliance policies"
    data = client.read(POLICIES, query=(("basic_full", "basic"),), what=what, max_body=MAX_LIST)
    data = data.get("message", data) if isinstance(data, dict) and "policies" not in data else data
    return [
        {"name": _text(one.get("name")), "description": _text(one.get("description"), 400)}
        for one in api.items(data, "policies", what=what)
    ]  # fmt: skip


def of_node(results: t.Mapping[str, Compliance], uuid: str, title: str) -> Compliance:
    """How one server compares. One of which nothing is told is refused, since nothing could be judged afterwards."""
    found = results.get(uuid)
    if found is None or not found.supported:
        raise bad_input(
            "firmware_not_told",
            f"the server {title} is {'not supported' if found else 'not told'} among the compliance results of firmware.",
            "Look whether XClarity Administrator updates this kind of server, and run again.",
            resource=title,
        )
    return found


def refuse_unknown_policies(policies: t.Sequence[t.Mapping[str, str]], wanted: t.Iterable[str]) -> None:
    there = {one["name"] for one in policies}
    refused = Refusals()
    for name in wanted:
        with refused:
            if name not in there:
                known = ", ".join(sorted(there)[:10]) or "none"
                raise bad_input(
                    "policy_not_found", f"there is no compliance policy {clean(name, 80)}; there are: {clean(known, 200)}.",
                    "Correct the name of the policy and run again.", resource=clean(name, 200),
                )  # fmt: skip
    refused.tell()
