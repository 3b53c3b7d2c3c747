# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Digest authentication of the simulated Ops Manager, by hand, by requests and by curl."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from requests.auth import HTTPDigestAuth

from simulator.client import Control

GROUP = "5a9d0a0a1d41c81a2b3c4d01"
PATH = f"/api/public/v1.0/groups/{GROUP}/serverPool"


@pytest.fixture
def om(control: Control) -> Control:
    control.clock("manual")
    control.seed(ops_manager={
        "groups": [{"id": GROUP, "name": "shop"}],
        "keys": [{"public_key": "pub", "private_key": "priv", "group_roles": {"shop": ["GROUP_AUTOMATION_ADMIN"]}}],
        "servers": [{"hostname": "node{n}", "count": 3, "properties": {"Size": "m"}}],
    })
    return control


@pytest.fixture
def http(om: Control) -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        session.verify = om.ready["ca"]
        yield session


def fields(challenge: str) -> dict[str, str]:
    return {name: quoted or bare for name, quoted, bare in re.findall(r'(\w+)=(?:"([^"]*)"|(\w[\w-]*))', challenge)}


def answer(challenge: dict[str, str], nc: str = "00000001", *, method: str = "GET", uri: str = PATH,
           password: str = "priv", algorithm: str = "md5") -> dict[str, str]:
    """An Authorization header computed here, independent of any client library."""
    def digest(text: str) -> str:
        return hashlib.new(algorithm, text.encode()).hexdigest()

    ha1, ha2 = digest(f"pub:{challenge['realm']}:{password}"), digest(f"{method}:{uri}")
    response = digest(f"{ha1}:{challenge['nonce']}:{nc}:cafe:auth:{ha2}")
    return {"Authorization": (
        f'Digest username="pub", realm="{challenge["realm"]}", nonce="{challenge["nonce"]}", uri="{uri}",'
        f' response="{response}", qop=auth, nc={nc}, cnonce="cafe"')}


def ask(http: requests.Session, om: Control, headers: dict[str, str] | None = None) -> requests.Response:
    return http.get(om.ready["ops_manager"] + PATH, headers=headers, timeout=10)


def challenge_of(reply: requests.Response) -> dict[str, str]:
    assert reply.status_code == 401
    return fields(reply.headers["WWW-Authenticate"])


def test_challenge_is_the_captured_one(om: Control, http: requests.Session) -> None:
    reply = ask(http, om)
    assert re.fullmatch(
        r'Digest realm="MMS Public API", domain="", nonce="[A-Za-z0-9+/]{32}", algorithm=MD5, qop="auth", stale=false',
        reply.headers["WWW-Authenticate"])
    assert reply.headers["Content-Type"] == "application/json;charset=ISO-8859-1"
    assert reply.json() == {
        "reason": "Unauthorized", "error": 401, "detail": "You are not authorized for this resource."}


def test_counts_are_used_once_in_any_order(om: Control, http: requests.Session) -> None:
    challenge = challenge_of(ask(http, om))
    assert ask(http, om, answer(challenge, "00000007")).status_code == 200
    assert ask(http, om, answer(challenge, "00000002")).status_code == 200
    replayed = challenge_of(ask(http, om, answer(challenge, "00000007")))
    assert replayed["stale"] == "false"
    assert replayed["nonce"] != challenge["nonce"]


def test_count_must_stay_below_the_limit(om: Control, http: requests.Session) -> None:
    challenge = challenge_of(ask(http, om))
    assert ask(http, om, answer(challenge, "000003ff")).status_code == 200
    assert challenge_of(ask(http, om, answer(challenge, "00000400")))["stale"] == "true"


def test_a_nonce_lives_sixty_seconds(om: Control, http: requests.Session) -> None:
    challenge = challenge_of(ask(http, om))
    om.clock(advance=59.5)
    assert ask(http, om, answer(challenge, "00000001")).status_code == 200
    om.clock(advance=1)
    assert challenge_of(ask(http, om, answer(challenge, "00000002")))["stale"] == "true"


def test_wrong_password_or_uri_is_not_stale(om: Control, http: requests.Session) -> None:
    challenge = challenge_of(ask(http, om))
    assert challenge_of(ask(http, om, answer(challenge, "00000001", password="other")))["stale"] == "false"
    assert challenge_of(ask(http, om, answer(challenge, "00000002", uri="/elsewhere")))["stale"] == "false"
    om.switches("ops_manager", digest_uri_checked=False)
    assert ask(http, om, answer(challenge, "00000003", uri="/elsewhere")).status_code == 200


def test_two_nodes_do_not_know_each_others_nonces(om: Control, http: requests.Session) -> None:
    om.switches("ops_manager", digest_nodes=2)
    challenge = challenge_of(ask(http, om))
    assert challenge_of(ask(http, om, answer(challenge, "00000001")))["stale"] == "true"
    assert ask(http, om, answer(challenge, "00000001")).status_code == 200


@pytest.mark.parametrize(("switches", "expected"), [
    ({"digest_qop_spelling": "op"}, ' op="auth", stale=false'),
    ({"digest_qop": "auth-int"}, 'qop="auth-int"'),
    ({"digest_algorithm": "SHA-256"}, "algorithm=SHA-256,"),
])
def test_switches_change_the_challenge(om: Control, http: requests.Session, switches: dict[str, Any],
                                       expected: str) -> None:
    om.switches("ops_manager", **switches)
    assert expected in ask(http, om).headers["WWW-Authenticate"]


def test_sha256_is_checked_as_sha256(om: Control, http: requests.Session) -> None:
    om.switches("ops_manager", digest_algorithm="SHA-256")
    challenge = challenge_of(ask(http, om))
    assert ask(http, om, answer(challenge, "00000001")).status_code == 401
    assert ask(http, om, answer(challenge, "00000002", algorithm="sha256")).status_code == 200


def test_every_kth_request_is_stale(om: Control, http: requests.Session) -> None:
    challenge = challenge_of(ask(http, om))
    om.switches("ops_manager", stale_every=3)
    assert ask(http, om, answer(challenge, "00000001")).status_code == 200
    assert challenge_of(ask(http, om, answer(challenge, "00000002")))["stale"] == "true"


def test_nextnonce(om: Control, http: requests.Session) -> None:
    om.switches("ops_manager", nextnonce=True)
    challenge = challenge_of(ask(http, om))
    info = ask(http, om, answer(challenge)).headers["Authentication-Info"]
    assert ask(http, om, answer({**challenge, "nonce": fields(info)["nextnonce"]})).status_code == 200


def test_basic_is_refused_unless_offered(om: Control, http: requests.Session) -> None:
    reply = http.get(om.ready["ops_manager"] + PATH, auth=("pub", "priv"), timeout=10)
    assert reply.status_code == 401
    om.switches("ops_manager", offer_basic=True)
    assert 'Basic realm="MMS Public API"' in ask(http, om).headers["WWW-Authenticate"]
    assert http.get(om.ready["ops_manager"] + PATH, auth=("pub", "priv"), timeout=10).status_code == 200
    assert om.state("ops_manager")["counts"]["basic_logins"] == 1


def test_requests_meets_one_challenge_for_many_calls(om: Control, http: requests.Session) -> None:
    http.auth = HTTPDigestAuth("pub", "priv")
    assert [ask(http, om).status_code for dummy in range(10)] == [200] * 10
    log = om.log(system="ops_manager")
    assert [entry["status"] for entry in log].count(401) == 1
    assert len(log) == 11
    assert {entry["connection"] for entry in log} == {log[0]["connection"]}
    assert log[-1]["user"] == "pub"


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_curl_digest(om: Control) -> None:
    url = f"{om.ready['ops_manager']}{PATH}/requests"
    done = subprocess.run(
        ["curl", "-sS", "--noproxy", "*", "--cacert", om.ready["ca"], "--digest", "-u", "pub:priv",
         "-H", "Content-Type: application/json", "-X", "POST", url, "--data", '{"properties":[{"Size":"m"}]}'],
        capture_output=True, text=True, check=True, timeout=30)
    assert '"statusName":"EXECUTING"' in done.stdout
    counts = om.state("ops_manager")["counts"]
    assert (counts["post_challenged"], counts["post_arrivals"], counts["requests_created"]) == (1, 1, 1)
