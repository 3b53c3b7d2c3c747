# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""XClarity Administrator on the wire: how to connect, and the quirks that every resource shares."""

from __future__ import annotations

import contextlib
import hashlib
import re
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._auth import Auth, Basic, XClaritySession, check_secret
from ansible_collections.groundwork.provision.plugins.module_utils._client import Client
from ansible_collections.groundwork.provision.plugins.module_utils._errors import (
    NOT_STARTED,
    UNKNOWN,
    Failure,
    bad_input,
    bad_reply,
)
from ansible_collections.groundwork.provision.plugins.module_utils._logins import Login
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils._slots import Slots
from ansible_collections.groundwork.provision.plugins.module_utils._text import clean
from ansible_collections.groundwork.provision.plugins.module_utils._transport import Endpoint, Reply, Transport

SYSTEM = "xclarity"


class XClarity(Client):
    """A client that keeps what the server said of itself. uuid: see :func:`uuid_of`; None until it was asked. prefix: of the options
    that it was made from."""

    by_endpoint = True
    uuid: str | None = None
    prefix = ""

    def __enter__(self) -> XClarity:
        with option_names(self.prefix):
            super().__enter__()
        return self

    def _retry(self, call: t.Callable[[], t.Any], what: str, attempts: int) -> t.Any:
        with option_names(self.prefix):
            return super()._retry(call, what, attempts)

    def _check(self, reply: Reply, starts: bool, what: str) -> None:
        try:
            super()._check(reply, starts, what)
        except Failure as failure:
            if failure.outcome == UNKNOWN and _refuses(reply):
                failure.code, failure.outcome, failure.transient = "server_refused", NOT_STARTED, False
            raise

    def identity(self) -> tuple[str, ...]:
        """The server, by its own uuid; one that does not tell it is known by its address."""
        uuid = uuid_of(self)
        return (SYSTEM, uuid) if uuid else (SYSTEM, "at", self.transport.endpoint.place)


# The options that a second server has of its own. Words of a reason may be no names of options ("user and password").
_OPTIONS = re.compile(r"(?<!\w)(username|password|ca_path|validate_certs|endpoint)\b")
_OPTIONS_OF_A_REASON = re.compile(r"(?<!\w)(username|ca_path|validate_certs)\b")


@contextlib.contextmanager
def option_names(prefix: str) -> t.Iterator[None]:
    """Failures of the connection to a second server name its options, and not those of the first."""
    try:
        yield
    except Failure as failure:
        if prefix:
            failure.why = _OPTIONS_OF_A_REASON.sub(rf"{prefix}\1", failure.why)
            failure.next_step = _OPTIONS.sub(rf"{prefix}\1", failure.next_step)
        raise


def connect(run: Run, prefix: str = "") -> XClarity:
    """A client for the connection options of a run; use it with ``with``.

    prefix: takes the options of a second server, e.g. ``target_`` for the appliance that a backup is pushed to.
    Nothing is sent yet; a mistake in the options is found here.
    """

    def get(name: str) -> t.Any:
        """Options of the second server that are not set are those of the first."""
        value = run.params.get(prefix + name)
        return run.params.get(name) if value is None else value

    with option_names(prefix):
        transport = Transport(
            Endpoint.parse(run.params[prefix + "endpoint"], option=prefix + "endpoint"),
            run.clock,
            validate_certs=get("validate_certs"),
            ca_path=get("ca_path"),
            use_proxy=get("use_proxy"),
            timeout=get("timeout"),
        )
        run.redactor.add(*transport.secrets)
        client = XClarity(SYSTEM, transport, _auth(run, prefix, transport.endpoint), _explain, run.random)
    client.prefix = prefix
    return client


def _auth(run: Run, prefix: str, endpoint: Endpoint) -> Auth:
    params, place = run.params, endpoint.place
    session = params.get("session") if not prefix else None
    if session:
        if not all(isinstance(session.get(k), str) and session[k] for k in ("id", "csrf")):
            raise bad_input("config_credentials", "session holds no id and csrf.", "Give the session that xclarity_session returned.")
        run.redactor.add(session["id"], session["csrf"])
        if session.get("server") not in (None, "", server_key(place)):
            raise bad_input(
                "config_credentials",
                f"session was opened at another address than {place}, which endpoint names; it is not sent there.",
                "Give the endpoint that the session was opened with, or open one at this endpoint, and run again.",
            )
        return XClaritySession("", "", run.redactor, session)
    user = params.get(prefix + "username")
    if not user:
        raise bad_input("config_credentials", f"{prefix}username is not set.", f"Set {prefix}username and run again.")
    password = check_secret(params.get(prefix + "password"), prefix + "password", "" if prefix else "XCLARITY_PASSWORD")
    run.redactor.add(password)
    method = str(params.get("auth_method"))  # an appliance may refuse Basic to a user that may open a session
    login = Login(
        run.logins,
        (SYSTEM, method, (place + endpoint.base).casefold(), user, password),
        place=place,
        noun="this user and password",
        advice="Correct username or password, or have the account unlocked, and run again.",
    )
    if method == "basic":
        return Basic(user, password, run.redactor, login)
    return XClaritySession(user, password, run.redactor, slots=_slots(run, place, user), login=login)


def server_key(place: str) -> str:
    """What a session knows its server by, ``host:port``: no text that would be masked wherever the address stands."""
    return hashlib.sha256(place.casefold().encode()).hexdigest()[:16]


def _slots(run: Run, place: str, user: str) -> Slots | None:
    params = run.params
    if not params.get("state_dir"):
        return None
    limit, patience = params["max_sessions"], params["session_timeout"]

    def told(seconds: float) -> None:
        run.progress.queue(f"a session of {user}", seconds, patience)

    return Slots(params["state_dir"], place, user, run.clock, limit=limit, patience=patience, told=told)


# Answers to GET /aicc that say the same each time: this user, or this release, is not told. Another one ("429") may come once, and a
# server that is known by another name for once is locked under another name.
NOT_TOLD = (400, 403, 404, 405, 410)


def uuid_of(client: XClarity) -> str:
    """The server's own uuid (GET /aicc) in capitals without dashes, empty where it is not told. Read once a run."""
    if client.uuid is None:
        try:
            data = client.read("/aicc", what="read the identity of the server")
        except Failure as failure:
            if failure.status not in NOT_TOLD:
                raise
            data = {}
        told = data.get("appliance") if isinstance(data, dict) else None
        uuid = told.get("uuid") if isinstance(told, dict) else None
        client.uuid = clean(uuid, 80).replace("-", "").upper() if isinstance(uuid, str) else ""
    return client.uuid


# -- messages: four shapes exist (api notes of the vendor's pages: messages, message, strings, hardware endpoints) ---------


def messages(data: t.Any) -> list[dict[str, str]]:
    """The messages of an answer as ``{"id", "text", "explanation", "recovery"}``, whichever shape they came in."""
    if not isinstance(data, dict):
        return []
    found: list[dict[str, str]] = []
    for key in ("messages", "message"):
        value = data.get(key)
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, str) and one:
                found.append({"id": "", "text": clean(one, 400), "explanation": "", "recovery": ""})
            elif isinstance(one, dict) and any(one.values()):
                found.append(
                    {
                        "id": clean(one.get("id") or "", 40),
                        "text": clean(one.get("text") or "", 400),
                        "explanation": clean(one.get("explanation") or "", 400),
                        "recovery": _recovery(one.get("recovery")),
                    }
                )
    return found


def _recovery(value: t.Any) -> str:
    """Documented as an array of objects, seen as one object and as a string."""
    if isinstance(value, list):
        return " ".join(text for text in map(_recovery, value) if text)
    if isinstance(value, dict):
        return clean(value.get("text") or "", 400)
    return clean(value, 400) if isinstance(value, str) else ""


def told(data: t.Any) -> str | None:
    """The messages in one line, or None."""
    parts = [" ".join(p for p in (m["id"], m["text"], m["recovery"]) if p) for m in messages(data)]
    return "; ".join(p for p in parts if p) or None


def _explain(reply: Reply) -> str | None:
    try:
        return told(reply.json())
    except Failure:
        return None


# The page of the export lists 403 and 500 only, so that its 500 may be a refusal: it is one where the server says what it refuses.
_REFUSAL = re.compile(r"\bnot customi[sz]ed\b", re.IGNORECASE)


def says_not_customized(failure: Failure) -> bool:
    """The server refused an export since the profile is not customised."""
    return failure.outcome == NOT_STARTED and bool(_REFUSAL.search(failure.server_message or ""))


def _refuses(reply: Reply) -> bool:
    """An answer of the server itself, under whatever status, that says for certain that nothing was started: a result that is no
    success, and a reason that rules a start out."""
    try:
        data = reply.json()
    except Failure:
        return False
    word = data.get("result") if isinstance(data, dict) else None
    return isinstance(word, str) and clean(word, 40).lower() in ("failed", "failure") and bool(_REFUSAL.search(told(data) or ""))


def check_result(data: t.Any, what: str, *, informational: bool = False) -> list[str]:
    """Judge the ``result`` inside a 200: ``success`` (or none) and ``warning`` pass, any other word is a refusal.

    Pages say ``failed``, real appliances were seen to say ``failure``. informational: that word is a success too, as the firmware
    calls have it. Returns the server's messages of a warning.
    """
    if not isinstance(data, dict):
        raise bad_reply("the answer is not an object", what=what)
    word = data.get("result")
    said = clean(word, 40).lower() if isinstance(word, str) else ""
    if word is None or said == "success" or (informational and said == "informational"):
        return []
    if said == "warning":
        return [" ".join(p for p in (m["id"], m["text"]) if p) for m in messages(data)] or ["The server answered with a warning."]
    if not said:
        raise bad_reply("the answer holds a result of no known form", what=what)
    raise Failure(
        "server_refused",
        f"the server answered 200 with the result {said}.",
        "Follow the server's message and run again.",
        outcome=NOT_STARTED,
        server_message=told(data),
        what=what,
    )


def job_id(value: t.Any) -> str | None:
    """A job's id from an answer: text or number; None for empty, ``"0"`` and anything that is no plain id."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return None
    text = str(value).strip()
    plain = text.isascii() and text.replace("-", "").replace("_", "").isalnum()
    return text if plain and text != "0" and len(text) <= 64 else None


def started_job(data: t.Any, headers: t.Mapping[str, str]) -> str | None:
    """The id of the job that an answer names: in one of four spellings in the body, or in a header, where the body is empty then."""
    if isinstance(data, dict):
        for key in ("jobId", "jobID", "JobID", "jobid"):
            found = job_id(data.get(key))
            if found:
                return found
    place, _slash, last = headers.get("Location", "").rstrip("/").rpartition("/")
    return (job_id(last) if place.endswith(("/tasks", "/jobs")) else None) or job_id(headers.get("Jobids"))


def items(data: t.Any, *keys: str, what: str) -> list[dict[str, t.Any]]:
    """The list under the first of ``keys`` that is there; entries that are no objects make the answer a bad one."""
    if isinstance(data, dict):
        for key in keys:
            value = data.get(key)
            if isinstance(value, list) and all(isinstance(one, dict) for one in value):
                return value
    raise bad_reply(f"the answer holds no list of {keys[0]}", what=what)
