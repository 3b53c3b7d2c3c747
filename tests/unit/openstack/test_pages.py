# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists by marker: whole or a failure, and never without end."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from chaos.clocks import StillClock

from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure
from ansible_collections.groundwork.provision.plugins.module_utils.openstack import api

ALL = [{"id": f"p{number}"} for number in range(1200)]


class Service:
    """Stands in for a client. ``now(walk)`` gives all entries; a marker that is not there is taken no notice of, as Senlin does."""

    system = "openstack"
    transport = SimpleNamespace(endpoint=SimpleNamespace(option="endpoint_override"))

    def __init__(self, now):
        self.now, self.clock = now, StillClock()
        self.asked: list[str] = []

    def read(self, path, *, query, what, max_body):
        told = dict(query)
        self.asked.append(told.get("marker", ""))
        rows = self.now(self.asked.count(""))
        idents = [row.get("id") for row in rows]
        begin = idents.index(told["marker"]) + 1 if told.get("marker", "") in idents and "marker" in told else 0
        return {"profiles": rows[begin : begin + int(told["limit"])]}


def read_all(service: Any) -> list[dict[str, Any]]:
    return api.pages(service, "/v1/profiles", "profiles")


@pytest.mark.parametrize("count", [0, 1, 499, 500, 501, 1200])
def test_a_list_is_read_page_by_page(count):
    service = Service(lambda walk: ALL[:count])
    assert read_all(service) == ALL[:count]
    assert service.clock.slept == []


def test_a_marker_that_was_deleted_makes_it_begin_anew_after_a_pause():
    service = Service(lambda walk: ALL if walk > 1 else (ALL if not service.asked[-1] else [row for row in ALL if row["id"] != "p499"]))
    assert read_all(service) == ALL
    assert service.clock.slept == [0.5]


def test_a_list_that_changes_again_and_again_is_a_failure():
    service = Service(lambda walk: ALL if not service.asked[-1] else [row for row in ALL if row["id"] != service.asked[-1]])
    with pytest.raises(Failure) as caught:
        read_all(service)
    assert (caught.value.code, caught.value.transient, caught.value.outcome) == ("list_unstable", True, "none")
    assert service.asked.count("") == api.WALKS
    assert len(service.clock.slept) == api.WALKS - 1


def test_a_list_without_end_ends(monkeypatch):
    monkeypatch.setattr(api, "MAX_PAGES", 7)
    numbers = iter(range(10**9))
    service = Service(lambda walk: [])
    service.read = lambda path, **more: service.asked.append("") or {"profiles": [{"id": f"p{next(numbers)}"} for _row in range(500)]}
    with pytest.raises(Failure) as caught:
        read_all(service)
    assert (caught.value.code, caught.value.transient) == ("list_too_long", False)
    assert len(service.asked) == 7
    assert "3500" in caught.value.why


@pytest.mark.parametrize("entry", [{}, {"id": None}, {"id": ""}, {"id": 7}, {"name": "web"}])
def test_an_entry_without_an_id_is_not_left_out_in_silence(entry):
    with pytest.raises(Failure) as caught:
        read_all(Service(lambda walk: [ALL[0], entry, ALL[1]]))
    assert caught.value.code == "bad_reply"


def test_one_id_twice_on_a_page_is_no_list():
    with pytest.raises(Failure) as caught:
        read_all(Service(lambda walk: [ALL[0], ALL[1], ALL[0]]))
    assert caught.value.code == "list_unstable"
