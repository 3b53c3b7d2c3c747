# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever a server writes where a number belongs: nothing is raised, and nothing comes out that cannot be counted with."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.groundwork.provision.plugins.module_utils._numbers import count, digits, http_date, number, whole
from ansible_collections.groundwork.provision.plugins.module_utils._transport import Reply
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import jobs

HUGE = [10**400, -(10**400), 10**308 * 10, float("inf"), float("-inf"), float("nan"), 1e308, -1e308]
ODD = [None, True, False, "", "50", "1e400", [], {}, [5], {"n": 5}, "NaN", b"5"]
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30) | st.sampled_from(HUGE),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


@pytest.mark.parametrize("value, found", [(5, 5.0), (5.5, 5.5), (0, 0.0), (-3, -3.0), (2**63, 2.0**63), (1e308, 1e308)])
def test_a_number(value, found):
    assert number(value) == found


@pytest.mark.parametrize("value", [10**400, -(10**400), float("inf"), float("-inf"), float("nan"), *ODD])
def test_no_number(value):
    assert number(value) is None


@pytest.mark.parametrize(
    "value, found",
    [(17, 17), (17.0, 17), ("17", 17), (" 17 ", 17), (-1, -1), (0, 0), (10**19 - 1, 10**19 - 1), (17.5, None), ("²", None),
     ("١٧", None),
     ("9" * 400, None), ("9" * 5000, None), ("-1", None),
     ("", None), (10**19, None), (1e308, None), (True, None), (None, None), ([], None)],
)  # fmt: skip
def test_a_whole_number_as_number_or_text(value, found):
    assert whole(value) == found


@given(ANYTHING)
def test_what_comes_out_is_finite(value):
    found = number(value)
    assert found is None or math.isfinite(found)
    assert whole(value) is None or abs(whole(value)) < 10**19
    counted = count(value)
    assert counted is None or 0 <= counted < 10**19


@pytest.mark.parametrize(
    "value, found", [(0, 0), (7, 7), (10**19 - 1, 10**19 - 1), (-1, None), (10**19, None), (7.0, None), (True, None), ("7", None)]
)
def test_a_count(value, found):
    assert count(value) == found


@pytest.mark.parametrize(
    "text, found",
    [
        ("0", 0),
        ("007", 7),
        ("9" * 19, 10**19 - 1),
        ("9" * 20, None),
        ("", None),
        ("-1", None),
        ("1.5", None),
        ("٣", None),
        (" 1", None),
        (None, None),
        (1, None),
    ],
)
def test_digits(text, found):
    assert digits(text) == found


@given(st.text(max_size=60))
def test_any_date(text):
    found = http_date(text)
    assert found is None or math.isfinite(found)


@pytest.mark.parametrize(
    "text",
    [
        "", "soon", "Wed, 21 Oct 99999 07:28:00 GMT", "Wed, 21 Oct 2026 99:28:00 GMT", "Wed, 21 Oct 2026 07:28:00 +999999999", "0",
        "Mon, 01 Jan 0001 00:00:00 -0000", "Fri, 31 Dec 9999 23:59:59 -0000", "Fri, 31 Dec 9999 23:59:59 -2359",
        "Wed, 21 Oct " + "9" * 5000,
    ],
)  # fmt: skip
def test_a_date_that_is_none_or_far_away(text):
    found = http_date(text)
    assert found is None or math.isfinite(found)


def test_a_date():
    assert http_date("Wed, 21 Oct 2026 07:28:00 GMT") == 1792567680.0


@pytest.mark.parametrize("text", ["1e400", "-1e400", "1E+999999", "9" * 5000 + ".5"])
def test_a_number_of_json_that_is_beyond_all_stays_a_text(text):
    """As an infinity it could not be written into a result, which is JSON."""
    value = Reply(200, {}, b'{"n": ' + text.encode() + b', "m": 1.5}').json()
    assert value == {"n": text, "m": 1.5}
    json.dumps(value, allow_nan=False)


@pytest.mark.parametrize("value", [*HUGE, *ODD])
@pytest.mark.parametrize("status", ["Running", "Complete", "Stopped_With_Error"])
def test_a_job_at_any_percentage(value, status):
    for job in ({"jobUID": "1", "status": status, "percentage": value}, {"jobUID": "1", "status": {"state": status, "percentage": value}}):
        at = jobs.state(job)
        assert at.percent is None or math.isfinite(at.percent)
        json.dumps(jobs.public(job), allow_nan=False)
        jobs.is_open(job)
        jobs.kind(job)


def test_a_wait_that_ends_at_a_percentage_beyond_all():
    from ansible_collections.groundwork.provision.plugins.module_utils._wait import Watched

    watched = Watched("1")
    watched.see(jobs.state({"status": "Running", "percentage": 10**400}), 1.0)
    watched.end = "timed_out"
    assert "last state: Running)" in jobs.judge(watched, "activate").why
