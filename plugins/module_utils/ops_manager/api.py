# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ops Manager on the wire: how to connect, what its errors mean, how a list is read whole.

Sources: the pages "Group Server Pool Requests", "Public API Principles" and "Public API Error Codes".
"""

from __future__ import annotations

import collections
import dataclasses
import re
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._auth import check_secret
from ansible_collections.groundwork.provision.plugins.module_utils._client import READ_ATTEMPTS, Client
from ansible_collections.groundwork.provision.plugins.module_utils._digest import Digest
from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure, bad_input, bad_reply
from ansible_collections.groundwork.provision.plugins.module_utils._logins import Login
from ansible_collections.groundwork.provision.plugins.module_utils._numbers import count, http_date
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils._text import clean
from ansible_collections.groundwork.provision.plugins.module_utils._transport import MAX_LIST, Endpoint, Reply, Transport, segment

SYSTEM = "ops_manager"
BASE = "/api/public/v1.0"
PAGE = 100  # the largest page that every release gives: 100 up to 4.0, 500 later
MAX_PAGES = 10_000
WALKS = 5  # a list can change while it is paged through; this often it is read
PAUSE = 0.5  # seconds before the second time, doubled each time

Entry = dict[str, t.Any]

_OBJECT_ID = re.compile(r"[0-9A-Fa-f]{24}", re.ASCII)
# errorCode -> (our code, reason in words or "" for the general one, what to do)
_MEANING: dict[str, tuple[str, str, str]] = {
    "USER_UNAUTHORIZED": (
        "forbidden",
        "the key lacks a role.",
        "Give the key Project Automation Admin (for pool-wide reads Global Read Only) and run again.",
    ),
    "NOT_IN_GROUP": (
        "forbidden",
        "the key is no member of the group, or there is no such group.",
        "Check group_id or group_name and the key's roles in that group, and run again.",
    ),
    "NO_CURRENT_USER": ("auth_failed", "", "Check the key, and that its access list has the address of this machine, and run again."),
    "IP_ADDRESS_NOT_ON_ACCESS_LIST": (
        "forbidden",
        "the address of this machine is not on the key's access list.",
        "Add the address to the access list of the key and run again.",
    ),
    "FEATURE_UNSUPPORTED": ("pool_disabled", "the server pool is not enabled.", ""),
    "UNSUPPORTED_FOR_CURRENT_CONFIG": ("pool_disabled", "the server pool is not enabled.", ""),
    "UNSUPPORTED_FOR_CURRENT_PLAN": ("pool_disabled", "the server pool is not enabled.", ""),
    "INVALID_GROUP_ID": ("group_not_found", "there is no such group.", "Check group_id and run again."),
    "GROUP_NOT_FOUND": ("group_not_found", "there is no such group.", "Check group_id and run again."),
    "GROUP_NAME_NOT_FOUND": ("group_not_found", "there is no group of that name.", "Check group_name and run again."),
    "MULTIPLE_GROUPS": ("group_ambiguous", "several groups have that name.", "Set group_id in place of group_name and run again."),
}
_MEANING["IP_ADDRESS_NOT_ON_WHITELIST"] = _MEANING["IP_ADDRESS_NOT_ON_ACCESS_LIST"]  # before release 5.0

ENABLE_POOL = (
    "Server pools are off by default since release 4.0 and gone from later ones: an administrator enables them"
    " (Admin, Ops Manager Config, Server Pool). Then run again."
)


class OpsManager(Client):
    """A client that gives errors their meaning and knows how far the server's clock is ahead of ours."""

    by_endpoint = True
    skew = 0.0  # seconds, from the Date header of the last answer that had one

    def __enter__(self) -> OpsManager:
        super().__enter__()
        return self

    def now(self) -> float:
        """The server's time, seconds since 1970."""
        return self.clock.wall() + self.skew

    def _check(self, reply: Reply, starts: bool, what: str) -> None:
        told = http_date(reply.headers.get("Date", ""))
        if told is not None:
            self.skew = told - self.clock.wall()
        try:
            super()._check(reply, starts, what)
        except Failure as failure:
            refine(failure, reply, self.now())
            raise


def connect(run: Run) -> OpsManager:
    """A client for the connection options of a run; use it with ``with``. Nothing is sent yet.

    ``endpoint`` is the address of Ops Manager; one that already ends with the path of the API is understood too.
    """
    params = run.params
    endpoint = Endpoint.parse(params["endpoint"])
    for ending in (BASE, "/api/public", "/api"):
        if endpoint.base.endswith(ending):
            endpoint = dataclasses.replace(endpoint, base=endpoint.base.removesuffix(ending))
            break
    user = params.get("public_key")
    if not user:
        raise bad_input("config_credentials", "public_key is not set.", "Set public_key (or its environment variable) and run again.")
    secret = check_secret(params.get("private_key"), "private_key", "OPS_MANAGER_PRIVATE_KEY")
    run.redactor.add(secret)
    transport = Transport(
        endpoint,
        run.clock,
        validate_certs=params["validate_certs"],
        ca_path=params["ca_path"],
        use_proxy=params["use_proxy"],
        timeout=params["timeout"],
    )
    run.redactor.add(*transport.secrets)
    login = Login(
        run.logins,
        (SYSTEM, (endpoint.place + endpoint.base).casefold(), user, secret),
        place=endpoint.place,
        noun="this key",
        advice="Check public_key and private_key, and that the key's access list has the address of this machine, and run again.",
    )
    return OpsManager(SYSTEM, transport, Digest(user, secret, run.redactor, run.random, login), explain, run.random)


def group_id(client: OpsManager, params: t.Mapping[str, t.Any]) -> str:
    """The id of the group (project) that the options name."""
    if params.get("group_id"):
        ident = str(params["group_id"])
        segment(ident, "group_id")
        # An ObjectId is the same in either case, and the lock and the record are kept by it.
        return ident.lower() if _OBJECT_ID.fullmatch(ident) else ident
    if not params.get("group_name"):
        raise bad_input("config_group", "neither group_id nor group_name is set.", "Set one of them and run again.")
    found = read(client, f"/groups/byName/{segment(params['group_name'], 'group_name')}", what=f"look up the group {params['group_name']}")
    if not isinstance(found.get("id"), str) or not found["id"]:
        raise bad_reply("the answer holds no group id", what="look up the group")
    return found["id"]


# -- errors -----------------------------------------------------------------------------------------------------------


def error_of(reply: Reply) -> Entry:
    """The error body: five fields from the API, three (no ``errorCode``) from the digest layer, none from a proxy."""
    try:
        data = reply.json()
    except Failure:
        return {}
    return data if isinstance(data, dict) else {}


def explain(reply: Reply) -> str | None:
    """The server's message: detail and errorCode."""
    error = error_of(reply)
    words = [error.get("detail"), f"({error['errorCode']})" if error.get("errorCode") else None]
    return " ".join(clean(word, 300) for word in words if isinstance(word, str)) or None


def refine(failure: Failure, reply: Reply, now: float) -> None:
    """Put into ``failure`` what Ops Manager's error codes mean (page "Public API Error Codes"). now: the server's time."""
    code = error_of(reply).get("errorCode")
    code = clean(code, 60) if isinstance(code, str) else ""
    if code:
        failure.details["error_code"] = code
    if code in _MEANING and failure.status is not None and 400 <= failure.status < 500:
        failure.code, why, step = _MEANING[code]
        failure.why = why or failure.why
        failure.next_step = step or ENABLE_POOL
    elif failure.code == "auth_failed":
        failure.next_step = (
            "Check public_key and private_key; older releases say the same when this machine's address is not on the key's access list."
        )
    if failure.status == 429 and failure.retry_after is None:
        failure.retry_after = 61 - now % 60  # requests are counted by the clock minute


# -- reading ----------------------------------------------------------------------------------------------------------


def read(client: OpsManager, path: str, *, what: str, attempts: int = READ_ATTEMPTS) -> Entry:
    """One entity. path: below :data:`BASE`."""
    data = client.read(BASE + path, what=what, attempts=attempts)
    if not isinstance(data, dict):
        raise bad_reply("the answer is not an object", what=what)
    return data


def list_all(
    client: OpsManager,
    path: str,
    *,
    what: str,
    query: t.Sequence[tuple[str, str]] = (),
    key: t.Callable[[Entry], str] = lambda entry: str(entry.get("id")),
    attempts: int = READ_ATTEMPTS,
) -> list[Entry]:
    """Every entry of a paged list, each once, in the server's order.

    There is no snapshot: when the count changed or an entry moved between two pages, the list is read again after a pause,
    at most :data:`WALKS` times, and then it is ``list_unstable``. An incomplete reading is no reading: what is not in it may be
    there all the same. Links are not used (their form differs between releases, samples leave them out).
    """
    why = ""
    for walk in range(WALKS):
        if walk:
            client.clock.sleep(PAUSE * 2 ** (walk - 1))
        found, why = _walk_pages(client, path, what, query, key, attempts)
        if not why:
            return found
    raise Failure(
        "list_unstable",
        f"the list could not be read whole, {WALKS} times in a row; the last time {why}.",
        "Somebody else seems to change it: run again later.",
        what=what,
        system=client.system,
        transient=True,
    )


def _walk_pages(
    client: OpsManager, path: str, what: str, query: t.Sequence[tuple[str, str]], key: t.Callable[[Entry], str], attempts: int
) -> tuple[list[Entry], str]:
    """One reading from the first page to the last, and why it is not a whole one; empty when it is.

    Each page begins with entries that the page before has shown. What was added or taken away in front of them moves them, so that
    one entry more and one less between two pages is noticed although the count is the same.
    """
    found: list[Entry] = []
    most: collections.Counter[str] = collections.Counter()  # several of one name on one page are several entries
    said: set[int] = set()
    size, number, largest = PAGE, 1, PAGE
    for _page in range(MAX_PAGES):
        page = (*query, ("pageNum", str(number)), ("itemsPerPage", str(size)))
        data = client.read(BASE + path, query=page, what=what, attempts=attempts, max_body=MAX_LIST)
        entries = data.get("results") if isinstance(data, dict) else None
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise bad_reply("the answer holds no list of results", what=what)
        total = count(data.get("totalCount"))
        if total is None and found and [*map(key, entries)] == [*map(key, found)]:
            break  # each page is the whole list: the server does not page this one
        known = len(found) - (number - 1) * size
        if [*map(key, entries[:known])] != [*map(key, found[len(found) - known :])]:
            return [], f"entries moved before page {number}"
        most |= collections.Counter(map(key, entries))
        found += entries[known:]
        said |= set() if total is None else {total}
        if len(entries) == known or (len(found) >= total if total is not None else len(entries) < size):
            break
        largest = len(entries) if len(entries) < size else largest
        size, number = _following(len(found), largest)
    else:
        raise Failure(
            "list_too_long",
            f"the list had not ended after {len(found)} entries on {MAX_PAGES} pages.",
            "Check that the endpoint is Ops Manager itself.",
            what=what,
            system=client.system,
        )
    if len(said) > 1:
        return [], f"it had {min(said)} entries on one page and {max(said)} on another"
    if len(found) > most.total():
        return [], f"{len(found) - most.total()} entries came on two pages"
    if said and (len(found) < max(said) or (number > 1 and len(found) > max(said))):
        return [], f"it said that it has {max(said)} entries, and {len(found)} came"
    return found, ""


def _following(shown: int, largest: int) -> tuple[int, int]:
    """(itemsPerPage, pageNum) of the page that begins before the entry ``shown`` and reaches farthest.

    A server that gives very small pages has none; then the one that begins there."""
    pages = [(size, (shown - 1) // size + 1) for size in range(largest, 0, -1)]
    size, number = max(pages, key=lambda page: page[0] * page[1])
    return (size, number) if size * number > shown else (largest, shown // largest + 1)
