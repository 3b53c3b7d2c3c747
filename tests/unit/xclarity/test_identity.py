# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server says of itself (GET /aicc), and answers that say nothing of it."""

from __future__ import annotations

import types

import pytest

from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import api


def identity_of(answer):
    """The identity of a server that answers so: with data, or with the status of a refusal."""
    client = object.__new__(api.XClarity)
    client.transport = types.SimpleNamespace(endpoint=types.SimpleNamespace(place="xclarity.example:443"))

    def read(path, **_more):
        assert path == "/aicc"
        if isinstance(answer, int):
            raise Failure("unexpected_status", "no", status=answer)
        return answer

    client.read = read
    return client.identity()


def test_a_server_is_known_by_its_own_uuid_in_one_spelling():
    for uuid in ("0a100000-0000-0000-0000-00000000000a", "0A10000000000000000000000000000A"):
        assert identity_of({"appliance": {"uuid": uuid}}) == ("xclarity", "0A10000000000000000000000000000A")


@pytest.mark.parametrize("answer", [400, 403, 404, 405, 410, {}, [], {"appliance": None}, {"appliance": {"uuid": 7}}])
def test_a_server_that_never_tells_it_is_known_by_its_address(answer):
    assert identity_of(answer) == ("xclarity", "at", "xclarity.example:443")


@pytest.mark.parametrize("status", [401, 408, 409, 423, 429, 500, 503])
def test_an_answer_that_may_be_another_one_next_time_is_no_identity(status):
    """The lock of a task that took it for one would be another than that of the task beside it."""
    with pytest.raises(Failure) as caught:
        identity_of(status)
    assert caught.value.status == status
