# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keystone's identity API v3, as much of it as clients of the clustering service use."""

from __future__ import annotations

import json
import secrets
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import Response

from ..core import set_user
from ..pathtree import PathTree
from .identity import ApplicationCredential, Identity, Project, Token, User, fixed_id

if TYPE_CHECKING:
    from .system import Clustering

_MALFORMED = ("The server could not comply with the request since it is either malformed or otherwise incorrect."
              " The client is assumed to be in error.")
_NOT_FOUND_PAGE = """<!doctype html>
<html lang=en>
<title>404 Not Found</title>
<h1>Not Found</h1>
<p>The requested URL was not found on the server.\
 If you entered the URL manually please check your spelling and try again.</p>
"""
METHODS = ["external", "password", "token", "oauth1", "mapped", "application_credential"]


class KeystoneError(Exception):
    """{"error": {"code", "message", "title"}}, and on 401 a WWW-Authenticate header."""

    TITLES = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 409: "Conflict"}

    def __init__(self, status: int, message: str, identity: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.identity = identity


def unauthorized() -> KeystoneError:
    return KeystoneError(401, "The request you have made requires authentication.")


def forbidden(action: str) -> KeystoneError:
    return KeystoneError(403, f"You are not authorized to perform the requested action: {action}.")


class Keystone:
    """The ASGI-side handlers; the tables are in Identity."""

    def __init__(self, system: Clustering) -> None:
        self.system = system
        self._tree = PathTree()
        add = self._tree.add
        add("POST", "auth/tokens", self.login)
        add("GET", "auth/tokens", self.show_token)
        add("DELETE", "auth/tokens", self.revoke_token)
        add("GET", "auth/catalog", self.show_catalog)
        add("GET", "auth/projects", self.own_projects)
        add("GET", "projects", self.list_projects)
        add("GET", "projects/{id}", self.show_project)
        add("GET", "users/{id}", self.show_user)
        add("POST", "users/{id}/application_credentials", self.create_application_credential)
        add("GET", "users/{id}/application_credentials", self.list_application_credentials)
        add("GET", "users/{id}/application_credentials/{credential}", self.show_application_credential)
        add("DELETE", "users/{id}/application_credentials/{credential}", self.delete_application_credential)

    @property
    def identity(self) -> Identity:
        return self.system.identity

    async def serve(self, request: Request) -> Response:
        body = await request.body()
        path = request.scope["raw_path"].decode("latin-1")
        try:
            response = self._answer(request, path, body)
        except KeystoneError as error:
            fields = {"code": error.status, "message": str(error), "title": KeystoneError.TITLES[error.status]}
            if error.identity is not None:
                fields["identity"] = error.identity
            response = _json({"error": dict(sorted(fields.items()))}, error.status)
            if error.status == 401:
                response.headers["www-authenticate"] = f'Keystone uri="{self.url(request)}"'
        response.headers["vary"] = "X-Auth-Token"
        response.headers["x-openstack-request-id"] = f"req-{uuid.uuid4()}"
        return response

    @staticmethod
    def url(request: Request) -> str:
        return f"https://{request.headers.get('host', 'localhost')}/v3"

    def _answer(self, request: Request, path: str, body: bytes) -> Response:
        if path == "/" and request.method == "GET":
            response = _json({"versions": {"values": [self._version(request)]}}, 300)
            response.headers["location"] = self.url(request) + "/"
            return response
        if path in ("/v3", "/v3/") and request.method == "GET":
            return _json({"version": self._version(request)})
        found = self._tree.find(path.removeprefix("/v3/")) if path.startswith("/v3/") else None
        if found is None:
            return Response(_NOT_FOUND_PAGE, 404, media_type="text/html; charset=utf-8")
        handlers, values = found
        handler: Callable[..., Response] | None = handlers.get("GET" if request.method == "HEAD" else request.method)
        if handler is None:
            return Response("", 405, {"allow": ", ".join(sorted(handlers))})
        return handler(request, body, *values)

    def _version(self, request: Request) -> dict[str, Any]:
        return {"id": "v3.14", "status": "stable", "updated": "2020-04-07T00:00:00Z",
                "links": [{"rel": "self", "href": self.url(request) + "/"}],
                "media-types": [{"base": "application/json",
                                 "type": "application/vnd.openstack.identity-v3+json"}]}

    def _caller(self, request: Request) -> Token:
        token = self.identity.valid(request.headers.get("x-auth-token"))
        if token is None:
            raise unauthorized()
        set_user(request, token.user.name)
        return token

    # -- login

    def login(self, request: Request, body: bytes) -> Response:
        auth = self._auth_of(body)
        wanted = auth["identity"]
        methods = wanted["methods"]
        for method in methods:
            if method not in METHODS:
                raise KeystoneError(401, "Attempted to authenticate with an unsupported method.", {"methods": METHODS})
        scope = auth.get("scope", {})
        if methods == ["password"]:
            token = self._scoped(self._user_of(wanted["password"]["user"]), methods, scope)
        elif methods == ["token"]:
            token = self._rescoped(wanted["token"]["id"], scope)
        elif methods == ["application_credential"]:
            token = self._with_application_credential(wanted["application_credential"], "scope" in auth)
        else:
            raise unauthorized()
        set_user(request, token.user.name)
        return self._token_reply(request, token, 201)

    @staticmethod
    def _auth_of(body: bytes) -> dict[str, Any]:
        """The body's `auth`, with everything that the login takes for granted; 400 otherwise."""
        try:
            data = json.loads(body or b"{}")
        except ValueError:
            raise KeystoneError(400, f"Expecting to find valid JSON in request body. {_MALFORMED}") from None
        if not isinstance(data, dict) or not isinstance(data.get("auth"), dict):
            raise KeystoneError(400, f"Expecting to find auth in request body. {_MALFORMED}")
        auth: dict[str, Any] = data["auth"]
        identity = auth.get("identity")
        if not isinstance(identity, dict) or not isinstance(identity.get("methods"), list):
            raise KeystoneError(400, "'identity' is a required property")
        for method in identity["methods"]:
            if method in METHODS and not isinstance(identity.get(method), dict):
                raise KeystoneError(400, f"Expecting to find {method} in identity. {_MALFORMED}")
        if "password" in identity["methods"]:
            user = identity["password"].get("user")
            named = isinstance(user, dict) and "name" in user and isinstance(user.get("domain"), dict)
            if not isinstance(user, dict) or not ("id" in user or named):
                raise KeystoneError(400, f"Expecting to find domain in user. {_MALFORMED}")
        if "token" in identity["methods"] and "id" not in identity["token"]:
            raise KeystoneError(400, f"Expecting to find id in token. {_MALFORMED}")
        return auth

    def _user_of(self, wanted: dict[str, Any]) -> User:
        user: User | None = self.identity.find(self.identity.users, wanted)
        if user is None or user.password != wanted.get("password"):
            raise unauthorized()
        return user

    def _scoped(self, user: User, methods: list[str], scope: dict[str, Any], parent: Token | None = None) -> Token:
        issue = self.identity.issue
        if not scope or "unscoped" in scope:
            return issue(user, methods, [], parent=parent)
        if "domain" in scope:
            domain = self.identity.domain_id(scope["domain"])
            roles = self.identity.effective_roles(user, domain or "")
            if not roles:
                raise unauthorized()
            return issue(user, methods, roles, domain=domain, parent=parent)
        project: Project | None = self.identity.find(self.identity.projects, scope.get("project", {}))
        roles = self.identity.effective_roles(user, project.id) if project else []
        if project is None or not roles:
            raise unauthorized()
        return issue(user, methods, roles, project=project, parent=parent)

    def _rescoped(self, token_id: str, scope: dict[str, Any]) -> Token:
        if token_id not in self.identity.tokens:
            raise KeystoneError(404, "Could not recognize Fernet token")
        parent = self.identity.valid(token_id)
        if parent is None:
            raise unauthorized()
        return self._scoped(parent.user, ["token", *(one for one in parent.methods if one != "token")], scope, parent)

    def _with_application_credential(self, wanted: dict[str, Any], scoped: bool) -> Token:
        credentials = self.identity.application_credentials
        if "id" in wanted:
            credential = credentials.get(wanted["id"])
            if credential is None:
                raise KeystoneError(404, f"Could not find Application Credential: {wanted['id']}.")
        else:
            user: User | None = self.identity.find(self.identity.users, wanted.get("user", {}))
            credential = next((one for one in credentials.values()
                               if user and one.user == user.id and one.name == wanted.get("name")), None)
        expired = credential is not None and credential.expires is not None and \
            credential.expires <= self.system.clock.now()
        if credential is None or expired or not secrets.compare_digest(credential.secret, str(wanted.get("secret"))):
            raise unauthorized()
        if scoped:
            raise KeystoneError(401, "Error authenticating with application credential:"
                                " Application credentials cannot request a scope.", {})
        return self.identity.issue(
            self.identity.users[credential.user], ["application_credential"], credential.roles,
            project=self.identity.projects[credential.project], application_credential=credential)

    # -- tokens

    def _token_reply(self, request: Request, token: Token, status: int = 200) -> Response:
        response = _json({"token": self._token_body(request, token)}, status)
        response.headers["x-subject-token"] = token.id
        return response

    def _token_body(self, request: Request, token: Token) -> dict[str, Any]:
        def moment(seconds: float) -> str:
            return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%S.000000Z")

        user = token.user
        body: dict[str, Any] = {
            "methods": token.methods,
            "user": {"domain": self._domain(user.domain), "id": user.id, "name": user.name,
                     "password_expires_at": None},
            "audit_ids": token.audit_ids, "expires_at": moment(token.expires), "issued_at": moment(token.issued)}
        if token.domain is not None:
            body["domain"] = self._domain(token.domain)
        if token.project is not None:
            body["project"] = {"domain": self._domain(token.project.domain), "id": token.project.id,
                               "name": token.project.name}
            body["is_domain"] = False
        if token.roles:
            body["roles"] = [{"id": fixed_id("role", role), "name": role} for role in token.roles]
            if "nocatalog" not in request.query_params:
                body["catalog"] = self.catalog(request)
        if token.application_credential is not None:
            credential = token.application_credential
            body["application_credential"] = {"id": credential.id, "name": credential.name,
                                              "restricted": not credential.unrestricted}
        return body

    def _domain(self, domain: str) -> dict[str, str]:
        return {"id": domain, "name": self.identity.domains[domain]}

    def catalog(self, request: Request) -> list[dict[str, Any]]:
        region = self.system.switches["region"]
        host = request.headers.get("host", "localhost").rpartition(":")[0]
        clustering = self.system.urls.get("clustering", "https://localhost")
        # the clustering port under the name by which Keystone itself was reached
        clustering = f"https://{host}:{clustering.rpartition(':')[2]}" if host else clustering
        services = [("identity", "keystone", self.url(request))]
        if self.system.switches["clustering_in_catalog"]:
            services.append(("clustering", "senlin", clustering))
        return [{"endpoints": [{"id": fixed_id("endpoint", kind + interface), "interface": interface,
                                "region_id": region, "url": url, "region": region}
                               for interface in ("public", "internal", "admin")],
                 "id": fixed_id("service", kind), "type": kind, "name": name} for kind, name, url in services]

    def _subject(self, request: Request, action: str) -> Token:
        caller = self._caller(request)
        wanted = request.headers.get("x-subject-token", "")
        token = self.identity.tokens.get(wanted)
        if wanted and token is None:
            raise KeystoneError(404, "Could not recognize Fernet token")
        if token is not None and self.identity.valid(wanted) is None:
            raise KeystoneError(404, "Failed to validate token")
        if token is None or (token.user is not caller.user and not caller.is_admin):
            raise forbidden(action)
        return token

    def show_token(self, request: Request, _body: bytes) -> Response:
        return self._token_reply(request, self._subject(request, "identity:validate_token"))

    def revoke_token(self, request: Request, _body: bytes) -> Response:
        self._subject(request, "identity:revoke_token").revoked = True
        return Response(status_code=204)

    def show_catalog(self, request: Request, _body: bytes) -> Response:
        if not self._caller(request).roles:
            raise KeystoneError(403, "You are not authorized to perform the requested action.")
        return _json({"catalog": self.catalog(request), "links": {"self": f"{self.url(request)}/auth/catalog"}})

    # -- projects and users

    def _project(self, request: Request, project: Project) -> dict[str, Any]:
        return {"id": project.id, "name": project.name, "domain_id": project.domain, "description": "", "enabled": True,
                "parent_id": project.domain, "is_domain": False, "tags": [], "options": {},
                "links": {"self": f"{self.url(request)}/projects/{project.id}"}}

    def _listing(self, request: Request, kind: str, items: list[dict[str, Any]]) -> Response:
        query = request.scope["query_string"].decode("latin-1")
        own = f"https://{request.headers.get('host')}{request.scope['path']}" + (f"?{query}" if query else "")
        return _json({kind: items, "links": {"next": None, "self": own, "previous": None}})

    def own_projects(self, request: Request, _body: bytes) -> Response:
        caller = self._caller(request)
        return self._listing(request, "projects", [
            self._project(request, one) for one in self.identity.projects.values() if caller.user.roles.get(one.id)])

    def list_projects(self, request: Request, _body: bytes) -> Response:
        if not self._caller(request).is_admin:
            raise forbidden("identity:list_projects")
        query = parse_qs(request.scope["query_string"].decode("latin-1"))
        return self._listing(request, "projects", [
            self._project(request, one) for one in self.identity.projects.values()
            if one.name in query.get("name", [one.name]) and one.domain in query.get("domain_id", [one.domain])])

    def show_project(self, request: Request, _body: bytes, project_id: str) -> Response:
        caller = self._caller(request)
        project = self.identity.projects.get(project_id)
        if not caller.is_admin and caller.project_id != project_id:
            raise forbidden("identity:get_project")
        if project is None:
            raise KeystoneError(404, f"Could not find project: {project_id}.")
        return _json({"project": self._project(request, project)})

    def show_user(self, request: Request, _body: bytes, user_id: str) -> Response:
        user = self._own_user(request, user_id, "identity:get_user").user
        return _json({"user": {"id": user.id, "name": user.name, "domain_id": user.domain, "enabled": True,
                               "password_expires_at": None, "options": {},
                               "links": {"self": f"{self.url(request)}/users/{user.id}"}}})

    def _own_user(self, request: Request, user_id: str, action: str) -> Token:
        caller = self._caller(request)
        if caller.user.id != user_id:
            raise forbidden(action)
        return caller

    # -- application credentials

    def _credential(self, request: Request, one: ApplicationCredential) -> dict[str, Any]:
        return {"id": one.id, "name": one.name, "description": one.description, "user_id": one.user,
                "project_id": one.project, "system": None,
                "expires_at": None if one.expires is None else self.system.clock.iso(one.expires),
                "unrestricted": one.unrestricted,
                "roles": [{"id": fixed_id("role", role), "name": role, "domain_id": None, "description": None,
                           "options": {"immutable": True}} for role in one.roles],
                "links": {"self": f"{self.url(request)}/application_credentials/{one.id}"}}

    def create_application_credential(self, request: Request, body: bytes, user_id: str) -> Response:
        caller = self._own_user(request, user_id, "identity:create_application_credential")
        if caller.application_credential is not None and not caller.application_credential.unrestricted:
            raise forbidden("Using method 'application_credential' is not allowed for managing additional application"
                            " credentials")
        try:
            wanted = json.loads(body)["application_credential"]
            name = wanted["name"]
        except (ValueError, KeyError, TypeError):
            raise KeystoneError(400, "'name' is a required property") from None
        own = [one for one in self.identity.application_credentials.values() if one.user == user_id]
        if caller.project is None:
            raise KeystoneError(400, f"Expecting to find project in token. {_MALFORMED}")
        if any(one.name == name for one in own):
            raise KeystoneError(409, "Conflict occurred attempting to store application_credential -"
                                f" Duplicate entry found with name {name}.")
        expires = wanted.get("expires_at")
        credential = ApplicationCredential(
            uuid.uuid4().hex, name, wanted.get("secret") or secrets.token_urlsafe(64), user_id, caller.project.id,
            [role["name"] for role in wanted["roles"]] if wanted.get("roles") else caller.roles,
            wanted.get("unrestricted"), wanted.get("description"),
            None if expires is None else datetime.fromisoformat(expires).replace(tzinfo=UTC).timestamp())
        self.identity.application_credentials[credential.id] = credential
        entity = self._credential(request, credential)
        links = entity.pop("links")
        return _json({"application_credential": {**entity, "secret": credential.secret, "links": links}}, 201)

    def list_application_credentials(self, request: Request, _body: bytes, user_id: str) -> Response:
        self._own_user(request, user_id, "identity:list_application_credentials")
        return self._listing(request, "application_credentials", [
            self._credential(request, one) for one in self.identity.application_credentials.values()
            if one.user == user_id])

    def _own_credential(self, request: Request, user_id: str, credential_id: str, action: str) -> ApplicationCredential:
        self._own_user(request, user_id, action)
        credential = self.identity.application_credentials.get(credential_id)
        if credential is None or credential.user != user_id:
            raise KeystoneError(404, f"Could not find Application Credential: {credential_id}.")
        return credential

    def show_application_credential(self, request: Request, _body: bytes, user_id: str, credential_id: str) -> Response:
        credential = self._own_credential(request, user_id, credential_id, "identity:get_application_credential")
        return _json({"application_credential": self._credential(request, credential)})

    def delete_application_credential(self, request: Request, _body: bytes, user_id: str,
                                      credential_id: str) -> Response:
        credential = self._own_credential(request, user_id, credential_id, "identity:delete_application_credential")
        del self.identity.application_credentials[credential.id]
        for token in self.identity.tokens.values():
            token.revoked = token.revoked or token.application_credential is credential
        return Response(status_code=204)


def _json(data: Any, status: int = 200) -> Response:
    return Response(json.dumps(data), status, media_type="application/json")
