# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The family of failures: stable codes, the four-part message, what a status code means.

Nothing here knows Ansible or HTTP libraries. A :class:`Failure` carries everything that a user is told.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._text import clean

# The fixed sentences: what is known about the server after a failure. K3 and K4 are of what the request makes: a job, or what
# the step's ``effect`` says, for example ("the deletion", "accepted").
K1 = "Nothing was changed."
K2 = "The server refused the request; nothing was started."
K3 = "The job was started"
K4 = "It is not known whether the job was started."
JOB = ("the job", "started")

NONE, NOT_STARTED, STARTED, FINISHED, UNKNOWN = "none", "not_started", "started", "finished", "unknown"

# The option with the address of a server, where it has no other name. In the advice of a status it stands for the one of the server.
ADDRESS = "endpoint"

MESSAGE_LIMIT = 600
NAMES_IN_A_MESSAGE = 10


# The advice after an end on the way. Not for work that each run begins anew.
AGAIN = "Look at the resources of this task, then run it again."


class Failure(Exception):
    """Something that ends a run (or one item of it) and that the user has to read.

    code: stable slug, e.g. ``connect_refused``. what: what was tried. why: the reason in words.
    next_step: what the user can do. outcome: ``none`` until a request that changes something was sent, then
    ``not_started``, ``started``, ``finished`` or ``unknown``. effect: what the request makes, and the participle for it.
    resources: all that it is about, by the names that the message uses, when these are several. known: in place of the
    fixed sentence, for a failure that is about several. transient: worth trying again for a pure read.
    """

    def __init__(
        self,
        code: str,
        why: str,
        next_step: str = "",
        *,
        what: str = "",
        outcome: str = NONE,
        status: int | None = None,
        system: str | None = None,
        operation: str | None = None,
        resource: str | None = None,
        server_message: str | None = None,
        job: str | None = None,
        transient: bool = False,
        retry_after: float | None = None,
        details: dict[str, t.Any] | None = None,
        effect: tuple[str, str] | None = None,
        resources: t.Sequence[str] = (),
        known: str | None = None,
        unclear: bool = False,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.why = why
        self.next_step = next_step
        self.what = what
        self.outcome = outcome
        self.status = status
        self.system = system
        self.operation = operation
        self.resource = resource
        self.server_message = server_message
        self.job = job
        self.transient = transient
        self.retry_after = retry_after
        self.details = details or {}
        self.effect = effect
        self.resources = list(resources)
        self._known = known
        self.unclear = unclear  # the answer may be about something else than what the code says
        self.unfollowed = False  # it is about reading what was started, not about the work itself
        self.logged_in = False  # user and password were accepted before, so that trying again locks no account
        self.over = False  # it tells the end of what was started: that it was started is not said beside
        self.result: dict[str, t.Any] | None = None  # what the run had reached, for the user

    @property
    def server_message(self) -> str | None:
        """The server's message: hostile text, so cleaned and cut wherever they are set."""
        return self._server_message

    @server_message.setter
    def server_message(self, text: str | None) -> None:
        self._server_message = clean(text, 200) if text else None

    def __str__(self) -> str:
        return self.message()

    def known(self) -> str:
        """The one fixed sentence about the server's state."""
        if self._known is not None:
            return self._known
        if self.outcome in (STARTED, FINISHED):
            if self.over:
                return ""
            made = was_made(self.effect, self.job)
            return f"{made[:1].upper()}{made[1:]}."
        if self.outcome == UNKNOWN:
            return f"It is not known whether {was_made(self.effect)}."
        return {NONE: K1, NOT_STARTED: K2}[self.outcome]

    def message(self) -> str:
        """What was tried, why it failed, what is known, what to do next; at most 600 characters."""
        told = self._told()
        next_step = self.next_step
        if self.outcome == UNKNOWN:
            next_step = f"{next_step} The request was not repeated.".strip()
        tail = " ".join(part for part in (self.known(), next_step) if part)
        head = ": ".join(part for part in (self.what, _sentence(told)) if part)
        room = MESSAGE_LIMIT - len(tail) - 1
        if len(head) > room:
            head = head[: max(room - 4, 0)].rstrip() + " ..."
        return clean(f"{head} {tail}".strip(), MESSAGE_LIMIT)

    def reason(self, limit: int) -> str:
        """Why it failed, without the rest of the message; at most ``limit`` characters."""
        told = self._told()
        return clean(told if len(told) <= limit else f"{told[: limit - 4].rstrip()} ...", limit)

    def _told(self) -> str:
        return self.why if not self.server_message else f"{self.why} The server said: {self.server_message}"

    def public(self) -> dict[str, t.Any]:
        """The ``error`` of a result."""
        return {
            "code": self.code,
            "status": self.status,
            "system": self.system,
            "operation": self.operation,
            "resource": self.resource,
            "resources": self.resources or ([self.resource] if self.resource else []),
            "server_message": self.server_message,
            "hint": self.next_step,
            **self.details,
        }

    def about(self, **facts: t.Any) -> Failure:
        """Fill in facts that the place that raised it did not know; what is set stays. It is bare then, and can be kept."""
        self.bare()
        for name, value in facts.items():
            if getattr(self, name) in (None, ""):
                setattr(self, name, value)
        return self

    def copy(self) -> Failure:
        """The same for another worker: each fills in facts of its own."""
        made = Failure(self.code, self.why, self.next_step, what=self.what, status=self.status, transient=self.transient)
        made.server_message = self.server_message
        return made

    def refused_after(self, made: str, done: t.Sequence[str]) -> None:
        """It is the refusal of one request of several. made: what those before it have made, in words; done: which they were."""
        self._known = f"{made[:1].upper()}{made[1:]}. That was {named(done, 200)}; this request was refused and has done nothing."

    def later(self, beginning: str, **facts: t.Any) -> Failure:
        """The same failure of a reading, told of work that was under way by then: the reason begins with ``beginning``."""
        told = Failure(
            self.code, beginning + self.why, self.next_step, status=self.status, **{"outcome": STARTED, "system": self.system, **facts}
        )
        told.server_message = self.server_message
        return told

    def not_followed(self, made: str, hint: str, **facts: t.Any) -> Failure:
        """The same failure of a reading, while it was waited for something: not about the request that has begun it.

        made: what that is, in words (:func:`was_made`); an empty text where this run has begun nothing.
        """
        beginning = f"{made} and could not be followed to its end: " if made else "the work could not be followed to its end: "
        told = self.later(beginning, known="" if made else None, **({} if made else {"outcome": NONE}), **facts)
        told.next_step = hint if self.transient else f"{self.next_step} {hint}".strip()
        told.unfollowed = True
        return told

    def left_under_way(self, hint: str) -> None:
        """It ends a run on the way, and ``hint`` takes the place of the advice to run again."""
        if AGAIN in self.next_step:
            self.next_step = self.next_step.replace(AGAIN, hint)

    def become(self, other: Failure) -> None:
        """Tell ``other`` in place of itself."""
        self.__dict__.update(other.__dict__)

    def of_all(self, known: str | None) -> None:
        """It is about several: ``known`` takes the place of the sentence about the server."""
        self._known = known

    def bare(self) -> Failure:
        """The same without the frames and exceptions that it came through, which would be kept in memory with it."""
        self.__traceback__ = self.__context__ = self.__cause__ = None
        return self


class MissingLibrary(Exception):
    """A Python library that a system needs is not there; told the Ansible way. trace: the traceback of its import."""

    def __init__(self, library: str, trace: str | None) -> None:
        super().__init__(library)
        self.library, self.trace = library, trace


def was_made(effect: tuple[str, str] | None, job: str | None = None) -> str:
    """What a request has made, in words: ``the job was started (job 17)``, ``the deletion was accepted``."""
    thing, done = effect or JOB
    kind = "job " if (thing, done) == JOB else ""
    return f"{thing} was {done}" + (f" ({kind}{job})" if job else "")


def named(names: t.Sequence[str], limit: int = 300) -> str:
    """The first names of many, in one text of at most about ``limit`` characters: ``a, b, c and 7 more``."""
    shown: list[str] = []
    for name in names[:NAMES_IN_A_MESSAGE]:
        name = clean(name, 80)
        if shown and sum(map(len, shown)) + len(name) > limit:
            break
        shown.append(name)
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def ended_badly(code: str, why: str, next_step: str, **facts: t.Any) -> Failure:
    """What was started has ended, and not as desired. The reason tells the end."""
    failure = Failure(code, why, next_step, **facts)
    failure.over = True
    return failure


_RUN_AGAIN = re.compile(r"\b[Rr]un(?:ning)?(?: it| this task)? again(?=[.;,])")


def only_what_failed(next_step: str, why: str) -> str:
    """The advice to run again where that would also repeat what went well. why: what each run does, in words."""
    rest = f" only for what failed (with --limit, or with the others left out), since {why}"
    return _RUN_AGAIN.sub(lambda told: told[0] + rest, next_step, count=1)


def bad_input(code: str, why: str, next_step: str, **facts: t.Any) -> Failure:
    """A mistake in the task, found before anything was sent."""
    return Failure(code, why, next_step, **facts)


class Refusals:
    """Refusals of single items of a list, so that all of them are told at once. It is a context for each item, in which nothing is
    asked of a server; :meth:`tell` raises what was refused."""

    def __init__(self) -> None:
        self.found: list[Failure] = []

    def __enter__(self) -> Refusals:
        return self

    def __exit__(self, kind: object, exc: BaseException | None, trace: object) -> bool:
        if not isinstance(exc, Failure):
            return False
        self.found.append(exc.bare())
        return True

    def tell(self) -> None:
        if self.found:
            raise together(self.found)


def together(refusals: t.Sequence[Failure]) -> Failure:
    """One refusal for those of several items: the first as it is, which others there are, and all of them as its resources."""
    first = refusals[0]
    positions = {position for one in refusals for position in one.details.get("positions", ())}
    if positions:
        first.details = {**first.details, "positions": sorted(positions)}
    named_by_first = first.resources or ([first.resource] if first.resource else [])
    more = {one.resource: one.code for one in refusals[1:] if one.resource and one.resource not in named_by_first}
    if not more:
        return first
    if all(code == first.code for code in more.values()):
        told = f"The same goes for {named(list(more), 150)}."
    else:
        told = f"Refused too: {named([f'{name} ({code})' for name, code in more.items()], 200)}."
    first.why = f"{first.why} {told}"
    first.resources = [*named_by_first, *more]
    return first


def bad_reply(why: str, **facts: t.Any) -> Failure:
    """A reply that does not have a shape we know."""
    return Failure("bad_reply", why, "Check that this is the right server, and look at its log.", **facts)


# status -> (code, reason in words, what to do)
_STATUS: dict[int, tuple[str, str, str]] = {
    400: ("bad_request", "the server found the request not valid.", "Correct the option that the server names and run again."),
    401: ("auth_failed", "the server did not accept the credentials.", "Check user and password or key, and run again."),
    403: ("forbidden", "the server denied the request.", "Check the user's role and the product's licence, and run again."),
    404: ("not_found", "the server does not know this resource.", "Check the id and endpoint, and run again."),
    407: ("proxy_error", "a proxy on the way wants a user and password.", "Check the proxy environment variables and run again."),
    409: ("conflict", "the resource is in use or in another state.", "Look at the resource, wait until it is free, and run again."),
    412: ("precondition_failed", "a value that the server needs was missing.", "Look at the resource and run again."),
    422: ("bad_request", "the server could not process the request.", "Correct the option that the server names and run again."),
    423: ("rate_limited", "the resource is locked for now.", "Run again later."),
    429: ("rate_limited", "the server limits the number of requests.", "Run again later, or lower concurrency."),
    503: ("busy", "the server is not available for now (restart, maintenance or quiesce).", "Wait until the server answers and run again."),
}


def for_status(
    status: int,
    *,
    starts: bool,
    location_host: str | None = None,
    retry_after: float | None = None,
    option: str = ADDRESS,
) -> Failure | None:
    """What a status code means; None for 2xx. option: the one with the address of the server.

    starts: the request starts or changes something. A 5xx or an odd code then leaves the outcome unknown, a 4xx
    or a redirect is a refusal. (RFC 9110 section 15; which codes each system uses: the five pages.)
    """
    if 200 <= status < 300:
        return None
    refused = NOT_STARTED if starts else NONE
    if 300 <= status < 400:
        where = f" to {location_host}" if location_host else ""
        return Failure(
            "redirect_refused",
            f"the server answered with a redirect{where}; redirects are never followed.",
            f"Set {option} to the address of the server itself and run again.",
            status=status,
            outcome=refused,
        )
    if 400 <= status < 500:
        code, why, step = _STATUS.get(status, ("unexpected_status", f"the server answered {status}.", "Check endpoint and run again."))
        step = step.replace(ADDRESS, option)
        transient = status in (423, 429)
        return Failure(code, why, step, status=status, outcome=refused, transient=transient, retry_after=retry_after)
    code, why, step = _STATUS.get(status, ("server_error", f"the server answered {status}.", "Look at the server's log and run again."))
    outcome = UNKNOWN if starts else NONE
    return Failure(code, why, step, status=status, outcome=outcome, transient=True, retry_after=retry_after)


def _sentence(text: str) -> str:
    text = text.strip()
    return text if not text or text[-1] in ".!?" else text + "."
