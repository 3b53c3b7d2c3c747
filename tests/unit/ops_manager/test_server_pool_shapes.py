# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shapes of the server pool, read from what the pages print and from what is accepted beside that."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure, for_status
from ansible_collections.groundwork.provision.plugins.module_utils._transport import Reply
from ansible_collections.groundwork.provision.plugins.module_utils.ops_manager import api
from ansible_collections.groundwork.provision.plugins.module_utils.ops_manager.pool_requests import parse_request
from ansible_collections.groundwork.provision.plugins.module_utils.ops_manager.server_pool import (
    Property,
    check,
    desired,
    moment,
    parse_property,
    parse_server,
)

# Page "Group Server Pool Requests", answer to the POST (ids and dates changed).
SAMPLE = {
    "created": "2016-10-04T15:47:06Z",
    "expires": "2016-10-04T17:47:06Z",
    "groupId": "56a688e0e4b06aa2a9c3aa1b",
    "id": "57f3cefa87d9d625dec353ca",
    "links": [],
    "properties": [{"Datacenter": "nyc"}],
    "statusName": "EXECUTING",
}


def test_the_sample_of_the_page_has_no_num_servers():
    request = parse_request(SAMPLE)
    assert (request.id, request.status, request.group) == ("57f3cefa87d9d625dec353ca", "EXECUTING", "56a688e0e4b06aa2a9c3aa1b")
    assert (request.num_servers, request.documents, request.live, request.ended()) == (1, ({"Datacenter": "nyc"},), True, "")
    assert request.public()["complete_date"] is None


@pytest.mark.parametrize(
    "entry, documents",
    [
        ({"properties": {"a": "x"}}, [{"a": "x"}]),  # the field table: an object
        ({"properties": {"a": "x"}, "numServers": 3}, [{"a": "x"}] * 3),
        ({"properties": [{"a": "x"}, {"a": "y"}], "numServers": 2}, [{"a": "x"}, {"a": "y"}]),
        ({"properties": [{"a": ["x", "y"]}], "numServers": 3}, [{"a": "x"}, {"a": "y"}, {"a": "x"}]),
        ({"properties": [{"ram": 16}]}, [{"ram": "16"}]),
        ({"properties": None}, []),
        ({}, []),
        ({"properties": "nonsense", "numServers": True}, []),
    ],
)
def test_documents_of_a_request(entry, documents):
    assert list(parse_request({"id": "1", **entry}).documents) == documents


@pytest.mark.parametrize(
    "entry, ended",
    [
        ({"statusName": "COMPLETED"}, "completed"),
        ({"statusName": "FAILED"}, "failed"),
        ({"statusName": "EXECUTING", "cancelDate": "2016-10-04T17:47:06Z"}, ""),
        ({"statusName": "CANCELLING"}, ""),
        ({"statusName": "CANCELLED", "cancelDate": "2016-10-04T17:47:06Z"}, "expired"),
        ({"statusName": "CANCELLED", "cancelDate": "2016-10-04T17:47:03Z"}, "expired"),
        ({"statusName": "CANCELLED", "cancelDate": "2016-10-04T18:10:00Z"}, "expired"),
        ({"statusName": "CANCELLED", "cancelDate": "2016-10-04T17:46:00Z"}, "cancelled"),
        ({"statusName": "CANCELLED"}, "cancelled"),
        ({"statusName": "CANCELLED", "cancelDate": "soon", "expires": None}, "cancelled"),
        ({"statusName": "completed"}, "completed"),
        ({"statusName": "PONDERING"}, ""),
        ({"statusName": None}, ""),
    ],
)
def test_how_a_request_ended(entry, ended):
    assert parse_request({**SAMPLE, **entry}).ended() == ended


@pytest.mark.parametrize("text, seconds", [("1970-01-01T00:00:10Z", 10), ("1970-01-01T01:00:10+01:00", 10), ("1970-01-01T00:00:10", 10),
                                           ("", None), ("yesterday", None)])  # fmt: skip
def test_dates(text, seconds):
    assert moment(text) == seconds


def test_a_server_as_the_page_prints_it():
    entry = {"id": "5a", "hostname": "h", "properties": {"a": "x"}, "statusName": "BOUND", "recycled": "1970-01-01T00:00:00Z"}
    server = parse_server(entry)
    assert server.public()["recycled"] is None
    assert server.group == ""
    with pytest.raises(Failure) as caught:
        parse_server({"id": "5a"})
    assert caught.value.code == "bad_reply"


def test_a_value_without_description_and_one_that_is_not_exposed():
    found = parse_property({"id": "Site", "multiSelect": True, "statusName": "AVAILABLE",
                            "values": [{"value": "oslo"}, {"value": "rome", "statusName": "UNAVAILABLE"}, "odd"]})  # fmt: skip
    assert (found.multi_select, found.available, found.values) == (True, True, {"oslo": True, "rome": False})


@pytest.mark.parametrize("value, text", [("16", "16"), (16, "16"), (0, "0"), (-1, "-1"), (2**63, "9223372036854775808"), ("yes", "yes"),
                                         ("1e3", "1e3"), ("010", "010"), (" a ", " a ")])  # fmt: skip
def test_values_are_written_out_exactly(value, text):
    assert desired({"p": value}).documents() == [{"p": text}]


@pytest.mark.parametrize("value", [True, False, None, 1.5, 1e3, float("nan"), "", [], [[]], {"a": 1}, [True], "\x00", "a\nb", b"x"])
def test_values_that_have_no_one_text_are_refused(value):
    with pytest.raises(Failure):
        desired({"p": value})


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    st.dictionaries(st.sampled_from("abc"), st.lists(st.sampled_from("uvwxyz"), min_size=1, max_size=4, unique=True), min_size=1),
    st.integers(1, 30),
)
def test_round_robin_gives_every_value_its_turn(properties, count):
    """Page: one server a value before a second for any value."""
    documents = desired(properties, count).documents()
    assert len(documents) == count
    for name, several in properties.items():
        given_out = [document[name] for document in documents]
        counts = [given_out.count(value) for value in several]
        assert max(counts) - min(counts) <= 1
        assert sum(counts) == count


OFFERED = [
    Property("Site", "", True, True, {"oslo": True, "rome": True, "bonn": False}),
    Property("Size", "", False, True, {"m": True}),
    Property("Rack", "", False, False, {"r1": True}),
]


@pytest.mark.parametrize(
    "properties, code",
    [
        ({"Site": "oslo", "Size": "m"}, None),
        ({"Site": ["oslo", "rome"], "Size": "m"}, None),
        ({"Site": ["oslo", "oslo"], "Size": ["m", "m"]}, None),
        ({"Site": ["oslo", "paris"], "Size": "m"}, "value_unknown"),
        ({"Site": "bonn", "Size": "m"}, "value_unavailable"),
        ({"Site": "oslo", "Size": "m", "Rack": "r1"}, "property_unavailable"),
        ({"Site": "oslo", "Size": "m", "site": "oslo"}, "property_unknown"),
        ({"Size": "m"}, "property_missing"),
    ],
)
def test_what_is_offered(properties, code):
    if code is None:
        check([desired(properties)], OFFERED)
        return
    with pytest.raises(Failure) as caught:
        check([desired(properties)], OFFERED)
    assert caught.value.code == code


def test_a_list_with_two_values_needs_multi_select():
    offered = [Property("Size", "", False, True, {"m": True, "l": True})]
    with pytest.raises(Failure) as caught:
        check([desired({"Size": ["m", "l"]})], offered)
    assert caught.value.code == "property_multiple"


def reply(status: int, body: bytes) -> Reply:
    return Reply(status, {}, body)


@pytest.mark.parametrize(
    "status, body, code",
    [
        (401, b'{"error": 401, "reason": "Unauthorized", "detail": "You are not authorized for this resource."}', "auth_failed"),
        (401, b'{"error": 401, "errorCode": "USER_UNAUTHORIZED"}', "forbidden"),
        (401, b'{"error": 401, "errorCode": "NOT_IN_GROUP"}', "forbidden"),
        (403, b'{"error": 403, "errorCode": "IP_ADDRESS_NOT_ON_ACCESS_LIST"}', "forbidden"),
        (403, b'{"error": 403, "errorCode": "FEATURE_UNSUPPORTED"}', "pool_disabled"),
        (403, b"<html>proxy</html>", "forbidden"),
        (404, b'{"error": 404, "errorCode": "GROUP_NOT_FOUND"}', "group_not_found"),
        (404, b"", "not_found"),
        (409, b'{"errorCode": ["odd"]}', "conflict"),
        (500, b'{"errorCode": "USER_UNAUTHORIZED"}', "server_error"),
    ],
)
def test_what_an_error_means(status, body, code):
    """Five fields from the API, three from the digest layer, none from a proxy."""
    failure = for_status(status, starts=False)
    assert failure is not None
    api.refine(failure, reply(status, body), 0.0)
    assert failure.code == code
    assert failure.next_step


def test_the_limit_is_counted_by_the_clock_minute():
    failure = for_status(429, starts=False)
    assert failure is not None
    api.refine(failure, reply(429, b"{}"), 1_000_000_040.0 - 1_000_000_040.0 % 60 + 45)
    assert failure.retry_after == 16
