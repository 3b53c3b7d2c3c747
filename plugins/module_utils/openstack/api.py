# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenStack Clustering (Senlin) on the wire: how to connect, lists page by page, the four shapes of an error.

Facts were read off Senlin 16.0.0, the last release. Calls of it that this collection makes: GET, POST, PATCH and DELETE
under /v1/profiles, POST /v1/profiles/validate (microversion 1.2), GET /v1/profile-types; and, with the highest microversion that
both sides know, what stands in the files of the other resources. What changes a cluster or a node answers 202 with the address
of an action; a cluster that has one under way refuses the next with 409, which refuses it for certain: it is sent again then.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._client import Client
from ansible_collections.groundwork.provision.plugins.module_utils._errors import NONE, NOT_STARTED, Failure, bad_reply
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils._text import clean
from ansible_collections.groundwork.provision.plugins.module_utils._transport import MAX_LIST, Endpoint, Reply, Transport
from ansible_collections.groundwork.provision.plugins.module_utils.openstack import settings as cloud
from ansible_collections.groundwork.provision.plugins.module_utils.openstack.identity import SCHEMES, Keystone

SYSTEM = "openstack"
VERSION = "/v1"
PAGE = 500  # Senlin sets no size of its own
MAX_PAGES = 2_000
WALKS = 5  # a list can change while it is paged through; this often it is read
PAUSE = 0.5  # seconds before the second time, doubled each time
NEWEST = 14  # the last microversion that there is, 1.14
# Kinds of a 409 that says that another action is under way.
LOCKED = ("ResourceIsLocked", "ActionConflict", "ActionInProgress")
# Kinds of a 500 by which the service refuses a request before it does anything.
REFUSING = ("OverQuota", "ESchema")


class Clustering(Client):
    """A client of the clustering service. project: the id of the project that the token is for.

    minor: the microversion that is asked for, lowered to what the service has by its first answer; None asks for none (which is
    1.0).
    """

    minor: int | None = None

    def __init__(self, transport: Transport, keystone: Keystone, run: Run) -> None:
        super().__init__(SYSTEM, transport, keystone, _explain, run.random)
        self.keystone = keystone

    def __enter__(self) -> Clustering:
        super().__enter__()
        return self

    @property
    def project(self) -> str:
        return self.keystone.project

    @property
    def service(self) -> tuple[str, str]:
        """Which clustering service of this Keystone it is: its region and its address, where they are set. (Several have to be told
        apart by one of them.)"""
        return self.keystone.service

    def require(self, minor: int, what: str) -> None:
        """Refuse what needs a later microversion than the service has. (It would take no notice of it, without a word.)"""
        if self.minor is not None and self.minor < minor:
            raise Failure(
                "microversion_too_low",
                f"{what} needs microversion 1.{minor} of the clustering service, which has 1.{self.minor}.",
                "Leave it out, or use a newer service, and run again.",
                system=SYSTEM,
            )

    def job_of(self, reply: Reply) -> str | None:
        """The id of the action: the end of Location. (Its host is what the service takes itself for.)"""
        found = re.search(r"/actions/([0-9A-Za-z-]{1,64})/?$", reply.headers.get("Location") or "")
        return found[1] if found else None

    def _held(self, failure: Failure) -> bool:
        """Another action of the cluster or node is under way."""
        return failure.details.get("server_type") in LOCKED

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
        while True:
            asked = self.minor
            given = headers if asked is None or headers else microversion(f"1.{asked}")
            try:
                return super()._once(method, path, query, body, starts, what, max_body, given)
            except Failure as failure:
                if failure.status != 406 or headers or asked is None or not self._lower(asked):
                    raise

    def _lower(self, asked: int) -> bool:
        """The service does not know the microversion: ask what its highest is. True when that is a lower one."""
        reply = super()._once("GET", VERSION, (), None, False, "read the versions of the service", MAX_LIST, None)
        data = reply.json()
        version = data.get("version") if isinstance(data, dict) else None
        found = re.fullmatch(r"1\.(\d{1,3})", str(version.get("max_version")) if isinstance(version, dict) else "")
        if found is None or int(found[1]) >= asked:
            return False
        self.minor = int(found[1])
        return True

    def _check(self, reply: Reply, starts: bool, what: str) -> None:
        """As for any client; a failure also gets the id under which the service's log has the request."""
        try:
            super()._check(reply, starts, what)
        except Failure as failure:
            request = reply.headers.get("X-Openstack-Request-Id")
            kind, message = _error(reply)
            failure.details = {"request_id": clean(request, 80) if request else None, "server_type": clean(kind, 60) or None}
            _name(failure, kind, message)
            if kind in REFUSING:
                failure.outcome, failure.transient = NOT_STARTED if starts else NONE, False
            raise


IN_CATALOG = "the endpoint in the catalog"
ADVICE = f"{IN_CATALOG} (endpoint_override takes its place)"


def connect(run: Run, *, minor: int | None = None) -> Clustering:
    """A client for the connection options of a run; use it with ``with``. It has its token already: the address of the
    service is in the catalog that comes with it. minor: see :class:`Clustering`."""
    settings = cloud.read(run.params)
    keystone = Keystone(run, settings)
    keystone.login()
    if settings.endpoint:
        endpoint = Endpoint.parse(settings.endpoint, option="endpoint_override", schemes=SCHEMES)
    else:
        endpoint = Endpoint.parse(keystone.endpoint(), option=IN_CATALOG, schemes=SCHEMES, advice=ADVICE)
    if endpoint.scheme == "http" and settings.auth["auth_url"].lower().startswith("https:"):
        run.warn("The endpoint of the clustering service has no TLS although Keystone's has: the token is sent in the clear.")
    transport = Transport(
        unversioned(endpoint),
        run.clock,
        validate_certs=settings.validate_certs,
        ca_path=settings.ca_path,
        use_proxy=run.params["use_proxy"],
        timeout=run.params["timeout"],
    )
    run.redactor.add(*transport.secrets)
    client = Clustering(transport, keystone, run)
    client.minor, client.lock_timeout = minor, run.params.get("lock_timeout") or 0.0
    return client


def unversioned(endpoint: Endpoint) -> Endpoint:
    """The catalog has the address with or without the version, which our paths begin with. (Behind it nothing may follow.)"""
    return dataclasses.replace(endpoint, base=re.sub(r"/v1(/.*)?$", "", endpoint.base))


def microversion(number: str) -> dict[str, str]:
    """The header that asks for one; without it the service answers as 1.0."""
    return {"OpenStack-API-Version": f"clustering {number}"}


def pages(client: Client, path: str, key: str, query: t.Sequence[tuple[str, str]] = ()) -> list[dict[str, t.Any]]:
    """Every entry of a list, page by page until an empty one.

    The service takes no notice of a marker that was deleted meanwhile and begins anew; that is seen by the ids. The list is
    then read again after a pause, at most :data:`WALKS` times, and then it is ``list_unstable``.
    """
    what = f"list {key.replace('_', ' ')}"
    for walk in range(WALKS):
        if walk:
            client.clock.sleep(PAUSE * 2 ** (walk - 1))
        entries = _walk_pages(client, path, key, query, what)
        if entries is not None:
            return entries
    raise Failure(
        "list_unstable",
        f"the list could not be read whole, {WALKS} times in a row: an entry came twice.",
        "Somebody else seems to change it: run again later.",
        what=what,
        system=client.system,
        transient=True,
    )


def _walk_pages(client: Client, path: str, key: str, query: t.Sequence[tuple[str, str]], what: str) -> list[dict[str, t.Any]] | None:
    """One reading from the first page to the last; None when an entry came twice."""
    entries: dict[str, dict[str, t.Any]] = {}
    marker: tuple[tuple[str, str], ...] = ()
    for _number in range(MAX_PAGES):
        data = client.read(path, query=(*query, ("limit", str(PAGE)), *marker), what=what, max_body=MAX_LIST)
        page = objects(data, key, what)
        if not page:
            return list(entries.values())
        for one in page:
            ident = one.get("id")
            if not isinstance(ident, str) or not ident:
                raise bad_reply(f"an entry of the list of {key} has no id", what=what)
            if ident in entries:
                return None
            entries[ident] = one
        marker = (("marker", next(reversed(entries))),)
    raise Failure(
        "list_too_long",
        f"the list had not ended after {len(entries)} entries on {MAX_PAGES} pages.",
        f"Check that {client.transport.endpoint.option} is the clustering service itself.",
        what=what,
        system=client.system,
    )


def objects(data: t.Any, key: str, what: str) -> list[dict[str, t.Any]]:
    """The list of objects under ``key``."""
    found = data.get(key) if isinstance(data, dict) else None
    if isinstance(found, list) and all(isinstance(one, dict) for one in found):
        return found
    raise bad_reply(f"the answer holds no list of {key}", what=what)


# -- errors: Senlin's own, that of the token check, that of the router (its code is a text), and HTML -----------------------


def _error(reply: Reply) -> tuple[str, str]:
    """(type, message) of an error reply; empty where it has none. Text of HTML pages is not told: it may be a stack trace."""
    try:
        data = reply.json()
    except Failure:
        return "", ""
    error = data.get("error") if isinstance(data, dict) else None
    if isinstance(error, dict):
        kind, message = error.get("type"), error.get("message")
    elif isinstance(data, dict):
        kind, message = "", data.get("message")
    else:
        return "", ""
    message = re.sub(r"<[^<>]{0,20}>", " ", message) if isinstance(message, str) else ""
    return kind if isinstance(kind, str) else "", clean(message, 400)


def _explain(reply: Reply) -> str | None:
    return _error(reply)[1] or None


def _name(failure: Failure, kind: str, message: str) -> None:
    """A code and a next step of our own where the service's type of error tells more than the status."""
    if kind == "InvalidSpec" or (kind == "RequestLimitExceeded"):
        failure.code = "spec_too_large" if kind == "RequestLimitExceeded" else "invalid_spec"
        failure.why = "the service found the spec not valid."
        failure.next_step = "Correct spec (cluster_profile_type_info shows what a type takes) and run again."
    elif kind == "ResourceNotFound" and "profile_type" in message:
        failure.code = "profile_type_not_found"
        failure.why = "the service does not know this profile type or version."
        failure.next_step = "Look at cluster_profile_type_info for what it knows, correct spec, and run again."
    elif kind == "ResourceNotFound" and "policy_type" in message:
        failure.code = "policy_type_not_found"
        failure.why = "the service does not know this policy type or version."
        failure.next_step = "Correct type or version in spec and run again."
    elif kind == "ResourceInUse" and "policy" in message:
        failure.code = "in_use"
        failure.why = "the policy is attached to a cluster."
        failure.next_step = "Look which clusters have it (cluster_policy_binding_info), and run again once none needs it."
    elif kind == "ResourceInUse":
        failure.code = "in_use"
        failure.why = "the profile is in use by a cluster or node."
        failure.next_step = "Give its clusters and nodes another profile, or delete them, and run again."
    elif kind in LOCKED:
        failure.code = "cluster_locked"
        failure.why = "another action of the cluster or node was under way for longer than lock_timeout."
        failure.next_step = "Wait until that action has ended (cluster_action_info shows it), or set a longer lock_timeout, and run again."
    elif kind == "OverQuota":
        failure.code = "over_quota"
        failure.why = "the project has as many clusters as its quota allows."
        failure.next_step = "Delete clusters that are not needed, or have the quota raised, and run again."
    elif kind == "ESchema":
        failure.code = "invalid_spec"
        failure.why = "the service found the spec not valid."
        failure.next_step = "Correct spec and run again."
    elif kind == "BadRequest" and "already exists" in message:
        failure.code = "name_taken"
        failure.why = "this service has name_unique set, and another profile has the name."
        failure.next_step = "Look at the profiles of this project, and run again."
    elif kind == "MessagingTimeout":
        failure.code = "conductor_timeout"
        failure.why = "the service's conductor did not answer in time."
        failure.next_step = "Look at the service's conductor, and run again."
    elif failure.status == 500 and kind == "InternalError":
        failure.next_step = (
            "Look at the service's log. With an application credential, its user must have called the service once with a password."
        )
