# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading what has a name and an id in a project of the clustering service, whatever it is.

Names are not unique there, a name in a path may hit what has an id that begins with it, and an administrator sees other projects'
things. So all is listed by name, compared to the letter, held to the token's project, and acted on by its whole id.
"""

from __future__ import annotations

import collections
import dataclasses
import re
import typing as t
from urllib.parse import urlencode

from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure, bad_input, bad_reply, named
from ansible_collections.groundwork.provision.plugins.module_utils._numbers import whole
from ansible_collections.groundwork.provision.plugins.module_utils._transport import segment
from ansible_collections.groundwork.provision.plugins.module_utils.openstack import api

MAX_QUERY = 4000  # characters of names in one URL; with more, or with more ids than IDS, everything is listed
IDS = 10
KEEP, TRY = "keep", "try"  # what is to be deleted and is in use stays; or the service decides
Entry = dict[str, t.Any]


class Asked(t.Protocol):
    """What a user asks of one thing, by its name, its id, or both."""

    @property
    def name(self) -> str | None: ...

    @property
    def id(self) -> str | None: ...

    @property
    def label(self) -> str: ...


_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclasses.dataclass(frozen=True)
class Kind:
    """One kind of thing. path: of its list; key: of the list in an answer; one: of a single one; noun: for people."""

    path: str
    key: str
    one: str
    noun: str


CLUSTERS = Kind(api.VERSION + "/clusters", "clusters", "cluster", "cluster")
NODES = Kind(api.VERSION + "/nodes", "nodes", "node", "node")
POLICIES = Kind(api.VERSION + "/policies", "policies", "policy", "policy")
RECEIVERS = Kind(api.VERSION + "/receivers", "receivers", "receiver", "receiver")


def looks_like_id(text: str) -> bool:
    """A whole id. (A name may look so, too: an id comes first, as in the service.)"""
    return bool(_UUID.fullmatch(text.lower()))


def parse(kind: Kind, entry: t.Any) -> Entry:
    """One of an answer. Raises ``bad_reply`` for what cannot be one."""
    if not isinstance(entry, dict) or not all(isinstance(entry.get(key), str) and entry[key] for key in ("id", "name", "project")):
        raise bad_reply(f"the answer holds a {kind.noun} without id, name or project")
    for key in ("metadata", "config", "spec", "params"):
        if key in entry and entry[key] is not None and not isinstance(entry[key], dict):
            raise bad_reply(f"the answer holds a {kind.noun} whose {key} is not a mapping")
    for key in ("desired_capacity", "min_size", "max_size"):
        if entry.get(key) is not None and whole(entry[key]) is None:
            raise bad_reply(f"the answer holds a {kind.noun} whose {key} is no whole number")
    return entry


def one_of(kind: Kind, data: t.Any) -> Entry:
    """The single one in an answer."""
    return parse(kind, data.get(kind.one) if isinstance(data, dict) else None)


def path(kind: Kind, ident: str, *more: str) -> str:
    return "/".join((kind.path, segment(ident, f"{kind.noun} id"), *more))


def ident(where: str) -> str:
    """The id in such a path."""
    return where.split("/")[3]


def read_one(client: api.Clustering, kind: Kind, ident: str) -> Entry | None:
    """The one with this whole id in the token's project, or None."""
    try:
        data = client.read(path(kind, ident), what=f"read {kind.noun} {ident}")
    except Failure as failure:
        if failure.status == 404:
            return None
        raise
    entry = one_of(kind, data)
    return entry if entry["id"] == ident and entry["project"] == client.project else None


def read_all(client: api.Clustering, kind: Kind, query: t.Sequence[tuple[str, str]] = (), *, all_projects: bool = False) -> list[Entry]:
    """All that the query finds, of the token's project unless all are asked for."""
    if all_projects:
        query = [*query, ("global_project", "true")]
    entries = [parse(kind, entry) for entry in api.pages(client, kind.path, kind.key, query)]
    return [entry for entry in entries if all_projects or entry["project"] == client.project]


def read(client: api.Clustering, kind: Kind, names: t.Iterable[str], ids: t.Iterable[str] = ()) -> list[Entry]:
    """Those of the token's project with these names (to the letter) or ids, each once."""
    wanted, idents = sorted(set(names)), sorted(set(ids))
    query = [("name", name) for name in wanted]
    if len(idents) > IDS or len(urlencode(query)) > MAX_QUERY:
        return [one for one in read_all(client, kind) if one["name"] in wanted or one["id"] in idents]
    found = {one["id"]: one for one in (read_all(client, kind, query) if query else []) if one["name"] in wanted}
    for ident in idents:
        one = found.get(ident) or read_one(client, kind, ident)
        if one is not None:
            found[ident] = one
    return list(found.values())


def meant(kind: Kind, asked: str, entries: t.Sequence[Entry]) -> Entry | None:
    """The one of these that a user means by an id or a name. Several of one name are refused."""
    by_id = next((one for one in entries if one["id"] == asked.lower()), None)
    named = [one for one in entries if one["name"] == asked]
    if by_id is not None or len(named) < 2:
        return by_id or next(iter(named), None)
    raise bad_input(
        "name_ambiguous",
        f"{asked} names several {kind.key}, with the ids {', '.join(one['id'] for one in named[:10])}.",
        "Give the id of the one that is meant, and run again.",
        resource=asked,
    )


def refuse_names(noun: str, asked: t.Iterable[tuple[str | None, str | None]], names: t.Mapping[str, str]) -> None:
    """Refuse a name that is not that of the id beside it, where nothing is to be renamed: one of the two is a mistake. asked: (name, id);
    names: of those that are there, by id."""
    for name, ident in asked:
        if name is not None and ident is not None and names.get(ident, name) != name:
            raise bad_input(
                "name_differs",
                f"the {noun} {ident} has the name {names[ident]} and not {name}.",
                "Correct id or name, or give only one of them, and run again.",
                resource=name,
            )


def item_key(asked: Asked, found: str | None) -> str:
    """What an item is known by. found: the id of what is there."""
    return found or (f"id {asked.id}" if asked.id else f"name {asked.name}")


def refuse_doubles(noun: str, rows: t.Iterable[tuple[Asked, str | None, t.Iterable[str]]]) -> None:
    """Refuse what is given more than once, be it by its name and by its id. Two ids are two things, though they may have one name.

    rows: what is asked for; the other name that what has the id is to get, None for none; the ids of all that the request is about.
    """
    seen: set[str] = set()
    for asked, becomes, ids in rows:
        name = becomes if asked.id else asked.name
        keys = {f"id {one}" for one in (asked.id, *ids) if one} | ({f"name {name}"} if name else set())
        if seen & keys:
            why = f"the {noun} {asked.label} is given more than once."
            raise bad_input("duplicate_item", why, f"Give each {noun} once and run again.", resource=asked.label)
        seen |= keys


def new_name(asked: Asked, found: str | None) -> str | None:
    """The name that what has this id is to get, None where it keeps its own. found: the name that it has."""
    return asked.name if asked.id and found is not None and found != asked.name else None


def refuse_use(what: str, used: t.Sequence[str], remedy: str, on_use: str, resource: str) -> None:
    """Refuse to delete what others use, by name, where the user wants that."""
    if used and on_use != KEEP:
        raise bad_input(
            "in_use",
            f"{what} is used by {named(list(used), 200)}.",
            f"{remedy}, or set on_use to keep to leave it, and run again.",
            resource=resource,
        )


def by_title(items: t.Iterable[t.Any], view: t.Callable[[t.Any], t.Any]) -> dict[str, t.Any]:
    """One side of a diff: what ``view`` makes of each item, without those of which it makes None, by the items' titles. Titles need not
    differ where items are asked for by their ids; those that repeat have the id beside."""
    items = list(items)
    count = collections.Counter(item.title for item in items)
    shown = {item.title if count[item.title] == 1 else f"{item.title} ({item.key})": view(item) for item in items}
    return {title: one for title, one in shown.items() if one is not None}


def foreseen(words: str, asked: t.Iterable[str]) -> dict[str, Entry]:
    """Of what is asked for the things that are still to be made, by what the user calls them: these words, a name, and the type where it
    is known. Only check mode takes them."""
    found = {}
    for one in asked:
        if one.startswith(words):
            name, _space, kind = one[len(words) :].strip().partition(" ")
            found[one] = {"id": words, "name": name, **({"type": kind} if kind else {})}
    return found


def names_and_ids(asked: t.Iterable[str]) -> tuple[list[str], list[str]]:
    """What is asked for, as names and, where it looks like one, as ids too."""
    everything = sorted(set(asked))
    return everything, [one.lower() for one in everything if looks_like_id(one)]
