# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The event source groundwork.provision.xclarity_events: the event log of XClarity Administrator, by its sequence numbers."""

from __future__ import annotations

import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._client import Client
from ansible_collections.groundwork.provision.plugins.module_utils._errors import bad_input
from ansible_collections.groundwork.provision.plugins.module_utils._options import Options, Spec
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import api, events
from ansible_collections.groundwork.provision.plugins.plugin_utils.event_changes import event_uuid
from ansible_collections.groundwork.provision.plugins.plugin_utils.event_hosts import XClarityHosts
from ansible_collections.groundwork.provision.plugins.plugin_utils.event_source import COMMON, XCLARITY_CONNECTION, Found, News, Source
from ansible_collections.groundwork.provision.plugins.plugin_utils.event_state import Delta

MOST = 1_000_000


class EventLog(Source):
    """``data`` of the state: ``number`` of the last event that was looked at; ``time`` of the newest one that was passed on;
    ``restored``, after the appliance was restored and until all is read: the time up to which everything was passed on."""

    NAME = "groundwork.provision.xclarity_events"
    system = api.SYSTEM

    def __init__(self, params: dict[str, t.Any]) -> None:
        if not 0 <= params["last"] <= MOST:
            raise bad_input("config_number", f"last must lie between 0 and {MOST}.", "Correct last and start the source again.")
        super().__init__(params)
        self._hosts = XClarityHosts(params["hostnames"])
        self._sources = {_plain(one) for one in params["source"] or ()}
        self.data: dict[str, t.Any] = {}

    @classmethod
    def options(cls) -> Spec:
        own: Options = {
            "kind": {"type": "str", "choices": list(events.KINDS), "default": "all"},
            "last": {"type": "int", "default": 0},
            "severity": {"type": "list", "elements": "str", "choices": list(events.SEVERITIES.values())},
            "source": {"type": "list", "elements": "str"},
        }
        return COMMON + XCLARITY_CONNECTION + Spec(own)

    def connect(self, run: Run) -> Client:
        return api.connect(run)

    def key(self) -> tuple[str, ...]:
        return (self.params["kind"],)

    def begin(self) -> None:
        self.data = self.state.data

    def find(self) -> Found:
        newest = events.newest(self.client, self.params["kind"])
        number = self.data.get("number")
        if number is None:
            number = self._set(number=max(newest - self.params["last"], 0))["number"]
        elif number > newest:
            # The appliance was restored: its numbers go on from somewhere before. By their time those are known that were passed on.
            number = self._set(number=0, restored=self.data.get("time", ""))["number"]
        if number >= newest:
            return Found([])
        rows, last = events.read_page(self.client, self.params["kind"], number, newest)
        known = self.data.get("restored", "")
        wanted = [row for row in rows if self._wanted(row) and not (known and row["time"] and row["time"] <= known)]
        news = [self._news(row) for row in wanted]
        if news:
            event, passed_on = news[-1]

            def last_passed_on() -> Delta:
                return {**passed_on(), **self._read_up_to(last, newest)}

            news[-1] = News(event, last_passed_on)
        else:
            self._read_up_to(last, newest)
        return Found(news, more=last < newest)

    def _news(self, row: dict[str, t.Any]) -> News:
        def passed_on() -> Delta:
            return self._set(number=row["number"], time=max(self.data.get("time", ""), row["time"]))

        ident = event_uuid(self.server, "event", self.params["kind"], str(row["number"]), row["time"], row["id"])
        hosts = self._hosts.of(self.client, row["source"])
        return News(self.event(ident, hosts, {"kind": "event", "id": str(row["number"]), "event": row}), passed_on)

    def _wanted(self, row: t.Mapping[str, t.Any]) -> bool:
        severities = self.params["severity"]
        return (severities is None or row["severity"] in severities) and (not self._sources or _plain(row["source"]) in self._sources)

    def _read_up_to(self, last: int, newest: int) -> Delta:
        """All of a page was passed on."""
        return self._set(number=last, restored="" if last >= newest else self.data.get("restored", ""))

    def _set(self, **values: t.Any) -> Delta:
        self.data.update(values)
        self.state.touch()
        return values


def _plain(uuid: str) -> str:
    return uuid.replace("-", "").casefold()
