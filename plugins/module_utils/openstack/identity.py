# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keystone: a token and the catalog, by keystoneauth1, over a transport of ours.

keystoneauth1 knows the many ways to ask for a token; what it sends goes through :class:`Transport`: no redirect, no
retry, nothing of the environment, a total deadline, a cap on the size. It is imported when it is needed: only the
modules for clusters use it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import threading
import typing as t
from urllib.parse import urlsplit

from ansible_collections.groundwork.provision.plugins.module_utils import _certificates
from ansible_collections.groundwork.provision.plugins.module_utils._auth import MEANWHILE, Auth
from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure, bad_input, bad_reply
from ansible_collections.groundwork.provision.plugins.module_utils._logins import Login
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils._text import clean
from ansible_collections.groundwork.provision.plugins.module_utils._transport import Endpoint, Reply, Transport, check_status
from ansible_collections.groundwork.provision.plugins.module_utils._wire import requests
from ansible_collections.groundwork.provision.plugins.module_utils.openstack.settings import Settings

# Where a user can have set the address of Keystone.
ADDRESS = "auth.auth_url (or OS_AUTH_URL, or auth_url in clouds.yaml)"
SCHEMES = ("https", "http")  # clouds do run without TLS inside
# Set by the transport itself, or of no use to it.
_OWN_HEADERS = {"user-agent", "accept-encoding", "connection", "content-length"}


class Keystone(Auth):
    """Holds one token; when the service does not take it any more (401) it is replaced by a new one, once.

    While one worker replaces it the others wait: none sends the one that is known to be of no use.
    """

    def __init__(self, run: Run, settings: Settings) -> None:
        self._run, self._settings = run, settings
        run.redactor.add(*(settings.auth.get(name) for name in settings.secrets))
        if not settings.validate_certs:
            _certificates.warn(run, settings.auth["auth_url"])
        self._plugin = _plugin(settings)
        self._tried = Login(
            run.logins,
            ("openstack", settings.auth_type, json.dumps(settings.auth, sort_keys=True, default=str)),
            place=_parsed("auth.auth_url", settings.auth["auth_url"]).place,
            noun="these credentials",
            advice="Check user, password and domains, the token or the application credential, and run again.",
        )
        self._lock = threading.Lock()
        self._spare = True  # a token that is not taken may be replaced; again only after the new one was taken
        self._token = ""
        self._catalog: t.Any = None
        self.project = ""  # the id of the token's project

    def login(self) -> None:
        """Fetch a token. Raises ``auth_failed`` and what an exchange can raise."""
        run = self._run
        try:
            self._tried.begin(run.clock, run.params["timeout"] + 1)
            self._fetch()
            self._tried.accepted()
        except Failure as failure:
            if failure.code == "auth_failed" and failure.status is not None:
                self._tried.refused(run.clock)
            raise
        finally:
            self._tried.end(run.clock)

    def _fetch(self) -> None:
        from keystoneauth1 import exceptions, session

        run = self._run
        with contextlib.closing(_Bridge(run, self._settings)) as bridge, requests.Session() as carrier:
            carrier.trust_env = False
            for scheme in SCHEMES:
                carrier.mount(scheme + "://", t.cast(t.Any, bridge))
            self._plugin.invalidate()  # it would give the old token again as long as that looks good by its date
            try:
                access = self._plugin.get_access(session.Session(session=carrier, redirect=False, connect_retries=0))
                token, project, catalog = access.auth_token, access.project_id, access.service_catalog
            except exceptions.AuthorizationFailure as exc:
                raise bad_input("config_credentials", f"auth cannot be used: {clean(exc, 200)}.", "Correct auth and run again.") from None
            except (exceptions.ClientException, LookupError, TypeError, ValueError, AttributeError, RecursionError):
                raise bad_reply("Keystone's answer holds no token", what=f"get a token at {bridge.place}") from None
        if not isinstance(token, str) or not token or not token.isascii() or not token.isprintable():
            raise bad_reply("Keystone's answer holds no token that a header can carry", what=f"get a token at {bridge.place}")
        run.redactor.add(token)
        if not project:
            raise Failure(
                "auth_unscoped",
                "the token is for no project, and the clustering service works inside a project only.",
                "Set project_name (with project_domain_name) or project_id in auth, and run again.",
                what=f"get a token at {bridge.place}",
            )
        if self.project and project != self.project:
            raise bad_reply("the second token is for another project than the first", what=f"get a token at {bridge.place}")
        self._token, self.project, self._catalog = token, str(project), catalog

    def headers(self, method: str, target: str) -> dict[str, str]:
        with self._lock:
            return {"X-Auth-Token": self._token}

    def renew(self, transport: Transport, reply: Reply, sent: t.Mapping[str, str]) -> int:
        with self._lock:
            if sent.get("X-Auth-Token") != self._token:
                return MEANWHILE
            if not self._spare:
                return False
            try:
                self.login()
            except Failure as failure:
                # Whoever is refused is not asked again for each worker; a Keystone that restarts is, by the next poll.
                self._spare, self.elsewhere = failure.transient, None
                raise
            self._spare = False
            self.elsewhere = (
                "Keystone accepted the credentials, and the service refused the token that it gave.",
                "Look whether both belong together, their clocks agree, and the token lives long enough; then run again.",
            )
            return True

    def accepted(self) -> None:
        self._spare, self.elsewhere = True, None

    @property
    def service(self) -> tuple[str, str]:
        """The region and the address of the service, as far as they are set."""
        return self._settings.region_name or "", self._settings.endpoint or ""

    def endpoint(self) -> str:
        """The URL of the clustering service in the catalog. Never a guess between regions."""
        settings, region = self._settings, self._settings.region_name
        wanted = (settings.interface,) if isinstance(settings.interface, str) else settings.interface
        interface = " or ".join(wanted)
        urls: set[str] = set()
        try:
            for one in wanted:  # in the user's order of preference
                found = self._catalog.get_endpoints_data(
                    service_type=settings.service_type, service_name=settings.service_name, interface=one
                )
                entries = [entry for several in found.values() for entry in several]
                regions = sorted({str(entry.region_name) for entry in entries})
                urls = {str(entry.catalog_url) for entry in entries if region in (None, entry.region_name)}
                if urls:
                    break
        except (LookupError, TypeError, ValueError, AttributeError):
            raise bad_reply("Keystone's answer holds no catalog") from None
        if len(urls) == 1:
            return urls.pop()
        where = f" in the region {clean(region, 60)}" if region else ""
        if urls:
            why = f"the catalog has several {interface} endpoints of the clustering service{where}, in {clean(', '.join(regions), 120)}."
            raise bad_input("endpoint_ambiguous", why, "Set region_name or endpoint_override and run again.")
        known = f" It has it in {clean(', '.join(regions), 120)}." if regions else ""
        raise Failure(
            "endpoint_missing",
            f"the catalog has no {interface} endpoint of the clustering service{where}.{known}",
            "Check region_name and interface, and that this cloud runs Senlin; or set endpoint_override.",
        )


def _plugin(settings: Settings) -> t.Any:
    """keystoneauth1's plug-in for the settings. The usual ones are made here, for Keystone v3: those that openstacksdk has
    made would first ask the server which versions it has."""
    if settings.plugin is not None:
        if not hasattr(settings.plugin, "get_access"):
            why = f"the auth_type {clean(settings.auth_type, 60)} gets no token, which the clustering service needs."
            raise bad_input("config_auth_type", why, "Use another auth_type and run again.")
        return settings.plugin
    from keystoneauth1 import exceptions
    from keystoneauth1.identity import v3

    classes = {"password": v3.Password, "token": v3.Token, "applicationcredential": v3.ApplicationCredential, "totp": v3.TOTP}
    try:
        return classes[settings.auth_type](**settings.auth)
    except (exceptions.ClientException, TypeError) as exc:
        why = clean(exc, 200) if isinstance(exc, exceptions.ClientException) else "its settings do not fit"
        raise bad_input(
            "config_credentials", f"auth_type {settings.auth_type} cannot be used: {why}.", "Correct auth and run again."
        ) from None


class _Bridge:
    """An adapter for a ``requests`` session (it calls ``send`` and ``close``) that sends by :class:`Transport`.

    And only to where ``auth`` points. Whatever goes wrong leaves as :class:`Failure`, which keystoneauth1 lets through.
    """

    def __init__(self, run: Run, settings: Settings) -> None:
        params = run.params
        self._known = {
            endpoint.root: Transport(
                endpoint,
                run.clock,
                validate_certs=settings.validate_certs,
                ca_path=settings.ca_path,
                use_proxy=params["use_proxy"],
                timeout=params["timeout"],
            )
            for key, value in settings.auth.items()
            if key.endswith(("url", "endpoint"))
            for endpoint in [dataclasses.replace(_parsed(f"auth.{key}", value), base="")]
        }
        for transport in self._known.values():
            run.redactor.add(*transport.secrets)
        self.place = _parsed("auth.auth_url", settings.auth["auth_url"]).place

    def send(self, request: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
        """The answer as ``requests`` has it. Certificates, proxies and times are those of the transport."""
        parts = urlsplit(request.url)
        root = _parsed("auth.auth_url", f"{parts.scheme}://{parts.netloc}").root
        transport = self._known.get(root)
        if transport is None:
            raise bad_input("redirect_refused", "Keystone points to another server, where credentials are not sent.", f"Correct {ADDRESS}.")
        headers = {name: _text(value) for name, value in request.headers.items() if name.lower() not in _OWN_HEADERS}
        body = request.body.encode("utf-8") if isinstance(request.body, str) else request.body
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        what = "get a token"
        reply = transport.send(request.method, path, headers=headers, body=body, what=what)
        _refuse(reply, f"{what} at {transport.endpoint.place}")
        response = requests.models.Response()
        response.status_code, response.url, response.request = reply.status, request.url, request
        response.headers = requests.structures.CaseInsensitiveDict(reply.headers)
        response._content = reply.body
        response.encoding = "utf-8"
        return response

    def close(self) -> None:
        for transport in self._known.values():
            transport.close()


def _parsed(option: str, url: str) -> Endpoint:
    return Endpoint.parse(url, option=option, schemes=SCHEMES, advice=ADDRESS if option == "auth.auth_url" else "")


def _text(value: t.Any) -> str:
    return value.decode("ascii", "replace") if isinstance(value, bytes) else str(value)


def _refuse(reply: Reply, what: str) -> None:
    """Raise what a status of Keystone means; its message is in ``error.message``."""
    try:
        check_status(reply, starts=False, what=what)
    except Failure as failure:
        failure.what = what
        try:
            told = reply.json()["error"]["message"]
        except (Failure, LookupError, TypeError):
            told = None
        failure.about(server_message=clean(told, 200) if told else None, system="openstack")
        if reply.status == 401:
            failure.why = "Keystone did not accept the credentials."
            failure.next_step = "Check user, password and domains, the token or the application credential, and run again."
        elif reply.status == 404 and told:
            failure.code, failure.why = "auth_failed", "Keystone does not know what auth names (a token, for example)."
            failure.next_step = "Check auth and run again."
        elif reply.status == 404:
            failure.why = "there is no Keystone v3 at auth_url."
            failure.next_step = f"Check {ADDRESS}: it usually ends in /v3. Then run again."
        raise
