# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which servers fulfil which documents, held against a plain search over single servers."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.groundwork.provision.plugins.module_utils.ops_manager.matching import assign, fits, same

documents = st.dictionaries(st.sampled_from("abc"), st.sampled_from("xy"), max_size=3)
lists = st.lists(documents, max_size=7)


def largest(wanted: list[dict[str, str]], units: list[dict[str, str]]) -> int:
    """The size of a largest matching, by Kuhn's algorithm on single servers."""
    holder: dict[int, int] = {}

    def place(number: int, seen: set[int]) -> bool:
        for unit, offered in enumerate(units):
            if unit not in seen and fits(wanted[number], offered):
                seen.add(unit)
                if unit not in holder or place(holder[unit], seen):
                    holder[unit] = number
                    return True
        return False

    return sum(place(number, set()) for number in range(len(wanted)))


@settings(max_examples=400, deadline=None, derandomize=True)
@given(lists, lists, lists)
def test_a_matching_is_valid_and_as_large_as_can_be(wanted, servers, coming):
    found = assign(wanted, servers, coming)
    taken = [unit for unit in found if unit is not None]
    assert len(taken) == len(set(taken)), "one server was given twice"
    for document, unit in zip(wanted, found, strict=True):
        assert unit is None or fits(document, (servers, coming)[unit[0]][unit[1]])
    assert len(taken) == largest(wanted, servers + coming)
    assert sum(tier == 0 for tier, _number in taken) == largest(wanted, servers), "servers count before requests"


@settings(max_examples=200, deadline=None, derandomize=True)
@given(lists, lists, st.randoms(use_true_random=False))
def test_order_does_not_change_how_many_are_found(wanted, servers, random):
    shuffled = random.sample(servers, len(servers))
    again = assign(random.sample(wanted, len(wanted)), shuffled)
    assert sum(one is not None for one in again) == sum(one is not None for one in assign(wanted, servers))


def test_the_less_particular_document_leaves_the_better_server_alone():
    wanted = [{"site": "oslo"}, {"site": "oslo", "size": "l"}]
    servers = [{"site": "oslo", "size": "l"}, {"site": "oslo", "size": "m"}]
    assert assign(wanted, servers) == [(0, 1), (0, 0)]


def test_earlier_units_first_so_that_a_second_run_names_the_same_servers():
    assert assign([{"a": "x"}] * 2, [{"a": "x"}] * 5) == [(0, 0), (0, 1)]


def test_properties_are_compared_letter_for_letter():
    assert not fits({"ram": "16"}, {"ram": "16 "})
    assert not fits({"Site": "oslo"}, {"site": "oslo"})
    assert fits({}, {"a": "x"})


def test_the_same_documents_in_any_order():
    assert same([{"a": "x", "b": "y"}, {"a": "x"}], [{"a": "x"}, {"b": "y", "a": "x"}])
    assert not same([{"a": "x"}], [{"a": "x"}, {"a": "x"}])


def test_ten_thousand_servers_are_few_kinds():
    wanted = [{"site": f"s{n % 7}"} for n in range(5000)]
    servers = [{"site": f"s{n % 7}", "rack": str(n)} for n in range(10_000)]
    assert all(one is not None for one in assign(wanted, servers))
