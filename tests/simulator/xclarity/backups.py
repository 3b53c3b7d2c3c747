# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server's own backups: /managementServer/data (copy, move, push, create, delete), validation, space, quiesce.

A backup is {"uuid", "label", "filename", "size", "checksum", "locations", "passphrase", "processed", ...}, and perhaps
"checksums" {location: of the copy there, where it is another}; a location
is `internal` or the mount point of a remote share. Creating and restoring quiesce the server: at both edges nothing can
be read, in between the switch `quiesced_serves` decides.
"""

from __future__ import annotations

import hashlib
import re
import uuid as uuids
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ..core import path_id
from .jobs import Job
from .replies import Dropped, Refused, call, failed, json_body, reply, success

if TYPE_CHECKING:
    from . import XClarity

INTERNAL = "internal"
_PART = re.compile(rb'name="(?:filename|uploadedfile)"; *filename="(?P<name>[^"]+)"[^\r]*(?:\r\n[^\r]+)*\r\n\r\n')


class Inside(Exception):
    """A refusal that is told in the body of a 200."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.text)
        self.refused = refused


class Backups:
    """The backups, the shares, and what is being done with them."""

    def __init__(self, system: XClarity) -> None:
        self.system = system
        self.reset()

    def reset(self) -> None:
        self.all: dict[str, dict[str, Any]] = {}
        self.shares: list[str] = []
        self.counts = dict.fromkeys(
            ("copies", "moves", "pushes", "push_cancels", "created", "deleted", "processed", "imported", "restored",
             "resumes", "restarts"), 0)
        self.pushes: list[dict[str, Any]] = []
        self.request: dict[str, Any] | None = None
        self.down_until = 0.0

    def seed(self, backups: list[dict[str, Any]], shares: list[str]) -> None:
        self.shares += [share for share in shares if share not in self.shares]
        for one in backups:
            self._add({**one, "locations": list(one.get("locations", [INTERNAL]))})
            for location in self.all[one["uuid"]]["locations"]:
                if location != INTERNAL and location not in self.shares:
                    raise ValueError(f"backup {one['uuid']}: unknown share {location}")

    def _add(self, given: dict[str, Any]) -> dict[str, Any]:
        label = given.get("label", given["uuid"])
        backup = {
            "label": label, "filename": f"lxca_backup_{label}.tar", "size": 1048576, "passphrase": None,
            "processed": True, "include_os": False, "include_firmware": False, "by": "SYSTEM",
            "date": self.system.clock.iso(),
            "checksum": hashlib.sha256(given["uuid"].encode()).hexdigest(), **given,
        }
        self.all[backup["uuid"]] = backup
        return backup

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/managementServer/data", self.index, methods=["GET"]),
            Route("/managementServer/data", self.transfer, methods=["PUT"]),
            Route("/managementServer/data", self.create_or_restore, methods=["POST"]),
            Route("/managementServer/data/repository", self.repository, methods=["GET"]),
            Route("/managementServer/data/{id}", self.delete, methods=["DELETE"]),
            Route("/files/managementServer/data", self.file, methods=["POST"]),
            Route("/managementServer/quiesce", self.quiesce, methods=["GET"]),
            Route("/managementServer/quiesce", self.resume, methods=["PUT"]),
        ]

    # --- quiesce ---

    def unavailable(self, method: str, anyway: bool) -> Response | None:
        """The reply of a server that restarts or is quiesced; None when it can serve. `anyway`: sessions, status."""
        now = self.system.clock.now()
        if now < self.down_until:
            return self._away()
        if self.request is None:
            return None
        job: Job = self.request["job"]
        edge = self.system.switches["quiesce_edge_seconds"]
        if now < job.start + edge or now > job.end - edge:
            return self._away()
        if anyway or (method == "GET" and self.system.switches["quiesced_serves"] == "reads"):
            return None
        return self._away()

    def _away(self) -> Response:
        if self.system.switches["quiesce_reply"] == "drop":
            return Dropped()
        refused = Refused(503, "FQXHMDM9001J", "The management server is quiesced.", "Wait and try again.")
        return reply(self.system, failed(self.system, refused), 503)

    def go_down(self, seconds: float) -> None:
        """The server restarts: until then no call is answered, and its sessions are gone."""
        self.down_until = self.system.clock.now() + seconds
        self.counts["restarts"] += 1
        self.system.sessions_part.expire()

    @call(anyway=True)
    async def quiesce(self, request: Request, _user: str) -> Response:
        if self.request is None:
            return reply(self.system, {"result": "success", "messages": []})
        job: Job = self.request["job"]
        progress = str(int(job.progress(self.system.clock.now())))
        if self.request["kind"] == "restore":
            report = {"restoreRequest": {
                "filename": self.request["filename"], "devices": True, "firmware": False, "jobId": job.id,
                "progress": progress, "status": "EXEC: Restoring LXCA data", "uuid": self.request["uuid"],
            }}
        else:
            report = {"backupRequest": {
                "backupRequestedBy": job.user, "filename": self.request["filename"],
                "includeFW": self.request["include_firmware"], "includeOS": self.request["include_os"],
                "jobId": job.id, "label": self.request["label"], "progress": progress,
                "remoteShareDestination": self.request["share"], "status": "EXEC: Packaging LXCA data",
                "uuid": self.request["uuid"],
            }}
        return reply(self.system, {**report, "result": "success", "messages": []})

    @call(authenticated=False, anyway=True)
    async def resume(self, request: Request, _user: str) -> Response:
        """Needs no authentication, as documented: cancels a backup, stops a restore, or else restarts the server."""
        if (await json_body(request, {"action"})).get("action") != "resume":
            raise Refused(400, "FQXHMDM9002J", "action must be resume.")
        self.counts["resumes"] += 1
        if self.request is None:
            self.go_down(self.system.switches["restart_seconds"])
        else:
            self.system.jobs_part.stop(self.request["job"], at_once=True)
        return reply(self.system, success(self.system))

    # --- list ---

    def _shown(self, backup: dict[str, Any]) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "uuid": backup["uuid"], "label": backup["label"], "filename": backup["filename"],
            "backupDate": backup["date"], "backupRequestedBy": backup["by"], "checksum": backup["checksum"],
            "chassis": str(len(self.system.inventory_part.chassis)), "dhcp": False, "dhcpEth": "", "dhcpMac": "",
            "eth0IPv4": "192.0.2.10", "eth0IPv6": "", "eth1IPv4": "", "eth1IPv6": "", "firmware": "0",
            "ipRedirect": "192.0.2.10", "size": str(backup["size"]), "includeOS": backup["include_os"],
            "includeFW": backup["include_firmware"],
        }
        self._locate(shown, backup["locations"])
        return shown

    def _locate(self, shown: dict[str, Any], locations: list[str]) -> None:
        key = self.system.switches["location_key"]
        if key == "location_string":
            shown["location"] = ",".join(locations)
        elif key != "absent":
            shown[key] = list(locations)

    def _entries(self, backup: dict[str, Any]) -> list[dict[str, Any]]:
        """One entry, or one for each location with the checksum of the copy there."""
        if self.system.switches["location_entries"] == "joined":
            return [self._shown(backup)]
        entries = []
        for location in backup["locations"]:
            entry = {**self._shown(backup), "checksum": backup.get("checksums", {}).get(location, backup["checksum"])}
            self._locate(entry, [location])
            entries.append(entry)
        return entries

    @call()
    async def index(self, request: Request, _user: str) -> Response:
        return reply(self.system, {
            "backups": [entry for one in self.all.values() for entry in self._entries(one)],
            "result": "success", "messages": [],
        })

    @call()
    async def repository(self, request: Request, _user: str) -> Response:
        used = sum(one["size"] for one in self.all.values() if INTERNAL in one["locations"])
        total = self.system.switches["repository_bytes"]
        size = request.query_params.get("packageSize", "0")
        if not (size.isascii() and size.isdigit()):
            raise Refused(400, "FQXHMDM9003J", "packageSize must be a number of bytes.")
        fits = used + int(size) <= total
        return reply(self.system, {
            "spaceUsed": str(used), "totalSpace": str(total),
            "result": "success" if fits else self.system.switches["failed_word"], "messages": [],
        })

    # --- copy, move, push ---

    @call(error_key="message")
    async def transfer(self, request: Request, user: str) -> Response:
        key = self.system.switches["data_message_key"]
        try:
            job = await self._transfer(request, user)
        except Inside as inside:
            return reply(self.system, {"jobId": "", **failed(self.system, inside.refused, key)})
        if job is None:
            return reply(self.system, {"result": "success", key: []})
        shown = "" if self.system.switches["empty_job_id"] else job.id
        return reply(self.system, {"jobId": shown, "result": "success", key: []})

    def _refuse(self, how: int | str, message_id: str, text: str) -> Exception:
        """As the switch says: with its own status, or inside a 200."""
        if how == "failed":
            return Inside(Refused(200, message_id, text))
        return Refused(int(how), message_id, text)

    async def _transfer(self, request: Request, user: str) -> Job | None:
        body = await json_body(request, {"action", "operation", "uuid", "destination"})
        action, operation = body.get("action"), body.get("operation")
        if operation not in ("copy", "move", "push") or action not in ("start", "cancel"):
            raise Refused(400, "FQXHMDM9004J", "action or operation is missing or not valid.")
        if action == "cancel":
            if operation != "push":
                raise Refused(400, "FQXHMDM9005J", "Only a push can be cancelled here.")
            self._cancel_push()
            return None
        identifier, destination = body.get("uuid"), body.get("destination")
        if not isinstance(identifier, str) or not isinstance(destination, str) or not identifier or not destination:
            raise Refused(400, "FQXHMDM9006J", "uuid and destination are required.")
        backup = self.all.get(identifier)
        if backup is None:
            how = self.system.switches["unknown_backup_reply"]
            raise self._refuse(how, "FQXHMDM9007J", "The backup was not found.")
        if operation == "push":
            return self._push(backup, destination, user)
        return self._copy(backup, operation, destination, user)

    def _copy(self, backup: dict[str, Any], operation: str, destination: str, user: str) -> Job:
        switches = self.system.switches
        moving = operation == "move"
        if moving and destination == INTERNAL:
            raise Refused(400, "FQXHMDM9008J", "A backup can be moved only to a remote share.")
        if destination != INTERNAL and destination not in self.shares:
            raise self._refuse(switches["unknown_destination_reply"], "FQXHMDM9009J", "The destination is not known.")
        if destination != INTERNAL and INTERNAL not in backup["locations"] and (
                moving or destination not in backup["locations"]):
            raise Refused(400, "FQXHMDM9010J", "The backup is not in the local repository.")
        if destination in backup["locations"] and not moving and switches["repeated_copy_reply"] != "job":
            raise self._refuse(switches["repeated_copy_reply"], "FQXHMDM9011J", "The backup is there already.")
        self.counts["moves" if moving else "copies"] += 1

        def finish(good: bool) -> None:
            if not good or backup["uuid"] not in self.all or (moving and INTERNAL not in backup["locations"]):
                return  # another move was quicker
            if destination not in backup["locations"]:
                backup["locations"].append(destination)
            if moving and switches["move_deletes_source"]:
                backup["locations"].remove(INTERNAL)

        title = f"{operation.capitalize()} backup {backup['label']} to {destination}"
        return self.system.jobs_part.begin(operation, title, backup["uuid"], user, finish)

    def _push(self, backup: dict[str, Any], destination: str, user: str) -> Job:
        switches = self.system.switches
        if self.system.jobs_part.running("push") is not None:
            raise self._refuse(switches["second_push_reply"], "FQXHMDM9012J", "A push is in progress.")
        target = self.system.peer(destination)
        if target is None and destination not in switches["push_targets"]:
            raise self._refuse(switches["unknown_destination_reply"], "FQXHMDM9009J", "The destination is not known.")
        self.counts["pushes"] += 1
        record = {"uuid": backup["uuid"], "destination": destination, "result": "running"}
        self.pushes.append(record)

        def finish(good: bool) -> None:
            record["result"] = "done" if good else "not done"
            if good and target is not None and backup["uuid"] not in target.backups_part.all:
                target.backups_part._add({**backup, "locations": [INTERNAL], "processed": False})

        title = f"Push backup {backup['label']} to {destination}"
        return self.system.jobs_part.begin("push", title, backup["uuid"], user, finish)

    def _cancel_push(self) -> None:
        job = self.system.jobs_part.running("push")
        if job is not None:
            self.counts["push_cancels"] += 1
            self.system.jobs_part.stop(job)
        elif self.system.switches["cancel_no_push_reply"] != "success":
            raise self._refuse(self.system.switches["cancel_no_push_reply"], "FQXHMDM9013J", "No push is in progress.")

    # --- create, restore, validate, delete ---

    @call()
    async def create_or_restore(self, request: Request, user: str) -> Response:
        # The attributes of creating are not visible in the pages; these follow the quiesce report.
        body = await json_body(request, {"action", "operation", "label", "passphrase", "includeOS", "includeFW",
                                         "remoteShareDestination", "uuid", "devices", "firmware", "filename"})
        action, operation = body.get("action"), body.get("operation")
        if (operation, action) == ("backup", "start"):
            job = self._create(body, user)
        elif operation == "restore" and action in ("prepare", "start"):
            job = self._restore(body, action, user)
        else:
            raise Refused(400, "FQXHMDM9004J", "action or operation is missing or not valid.")
        return reply(self.system, {"jobId": job.id, "result": "success", "messages": []})

    def _create(self, body: dict[str, Any], user: str) -> Job:
        label, passphrase, share = body.get("label"), body.get("passphrase"), body.get("remoteShareDestination") or ""
        if not isinstance(label, str) or not label:
            raise Refused(400, "FQXHMDM9014J", "label is required.")
        if not isinstance(passphrase, str) or not passphrase:
            raise Refused(400, "FQXHMDM9015J", "passphrase is required.")
        if share and share not in self.shares:
            raise Refused(400, "FQXHMDM9009J", "The remote share is not known.")
        self.counts["created"] += 1
        now = self.system.clock.now()
        stamp = re.sub(r"\D", "", self.system.clock.iso(now))
        new: dict[str, Any] = {
            "uuid": str(uuids.uuid5(uuids.NAMESPACE_OID, f"{label}{now}{self.counts['created']}")), "label": label,
            "filename": f"lxca_backup_{label}_{stamp}.tar", "passphrase": passphrase, "by": user,
            "include_os": bool(body.get("includeOS")), "include_firmware": bool(body.get("includeFW")),
            "locations": [share or INTERNAL], "date": self.system.clock.iso(now),
        }

        def finish(good: bool) -> None:
            self.request = None
            if good:
                self._add(new)

        job = self.system.jobs_part.begin("backup", f"Create backup {label}", new["uuid"], user, finish)
        self.request = {**new, "kind": "backup", "share": share, "job": job}
        return job

    def _restore(self, body: dict[str, Any], action: str, user: str) -> Job:
        backup = self.all.get(str(body.get("uuid")))
        if backup is None or INTERNAL not in backup["locations"]:
            raise Refused(400, "FQXHMDM9007J", "The backup was not found in the local repository.")
        if action == "prepare":
            if backup["passphrase"] not in (None, body.get("passphrase")):
                raise Refused(400, "FQXHMDM9016J", "The passphrase is not right.")
            return self.system.jobs_part.begin("restore", "Prepare restore", backup["uuid"], user, lambda good: None)
        self.counts["restored"] += 1

        def finish(good: bool) -> None:
            self.request = None

        job = self.system.jobs_part.begin("restore", "Restore", backup["uuid"], user, finish)
        self.request = {**backup, "kind": "restore", "job": job}
        return job

    @call()
    async def file(self, request: Request, user: str) -> Response:
        action = request.query_params.get("action")
        if action == "import":
            match = _PART.search(await request.body())
            if match is None:
                raise Refused(400, "FQXHMDM9017J", "There is no file in the request.")
            name = match["name"].decode("utf-8", "replace")
            body = await request.body()
            self.counts["imported"] += 1
            self._add({"uuid": str(uuids.uuid5(uuids.NAMESPACE_OID, f"{name}{self.counts['imported']}")), "label": name,
                       "filename": name, "size": len(body) - match.end(), "locations": [INTERNAL], "processed": False})
            return reply(self.system, success(self.system))
        if action != "process":
            raise Refused(400, "FQXHMDM9004J", "action must be import or process.")
        given = (await json_body(request, {"passphrase"})).get("passphrase")
        waiting = [one for one in self.all.values() if not one["processed"]]
        if not isinstance(given, str) or not given:
            raise Refused(400, "FQXHMDM9015J", "passphrase is required.")
        if not waiting:
            raise Refused(400, "FQXHMDM9018J", "There is no backup to process.")
        backup = waiting[-1]
        if backup["passphrase"] not in (None, given):
            raise Refused(400, "FQXHMDM9016J", "The passphrase is not right.")
        self.counts["processed"] += 1

        def finish(good: bool) -> None:
            backup["processed"] = good

        job = self.system.jobs_part.begin("process", f"Process backup {backup['label']}", backup["uuid"], user, finish)
        return reply(self.system, {"jobId": job.id, "result": "success", "messages": []})

    @call()
    async def delete(self, request: Request, _user: str) -> Response:
        location = request.query_params.get("location")
        if not location:
            raise Refused(400, "FQXHMDM9019J", "location is required.")
        again = self.system.switches["delete_backup_again"]
        backup = self.all.get(path_id(request))
        if backup is None or location not in ("all", *backup["locations"]):
            raise Refused(again, "FQXHMDM9007J", "The backup was not found there.")
        backup["locations"] = [] if location == "all" else [one for one in backup["locations"] if one != location]
        self.counts["deleted"] += 1
        if not backup["locations"]:
            del self.all[backup["uuid"]]
        status = self.system.switches["delete_backup_status"]
        return reply(self.system, None if status == 204 else success(self.system), status)

    def state(self) -> dict[str, Any]:
        return {
            "backups": {key: {name: one[name] for name in ("label", "filename", "locations", "checksum", "processed")}
                        for key, one in self.all.items()},
            "shares": self.shares, "pushes": self.pushes, "counts": self.counts, "quiesced": self.request is not None,
        }
