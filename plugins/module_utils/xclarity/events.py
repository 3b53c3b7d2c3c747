# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Events and alerts of XClarity Administrator.

Sources: the pages of /events, recorded replies. The list has pages by the header Range, over sequence numbers and not over matches: the
answer is always 200, and the number after the slash of Content-Range is that of the newest event.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._client import Client
from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure, bad_reply
from ansible_collections.groundwork.provision.plugins.module_utils._numbers import whole
from ansible_collections.groundwork.provision.plugins.module_utils._text import clean
from ansible_collections.groundwork.provision.plugins.module_utils._transport import MAX_LIST

PAGE = 10_000  # sequence numbers a request
KINDS = {"all": "/events", "audit": "/events/audit"}
SEVERITIES = {100: "unknown", 200: "informational", 300: "warning", 400: "minor", 500: "major", 600: "critical", 700: "fatal"}
CLASSES = {
    50: "unknown", 200: "audit", 300: "cooling", 400: "power", 500: "disks", 600: "memory", 700: "processor", 800: "server", 900: "test",
    1000: "adapter", 1100: "expansion board", 1200: "flex switch", 1300: "flex server", 1400: "switch",
}  # fmt: skip
SERVICES = {100: "none", 200: "support", 300: "user"}
_TEXTS = {
    "id": "eventID", "common_id": "commonEventID", "message": "msg", "time": "timeStamp", "event_time": "eventDate",
    "source": "sourceID", "source_name": "eventSourceText", "component": "componentID", "system": "systemName",
    "serial_number": "serialnum", "user": "userid", "action": "action",
}  # fmt: skip
_TOTAL = re.compile(r"/\s*([0-9]{1,18})\s*\Z")


def parse(entry: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """One event. Numbers come as such and as texts."""

    def word(key: str, words: t.Mapping[int, str]) -> str:
        return words.get(whole(entry.get(key)) or 0, clean(entry.get(key) or "", 60))

    texts = {key: clean(value, 1000) if isinstance(value := entry.get(theirs), str) else "" for key, theirs in _TEXTS.items()}
    return {
        "number": whole(entry.get("cn")), **texts, "severity": word("severity", SEVERITIES), "class": word("eventClass", CLASSES),
        "service": word("service", SERVICES),
    }  # fmt: skip


def _page(client: Client, path: str, first: int, last: int) -> tuple[list[dict[str, t.Any]], int | None]:
    reply = client.read_reply(path, what="read events", headers={"Range": f"item={first}-{last}"}, max_body=MAX_LIST)
    data = reply.json()
    if not isinstance(data, list) or not all(isinstance(one, dict) for one in data):
        raise bad_reply("the answer holds no list of events", what="read events")
    total = _TOTAL.search(reply.headers.get("Content-Range", ""))
    return data, int(total[1]) if total else None


def newest(client: Client, kind: str) -> int:
    """The number of the newest event, 0 where there is none."""
    found, told = _page(client, KINDS[kind], 0, 1)
    if told is None:
        told = max((number for one in found if (number := whole(one.get("cn"))) is not None), default=0)
    return told


def read_page(client: Client, kind: str, after: int, upto: int) -> tuple[list[dict[str, t.Any]], int]:
    """(the events with a number above ``after``, by number, the last number that was looked at): one request, :data:`PAGE` numbers at
    most, none above ``upto``."""
    last = min(after + PAGE, upto)
    rows, _total = _page(client, KINDS[kind], after, last)
    events = {event["number"]: event for event in map(parse, rows) if event["number"] is not None and after < event["number"] <= last}
    return [events[number] for number in sorted(events)], last


def read(client: Client, kind: str, after: int | None, last: int) -> tuple[list[dict[str, t.Any]], int]:
    """(the events, by number, the number of the newest). after: only those with a larger number; None: of the ``last`` numbers.

    A number after the newest means that the appliance was restored; all of the ``last`` numbers are read then.
    """
    top = newest(client, kind)
    seen = max(top - last, 0)
    if after is not None and after <= top:
        seen = max(seen, after)
    events: list[dict[str, t.Any]] = []
    while seen < top:
        found, seen = read_page(client, kind, seen, top)
        events += found
    return events, top


def read_alerts(client: Client) -> list[dict[str, t.Any]] | None:
    """The worst state of each device that has an alert; None on an appliance that does not tell."""
    try:
        data = client.read("/events/activeAlerts/status", what="read alerts", max_body=MAX_LIST)
    except Failure as failure:
        if failure.status not in (400, 403, 404):
            raise
        return None
    if not isinstance(data, list):
        raise bad_reply("the answer holds no list of alerts", what="read alerts")
    keys = {"component": "componentID", "source": "sourceID", "class": "eventClass", "status": "status"}
    return [{key: clean(one.get(theirs) or "", 200) for key, theirs in keys.items()} for one in data if isinstance(one, dict)]
