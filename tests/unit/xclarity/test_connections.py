# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which options the failures of a connection name, and which answers are refusals whatever their status. No network."""

from __future__ import annotations

import json

import pytest

from ansible_collections.groundwork.provision.plugins.module_utils import _certificates
from ansible_collections.groundwork.provision.plugins.module_utils._auth import XClaritySession
from ansible_collections.groundwork.provision.plugins.module_utils._errors import NOT_STARTED, UNKNOWN, Failure
from ansible_collections.groundwork.provision.plugins.module_utils._logins import Logins
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils._transport import Reply
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import api
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.export_operations import Export

PARAMS = {
    "endpoint": "https://here.invalid", "username": "u", "password": "secret-one", "validate_certs": True, "ca_path": None,
    "use_proxy": False, "timeout": 5.0, "auth_method": "basic",
    "target_endpoint": "https://there.invalid", "target_username": "u2", "target_password": "secret-two",
}  # fmt: skip


@pytest.mark.parametrize(
    "change, words",
    [
        ({"target_password": " blank"}, "target_password begins or ends"),
        ({"target_password": None}, "target_password is not set. Nothing was changed. Set target_password"),
        ({"target_username": "a:b"}, "target_username holds a colon"),
        ({"target_ca_path": "/no/such/file"}, "target_ca_path"),
        ({"target_endpoint": "ftp://x"}, "Give target_endpoint as"),
    ],
)
def test_a_mistake_in_the_options_of_the_other_server_names_them(change, words):
    with pytest.raises(Failure) as caught:
        api.connect(Run({**PARAMS, **change}), "target_")
    assert words in caught.value.message()
    assert "target_target_" not in caught.value.message()


HINTS = [
    ("Check username and password. Then run again.", "Check target_username and target_password. Then run again."),
    ("Set ca_path to the CA that signed it.", "Set target_ca_path to the CA that signed it."),
    ("Check that the server runs, and endpoint.", "Check that the server runs, and target_endpoint."),
]


@pytest.mark.parametrize("hint, told", HINTS)
def test_a_failure_of_the_other_server_names_its_options(hint, told):
    class Refused:
        logged_in = False

        def open(self, transport):
            raise Failure("auth_failed", "the server did not accept user and password.", hint)

    for prefix, expected in (("", hint), ("target_", told)):
        client = api.connect(Run(dict(PARAMS)), prefix)
        client.auth = Refused()
        for call in (client.__enter__, lambda one=client: one._retry(lambda: one.auth.open(None), "list backups", 1)):
            with pytest.raises(Failure) as caught:
                call()
            assert caught.value.next_step == expected
            assert caught.value.why == "the server did not accept user and password."


@pytest.mark.parametrize(
    "params, options",
    [
        ({"validate_certs": False}, ["validate_certs", "validate_certs"]),
        ({"target_validate_certs": False}, ["target_validate_certs"]),
        ({"validate_certs": False, "target_validate_certs": True}, ["validate_certs"]),
    ],
)
def test_the_warning_of_a_certificate_names_the_option_that_was_set(params, options):
    run = Run({**PARAMS, **params})
    _certificates.warn_of_options(run)
    assert [text.rpartition("because ")[2].partition(" ")[0] for text in run.warnings] == options


SAYS_SO = {"filename": "", "jobID": "", "result": "failed", "messages": ["The OS-image profile is not customized."]}


@pytest.mark.parametrize(
    "status, body, outcome",
    [
        (500, SAYS_SO, NOT_STARTED),
        (500, {**SAYS_SO, "result": "failure"}, NOT_STARTED),
        (500, {**SAYS_SO, "messages": [{"id": "X", "text": "Profile is not customised"}]}, NOT_STARTED),
        (403, SAYS_SO, NOT_STARTED),
        (500, {**SAYS_SO, "result": "success"}, UNKNOWN),
        (500, {**SAYS_SO, "messages": ["Internal error."]}, UNKNOWN),
        (500, {"messages": ["The OS-image profile is not customized."]}, UNKNOWN),
        (500, "not customized", UNKNOWN),
    ],
)
def test_an_export_that_the_server_refuses_with_a_reason_was_not_started(status, body, outcome):
    client = api.connect(Run(dict(PARAMS)))
    text = body if isinstance(body, str) else json.dumps(body)
    with pytest.raises(Failure) as caught:
        client._check(Reply(status, {}, text.encode()), True, "export")
    failure = caught.value
    assert failure.outcome == outcome
    Export.explain(object.__new__(Export), None, failure)
    assert ("exports customised profiles only" in failure.why) is (outcome == NOT_STARTED)


OTHERS = [
    ({"endpoint": "https://gateway.invalid/one"}, {"endpoint": "https://gateway.invalid/two"}, False),
    ({"endpoint": "https://gateway.invalid/one"}, {"endpoint": "https://GATEWAY.invalid:443/one/"}, True),
    ({"username": "u"}, {"username": "v"}, False),
    ({"password": "secret-one"}, {"password": "secret-two"}, False),
    ({"auth_method": "basic"}, {"auth_method": "session"}, False),
]


@pytest.mark.parametrize("one, other, same", OTHERS)
def test_which_credentials_are_the_same(one, other, same, tmp_path):
    """What one appliance behind a gateway refuses says nothing of the other."""
    logins = Logins.make()
    found = []
    for change in (one, other):
        params = {**PARAMS, "state_dir": str(tmp_path), "max_sessions": 3, "session_timeout": 1.0, **change}
        auth = api.connect(Run(params, logins=logins)).auth
        found.append((auth._tried if isinstance(auth, XClaritySession) else auth._login)._digest)
    assert (found[0] == found[1]) is same
