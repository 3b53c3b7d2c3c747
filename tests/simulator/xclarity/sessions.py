# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Authentication: /sessions, cookies with CSRF, Basic, the limit of sessions, lockout, /userAccountSettings.

Open: GET with CSRF, the reply above the limit, Basic against the limit (switches). Chosen here: a Basic header is
looked at before a cookie; a session above its inactivity time is gone at the next call.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ..core import path_id, set_user
from .replies import Refused, call, json_body, message, reply, success

if TYPE_CHECKING:
    from . import XClarity

_POLICY = {
    "MaximumLoginFailures": "max_login_failures",
    "LockoutTime": "lockout_minutes",
    "MaxConcurrentSessions": "max_concurrent_sessions",
    "InactivityTimeout": "inactivity_minutes",
}


class Sessions:
    """The users and their sessions."""

    def __init__(self, system: XClarity) -> None:
        self.system = system
        self.reset()

    def reset(self) -> None:
        self.users: dict[str, dict[str, Any]] = {}
        self.open: dict[str, dict[str, Any]] = {}
        self.opened = 0
        self.closed = 0
        self.basic_in_use: dict[str, int] = {}

    def seed(self, users: dict[str, dict[str, Any]]) -> None:
        for name, user in users.items():
            self.users[name] = {
                "password": user["password"], "role": user.get("role", "supervisor"), "failures": 0, "locked": None,
                "expired": bool(user.get("password_expired")),
            }

    def report(self) -> dict[str, Any]:
        """For /_control/sessions."""
        return {
            "open": len(self.open), "opened": self.opened, "closed": self.closed,
            "sessions": [{"id": key, "user": one["user"], "created": one["created"]} for key, one in self.open.items()],
        }

    def expire(self, user: str | None = None) -> int:
        """End the sessions of one user or of all, as if their time had come; returns how many."""
        gone = [key for key, one in self.open.items() if user in (None, one["user"])]
        for key in gone:
            self._end(key)
        return len(gone)

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/sessions", self.log_in, methods=["POST"]),
            Route("/sessions", self.index, methods=["GET"]),
            Route("/sessions", self.log_out, methods=["DELETE"]),
            Route("/sessions/{id}", self.log_out_other, methods=["DELETE"]),
            Route("/userAccountSettings", self.policy, methods=["GET"]),
            Route("/userAccountSettings", self.set_policy, methods=["PUT"]),
        ]

    # --- authentication ---

    def authenticate(self, request: Request) -> str:
        """The user of this request; refuses without valid credentials, without the CSRF token, without the role."""
        header = request.headers.get("authorization", "")
        if header[:6].lower() == "basic ":
            user = self._basic(request, header[6:])
        else:
            user = self._cookie(request)
        set_user(request, user)
        reading = request.method in ("GET", "HEAD") or request.scope["path"] == "/nodes"
        if not reading and self.users[user]["role"] == "reader" and not request.scope["path"].startswith("/sessions"):
            raise Refused(403, "FQXHMSE9005J", "The user does not have the authority for this action.",
                          "Ask an administrator for a role with this privilege.")
        return user

    def release(self, request: Request) -> None:
        """Give back what a Basic call held."""
        user = request.scope["state"].pop("basic_slot", None)
        if user is not None:
            self.basic_in_use[user] -= 1

    def _refuse(self, text: str) -> Refused:
        return Refused(self.system.switches["unauthorized_status"], "FQXHMSE9001J", text, "Log in and try again.")

    def _basic(self, request: Request, encoded: str) -> str:
        try:
            user, _colon, password = base64.b64decode(encoded, validate=True).decode("utf-8").partition(":")
        except (binascii.Error, UnicodeDecodeError) as error:
            raise self._refuse("The Authorization header is not valid.") from error
        if not self._right(user, password):
            raise self._refuse("The user name or the password is not valid.")
        if self.system.switches["basic_counts_session"]:
            self._room(user)
            self.basic_in_use[user] = self.basic_in_use.get(user, 0) + 1
            request.scope["state"]["basic_slot"] = user
        return user

    def _cookie(self, request: Request) -> str:
        key = request.cookies.get("JSESSIONID", "")
        session = self.open.get(key)
        if session is None or self._timed_out(key, session):
            raise self._refuse("There is no valid session.")
        wants_token = request.method not in ("GET", "HEAD") or self.system.switches["csrf_on_get"]
        if wants_token and request.headers.get("x-csrf-token") != session["csrf"]:
            raise Refused(self.system.switches["csrf_failure_status"], "FQXHMSE9002J",
                          "The X-Csrf-Token header is missing or not valid.", "Send the csrf value of the session.")
        now = self.system.clock.now()
        session["accessed"] = now
        # Script traffic counts as user input unless the caller says that it does not.
        if request.headers.get("x-not-user-input") != "checkSession":
            session["active"] = now
        request.scope["state"]["session"] = key
        return str(session["user"])

    def _timed_out(self, key: str, session: dict[str, Any]) -> bool:
        minutes = self.system.switches["inactivity_minutes"]
        if minutes and self.system.clock.now() - session["active"] > minutes * 60:
            self._end(key)
            return True
        return False

    def _end(self, key: str) -> None:
        del self.open[key]
        self.closed += 1

    def _right(self, name: str, password: Any) -> bool:
        """Are these valid credentials; counts failures and locks the account as the policy says."""
        user = self.users.get(name)
        if user is None:
            return False
        now = self.system.clock.now()
        if user["locked"] is not None and now >= user["locked"]:
            user["locked"], user["failures"] = None, 0
        if user["locked"] is not None:
            return False
        if user["password"] == password:
            user["failures"] = 0
            return True
        user["failures"] += 1
        limit = self.system.switches["max_login_failures"]
        if limit and user["failures"] >= limit:
            minutes = self.system.switches["lockout_minutes"]
            user["locked"] = now + minutes * 60 if minutes else float("inf")
        return False

    def _room(self, user: str) -> None:
        for key in [key for key, one in self.open.items() if one["user"] == user]:
            self._timed_out(key, self.open[key])
        used = sum(one["user"] == user for one in self.open.values()) + self.basic_in_use.get(user, 0)
        limit = self.system.switches["max_concurrent_sessions"]
        if limit and used >= limit:
            raise Refused(self.system.switches["session_limit_status"], "FQXHMSE9003J",
                          self.system.switches["session_limit_message"].replace("{limit}", str(limit)),
                          "Log out of another session.")

    # --- endpoints ---

    @call(authenticated=False)
    async def log_in(self, request: Request, _user: str) -> Response:
        body = await json_body(request)
        name, password = body.get("UserId"), body.get("password")
        if not isinstance(name, str) or not isinstance(password, str):
            raise Refused(400, "FQXHMSE9006J", "UserId and password are required.")
        set_user(request, name)
        if not self._right(name, password):
            raise Refused(self.system.switches["login_failure_status"], "FQXHMSE9004J",
                          self.system.switches["login_failure_message"])
        self._room(name)
        now = self.system.clock.now()
        key, csrf = secrets.token_hex(16).upper(), secrets.token_hex(16)
        address = request.client.host if request.client else ""
        self.open[key] = {
            "user": name, "csrf": csrf, "created": self.system.clock.iso(now), "accessed": now, "active": now,
            "address": address,
        }
        self.opened += 1
        minutes = self.system.switches["inactivity_minutes"]
        answer = reply(self.system, {
            "response": {
                "pwChangeRequired": self.users[name]["expired"],
                "session": {
                    "UserId": name, "id": key, "csrf": csrf, "Address": address,
                    "authenticationServer": request.url.hostname, "created": self.system.clock.iso(now),
                    "inactivityTimeout": minutes,
                },
            },
            "result": "success",
            "messages": [message(self.system, "FQXHMSE0001I", "The request completed.", "No action is required.")],
        })
        cookies = {"JSESSIONID": key, "csrf": csrf, "inactivityTimeout": str(minutes), "user": name,
                   "userAuthenticationMethod": "local"}
        for cookie, value in cookies.items():
            try:
                morsel: SimpleCookie = SimpleCookie()
                morsel[cookie] = value
            except CookieError:
                continue
            answer.headers.append("Set-Cookie", f"{morsel[cookie].OutputString()};Path=/;Secure")
        return answer

    @call()
    async def index(self, request: Request, _user: str) -> Response:
        own = request.scope["state"].get("session")
        now = self.system.clock.now()
        entries = [
            {
                "Address": one["address"], "authenticationServer": request.url.hostname, "created": one["created"],
                "id": key, "idleFor": str(int(now - one["active"])), "isOwnSession": key == own,
                "lastAccessed": self.system.clock.iso(one["accessed"]), "UserId": one["user"],
            }
            for key, one in self.open.items()
        ]
        return reply(self.system, {"response": entries, **success(self.system)})

    @call(anyway=True)
    async def log_out(self, request: Request, _user: str) -> Response:
        key = request.scope["state"].get("session")
        if key is None:
            raise Refused(400, "FQXHMSE9007J", "There is no session to log off.")
        self._end(key)
        return reply(self.system, success(self.system))

    @call()
    async def log_out_other(self, request: Request, _user: str) -> Response:
        key = path_id(request)
        if key not in self.open:
            raise Refused(404, "FQXHMSE9008J", "There is no such session.")
        self._end(key)
        return reply(self.system, success(self.system))

    @call()
    async def policy(self, request: Request, _user: str) -> Response:
        source = self.system.SWITCHES if request.query_params.get("default") == "true" else self.system.switches
        values = {attribute: source[switch] for attribute, switch in _POLICY.items()}
        return reply(self.system, {"response": [values], **success(self.system)})

    @call()
    async def set_policy(self, request: Request, _user: str) -> Response:
        wanted = await json_body(request, set(_POLICY))
        for attribute, value in wanted.items():
            if not isinstance(value, int) or isinstance(value, bool) or value < 0:
                raise Refused(400, "FQXHMSE9009J", f"{attribute} must be a number of at least 0.")
        self.system.switches.update({_POLICY[attribute]: value for attribute, value in wanted.items()})
        return reply(self.system, success(self.system))
