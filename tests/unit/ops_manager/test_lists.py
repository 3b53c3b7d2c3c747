# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A list is read whole or not at all: what changed while it was read is read again, and then it is a failure."""

from __future__ import annotations

from typing import Any

import pytest
from chaos.clocks import StillClock

from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure
from ansible_collections.groundwork.provision.plugins.module_utils.ops_manager import api

PATH = "/groups/g/serverPool/servers"


def entries(*numbers: int) -> list[dict[str, Any]]:
    return [{"id": f"s{number}"} for number in numbers]


class Server:
    """Stands in for a client. ``now(walk, page)`` gives all entries when the page-th page is read; total: what is said of their
    number; most: the entries that a page holds at most."""

    system = "ops_manager"

    def __init__(self, now, *, most=100, total=len):
        self.now, self.most, self.total = now, most, total
        self.clock = StillClock()
        self.walks: list[int] = []  # how many pages were read in each walk

    def read(self, path, *, query, what, attempts, max_body):
        number, size = int(dict(query)["pageNum"]), min(int(dict(query)["itemsPerPage"]), self.most)
        if number == 1:
            self.walks.append(0)
        self.walks[-1] += 1
        rows = self.now(len(self.walks), self.walks[-1])
        total = self.total(rows)
        return {"results": rows[(number - 1) * size : number * size], **({} if total is None else {"totalCount": total})}


def read_all(server):
    return api.list_all(server, PATH, what="list the servers", key=lambda entry: str(entry.get("id")))


ALL = entries(*range(250))


@pytest.mark.parametrize("total", [len, lambda rows: None, lambda rows: "many", lambda rows: 10**400, lambda rows: True])
@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 200, 250])
def test_a_list_that_does_not_change_is_read_once(total, count):
    server = Server(lambda walk, page: ALL[:count], total=total)
    assert read_all(server) == ALL[:count]
    assert len(server.walks) == 1
    assert server.clock.slept == []


def test_a_walk_that_was_not_whole_is_made_again_after_a_pause():
    """One server was given back between two pages, so that another moved over the boundary and was not seen."""
    server = Server(lambda walk, page: ALL if walk > 2 or page == 1 else ALL[1:])
    assert read_all(server) == ALL
    assert len(server.walks) == 3
    assert server.clock.slept == [0.5, 1.0]


CHANGES = {
    "one is given back between the pages": lambda walk, page: ALL[page - 1 :],
    "one is added between the pages": lambda walk, page: entries(*range(900, 899 + page)) + ALL,
    "one is added and one is given back": lambda walk, page: entries(*range(900, 899 + page)) + ALL[: 251 - page],
    "one is given back and one is added": lambda walk, page: ALL[page - 1 :] + entries(*range(900, 899 + page)),
    "all others": lambda walk, page: entries(*range(page * 1000, page * 1000 + 250)) if page < 3 else [],
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("total", [len, lambda rows: 250])
def test_a_list_that_is_never_whole_is_a_failure(change, total):
    """What was seen of it may be all there is, or not: whoever orders what is missing would order too much."""
    server = Server(CHANGES[change], total=total)
    with pytest.raises(Failure) as caught:
        read_all(server)
    failure = caught.value
    assert (failure.code, failure.outcome, failure.transient, failure.system) == ("list_unstable", "none", True, "ops_manager")
    assert f"{api.WALKS} times" in failure.why
    assert len(server.walks) == api.WALKS
    assert len(server.clock.slept) == api.WALKS - 1


def test_a_list_that_says_it_has_more_than_it_shows_is_a_failure():
    """Also when it says so each time, and on one page: entries that are not shown are not known to be none."""
    for count in (0, 50, 117):
        server = Server(lambda walk, page, count=count: ALL[:count], total=lambda rows: 120)
        with pytest.raises(Failure) as caught:
            read_all(server)
        assert caught.value.code == "list_unstable"
        assert "120" in caught.value.why
        assert str(count) in caught.value.why


def test_a_count_that_is_too_small_does_no_harm_where_all_came_at_once():
    server = Server(lambda walk, page: ALL[:50], total=lambda rows: 3)
    assert read_all(server) == ALL[:50]


def test_entries_that_look_alike_on_one_page_are_all_kept():
    """Some lists have no ids, and two agents can stand on one host."""
    rows = [{"hostname": "a", "state": "up"}, {"hostname": "a", "state": "down"}, {"hostname": "a", "state": "up"}]
    server = Server(lambda walk, page: rows)
    assert read_all(server) == rows
    server = Server(lambda walk, page: rows, total=lambda rows: None)
    assert read_all(server) == rows


def test_an_entry_that_comes_on_two_pages_moved():
    swapped = [ALL[120], *ALL[1:120], ALL[0], *ALL[121:150]]
    server = Server(lambda walk, page: ALL[:150] if page == 1 or walk > 1 else swapped, total=lambda rows: None)
    assert read_all(server) == ALL[:150]
    assert len(server.walks) == 2


def test_pages_that_repeat_themselves_are_not_read_for_ever():
    """A server that takes no notice of pageNum."""
    server = Server(lambda walk, page: ALL, total=lambda rows: None)
    server.first = server.read
    server.read = lambda path, *, query, **more: server.first(path, query=(*query, ("pageNum", "1")), **more)
    with pytest.raises(Failure) as caught:
        read_all(server)
    assert caught.value.code == "list_unstable"
    assert len(server.walks) == 2 * api.WALKS


def test_a_list_without_end_ends(monkeypatch):
    monkeypatch.setattr(api, "MAX_PAGES", 20)
    server = Server(lambda walk, page: entries(*range(page * 1000)), total=lambda rows: None)
    with pytest.raises(Failure) as caught:
        read_all(server)
    assert (caught.value.code, caught.value.transient) == ("list_too_long", False)
    assert sum(server.walks) == 20
    assert "1786" in caught.value.why


@pytest.mark.parametrize(
    "answer", [None, [], {}, {"results": None}, {"results": {}}, {"results": [None]}, {"results": [[]]}, {"results": ["s1"]}]
)
def test_an_answer_that_holds_no_list_is_told(answer):
    server = Server(lambda walk, page: ALL)
    server.read = lambda *args, **more: answer
    with pytest.raises(Failure) as caught:
        read_all(server)
    assert caught.value.code == "bad_reply"


@pytest.mark.parametrize("count", [99, 100, 101, 150, 250])
@pytest.mark.parametrize("total", [len, lambda rows: None])
def test_a_server_that_does_not_page_is_read_whole(total, count):
    """Each page is the whole list, whatever was asked for."""
    server = Server(lambda walk, page: ALL[:count], total=total)

    def read(path, *, query, what, attempts, max_body):
        server.walks.append(1)
        rows = ALL[:count]
        return {"results": rows, **({} if total(rows) is None else {"totalCount": count})}

    server.read = read
    assert read_all(server) == ALL[:count]
    assert len(server.walks) <= 2


@pytest.mark.parametrize("given, kept", [("5A9D0A0A1D41C81A2B3C4D01", "5a9d0a0a1d41c81a2b3c4d01"), ("Payments", "Payments")])
def test_the_id_of_a_group_has_one_spelling(given, kept):
    """The lock and the record are kept by it: two spellings would be two orders."""
    assert api.group_id(None, {"group_id": given}) == kept
