# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A transport with an authentication: what the api files talk to.

``read`` may be sent again, ``start`` never is, but after an answer that says for certain that nothing was done: 401
after new credentials, 429. Retry is decided by what a call *does*, never by its verb: one of the calls that start work
is a GET, another a PUT.
"""

from __future__ import annotations

import random
import threading
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._auth import MEANWHILE, Auth
from ansible_collections.groundwork.provision.plugins.module_utils._clock import Deadline
from ansible_collections.groundwork.provision.plugins.module_utils._errors import NONE, NOT_STARTED, Failure
from ansible_collections.groundwork.provision.plugins.module_utils._transport import (
    MAX_BODY,
    Answer,
    Reply,
    Transport,
    check_status,
    unknown_path,
)

READ_ATTEMPTS = 4
BACKOFF_BASE, BACKOFF_CAP = 0.5, 10.0
HELD_PAUSE = 1.0  # seconds before a request is sent again that was refused since something else is under way
REFUSED_RESENDS = 3  # 429 on a starting request: refused for certain, so it may be sent again, this often
LOGOUT_WHEN_INTERRUPTED = 2.0  # seconds that a log-out may take when somebody waits for us to end
# After these nothing has been tried again at first contact: they do not go away by waiting.
FINAL_AT_ONCE = ("dns_failure",)


class Budget:
    """How many retries a whole run may spend: a bucket of 20; a success gives a fifth back."""

    def __init__(self, size: float = 20.0) -> None:
        self._left = self._size = size
        self._lock = threading.Lock()

    def take(self) -> bool:
        with self._lock:
            if self._left < 1:
                return False
            self._left -= 1
            return True

    def give(self) -> None:
        with self._lock:
            self._left = min(self._size, self._left + 0.2)


class Client:
    """Requests to one system, authenticated. lock_timeout: seconds for which a request is sent again that is refused for certain
    as long as something else is under way on its resource.

    explain: takes the server's message out of an error reply (or None). Used as a context manager it logs in on
    entry and logs out on every way out.
    """

    lock_timeout = 0.0
    by_endpoint = False  # the address is that of the option endpoint
    _known = False  # the server has answered a request as one of its kind does

    def __init__(
        self,
        system: str,
        transport: Transport,
        auth: Auth,
        explain: t.Callable[[Reply], str | None] = lambda reply: None,
        randomness: random.Random | None = None,
    ) -> None:
        self.system = system
        self.transport = transport
        self.auth = auth
        self.clock = transport.clock
        self._explain = explain
        self._random = randomness or random.Random()
        self._budget = Budget()

    def __enter__(self) -> Client:
        self.log_in()
        return self

    def log_in(self) -> None:
        """Where there is such a thing. Raises :class:`Failure`."""
        try:
            self.auth.open(self.transport)
        except Failure as failure:
            failure.about(system=self.system, operation="log in")
            raise

    def __exit__(self, kind: t.Any, *exc: t.Any) -> None:
        if kind is not None and not issubclass(kind, Exception):
            self.clock.stop.set()
            self.transport.timeout = min(self.transport.timeout, LOGOUT_WHEN_INTERRUPTED)
        self.transport.farewell = True
        try:
            self.auth.close(self.transport)
        finally:
            self.transport.close()

    def pause(self) -> None:
        """Nothing is sent for some seconds; called by the one thread that waits. Whatever is sent next resumes by itself."""
        self.auth.pause(self.transport)

    def resume(self) -> None:
        """Be ready to send without having to wait for other tasks. Raises :class:`Failure`."""
        self.auth.resume(self.transport)

    def identity(self) -> tuple[str, ...]:
        """What the server is, as it tells itself; may send a reading. By default its address."""
        return (self.system, self.transport.endpoint.place)

    def job_of(self, reply: Reply) -> str | None:
        """The id of the job that an accepted answer names outside of its body, where a system does that."""
        return None

    @property
    def transmitted(self) -> bool:
        """What this thread has :meth:`start` ed last was transmitted and has no answer."""
        return self.transport.unanswered

    # -- reads ---------------------------------------------------------------------------------------------------

    def read(
        self,
        path: str,
        *,
        query: t.Sequence[tuple[str, str]] = (),
        what: str,
        attempts: int = READ_ATTEMPTS,
        max_body: int = MAX_BODY,
        method: str = "GET",
        body: t.Any = None,
        headers: t.Mapping[str, str] | None = None,
    ) -> t.Any:
        """The parsed JSON answer of a request that changes nothing; sent again after passing faults."""
        return self._retry(lambda: self._once(method, path, query, body, False, what, max_body, headers).json(), what, attempts)

    def read_reply(
        self,
        path: str,
        *,
        query: t.Sequence[tuple[str, str]] = (),
        what: str,
        attempts: int = READ_ATTEMPTS,
        max_body: int = MAX_BODY,
        method: str = "GET",
        body: t.Any = None,
        headers: t.Mapping[str, str] | None = None,
    ) -> Reply:
        """As :meth:`read`, with status and headers."""
        return self._retry(lambda: self._once(method, path, query, body, False, what, max_body, headers), what, attempts)

    def download(self, path: str, *, headers: t.Mapping[str, str], timeout: float, what: str) -> Answer:
        """An open reply for a file. Sent once; a 401 is answered with new credentials once.

        timeout: seconds for all of it; the transport's own is how long nothing may come.
        """
        target = self.transport.target(path)
        for last in (False, True):
            auth = self.auth.headers("GET", target)
            answer = self.transport.stream(
                "GET", path, headers={**auth, **headers, "Accept": "*/*"}, timeout=timeout, idle=self.transport.timeout, what=what
            )
            if answer.status != 401 or last:
                return answer
            with answer:
                reply = Reply(answer.status, answer.headers, answer.read(MAX_BODY), option=answer.option)
            if not self.auth.renew(self.transport, reply, auth):
                break
        self._check(reply, False, what)
        return answer

    # -- requests that start or change something -----------------------------------------------------------------

    def start(
        self,
        method: str,
        path: str,
        *,
        query: t.Sequence[tuple[str, str]] = (),
        body: t.Any = None,
        what: str,
        headers: t.Mapping[str, str] | None = None,
        turn: t.Callable[[], bool] | None = None,
    ) -> Reply:
        """Send once. Raises :class:`Failure` whose ``outcome`` is none, not_started or unknown.

        turn: asked before a request is sent again that was refused because something else was under way on its resource: whether
        that has ended. Raises what is to be raised in place of sending it again.
        """
        self.transport.forget()
        held = Deadline(self.clock, self.lock_timeout)
        refused = 0
        connects = 0
        while True:
            try:
                return self._once(method, path, query, body, True, what, MAX_BODY, headers)
            except Failure as failure:
                if failure.code in ("connect_refused", "connect_timeout", "connect_failed") and connects < 1:
                    connects += 1  # nothing has left this machine
                    self.clock.sleep(self._pause(connects, None))
                    continue
                if self._held(failure) and self._await_turn(held, turn):
                    continue
                if failure.code != "rate_limited" or refused >= REFUSED_RESENDS:
                    raise
                refused += 1
                self.clock.sleep(self._pause(refused, failure.retry_after))

    # -- inside --------------------------------------------------------------------------------------------------

    def _await_turn(self, held: Deadline, turn: t.Callable[[], bool] | None) -> bool:
        """Wait until a request that was refused for now can be sent again. False when that takes too long."""
        while not held.passed():
            self.clock.sleep(min(HELD_PAUSE, max(held.left(), 0.0)))
            try:
                if turn is None or turn():
                    return True
            finally:
                self.transport.forget()  # what was read meanwhile is no request of the caller
        return False

    def _held(self, failure: Failure) -> bool:
        """A refusal for certain, for as long as something else is under way on the resource."""
        return False

    def _once(
        self,
        method: str,
        path: str,
        query: t.Sequence[tuple[str, str]],
        body: t.Any,
        starts: bool,
        what: str,
        max_body: int,
        headers: t.Mapping[str, str] | None,
    ) -> Reply:
        """One exchange, and one more for each 401 that new credentials can answer."""
        target = self.transport.target(path, query)
        refused = False
        challenges = 0
        while challenges <= self.auth.MAX_CHALLENGES:
            try:
                auth = self.auth.headers(method, target)
                reply = self.transport.send(
                    method, path, query=query, headers={**auth, **(headers or {})}, body=body, starts=starts, max_body=max_body, what=what
                )
                if reply.status != 401:
                    self.auth.accepted()
                    break
                refused = True
                renewed = self.auth.renew(self.transport, reply, auth)
                if not renewed:
                    break
                challenges += renewed != MEANWHILE
            except Failure as failure:
                self.auth.lost(self.transport)
                if starts and refused and failure.outcome == NONE:
                    failure.outcome = NOT_STARTED  # the request did go out, and 401 was a no
                raise
        try:
            self._check(reply, starts, what)
        except Failure as failure:
            first = self.by_endpoint and not (self._known or self.auth.logged_in)
            if first and failure.code == "not_found" and not failure.server_message:
                unknown_path(failure, target, self.transport.endpoint.option)
            raise
        self._known = True
        return reply

    def _check(self, reply: Reply, starts: bool, what: str) -> None:
        try:
            check_status(reply, starts=starts, what=what, place=self.transport.endpoint.place)
        except Failure as failure:
            failure.system = self.system
            if failure.code == "auth_failed" and self.auth.elsewhere is not None:
                failure.why, failure.next_step = self.auth.elsewhere
                failure.logged_in = True
            told = self._explain(reply)
            if told:
                failure.about(server_message=told)
            raise

    def _retry(self, call: t.Callable[[], t.Any], what: str, attempts: int) -> t.Any:
        attempt = 0
        while True:
            attempt += 1
            try:
                value = call()
            except Failure as failure:
                failure.about(what=f"{what} at {self.transport.endpoint.place}", system=self.system)
                if not failure.transient or failure.code in FINAL_AT_ONCE or attempt >= attempts or not self._budget.take():
                    raise
                self.clock.sleep(self._pause(attempt, failure.retry_after))
            else:
                self._budget.give()
                return value

    def _pause(self, attempt: int, told: float | None) -> float:
        """Seconds before the next try: what the server asked for, else full jitter on a doubling ceiling."""
        if told is not None:
            return told
        return self._random.uniform(0, min(BACKOFF_CAP, BACKOFF_BASE * 2**attempt))
