# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plans of the server pool modules: tables and properties, no network."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure
from ansible_collections.groundwork.provision.plugins.module_utils.ops_manager import pool_server_operations
from ansible_collections.groundwork.provision.plugins.module_utils.ops_manager.pool_requests import (
    Reading,
    Request,
    attribute,
    available,
    cancel_step,
    cancellable,
    candidates,
    choose,
    order_step,
)
from ansible_collections.groundwork.provision.plugins.module_utils.ops_manager.server_pool import Server, desired

OSLO, ROME = {"site": "oslo"}, {"site": "rome"}
NOW = 1_000_000.0


def date(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def request(ident, *documents, status="EXECUTING", created=NOW, expires=NOW + 7200):
    return Request(ident, status, "g", len(documents), documents, date(created), date(expires), "", "")


def server(name, properties, status="BOUND"):
    return Server(f"id-{name}", name, {**properties, "rack": name}, status, "g", "", "")


def plan(wanted, requests=(), servers=(), satisfied_by="servers"):
    return choose(wanted, Reading(list(requests), list(servers)), satisfied_by, NOW)


@pytest.mark.parametrize(
    "wanted, requests, servers, missing, joined, surplus",
    [
        ([OSLO], [], [], [OSLO], [], []),
        ([OSLO], [], [server("a", OSLO)], [], [], []),
        ([OSLO], [], [server("a", ROME)], [OSLO], [], []),
        ([OSLO], [], [server("a", OSLO, "RESERVED")], [OSLO], [], []),
        ([OSLO], [], [server("a", OSLO, "NEEDS_CLEAN")], [OSLO], [], []),
        ([OSLO], [], [server("a", OSLO), server("b", OSLO)], [], [], ["b"]),
        ([OSLO] * 3, [request("1", OSLO)], [server("a", OSLO)], [OSLO], ["1"], []),
        ([OSLO], [request("1", OSLO)], [server("a", OSLO)], [], [], []),
        ([OSLO], [request("1", ROME)], [], [OSLO], [], []),
        ([OSLO, ROME], [request("1", OSLO, ROME)], [], [], ["1"], []),
        ([OSLO], [request("1", OSLO, status="COMPLETED")], [], [OSLO], [], []),
        ([OSLO], [request("1", OSLO, status="CANCELLING")], [], [OSLO], [], []),
        ([OSLO], [request("1", OSLO, status="FAILED")], [], [OSLO], [], []),
        ([OSLO], [request("1", OSLO, created=NOW - 7201, expires=NOW - 1)], [], [OSLO], [], []),
    ],
)
def test_the_shortfall(wanted, requests, servers, missing, joined, surplus):
    choice = plan(wanted, requests, servers)
    assert choice.missing == missing
    assert [one.id for one in choice.joined] == joined
    assert [one.hostname for one in choice.surplus] == surplus
    if missing:
        step = order_step("g", missing, choice.why)
        assert (step.method, step.path, step.body) == (
            "POST", "/api/public/v1.0/groups/g/serverPool/requests", {"properties": missing},
        )  # fmt: skip


def test_history_counts_only_where_it_is_asked_for():
    requests = [request("1", OSLO, status="COMPLETED"), request("2", OSLO)]
    choice = plan([OSLO] * 3, requests, [server("a", OSLO)], "requests")
    assert (choice.missing, [one.id for one in choice.joined], choice.surplus) == ([OSLO], ["2"], [])


places = st.sampled_from([OSLO, ROME, {"site": "oslo", "size": "l"}])


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(places, min_size=1, max_size=6), st.lists(places, max_size=6), st.lists(places, max_size=4))
def test_once_what_is_missing_has_come_nothing_more_is_asked_for(wanted, held, coming):
    """And before it has come, while it is on its way, neither."""
    servers = [server(f"s{n}", one) for n, one in enumerate(held)]
    requests = [request("r", *coming)] if coming else []
    first = plan(wanted, requests, servers)
    if first.missing:
        again = plan(wanted, [*requests, request("own", *first.missing)], servers)
        assert again.missing == []
    arrived = servers + [server(f"n{n}", one) for n, one in enumerate([*coming, *first.missing])]
    last = plan(wanted, [], arrived)
    assert last.missing == []
    assert all(last.here)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.permutations([OSLO, OSLO, ROME]))
def test_the_order_of_what_is_asked_for_does_not_matter(wanted):
    assert plan(wanted, [], [server("a", ROME), server("b", OSLO), server("c", OSLO)]).missing == []


def test_a_lost_request_is_looked_for_by_what_is_new():
    old, twin, other, early, odd = (
        request("old", OSLO),
        request("twin", OSLO, created=NOW + 1),
        request("other", ROME),
        request("early", OSLO, created=NOW - 60),
        request("odd", OSLO, OSLO),
    )
    assert candidates([old, twin, other, early, odd], {"old"}, [OSLO], NOW) == [twin]
    assert candidates([request("2", ROME, OSLO)], set(), [OSLO, ROME], NOW)[0].id == "2"


@pytest.mark.parametrize(
    "before, after, completed, new, certain",
    [
        ([], ["a"], ["1"], {"id-a"}, True),
        (["a"], ["a", "b"], ["1"], {"id-b"}, True),
        ([], [], ["1"], set(), False),
        ([], ["a", "b"], ["1"], {"id-a", "id-b"}, False),
        ([], ["a"], ["1", "2"], {"id-a"}, False),
    ],
)
def test_whose_servers_they_are(before, after, completed, new, certain):
    waited = [request("1", OSLO, status="COMPLETED")]
    earlier = Reading([], [server(name, OSLO) for name in before])
    later = Reading([request(ident, OSLO, status="COMPLETED") for ident in completed], [server(name, OSLO) for name in after])
    assert attribute(earlier, later, waited) == (new, certain)


def test_attribution_without_a_list_of_servers_is_never_certain():
    assert attribute(Reading([], None), Reading([], None), [request("1", OSLO)]) == (set(), False)


def test_which_requests_are_cancelled():
    requests = [
        request("1", OSLO, OSLO),
        request("2", OSLO, ROME),
        request("3", ROME),
        request("4", OSLO, status="CANCELLING"),
        request("5", OSLO, status="COMPLETED"),
        request("6"),
    ]
    found = cancellable(requests, [desired(OSLO)])
    assert [one.id for one in found] == ["1", "4"]
    step = cancel_step("g", found[0])
    assert (step.method, step.path, step.resource) == ("DELETE", "/api/public/v1.0/groups/g/serverPool/requests/1", "1")
    both = cancellable(requests, [desired(OSLO), desired(ROME)])
    assert [one.id for one in both] == ["1", "2", "3", "4"]


@pytest.mark.parametrize(
    "missing, free, on_shortage, ordered",
    [
        ([OSLO], [OSLO], "fail", [OSLO]),
        ([OSLO] * 3, [OSLO] * 2, "fail", "pool_short"),
        ([OSLO] * 3, [OSLO] * 2, "partial", [OSLO] * 2),
        ([OSLO, ROME], [ROME], "partial", [ROME]),
        ([OSLO], [], "partial", []),
        ([OSLO], [], "fail", "pool_short"),
    ],
)
def test_what_is_ordered_of_a_pool_that_has_too_few(missing, free, on_shortage, ordered):
    servers = [server(f"s{n}", one, "AVAILABLE") for n, one in enumerate(free)]
    try:
        found = available(missing, servers, on_shortage)
    except Failure as failure:
        found = failure.code
    assert found == ordered


def test_an_order_is_known_by_what_it_asks_for_in_any_order():
    one, other = order_step("g", [OSLO, ROME], "why"), order_step("g", [ROME, OSLO], "another")
    assert one.key == other.key
    assert one.key != order_step("g", [OSLO], "why").key
    assert one.key != order_step("h", [OSLO, ROME], "why").key


def test_which_servers_are_terminated():
    servers = [server("a.example", OSLO), server("b.example", OSLO)]
    items = pool_server_operations.select("g", ["B.example", "c.example"], servers)
    assert [(step.method, step.path, step.resource, step.name) for item in items for step in item.steps] == [
        ("DELETE", "/api/public/v1.0/groups/g/serverPool/servers/id-b.example", "id-b.example", "b.example")
    ]
    assert [item.before and item.before.status for item in items] == ["BOUND", None]


def test_two_servers_of_one_name_are_left_alone():
    twins = [server("a", OSLO), Server("other", "A", OSLO, "BOUND", "g", "", "")]
    with pytest.raises(Failure) as caught:
        pool_server_operations.select("g", ["a"], twins)
    assert caught.value.code == "server_ambiguous"
