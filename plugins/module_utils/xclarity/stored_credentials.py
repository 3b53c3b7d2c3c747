# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Credentials that XClarity Administrator keeps, to log in to the devices that it manages.

Sources: the pages of /storedCredentials, and Lenovo's client. The password is neither returned nor checked. User names need not be
unique; the pages advise to tell the entries apart by their description, so that is what an entry is known by here. The appliance makes
entries by itself when it manages a device ("Credentials for ...").
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._client import READ_ATTEMPTS, Client
from ansible_collections.groundwork.provision.plugins.module_utils._errors import Refusals, bad_input, bad_reply
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Step
from ansible_collections.groundwork.provision.plugins.module_utils._text import clean
from ansible_collections.groundwork.provision.plugins.module_utils._transport import MAX_LIST, segment

PATH = "/storedCredentials"
WHAT = "list stored credentials"


@dataclasses.dataclass(frozen=True)
class Credential:
    """One entry."""

    id: str
    username: str
    description: str

    def public(self) -> dict[str, t.Any]:
        return dataclasses.asdict(self)


@dataclasses.dataclass(frozen=True)
class Desired:
    """What the user asks of one entry. It is known by its id, or else by its description."""

    id: str
    description: str
    username: str
    password: str
    always: bool

    @property
    def name(self) -> str:
        return self.id or self.description


def entries(data: t.Any) -> list[dict[str, t.Any]]:
    """Of all, or of the one that was asked for, as ``response`` has them."""
    told = data.get("response") if isinstance(data, dict) else None
    found = told if isinstance(told, list) else [told]
    if not all(isinstance(one, dict) for one in found):
        raise bad_reply("the answer holds no list of credentials", what=WHAT)
    return t.cast("list[dict[str, t.Any]]", found)


def parse(entry: t.Mapping[str, t.Any]) -> Credential:
    def text(key: str) -> str:
        value = entry.get(key)
        return str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""

    return Credential(text("id"), text("userName"), text("description"))


def read_all(client: Client, *, attempts: int = READ_ATTEMPTS) -> list[Credential]:
    return [parse(entry) for entry in entries(client.read(PATH, what=WHAT, attempts=attempts, max_body=MAX_LIST))]


def read_named(client: Client, ids: t.Sequence[str]) -> dict[str, dict[str, t.Any]]:
    """The entries with these ids, as the server tells them. One that is not there is refused."""
    there = {parse(entry).id: entry for entry in entries(client.read(PATH, what=WHAT, max_body=MAX_LIST))}
    refused = Refusals()
    for one in ids:
        with refused:
            if one not in there:
                raise _unknown(one)
    refused.tell()
    return {one: there[one] for one in ids}


def find(listed: t.Sequence[Credential], desired: Desired) -> Credential | None:
    """The entry that is meant. An id has to be there; a description that several have is refused."""
    if desired.id:
        found = next((one for one in listed if one.id == desired.id), None)
        if found is None:
            raise _unknown(desired.id)
        return found
    matches = [one for one in listed if one.description == desired.description]
    if len(matches) > 1:
        raise bad_input(
            "credential_ambiguous",
            f"{clean(desired.description, 80)} describes several stored credentials, with the ids {', '.join(m.id for m in matches[:10])}.",
            "Give the id and run again.",
            resource=clean(desired.description, 200),
        )
    return matches[0] if matches else None


def refuse_contradictions(listed: t.Sequence[Credential], there: Credential | None, desired: Desired, *, absent: bool) -> None:
    """An id and a description that are of two entries: which of them is to go is not known, and two entries with one description could not
    be told apart any more. there: the entry with the id."""
    if not desired.id or not desired.description or (there is not None and there.description == desired.description):
        return
    name = clean(desired.description, 80)
    if absent and there is not None:
        raise bad_input(
            "credential_mismatch",
            f"the stored credential {clean(desired.id, 40)} is described as {clean(there.description, 80) or '(nothing)'}, not as {name}.",
            "Give credential_id or description alone, and run again.", resource=clean(desired.id, 200),
        )  # fmt: skip
    other = next((one for one in listed if one.description == desired.description and one.id != desired.id), None)
    if other is not None:
        raise bad_input(
            "credential_mismatch",
            f"{name} describes the stored credential {clean(other.id, 40)}, not {clean(desired.id, 40)}.",
            "Correct credential_id or description, and run again.", resource=clean(desired.id, 200),
        )  # fmt: skip


def _unknown(ident: str) -> t.Any:
    return bad_input(
        "credential_not_found", f"there is no stored credential with the id {clean(ident, 40)}.",
        "Correct the id, or make it with stored_credential, and run again.", resource=clean(ident, 40),
    )  # fmt: skip


def plan(there: Credential | None, desired: Desired, *, absent: bool) -> Step | None:
    """What to send. A change needs user and password both, as the call does."""
    if absent:
        if there is None:
            return None
        return Step(
            operation="delete",
            method="DELETE",
            path=f"{PATH}/{segment(there.id, 'credential id')}",
            resource=there.id,
            title=there.description or there.id,
            why="it is there and is desired absent",
            effect=("the deletion", "accepted"),
        )
    after = wanted(there, desired)
    changed = there is None or (there.username, there.description) != (after.username, after.description)
    if not changed and not (desired.always and desired.password):
        return None
    missing = [name for name, value in (("credential_username", after.username), ("credential_password", desired.password)) if not value]
    if missing:
        raise bad_input(
            "config_missing", f"{' and '.join(missing)} must be set to make or change the stored credential {clean(desired.name, 80)}.",
            "Set them and run again.", resource=clean(desired.name, 200),
        )  # fmt: skip
    why = "it is not there" if there is None else "it is not as desired" if changed else "update_password is always"
    return Step(
        operation="set",
        method="POST" if there is None else "PUT",
        path=PATH if there is None else f"{PATH}/{segment(there.id, 'credential id')}",
        resource=there.id if there else desired.description,
        title=after.description or desired.name,
        why=why,
        body={"userName": after.username, "password": desired.password, "description": after.description},
        secret=("password",),
        effect=("the change", "accepted"),
    )


def wanted(there: Credential | None, desired: Desired) -> Credential:
    """The entry as it is desired."""
    before = there or Credential("", "", "")
    return Credential(before.id, desired.username or before.username, desired.description or before.description)
