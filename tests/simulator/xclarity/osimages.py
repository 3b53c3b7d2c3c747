# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OS images: /osImages in its three meanings, the export that a GET starts, its download, remote file servers.

    GET /osImages/remoteFileServers[/{id}]    the remote file servers
    GET /osImages/{file name of an export}    download, once the export's job has ended well
    GET /osImages/{id of a profile}           starts an export; every call makes another file
"""

from __future__ import annotations

import asyncio
import re
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ..core import path_id
from .export_file import ExportFile
from .replies import Refused, call, failed, json_body, reply, success

if TYPE_CHECKING:
    from . import XClarity

_RANGE = re.compile(r"bytes=(\d+)-(\d*)\Z")
_SUFFIX_RANGE = re.compile(r"bytes=-(\d+)\Z")
_SERVER_FIELDS = {"address", "displayName", "port", "protocol", "username", "password", "keyType", "keyComment",
                  "keyPassphrase", "keyPassphras", "serverId"}
_PROTOCOLS = ("HTTP", "HTTPS", "FTP", "SFTP")
_KEY_TYPES = ("RSA-2048", "RSA-4096", "ECDSA-521-secp521r1")


class Download(Response):
    """A part of an export, streamed. `done` is called once all of it was handed over."""

    def __init__(
        self, file: ExportFile, start: int, end: int, status: int, headers: dict[str, str], done: Any, rate: int = 0
    ) -> None:
        super().__init__(b"", status, headers, "application/gzip")
        if "content-length" in self.headers:
            del self.headers["content-length"]
        if headers.get("Content-Length"):
            self.headers["content-length"] = headers["Content-Length"]
        self.part = (file, start, end)
        self.done = done
        self.rate = rate

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        file, start, end = self.part
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        if scope["method"] != "HEAD":
            transport = scope["state"]["transport"]
            began, sent = time.monotonic(), 0
            for piece in file.read(start, end):
                if transport.is_closing():
                    return
                if self.rate:
                    await asyncio.sleep(began + sent / self.rate - time.monotonic())
                    sent += len(piece)
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        self.done()


class OsImages:
    """The images with their profiles, the exports made so far, the remote file servers."""

    def __init__(self, system: XClarity) -> None:
        self.system = system
        self.reset()

    def reset(self) -> None:
        self.images: dict[str, dict[str, Any]] = {}
        self.profiles: dict[str, dict[str, Any]] = {}
        self.exports: dict[str, dict[str, Any]] = {}
        self.servers: dict[str, dict[str, Any]] = {}
        self._next_server = 101

    def seed(self, images: list[dict[str, Any]], servers: list[dict[str, Any]]) -> None:
        for one in images:
            image = {"name": one["id"], "type": "win" if one["id"].startswith("win") else "linux", "description": "",
                     "osrelease": "", **one}
            image["profiles"] = []
            for given in one.get("profiles", []):
                profile = {"customized": True, "export_size": None, **given, "exports": 0}
                profile.setdefault("name", given["id"].rpartition("-install-")[2])
                self.profiles[profile["id"]] = profile
                image["profiles"].append(profile["id"])
            self.images[image["id"]] = image
        for server in servers:
            identifier = str(server.get("serverId", self._next_server))
            self.servers[identifier] = {"username": "", "password": "", "keyType": "", "protocol": "SFTP", "port": 22,
                                        "displayName": identifier, **server, "serverId": identifier}
            self._next_server = max(self._next_server, int(identifier)) + 1

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/osImages", self.index, methods=["GET"]),
            Route("/osImages/remoteFileServers", self.list_servers, methods=["GET"]),
            Route("/osImages/remoteFileServers", self.add_server, methods=["POST"]),
            Route("/osImages/remoteFileServers/{id}", self.one_server, methods=["GET"]),
            Route("/osImages/remoteFileServers/{id}", self.set_server, methods=["PUT"]),
            Route("/osImages/remoteFileServers/{id}", self.delete_server, methods=["DELETE"]),
            Route("/osImages/{id}", self.export_or_download, methods=["GET"]),
            Route("/osImages/{ids}", self.delete, methods=["DELETE"]),
        ]

    def starts_export(self, raw_path: str) -> bool:
        """Would a GET of this path start an export (and not list or download)?"""
        name = unquote(raw_path.removeprefix("/osImages/"))
        return name in self.profiles and name not in self.exports

    # --- list and delete ---

    def _profile(self, profile: dict[str, Any]) -> dict[str, Any]:
        options = {
            "bootOptions": {"bootFileIds": ["boot01"]}, "customConfigOptions": {"customConfigFileIds": []},
            "customSoftwareOptions": {"customSoftwareIds": []},
        } if profile["customized"] else {}
        shown = {"id": profile["id"], "name": profile["name"], "customizationOptions": options}
        if self.system.switches["customized_mark"] == "type":
            shown["type"] = "custom" if profile["customized"] else "predefined"
        return shown

    @call(licensed=True)
    async def index(self, request: Request, _user: str) -> Response:
        kind, ids = request.query_params.get("imageType"), request.query_params.get("id")
        if kind not in (None, "OSPROFILE") or (kind is None) != (ids is None):
            raise Refused(403, "FQXHMFC9001J", "imageType must be OSPROFILE, together with id.")
        wanted = None if ids is None else set(ids.split(","))
        items = []
        for image in self.images.values():
            chosen = [one for one in image["profiles"] if wanted is None or one in wanted]
            profiles = [self._profile(self.profiles[one]) for one in chosen]
            if wanted is not None and not profiles:
                continue
            items.append({
                "id": image["id"], "name": image["name"], "description": image["description"], "type": image["type"],
                "osrelease": image["osrelease"], "osBuildId": "", "deployStatus": "", "profiles": profiles,
            })
        return reply(self.system, {
            "result": "success", "messages": [], "bootFiles": [], "bundleFiles": [], "softwareFiles": [],
            "installScriptFiles": [], "items": items,
            "supportedImages": [{"id": one["id"], "name": one["name"], "displayName": one["name"], "type": one["type"]}
                                for one in self.images.values()],
        })

    @call(licensed=True)
    async def delete(self, request: Request, _user: str) -> Response:
        ids = path_id(request, "ids").split(",")
        for one in ids:
            if one not in self.images and one not in self.profiles:
                raise Refused(self.system.switches["delete_image_again"], "FQXHMFC9002J", f"{one} was not found.")
        for one in ids:
            for profile in self.images.pop(one, {"profiles": [one]})["profiles"]:
                self.profiles.pop(profile, None)
        for image in self.images.values():
            image["profiles"] = [one for one in image["profiles"] if one in self.profiles]
        status = self.system.switches["delete_image_status"]
        return reply(self.system, None if status == 204 else success(self.system), status)

    # --- export and download ---

    @call(licensed=True)
    async def export_or_download(self, request: Request, user: str) -> Response:
        name = path_id(request)
        if name in self.exports:
            return self._download(request, self.exports[name])
        if name not in self.profiles and name.endswith(".tar.gz"):
            raise Refused(self.system.switches["missing_download_status"], "FQXHMFC9003J", "The file was not found.")
        return self._export(request, name, user)

    def _export_refused(self, status: int, text: str) -> Response:
        refused = Refused(status, "FQXHMFC9004J", text)
        if self.system.switches["export_messages"] == "strings":
            word = self.system.switches["failed_word"]
            return reply(self.system, {"filename": "", "jobID": "", "result": word, "messages": [text]}, status)
        return reply(self.system, failed(self.system, refused), status)

    def _export(self, request: Request, name: str, user: str) -> Response:
        switches, query = self.system.switches, request.query_params
        profile = self.profiles.get(name)
        if profile is None:
            return self._export_refused(switches["unknown_export_reply"], "The OS-image profile was not found.")
        if not profile["customized"]:
            return self._export_refused(switches["predefined_export_reply"], "The OS-image profile is not customized.")
        server = query.get("serverId")
        if server is not None and server not in self.servers:
            return self._export_refused(500, "The remote file server was not found.")
        if "path" in query and server is None:
            return self._export_refused(500, "path is only applicable together with serverId.")
        stamp = self.system.clock.now()
        while True:
            text = re.sub(r"\D", "", self.system.clock.iso(stamp))
            filename = switches["export_filename"] or f"{text}_{profile['name']}.tar.gz"
            if filename not in self.exports or switches["export_filename"]:
                break
            # Two exports in one second: the page promises that the generated names differ.
            stamp += 1
        profile["exports"] += 1
        size = profile["export_size"] if profile["export_size"] is not None else switches["export_size"]
        export: dict[str, Any] = {
            "filename": filename, "profile": name, "server": server, "path": query.get("path"), "ready": False,
            "downloads": 0, "requests": 0, "file": ExportFile(name, text, size),
        }

        def finish(good: bool) -> None:
            export["ready"] = good

        job = self.system.jobs_part.begin("export", f"Export {profile['name']}", name, user, finish)
        export["job"] = job.id
        self.exports[filename] = export
        return reply(self.system, {"filename": filename, "jobID": job.id, "result": "success", "messages": []})

    def _download(self, request: Request, export: dict[str, Any]) -> Response:
        switches = self.system.switches
        # An export to a remote file server leaves nothing here.
        if not export["ready"] or export["server"] is not None:
            raise Refused(switches["unfinished_download_status"], "FQXHMFC9003J", "The file was not found.")
        file: ExportFile = export["file"]
        export["requests"] += 1
        headers = {"Content-Disposition": f'attachment; filename="{export["filename"]}"'}
        kind = switches["download_etag"]
        etag = "" if kind == "absent" else f'"{file.etag}"' if kind == "strong" else f'W/"{file.etag}"'
        if etag:
            headers["ETag"] = etag
        start, end, status = 0, file.length, 200
        if switches["download_ranges"]:
            headers["Accept-Ranges"] = "bytes"
            asked = self._range(request, file.length, etag)
            if asked is not None:
                start, end = asked
                if start >= end:
                    headers["Content-Range"] = f"bytes */{file.length}"
                    return reply(self.system, None, 416, headers)
                status = 206
                headers["Content-Range"] = f"bytes {start}-{end - 1}/{file.length}"
        if switches["download_length"]:
            headers["Content-Length"] = str(end - start)

        def done() -> None:
            if end == file.length:
                export["downloads"] += 1
                if switches["export_removed_after_download"]:
                    self.exports.pop(export["filename"], None)

        return Download(file, start, end, status, headers, done, int(switches["download_rate"]))

    @staticmethod
    def _range(request: Request, length: int, etag: str) -> tuple[int, int] | None:
        """The one range that is asked for, or None when the whole is to be sent."""
        header, condition = request.headers.get("range"), request.headers.get("if-range")
        # If-Range takes a strong validator only.
        if header is None or (condition is not None and (condition != etag or etag.startswith("W/"))):
            return None
        match = _RANGE.match(header)
        if match:
            return int(match[1]), min(int(match[2]) + 1 if match[2] else length, length)
        match = _SUFFIX_RANGE.match(header)
        return (max(length - int(match[1]), 0), length) if match else None

    # --- remote file servers ---

    def _server(self, server: dict[str, Any]) -> dict[str, Any]:
        identifier: Any = server["serverId"]
        if self.system.switches["server_id_type"] == "integer":
            identifier = int(identifier)
        key = f"ssh-rsa SIMULATED{server['serverId']}" if server["keyType"] else ""
        return {
            "serverId": identifier, "displayName": server["displayName"], "address": server["address"],
            "port": server["port"], "protocol": server["protocol"], "username": server["username"],
            "keyType": server["keyType"], "serverPublicKey": key,
        }

    def _named_server(self, request: Request) -> dict[str, Any]:
        server = self.servers.get(path_id(request))
        if server is None:
            raise Refused(404, "FQXHMFC9005J", "The remote file server was not found.")
        return server

    @call(licensed=True)
    async def list_servers(self, request: Request, _user: str) -> Response:
        servers = [self._server(one) for one in self.servers.values()]
        return reply(self.system, {"serverList": servers, "result": "success", "messages": []})

    @call(licensed=True)
    async def one_server(self, request: Request, _user: str) -> Response:
        return reply(self.system, {**self._server(self._named_server(request)), "result": "success", "messages": []})

    def _checked(self, body: dict[str, Any], own: str | None) -> dict[str, Any]:
        for field in ("address", "displayName", "port", "protocol"):
            if body.get(field) in (None, ""):
                raise Refused(400, "FQXHMFC9006J", f"{field} is required.")
        port = body["port"]
        if isinstance(port, bool) or not isinstance(port, int) or not 0 < port < 65536:
            raise Refused(400, "FQXHMFC9007J", "port must be a number from 1 to 65535.")
        if body["protocol"] not in _PROTOCOLS:
            raise Refused(400, "FQXHMFC9008J", f"protocol must be one of {', '.join(_PROTOCOLS)}.")
        if body.get("keyType") not in (None, "", *_KEY_TYPES):
            raise Refused(400, "FQXHMFC9009J", f"keyType must be one of {', '.join(_KEY_TYPES)}.")
        if any(one["displayName"] == body["displayName"] and key != own for key, one in self.servers.items()):
            raise Refused(400, "FQXHMFC9010J", "The display name exists already.")
        return body

    def _stored(self, identifier: str, body: dict[str, Any]) -> Response:
        before = self.servers.get(identifier, {"username": "", "password": "", "keyType": ""})
        self.servers[identifier] = {**before, **body, "serverId": identifier}
        shown = self._server(self.servers[identifier])
        return reply(self.system, {
            "serverId": shown["serverId"], "keySignature": shown["serverPublicKey"], "result": "success",
            "messages": [],
        })

    @call(licensed=True)
    async def add_server(self, request: Request, _user: str) -> Response:
        body = await json_body(request, _SERVER_FIELDS)
        given = body.get("serverId")
        if given not in (None, ""):
            if str(given) not in self.servers:
                raise Refused(404, "FQXHMFC9005J", "The remote file server was not found.")
            return self._stored(str(given), self._checked(body, str(given)))
        self._checked(body, None)
        identifier = str(self._next_server)
        self._next_server += 1
        return self._stored(identifier, body)

    @call(licensed=True)
    async def set_server(self, request: Request, _user: str) -> Response:
        identifier = self._named_server(request)["serverId"]
        return self._stored(identifier, self._checked(await json_body(request, _SERVER_FIELDS), identifier))

    @call(licensed=True)
    async def delete_server(self, request: Request, _user: str) -> Response:
        del self.servers[self._named_server(request)["serverId"]]
        return reply(self.system, None, 204)

    def state(self) -> dict[str, Any]:
        return {
            "exports": [{key: one[key] for key in ("filename", "profile", "server", "path", "ready", "downloads",
                                                   "requests", "job")} | {"length": one["file"].length}
                        for one in self.exports.values()],
            "profiles": {key: {"name": one["name"], "exports": one["exports"], "customized": one["customized"]}
                         for key, one in self.profiles.items()},
            "remote_file_servers": {key: {name: value for name, value in one.items() if "pass" not in name.lower()}
                                    for key, one in self.servers.items()},
        }
