# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Server profiles: their states, activation, unassigning, and the different shapes the list and the single one have.

    inactive --POST--> activating --job ends well--> active      restart=immediate; the server restarts once
                       activating --job ends well--> pending     restart=defer; a restart of the server makes it active
                       activating --job ends badly--> failed
    active, pending, failed --POST--> activating                  redeploy, to the same target only: another restart
    any but inactive --unassign--> inactive
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ..core import dumps, path_id
from .inventory import POWER_OFF, Target
from .jobs import Job
from .replies import Refused, call, json_body, reply

if TYPE_CHECKING:
    from . import XClarity

_STATES = ("inactive", "activating", "pending", "active", "failed")
_ACTIVATION_STATUS = {
    "inactive": "UNKNOWN", "activating": "RUNNING", "pending": "PENDING", "active": "COMPLETED", "failed": "TERMINATED",
}
_BAD_IN_NAME = set('&%<>/"')


class Profiles:
    """The server profiles, indexed by id and by target."""

    def __init__(self, system: XClarity) -> None:
        self.system = system
        self.reset()

    def reset(self) -> None:
        self.all: dict[str, dict[str, Any]] = {}
        self.by_target: dict[str, str] = {}
        self._texts: dict[str, bytes] = {}
        self._texts_for: tuple[str, str] = ("", "")
        self._list: bytes | None = None
        self.unassigned = 0

    def seed(self, profiles: list[dict[str, Any]]) -> None:
        for one in profiles:
            profile = {
                "name": f"profile-{one['id']}", "status": "inactive", "target": None, "template": "web",
                "template_id": "60", "compliance": "none", "licensed": True, **one, "id": str(one["id"]),
                "activations": 0, "job": None,
                "deferred": False,
            }
            if profile["status"] not in _STATES:
                raise ValueError(f"status of a profile must be one of {_STATES}")
            if (profile["target"] is None) != (profile["status"] == "inactive"):
                raise ValueError(f"profile {profile['id']}: all but inactive profiles have a target")
            if profile["target"] is not None:
                if self.system.inventory_part.target(profile["target"]) is None:
                    raise ValueError(f"profile {profile['id']}: unknown target {profile['target']}")
                self.by_target[profile["target"]] = profile["id"]
            self.all[profile["id"]] = profile
        self._list = None

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/profiles", self.index, methods=["GET"]),
            Route("/profiles/status", self.status, methods=["GET"]),
            Route("/profiles/unassign/{ids}", self.unassign, methods=["POST"]),
            Route("/profiles/{id}", self.one, methods=["GET"]),
            Route("/profiles/{id}", self.activate, methods=["POST"]),
            Route("/profiles/{id}", self.update, methods=["PUT"]),
            Route("/profiles/{id}", self.delete, methods=["DELETE"]),
            Route("/config/server/{uuid}/status", self.server_status, methods=["GET"]),
        ]

    # --- states ---

    def _set(self, profile: dict[str, Any], status: str, target: str | None = None) -> None:
        """Bring a profile into a state; `target` only for the way out of inactive."""
        if status == "inactive":
            if profile["target"] is not None and self.by_target.get(profile["target"]) == profile["id"]:
                del self.by_target[profile["target"]]
            profile.update(target=None, compliance="none", deferred=False)
        elif target is not None:
            profile["target"] = target
            self.by_target[target] = profile["id"]
        if status == "active":
            profile.update(compliance="valid", deferred=False)
        profile["status"] = status
        self._changed(profile)

    def _changed(self, profile: dict[str, Any]) -> None:
        """Forget what was cached of it."""
        self._texts.pop(profile["id"], None)
        self._list = None

    def restarted(self, target: str) -> None:
        """The server there was restarted by hand: a deferred activation completes."""
        profile = self.all.get(self.by_target.get(target, ""))
        if profile is None:
            return
        job: Job | None = profile["job"]
        if job is not None and job.waits and job.final is None:
            profile["deferred"] = False
            self.system.jobs_part.release(job)
        elif profile["status"] == "pending" or (profile["deferred"] and job is not None and job.final is not None):
            self._set(profile, "active")
        elif profile["deferred"] and job is not None:
            # Restarted while the deferred activation still runs: its end will find the restart done.
            profile["deferred"] = False

    def _begin(self, profile: dict[str, Any], target: Target, deferred: bool, user: str) -> Job:
        switches = self.system.switches
        waits = deferred and switches["defer_job_waits"]

        def finish(good: bool) -> None:
            if profile["job"] is not job:
                return
            if not good:
                profile["deferred"] = False
                self._set(profile, "failed")
            else:
                self._set(profile, switches["defer_end_state"] if profile["deferred"] else "active")

        job = self.system.jobs_part.begin("activate", f"Server Profile activation: {profile['name']}", profile["id"],
                                          user, finish, [f"Configure {target.name or target.key}"], waits)
        profile["activations"] += 1
        profile["job"] = job
        profile["deferred"] = deferred
        # A job that runs until the manual restart leaves the profile waiting for that restart meanwhile.
        self._set(profile, switches["defer_end_state"] if waits else "activating", target.key)
        if not deferred and target.node is not None:
            # The restart of an immediate activation; it must not complete a profile, which its job does.
            target.node["reboots"] += 1
            self.system.inventory_part.changed(target.node)
        return job

    # --- used by the patterns ---

    def begin(self, profile: dict[str, Any], target: Target, deferred: bool, user: str) -> Job:
        """Activate a profile that a pattern was deployed to."""
        return self._begin(profile, target, deferred, user)

    def assign_pending(self, profile: dict[str, Any], target: str) -> None:
        """Assign a profile without activating anything."""
        self._set(profile, "pending", target)

    def outcome(self, job: Job, target: Target) -> Response:
        """The answer of an activation."""
        return self._outcome(None, job.title, job.id, target=target)

    # --- shapes ---

    def _shown(self, profile: dict[str, Any]) -> dict[str, Any]:
        """A profile as the list shows it."""
        words = self.system.switches["profile_status_words"]
        target = self.system.inventory_part.target(profile["target"]) if profile["target"] else None
        node = target.node if target else None
        compliance = profile["compliance"]
        if self.system.switches["compliance_case"] == "upper":
            compliance = compliance.upper()
        flex = bool(target and target.flex)
        chassis = self.system.inventory_part.chassis.get(target.key.rpartition("_bay")[0]) if target and flex else None
        return {
            "id": profile["id"], "profileName": profile["name"], "profileStatus": words[profile["status"]],
            "complianceStatus": compliance,
            "serverName": node["name"] if node else "", "uuid": node["uuid"] if node else "",
            "chassisName": chassis["name"] if chassis else "",
            "bayId": target.key.rpartition("_bay")[2] if target and flex else "", "subBayId": None,
            "templateName": profile["template"], "templateId": profile["template_id"], "type": "root",
            "externalId": profile["target"], "managementPatternPresent": True, "addressPresent": False,
            "rackId": node["rack"] if node and not flex else "", "unit": node["unit"] if node and not flex else 0,
        }

    def _text(self, profile: dict[str, Any]) -> bytes:
        text = self._texts.get(profile["id"])
        if text is None:
            text = self._texts[profile["id"]] = dumps(self._shown(profile))
        return text

    def _named(self, request: Request) -> dict[str, Any]:
        profile = self.all.get(path_id(request))
        if profile is None:
            raise Refused(404, "FQXHMCP9001J", f"Profile {path_id(request)} was not found.", "List profiles and retry.")
        return profile

    # --- reading ---

    @call(licensed=True)
    async def index(self, request: Request, _user: str) -> Response:
        switches = self.system.switches
        # The cached texts hold words that switches can change.
        shape = (str(switches["profile_status_words"]), switches["compliance_case"])
        if shape != self._texts_for:
            self._texts.clear()
            self._list, self._texts_for = None, shape
        excluded = set(filter(None, request.query_params.get("excludeAttributes", "").split(",")))
        if excluded:
            items = [{key: value for key, value in self._shown(one).items() if key not in excluded}
                     for one in self.all.values()]
            return reply(self.system, {"identifier": "id", "label": "id", "items": items})
        if self._list is None:
            texts = b",".join([self._text(profile) for profile in self.all.values()])
            self._list = b'{"identifier":"id","label":"id","items":[' + texts + b"]}"
        return reply(self.system, self._list)

    @call(licensed=True)
    async def one(self, request: Request, _user: str) -> Response:
        profile = self._named(request)
        place = profile["target"] or ""
        bay, chassis = (place.rpartition("_")[2], place.rpartition("_")[0]) if "_bay" in place else ("", "")
        return reply(self.system, {
            "ID": profile["id"], "name": profile["name"], "displayName": profile["name"], "displayId": profile["id"],
            "endPointType": "LOCATION", "endPointId": place,
            "profilePath": [bay, chassis, "system01", "pod01", "datacenter01"] if bay else [],
            "templateId": profile["template_id"], "serverTemplateId": profile["template_id"],
            "externalId": profile["target"], "rackId": "", "unit": 0, "commands": [], "dynamicProperties": {},
            "primaryProfileID": "", "secondaryProfileIDs": [], "forScalableNode": False,
            "forScalablePrimaryNode": False, "forScalableSecondaryNode": False, "managementPatternPresent": True,
            "addressPresent": False,
        })

    def _status_of(self, profile: dict[str, Any]) -> dict[str, Any]:
        target = self.system.inventory_part.target(profile["target"])
        return {
            "uuid": target.node["uuid"] if target and target.node else profile["target"],
            "serverProfileName": profile["name"], "activationStatus": _ACTIVATION_STATUS[profile["status"]],
            "complianceStatus": profile["compliance"].upper(),
            # The values of configStatus are not known; this one is invented.
            "configStatus": "COMPLETED" if profile["status"] == "active" else "PENDING",
        }

    def _at(self, uuid: str) -> dict[str, Any] | None:
        """The profile on this server or bay, by server UUID or location ID."""
        node = self.system.inventory_part.nodes.get(uuid)
        key = f"{node['chassis']}_bay{node['bay']}" if node and node["chassis"] else uuid
        return self.all.get(self.by_target.get(key, ""))

    @call(licensed=True)
    async def status(self, request: Request, _user: str) -> Response:
        switches = self.system.switches
        if not switches["profiles_status_served"]:
            raise Refused(404, "FQXHMCR9004J", "The requested resource was not found.")
        names = [name for name in switches["profiles_status_queries"] if name in request.query_params]
        if not names:
            found = [self.all[one] for one in self.by_target.values()]
        else:
            wanted = [uuid for uuid in request.query_params[names[0]].split(",") if uuid]
            found = [profile for profile in map(self._at, wanted) if profile is not None]
            if not found and switches["profiles_status_unknown"] != 200:
                raise Refused(switches["profiles_status_unknown"], "FQXHMCP9002J", "No profile is assigned there.")
        return reply(self.system, {"identifier": "uuid", "items": [self._status_of(one) for one in found]})

    @call(licensed=True)
    async def server_status(self, request: Request, _user: str) -> Response:
        profile = self._at(path_id(request, "uuid"))
        if profile is None:
            raise Refused(404, "FQXHMCP9002J", "No profile is assigned there.")
        return reply(self.system, self._status_of(profile))

    # --- changing ---

    @call(licensed=True)
    async def activate(self, request: Request, user: str) -> Response:
        profile = self._named(request)
        body = await json_body(request, {"restart", "uuid"})
        if body.get("restart") not in ("immediate", "defer"):
            raise Refused(400, "FQXHMCP9003J", "restart is required, and must be immediate or defer.")
        wanted = body.get("uuid", profile["target"])
        if not isinstance(wanted, str) or not wanted:
            raise Refused(400, "FQXHMCP9004J", "uuid is required, because the profile is not assigned.")
        if profile["target"] is not None and wanted != profile["target"]:
            raise Refused(400, "FQXHMCP9005J", f"The profile is assigned to {profile['target']}, not to this server.",
                          "Unassign the profile first, or send the UUID of the server it is assigned to.")
        busy = self.system.switches["activate_while_activating"]
        if profile["status"] == "activating" and busy != "accept":
            raise Refused(busy, "FQXHMCP9006J", "The profile is being activated.", "Wait until it has ended.")
        target = self.system.inventory_part.target(wanted)
        why = self._obstacle(profile, wanted, target)
        if why or target is None:
            return self._refused_inside(wanted, why)
        if not profile["licensed"] or (target.node and not target.node["licensed"]):
            raise Refused(403, "FQXHMCR9004J", "There is no active license for this server.",
                          "Ensure that each managed server has an active license.")
        redeployed = [target.node["uuid"]] if profile["target"] is not None and target.node else []
        job = self._begin(profile, target, body["restart"] == "defer", user)
        record = job.id if self.system.switches["jobRecordId_is_task"] else str(11790000 + job.number)
        return self._outcome(None, job.title, record, target=target, redeployed=redeployed)

    def _obstacle(self, profile: dict[str, Any], wanted: str, target: Target | None) -> str:
        switches = self.system.switches
        if switches["refused_targets"] == "*" or wanted in switches["refused_targets"]:
            return "The server cannot be configured now."
        if target is None:
            if switches["unknown_target_reply"] == 400:
                raise Refused(400, "FQXHMCP9007J", f"{wanted} is no known server or bay.")
            return "The target was not found."
        if self.by_target.get(wanted, profile["id"]) != profile["id"]:
            if switches["taken_target_reply"] == 400:
                raise Refused(400, "FQXHMCP9008J", f"Another profile is assigned to {wanted}.")
            return "Another profile is assigned to the target."
        return ""

    def _refused_inside(self, wanted: str, why: str) -> Response:
        record = ""
        if self.system.switches["refused_names_job"]:
            job = self.system.jobs_part.begin("activate", "Server Profile activation", wanted, "", lambda good: None)
            record = job.id
        return self._outcome(why, "Server Profile activation", record, refused=wanted)

    def _outcome(self, text: str | None, title: str, record: str, target: Target | None = None, refused: str = "",
                 redeployed: list[str] | None = None) -> Response:
        flex = target is not None and target.flex
        item: dict[str, Any] = {
            "message": text, "jobName": title, "jobRecordId": record,
            "endPointIds": [target.key] if target and not flex else [],
            "endPointNames": [target.name] if target and not flex else [],
            "locationIds": [target.key] if target and flex else [],
            "locationNames": [target.name] if target and flex else [],
            "locationIdsFailed": [refused] if "_bay" in refused else [],
            "uuidsFailed": [refused] if refused and "_bay" not in refused else [],
            "redeployedNodeUuids": redeployed or [],
        }
        given = self.system.switches["activation_job_id"]
        if given == "empty":
            item["jobRecordId"] = ""
        elif given == "absent":
            del item["jobRecordId"]
        return reply(self.system, {"identifier": "id", "label": "id", "items": [item]})

    @call(licensed=True)
    async def update(self, request: Request, _user: str) -> Response:
        profile = self._named(request)
        body = await json_body(request, {"profileName", "complianceStatus"})
        name, compliance = body.get("profileName", profile["name"]), body.get("complianceStatus")
        if not isinstance(name, str) or not name or _BAD_IN_NAME & set(name):
            raise Refused(400, "FQXHMCP9009J", "profileName is not valid.")
        if compliance == "INVALID" and profile["compliance"] != "valid":
            raise Refused(400, "FQXHMCP9014J", "Only a profile that was set to VALID can be set to INVALID.")
        if any(other["name"] == name and other is not profile for other in self.all.values()):
            raise Refused(400, "FQXHMCP9010J", "Another profile has this name.")
        if compliance not in (None, "VALID", "INVALID"):
            raise Refused(400, "FQXHMCP9011J", "complianceStatus must be VALID or INVALID.")
        profile["name"] = name
        if compliance:
            profile["compliance"] = compliance.lower()
        self._changed(profile)
        status = self.system.switches["put_profile_status"]
        return reply(self.system, None, status)

    @call(licensed=True)
    async def delete(self, request: Request, _user: str) -> Response:
        profile = self._named(request)
        if profile["status"] != "inactive" and self.system.switches["delete_assigned_profile"] != "allowed":
            raise Refused(400, "FQXHMCP9012J", "The profile is assigned.", "Unassign the profile first.")
        self._set(profile, "inactive")
        del self.all[profile["id"]]
        return reply(self.system, {"message": "service_operational"})

    @call(licensed=True)
    async def unassign(self, request: Request, _user: str) -> Response:
        options = ("force", "powerDownITE", "resetIMM", "resetSwitch")
        body = await json_body(request, set(options))
        flags = {}
        for option in options:
            value = body.get(option, False)
            if isinstance(value, str) and value.lower() in ("true", "false"):
                value = value.lower() == "true"
            if not isinstance(value, bool):
                raise Refused(400, "FQXHMCP9013J", f"{option} must be true or false.")
            flags[option] = value
        ids = path_id(request, "ids").split(",")
        unknown = [one for one in ids if one not in self.all]
        if unknown:
            raise Refused(404, "FQXHMCP9001J", f"Profile {unknown[0]} was not found.", "List profiles and retry.")
        for one in ids:
            profile = self.all[one]
            if profile["status"] == "activating" and not flags["force"]:
                raise Refused(400, "FQXHMCP9006J", "The profile is being activated.", "Wait, or use force.")
        for one in ids:
            self._unassign(self.all[one], flags["powerDownITE"])
        return reply(self.system, {"message": None})

    def _unassign(self, profile: dict[str, Any], power_down: bool) -> None:
        if profile["target"] is None:
            return
        target = self.system.inventory_part.target(profile["target"])
        job: Job | None = profile["job"]
        profile["job"] = None
        if job is not None and job.final is None:
            self.system.jobs_part.stop(job, at_once=True)
        if power_down and target and target.node:
            target.node["power"] = POWER_OFF
            self.system.inventory_part.changed(target.node)
        self.unassigned += 1
        self._set(profile, "inactive")

    def state(self) -> dict[str, Any]:
        return {
            key: {"name": one["name"], "status": one["status"], "target": one["target"],
                  "activations": one["activations"], "compliance": one["compliance"]}
            for key, one in self.all.items()
        }
