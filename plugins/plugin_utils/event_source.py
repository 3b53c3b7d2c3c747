# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the event sources share: look again and again in a thread, pass on what is new, remember it once the engine has it.

* The event loop never waits for a server: one thread of the source's own makes all requests, and keeps its connections.
* An event counts as passed on when the engine has it: when its receipt comes, where the engine gives some (``feedback``), else when it
  has taken the event out of its queue. Only then the state file says so; after a receipt not before the engine has it on its disk.
* A failure is waited out, ever longer. What does not go away by waiting ends the source: a refused password would lock the account.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import functools
import logging
import random
import signal
import threading
import typing as t

from ansible.errors import AnsibleParserError

from ansible_collections.groundwork.provision.plugins.module_utils import _certificates, _floor, _module, _wire
from ansible_collections.groundwork.provision.plugins.module_utils._client import Client
from ansible_collections.groundwork.provision.plugins.module_utils._clock import Clock, Ended
from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure, MissingLibrary
from ansible_collections.groundwork.provision.plugins.module_utils._options import STATE_DIR, XCLARITY, Spec
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils._text import clean, safe
from ansible_collections.groundwork.provision.plugins.plugin_utils import event_options
from ansible_collections.groundwork.provision.plugins.plugin_utils.event_state import Delta, SourceError, State

LONGEST_PAUSE = 300.0  # seconds between two attempts, while the server cannot be asked
RECEIPT_PATIENCE = 3600.0  # seconds; an engine under load takes nothing for as long by default
# Seconds. The database of the engine (H2) puts on the disk what it has acknowledged up to half a second later: a kill before that loses it.
ENGINE_WRITES = 2.0
FAREWELL = 5.0  # seconds for the log-out and the last writing

Event = dict[str, t.Any]


class Timing:
    """Time and chance, so that a test can stand in for them. ``clock`` makes the clock of one connection."""

    clock: t.Callable[[], Clock] = Clock
    random = random.Random()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


TIMING = Timing()


class News(t.NamedTuple):
    """An event, and what is called once the engine has it: it changes the data of the state, and returns what it has changed."""

    event: Event
    passed_on: t.Callable[[], Delta]


class Found(t.NamedTuple):
    """What one look has found. more: there is more, which the next look reads at once."""

    news: list[News]
    more: bool = False


# Options of every source, and the connection to XClarity Administrator: a session that outlives its task is no use to a source.
COMMON = Spec(
    {
        "poll_interval": {"type": "float", "default": 5.0},
        "cursor": {"type": "str", "default": "default"},
        "feedback": {"type": "bool", "default": False},
        **STATE_DIR,
    }
)

XCLARITY_CONNECTION = Spec(
    {
        **{name: option for name, option in XCLARITY.options.items() if name != "session"},
        # As in the inventory plugin: an event's hosts have the names that it gives them.
        "hostnames": {
            "type": "list", "elements": "str", "default": ["name", "uuid"],
            "choices": ["name", "hostname", "fqdn", "serial_number", "uuid", "bmc_address"],
        },
    }
)  # fmt: skip


class Source:
    """One kind of source. Made in the engine's thread; everything but :meth:`interrupt` is then called by the thread of the source."""

    NAME: str
    system: str

    def __init__(self, params: dict[str, t.Any]) -> None:
        self.params = params
        self.run: Run | None = None
        self.client: t.Any = None
        self.state: t.Any = None  # of the class State, once the server is known
        self.server: tuple[str, ...] = ()
        self.reached = False  # the server was read at least once
        self._ended = False

    @classmethod
    def options(cls) -> Spec:
        """What may be set."""
        raise NotImplementedError

    def connect(self, run: Run) -> Client:
        """A client, not yet logged in."""
        raise NotImplementedError

    def identity(self) -> tuple[str, ...]:
        """The server, as it tells itself."""
        return tuple(self.client.identity())

    def key(self) -> tuple[str, ...]:
        """What tells its state file from others of this server and cursor."""
        return ()

    def begin(self) -> None:
        """There is a state file now, maybe another one than before."""

    def find(self) -> Found:
        """Read the server. Raises :class:`Failure`."""
        raise NotImplementedError

    # -- what serve() calls --------------------------------------------------------------------------------------------

    def look(self) -> Found:
        """Connect, if need be, and read."""
        try:
            if self.client is None:
                self._open()
            found = self.find()
            self.client.pause()
        except Failure:
            self.disconnect()
            raise
        except (SourceError, MissingLibrary, Ended):
            raise
        except Exception as exc:
            self.disconnect()
            raise _module.unexpected(exc) from None
        self.reached = True
        return found

    def event(self, ident: str, hosts: t.Sequence[str], body: Event) -> Event:
        """An event without secrets, as the engine takes it. ident: its uuid."""
        place = self.client.transport.endpoint.place
        told = {"system": self.system, "server": {"endpoint": place, "id": self.server[-1]}, **body}
        told = t.cast(Run, self.run).redactor.value(safe(told))
        return {**told, "meta": {"uuid": ident, **({"hosts": list(hosts)} if hosts else {})}}

    def shown(self, text: str) -> str:
        return self.run.redactor.text(text) if self.run is not None else text

    def remember(self, news: News) -> None:
        """The engine has it."""
        delta = news.passed_on()
        if self.state is not None:
            self.state.add(delta, settles=ENGINE_WRITES if self.params["feedback"] else 0.0)

    def write(self) -> bool:
        """Write what was passed on. False when some of it has not settled, so that this is to be called again."""
        if self.state is None:
            return True
        self.state.write()
        return not self.state.settling

    def interrupt(self) -> None:
        """End what the thread of the source is doing. Called by another thread."""
        self._ended = True
        run, client = self.run, self.client
        if run is not None:
            run.clock.stop.set()
        if client is not None:
            client.transport.abort()

    def disconnect(self, *, at_once: bool = False) -> None:
        """Log out. Raises nothing."""
        client, self.client = self.client, None
        if client is not None:
            with contextlib.suppress(Failure, Ended, OSError):
                client.__exit__(Ended if at_once else None, None, None)

    def close(self) -> None:
        """The end."""
        self.disconnect(at_once=True)
        state, self.state = self.state, None
        if state is not None:
            try:
                state.write(at_once=True)
            finally:
                state.close()

    # -- inside --------------------------------------------------------------------------------------------------------

    def _open(self) -> None:
        run = Run(dict(self.params), clock=TIMING.clock(), random=TIMING.random)
        self.run = run
        if self._ended:
            run.clock.stop.set()
        _certificates.warn_of_options(run)
        client = self.connect(run)
        self.client = client
        client.__enter__()
        server = self.identity()
        if server != self.server or self.state is None:
            if self.state is not None:
                self.state.write(at_once=True)
                self.state.close()
                self.state = None
            self.state = State(self.params["state_dir"], (self.NAME, *server, *self.key(), self.params["cursor"]), run.clock)
            self.server = server
            self.begin()


class Desk:
    """Where events are handed to the engine. ``ending``: the source was told to end, while the engine goes on."""

    def __init__(self, queue: t.Any, feedback: t.Any) -> None:
        self._queue, self._feedback = queue, feedback
        # The engine puts filters around the queue that it takes events from.
        inner = getattr(queue, "queue", queue)
        self._empty = getattr(inner, "empty", None)
        self.ending = False

    async def hand_over(self, event: Event, passed_on: t.Callable[[], t.Awaitable[None]]) -> None:
        """Give an event to the engine; once that has it, ``passed_on`` is called. While the source ends, the engine gets some seconds."""
        await self._queue.put(event)
        # Before anybody else gets to run: an event that is not in the queue was dropped by a filter of the rulebook.
        dropped = self._empty is not None and self._empty()

        async def rest() -> None:
            if not dropped:
                await self._receipt(event["meta"]["uuid"])
            await passed_on()

        task = asyncio.ensure_future(rest())
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            if self.ending:
                await asyncio.wait([task], timeout=FAREWELL)
            task.cancel()
            raise

    async def _receipt(self, ident: str) -> None:
        if self._feedback is None:
            pause = 0.0
            while self._empty is not None and not self._empty():
                await asyncio.sleep(pause)
                pause = min(pause + 0.001, 0.1)
            return
        try:
            async with asyncio.timeout(RECEIPT_PATIENCE):
                while True:
                    receipt = await self._feedback.get()
                    meta = receipt.get("meta") if isinstance(receipt, dict) else None
                    if not isinstance(meta, dict) or meta.get("uuid") in (None, ident):
                        return
        except TimeoutError:
            raise SourceError(
                f"The engine has not acknowledged an event for {RECEIPT_PATIENCE:.0f} seconds. It is sent again after the next start."
            ) from None


class Signals:
    """The first SIGTERM or SIGINT ends the source, and with it the engine, which then still works off what it has.

    Without this the process ends where it stands, with its session open: the engine's Java machine puts its own handlers in place when
    it starts, some time after the sources. So :meth:`heed` is called again and again.
    """

    def __init__(self, end: t.Callable[[], None]) -> None:
        self._end = end
        self._came = False

    def heed(self) -> None:
        if not self._came and threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(number, self._note)

    def _note(self) -> None:
        self._came = True
        self.ignore()
        self._end()

    def ignore(self) -> None:
        """A second signal ends the process."""
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().remove_signal_handler(number)


async def serve(queue: t.Any, args: t.Mapping[str, t.Any], kind: type[Source]) -> None:
    """Run a source until it is cancelled, or the process is told to end. Raises :class:`SourceError` when it cannot go on."""
    given = dict(args)
    desk = Desk(queue, given.pop("eda_feedback_queue", None))
    log = logging.getLogger(kind.NAME)
    source = _made(kind, given)
    loop = asyncio.get_running_loop()
    worker = concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix=kind.NAME)

    async def call(function: t.Callable[..., t.Any], *arguments: t.Any) -> t.Any:
        return await loop.run_in_executor(worker, function, *arguments)

    def end() -> None:
        desk.ending = True
        source.interrupt()
        watch.cancel()

    signals = Signals(end)
    watch = asyncio.ensure_future(_watch(source, desk, call, log, signals.heed))
    try:
        await asyncio.shield(watch)
    except asyncio.CancelledError:
        if not desk.ending:
            raise
    finally:
        signals.ignore()
        source.interrupt()
        watch.cancel()
        await asyncio.wait([watch])
        with contextlib.suppress(TimeoutError, SourceError):
            await asyncio.wait_for(asyncio.shield(call(source.close)), FAREWELL)
        worker.shutdown(wait=False, cancel_futures=True)


def _made(kind: type[Source], given: dict[str, t.Any]) -> Source:
    if _wire.requests is None:
        raise SourceError(f"{kind.NAME} needs the Python library requests.")
    found = _wire.requests_is_too_old()
    if found:
        raise SourceError(_floor.too_old("requests", found, _wire.REQUESTS_FLOOR))
    try:
        params = event_options.read(given, kind.options())
        Run(dict(params))  # refuses numbers that make no sense
        return kind(params)
    except AnsibleParserError as exc:
        raise SourceError(f"{kind.NAME}: {exc}") from None
    except Failure as failure:
        raise SourceError(f"{kind.NAME}: {failure.message()}") from None


async def _watch(
    source: Source, desk: Desk, call: t.Callable[..., t.Awaitable[t.Any]], log: logging.Logger, heed: t.Callable[[], None]
) -> None:
    failures = 0
    warned: set[str] = set()

    async def keep(function: t.Callable[..., t.Any], *arguments: t.Any) -> t.Any:
        """A disk that is full for a while loses nothing: at worst events come again after a kill, with the same uuid."""
        try:
            return await call(function, *arguments)
        except SourceError as exc:
            log.error("%s", exc)
            return None

    while True:
        heed()
        try:
            found = await call(source.look)
        except MissingLibrary as missing:
            raise SourceError(f"{source.NAME} needs the Python library {missing.library}.") from None
        except Failure as failure:
            text = clean(source.shown(failure.message()), 600)
            if is_final(failure, source.reached):
                raise SourceError(f"{source.NAME}: {text}") from None
            failures += 1
            pause = pause_after(failures, source.params["poll_interval"], failure.retry_after)
            log.warning("%s The next attempt is in %.0f seconds.", text, pause)
            await TIMING.sleep(pause)
            continue
        if failures:
            log.warning("The server answers again.")
        failures = 0
        for text in source.run.warnings if source.run is not None else ():
            if text not in warned:
                log.warning("%s", text)
                warned.add(text)
        for news in found.news:
            await desk.hand_over(news.event, functools.partial(keep, source.remember, news))
        settled = await keep(source.write)
        if found.more:
            continue
        if settled is False:
            await TIMING.sleep(ENGINE_WRITES)
            await keep(source.write)
        await TIMING.sleep(source.params["poll_interval"])


def is_final(failure: Failure, reached: bool) -> bool:
    """It does not go away by waiting. reached: the server has been read before, so that the options are right."""
    if failure.logged_in:  # an appliance that starts anew forgets its sessions
        return not reached
    if failure.code in ("auth_failed", "auth_unscoped") or failure.code.startswith("config_"):
        return True
    return not reached and not failure.transient and failure.code != "internal_error"


def pause_after(failures: int, interval: float, told: float | None) -> float:
    """Seconds to wait after so many failures in a row. told: what the server asks for."""
    ceiling = min(LONGEST_PAUSE, max(interval, 0.05) * 2 ** min(failures, 30))
    return max(TIMING.random.uniform(ceiling / 2, ceiling), told or 0.0)
