# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP Digest against the simulator, which keeps the nonce rules of Jetty and can differ from them in every way known."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from harness import OMIT
from pool_under_test import GROUP, OSLO, Pool

from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils.ops_manager import api

OWN = f"{api.BASE}/groups/{GROUP}/serverPool"


@pytest.fixture
def client(pool: Pool):
    params = {"validate_certs": True, "use_proxy": False, "timeout": 10.0, **pool.harness.connection("ops_manager")}
    with api.connect(Run(params)) as one:
        yield one


def read(client: api.OpsManager) -> None:
    assert client.read(OWN, what="read")["enabled"] is True


def test_one_challenge_then_one_request_a_call(pool: Pool, client: api.OpsManager) -> None:
    """Page "Group Server Pool Requests": each call of the samples is challenged; ours only the first."""
    for _call in range(20):
        read(client)
    assert pool.challenges() == 1
    assert len(pool.log()) == 21


def test_the_nonce_is_shared_by_all_workers(pool: Pool, client: api.OpsManager) -> None:
    read(client)
    with ThreadPoolExecutor(8) as workers:
        for done in [workers.submit(read, client) for _call in range(200)]:
            done.result()
    assert pool.challenges() == 1
    assert len(pool.log()) == 202


def test_workers_that_start_cold_share_what_the_first_was_given(pool: Pool, client: api.OpsManager) -> None:
    with ThreadPoolExecutor(8) as workers:
        for done in [workers.submit(read, client) for _call in range(80)]:
            done.result()
    assert client.auth.challenges == 1
    assert pool.challenges() <= 8, "at most one for each worker that had none yet"


def test_a_nonce_takes_fewer_than_1024_counts(pool: Pool, client: api.OpsManager) -> None:
    pool.switch(nonce_max_count=5)
    for _call in range(12):
        read(client)
    assert pool.challenges() == 3
    assert len(pool.log()) == 15


def test_a_nonce_older_than_a_minute_is_renewed_once(pool: Pool, client: api.OpsManager) -> None:
    pool.control.clock("manual")
    read(client)
    pool.control.clock(advance=61)
    read(client)
    read(client)
    assert pool.challenges() == 2


def test_stale_twice_in_a_row_is_tolerated(pool: Pool, client: api.OpsManager) -> None:
    read(client)
    pool.control.fault("ops_manager", "GET", None, times=2, status=401,
                       headers={"www-authenticate": 'Digest realm="MMS Public API", domain="", nonce="bm90LWtub3duLXRvLWFueWJvZHk=",'
                                                    ' algorithm=MD5, qop="auth", stale=true'})  # fmt: skip
    with pytest.raises(Failure) as caught:  # the same nonce offered again is no offer
        read(client)
    assert caught.value.code == "auth_failed"
    pool.control.clear_faults()
    read(client)


@pytest.mark.parametrize("every", [2, 3, 5])
def test_a_server_that_calls_every_kth_nonce_stale(pool: Pool, client: api.OpsManager, every: int) -> None:
    pool.switch(stale_every=every)
    for _call in range(10):
        read(client)


def test_two_nodes_behind_a_balancer_that_takes_turns(pool: Pool, client: api.OpsManager) -> None:
    """A nonce of one node is unknown to the other; once both are known, nothing is challenged any more."""
    pool.switch(digest_nodes=2)
    for _call in range(10):
        read(client)
    assert pool.challenges() == 2, "one for each node"


def test_two_nodes_and_nonces_that_expire(pool: Pool, client: api.OpsManager) -> None:
    pool.switch(digest_nodes=2)
    pool.control.clock("manual")
    for _round in range(4):
        read(client)
        pool.control.clock(advance=61)


@pytest.mark.parametrize("nodes", [2, 3])
@pytest.mark.parametrize("balancing", ["turns", "random", "connection"])
@pytest.mark.parametrize("stale", [True, False])
def test_many_workers_and_nodes_and_a_right_key_never_fails(
    pool: Pool, client: api.OpsManager, nodes: int, balancing: str, stale: bool
) -> None:
    """A balancer that keeps nobody to one node: which of them answers a worker next cannot be told."""
    read(client)
    pool.switch(digest_nodes=nodes, digest_balancing=balancing, foreign_nonce_stale=stale)
    with ThreadPoolExecutor(8) as workers:
        for done in [workers.submit(read, client) for _call in range(120)]:
            done.result()
    assert len([entry for entry in pool.log() if entry["status"] == 200]) == 121


@pytest.mark.parametrize("balancing", ["turns", "random", "connection"])
def test_ninety_servers_are_terminated_once_each_by_way_of_two_nodes(pool: Pool, balancing: str) -> None:
    names = [f"web{number}.example" for number in range(90)]
    pool.control.seed(ops_manager={"servers": [{"hostname": name, "properties": OSLO, "group": "payments"} for name in names]})
    pool.switch(digest_nodes=2, digest_balancing=balancing)
    result = pool.run("server_pool_server", hostnames=names, concurrency=4, state="absent")
    assert not result.failed, result.get("msg")
    told = pool.arrivals("DELETE")
    assert len(told) == len({entry["path"] for entry in told}) == 90


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256", "SHA-512-256", "MD5-sess", "SHA-256-sess"])
@pytest.mark.parametrize("spelling", ["qop", "op"])
def test_algorithms_and_the_misprint_of_the_documentation(pool: Pool, client: api.OpsManager, algorithm: str, spelling: str) -> None:
    """Page "Group Server Pool Requests": its samples print op="auth" where servers send qop="auth"."""
    pool.switch(digest_algorithm=algorithm, digest_qop_spelling=spelling)
    read(client)
    read(client)
    assert pool.challenges() == 1


@pytest.mark.parametrize("qop", ["auth,auth-int", "none"])
def test_qop_as_a_list_and_none_at_all(pool: Pool, client: api.OpsManager, qop: str) -> None:
    pool.switch(digest_qop=qop)
    read(client)
    assert pool.challenges() == 1


def test_auth_int_alone_is_refused_and_nothing_is_sent_again(pool: Pool) -> None:
    pool.switch(digest_qop="auth-int")
    result = pool.ask(properties={"Datacenter": "oslo", "Size": "m"})
    assert result.code == "auth_unsupported"
    assert len(pool.log()) == 1


def test_a_key_never_goes_out_with_basic(pool: Pool) -> None:
    pool.switch(offer_digest=False, offer_basic=True)
    result = pool.run("server_pool_info")
    assert result.code == "auth_unsupported"
    assert "never sent with Basic" in result["msg"]
    pool.switch(offer_digest=True)
    assert not pool.run("server_pool_info").failed
    assert pool.state()["counts"]["basic_logins"] == 0


def test_a_wrong_key_is_tried_twice_and_no_more(pool: Pool) -> None:
    """Tried on, it could lock the account. Bare 401 with three fields: the message names the access list too."""
    result = pool.run("server_pool_info", private_key="wr0ng-key", group_name=OMIT, group_id=GROUP)
    assert result.code == "auth_failed"
    assert result["error"]["status"] == 401
    assert "access list" in result["msg"]
    assert "Nothing was changed." in result["msg"]
    tried = [entry for entry in pool.log() if "authorization" in entry["headers"]]
    assert len(tried) == 2


@pytest.mark.parametrize("nodes", [1, 2, 3])
@pytest.mark.parametrize("balancing", ["turns", "random", "connection"])
@pytest.mark.parametrize("stale", [True, False])
@pytest.mark.parametrize("wrong", [{"public_key": "nobody"}, {"private_key": "wr0ng-key"}])
def test_a_wrong_key_with_several_nodes_ends_after_a_few_refusals(pool: Pool, nodes: int, balancing: str, stale: bool, wrong: dict) -> None:
    pool.switch(digest_nodes=nodes, digest_balancing=balancing, foreign_nonce_stale=stale)
    assert pool.run("server_pool_info", **wrong).code == "auth_failed"
    assert 1 <= pool.state()["counts"]["refused"] <= 2


@pytest.mark.parametrize("user", ['a"b', "a\\b", "a\nb"])
def test_a_user_that_could_break_out_of_the_header(pool: Pool, user: str) -> None:
    assert pool.run("server_pool_info", public_key=user).code == "config_credentials"
    assert pool.log() == []


def test_the_post_meets_no_challenge(pool: Pool) -> None:
    """The reads before it have the nonce, so the starting request is one leg."""
    assert pool.ask(properties={"Datacenter": "oslo", "Size": "m"})["changed"] is True
    counts = pool.state()["counts"]
    assert (counts["post_arrivals"], counts["post_challenged"], counts["challenges"]) == (1, 0, 1)


def test_a_challenged_post_is_answered_and_starts_once(pool: Pool) -> None:
    pool.control.fault("ops_manager", "POST", None, status=401, headers={
        "www-authenticate": 'Digest realm="MMS Public API", nonce="x", algorithm=MD5, qop="auth", stale=true'})  # fmt: skip
    result = pool.ask(properties={"Datacenter": "oslo", "Size": "m"})
    assert result["changed"] is True, result.get("msg")
    assert len(pool.requests()) == 1
