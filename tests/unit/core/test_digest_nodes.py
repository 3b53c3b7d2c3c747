# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several nodes behind one address, several workers, any order: a right key never fails, a wrong one is not tried for long."""

from __future__ import annotations

import hashlib
import itertools
import random
import re
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from chaos.clocks import SkippingClock
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from ansible_collections.groundwork.provision.plugins.module_utils._client import Client
from ansible_collections.groundwork.provision.plugins.module_utils._digest import Digest
from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure
from ansible_collections.groundwork.provision.plugins.module_utils._text import Redactor
from ansible_collections.groundwork.provision.plugins.module_utils._transport import Endpoint, Reply

KEY = "s3cret-key"


@pytest.fixture(autouse=True, scope="module")
def busy_threads():
    """Let threads take turns as often as can be."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


class Nodes:
    """Stands in for a transport: nodes with nonces of their own, and a balancer in front of them.

    balancing: turns, random or thread (each worker stays with one node). stale: the flag for a nonce that a node does not know:
    "true", "false" or "" (left out). uses: how often a nonce can be used. trouble: answers a request in place of the nodes.
    """

    def __init__(self, count, balancing, stale="true", uses=1000, seed=0, trouble=lambda number, given: None):
        self.endpoint, self.clock, self.timeout = Endpoint("https", "nodes.example", 443), SkippingClock(), 5.0
        self.count, self.balancing, self.stale, self.uses, self.trouble = count, balancing, stale, uses, trouble
        self.nonces = [{} for _node in range(8)]
        self.chance = random.Random(seed)
        self.serial, self.turn = itertools.count(1), itertools.count()
        self.lock = threading.Lock()
        self.here = threading.local()
        self.done: list[tuple[str, str]] = []
        self.asked, self.refused, self.at_once, self.most_at_once = 0, 0, 0, 0

    def forget(self):
        """Nothing is kept of an exchange."""

    @property
    def status(self):
        return self.here.status

    def target(self, path, query=()):
        return path

    def close(self):
        pass

    def send(self, method, path, *, headers, **_more):
        given_up = headers.get("Authorization", "")
        with self.lock:
            self.at_once += bool(given_up)
            self.most_at_once = max(self.most_at_once, self.at_once)
        time.sleep(self.chance.random() / 5000)
        with self.lock:
            try:
                reply = self.trouble(self.asked, given_up) or self._answer(method, path, given_up)
            finally:
                self.asked += 1
                self.at_once -= bool(given_up)
        self.here.status = reply.status
        return reply

    def _node(self):
        if self.balancing == "turns":
            return self.nonces[next(self.turn) % self.count]
        if self.balancing == "thread":
            if not hasattr(self.here, "number"):
                self.here.number = next(self.turn)
            return self.nonces[self.here.number % self.count]
        return self.nonces[self.chance.randrange(self.count)]

    def _answer(self, method, path, authorization):
        node = self._node()
        told = {name: quoted or plain for name, quoted, plain in re.findall(r'(\w+)=(?:"([^"]*)"|([^\s,]+))', authorization)}
        if not told:
            return self._challenge(node, "false")
        used = node.get(told["nonce"])
        if used is None:
            self.refused += self.stale != "true"
            return self._challenge(node, self.stale)
        if len(used) >= self.uses:
            return self._challenge(node, "true")
        assert told["nc"] not in used, "a count was used twice"
        used.add(told["nc"])

        def digest(text):
            return hashlib.md5(text.encode()).hexdigest()

        secret = digest(f"me:r:{KEY}")
        if told["response"] != digest(f"{secret}:{told['nonce']}:{told['nc']}:{told['cnonce']}:auth:{digest(f'{method}:{path}')}"):
            self.refused += 1
            return self._challenge(node, "false")
        self.done.append((method, path))
        return Reply(200, {}, b"{}")

    def _challenge(self, node, stale):
        nonce = f"n{next(self.serial)}-{self.chance.random()}"
        node[nonce] = set()
        flag = f", stale={stale}" if stale else ""
        return Reply(401, {"WWW-Authenticate": f'Digest realm="r", nonce="{nonce}", algorithm=MD5, qop="auth"{flag}'}, b"")


def client_of(nodes, key=KEY, seed=0):
    return Client("test", nodes, Digest("me", key, Redactor(), random.Random(seed)))


def delete_all(client, workers, count=40):
    """What went wrong with each."""

    def delete(number):
        try:
            client.start("DELETE", f"/servers/{number}", what="delete")
        except Failure as failure:
            return failure.code
        return None

    with ThreadPoolExecutor(workers) as pool:
        return [code for code in pool.map(delete, range(count)) if code]


BALANCING = st.sampled_from(["turns", "random", "thread"])
FEW = settings(max_examples=60, phases=[Phase.generate])  # the order of threads is not repeated, so there is nothing to shrink


@FEW
@given(st.integers(1, 3), st.integers(1, 8), BALANCING, st.sampled_from([1, 3, 1000]), st.integers(0, 2**32))
def test_a_right_key_never_fails_and_each_request_is_executed_once(count, workers, balancing, uses, seed):
    nodes = Nodes(count, balancing, uses=uses, seed=seed)
    assert delete_all(client_of(nodes, seed=seed), workers) == []
    assert sorted(nodes.done) == sorted(("DELETE", f"/servers/{number}") for number in range(40))
    assert nodes.refused == 0


@FEW
@given(st.integers(1, 3), st.integers(1, 8), BALANCING, st.sampled_from(["true", "false", ""]), st.integers(0, 2**32))
def test_a_key_that_was_accepted_never_fails_whatever_the_flag_says(count, workers, balancing, stale, seed):
    """First one node answers, then there are more: another was started, or the balancer has moved us."""
    nodes = Nodes(1, balancing, stale=stale, seed=seed)
    client = client_of(nodes, seed=seed)
    client.read("/servers", what="list")
    nodes.count = count
    assert delete_all(client, workers) == []
    assert sorted(nodes.done) == sorted([("GET", "/servers"), *(("DELETE", f"/servers/{number}") for number in range(40))])


@pytest.mark.parametrize("count, stale", [(2, "false"), (2, ""), (3, "")])
def test_nodes_in_turn_that_do_not_say_stale_are_told_from_a_wrong_key(count, stale):
    nodes = Nodes(count, "turns", stale=stale)
    client_of(nodes).read("/servers", what="list")
    assert nodes.done == [("GET", "/servers")]


@FEW
@given(st.integers(1, 3), st.integers(1, 8), BALANCING, st.sampled_from(["true", "false", ""]), st.integers(0, 2**32))
def test_a_wrong_key_is_refused_a_few_times_in_all_however_many_work(count, workers, balancing, stale, seed):
    """Each refusal can count towards a lock of the account."""
    nodes = Nodes(count, balancing, stale=stale, seed=seed)
    failed = delete_all(client_of(nodes, "wr0ng-key", seed=seed), workers)
    assert failed == ["auth_failed"] * 40
    assert nodes.refused <= 3
    assert nodes.most_at_once == 1, "as long as no key was accepted, one request tries it"
    assert nodes.done == []


@pytest.mark.parametrize("status", [500, 502, 503, 404])
def test_an_answer_that_need_not_have_looked_at_the_key_proves_nothing(status):
    """A balancer without a node behind it, or a wrong path: the key is as unknown as before."""
    nodes = Nodes(1, "turns", trouble=lambda number, given: Reply(status, {}, b"") if given and number < 3 else None)
    assert len(delete_all(client_of(nodes, "wr0ng-key"), 8)) == 40
    assert nodes.refused <= 2
    assert nodes.most_at_once == 1


def test_a_wrong_key_and_one_nonce_for_everybody():
    """A server that offers the same nonce again to whoever it refuses."""
    same = Reply(401, {"WWW-Authenticate": 'Digest realm="r", nonce="same", qop="auth"'}, b"")
    tried = []
    nodes = Nodes(1, "turns", trouble=lambda number, given: tried.append(given) or same)
    assert delete_all(client_of(nodes, "wr0ng-key"), 4) == ["auth_failed"] * 40
    assert len([one for one in tried if one]) <= 3


def test_a_key_that_is_revoked_on_the_way_ends(monkeypatch):
    nodes = Nodes(1, "turns")
    client = client_of(nodes)
    client.read("/servers", what="list")
    monkeypatch.setattr(client.auth, "_password", "revoked")
    assert delete_all(client, 4) == ["auth_failed"] * 40
    assert nodes.refused <= Digest.MAX_CHALLENGES + 8, "those on their way, and those with a nonce that was good before"


def test_whoever_tries_an_unproven_key_and_is_not_heard_of_again_holds_nobody_up():
    """Its connection was lost: neither accepted nor challenged."""

    def trouble(number, given):
        if given and not lost:
            lost.append(number)
            raise Failure("reply_lost", "the connection was closed.", outcome="unknown")

    lost: list[int] = []
    nodes = Nodes(1, "turns", trouble=trouble)
    nodes.timeout = 0.2
    client = client_of(nodes)
    assert delete_all(client, 1, 1) == ["reply_lost"]
    began = time.monotonic()
    assert delete_all(client, 4, 10) == []
    assert time.monotonic() - began < 3


def test_a_server_that_calls_every_nonce_stale_is_given_up():
    given = []
    nodes = Nodes(1, "turns", uses=0, trouble=lambda number, authorization: given.append(authorization))
    client = client_of(nodes)
    for number in range(1, 4):
        with pytest.raises(Failure) as caught:
            client.start("DELETE", "/servers/1", what="delete")
        assert (caught.value.code, caught.value.outcome) == ("auth_failed", "not_started")
        assert nodes.asked == (Digest.MAX_CHALLENGES + 1) * number
    assert [number for number, one in enumerate(given) if not one] == [0, 49, 98], "each begins anew"


def test_workers_that_start_cold_use_what_the_first_was_given():
    nodes = Nodes(1, "turns")
    client = client_of(nodes)
    assert delete_all(client, 8) == []
    assert client.auth.challenges == 1
    assert nodes.asked <= 40 + 8


def test_the_challenge_of_a_reply_is_what_is_answered():
    """Not one that another request was given: it may be of another node."""
    nodes = Nodes(2, "turns")
    client = client_of(nodes)
    client.start("DELETE", "/servers/1", what="delete")
    client.start("DELETE", "/servers/2", what="delete")
    nodes.nonces[0] = nodes.nonces[1] = nodes.nonces[2]  # both were replaced by a third
    before = nodes.asked
    client.start("DELETE", "/servers/3", what="delete")
    assert nodes.asked == before + 2


@pytest.mark.parametrize("count", [1, 2, 3])
def test_in_turn_each_node_challenges_once(count):
    """One worker: once a nonce of each node is known, nothing is challenged any more."""
    nodes = Nodes(count, "turns")
    client = client_of(nodes)
    for number in range(30):
        client.start("DELETE", f"/servers/{number}", what="delete")
    assert nodes.asked == 30 + count


def test_whoever_was_refused_lets_the_next_one_try_at_once():
    nodes, digest = Nodes(1, "turns"), Digest("user", KEY, Redactor())

    def challenged(nonce):
        digest.headers("GET", "/")
        return digest.renew(nodes, Reply(401, {"WWW-Authenticate": f'Digest realm="r", nonce="{nonce}", qop="auth"'}, b""), {})

    tried = []
    first = threading.Thread(target=lambda: tried.extend([challenged("a"), challenged("a")]))
    first.start()
    first.join(5)
    assert tried == [True, False], "the same nonce again: its key is wrong"
    began = time.monotonic()
    assert challenged("b")
    assert time.monotonic() - began < nodes.timeout / 2
