# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every point of the XClarity API that no document settles, as a switch with its default.

A comment names the fact that is open. "failed" as a value means: status 200 with a failed result in the body.
"""

from __future__ import annotations

from typing import Any

SWITCHES: dict[str, Any] = {
    # --- transport ---
    # The media type carries the version of the API; seen as v1.2.2 and v2.0.0, later versions are unknown.
    "content_type": "application/com.lenovo.lxca-v4.1.0+json; charset=UTF-8",
    # Longest request target taken before 414; 0: no limit. The real limit is unknown.
    "max_url_length": 0,
    # GET /aicc: does it tell the uuid of the appliance; its release.
    "appliance_uuid_told": True,
    "appliance_version": "4.1.0",
    # --- sessions ---
    # Status of a login with bad credentials: 403 by one client's source, 401 in the general list of codes.
    "login_failure_status": 403,
    # Status of a login above the limit of sessions: unknown.
    "session_limit_status": 403,
    # Words of that answer ({limit} is replaced), and of the one to bad credentials; "": no message at all.
    "session_limit_message": "The user has reached the maximum of {limit} sessions.",
    "login_failure_message": "The user name or the password is not valid, or the account is locked.",
    # Account policy, as GET /userAccountSettings gives it: sessions a user (0: no limit), minutes without activity
    # (0: never; the pages contradict each other), failures before a lock (0: never), minutes of the lock (0: for good).
    "max_concurrent_sessions": 3,
    "inactivity_minutes": 1440,
    "max_login_failures": 20,
    "lockout_minutes": 60,
    # Is the CSRF header demanded on GET as well; and the status when it is missing.
    "csrf_on_get": False,
    "csrf_failure_status": 403,
    # Does a call with Basic take one of the user's session slots (for the length of the call).
    "basic_counts_session": False,
    # Status of a call without valid credentials.
    "unauthorized_status": 401,
    # --- messages ---
    # The word for a failed result: pages say failed, a live appliance said failure.
    "failed_word": "failed",
    # `recovery` in a message: an object in every capture, a list in the tables, a string on old endpoints.
    "recovery_shape": "object",
    # PUT /managementServer/data: the page says `message`, every other page `messages`.
    "data_message_key": "message",
    # GET /osImages/{id}: `messages` is documented as strings, elsewhere as objects.
    "export_messages": "strings",
    # False: every call for profiles, tasks (writes) and OS images is refused 403 for want of a licence.
    "licence_active": True,
    # Is there GET /notificationsLicense (read in a client's source; when it came is unknown).
    "licences_told": True,
    # --- jobs ---
    # Seconds a job takes, and exceptions by kind: activate, copy, move, push, backup, restore, process, export, power.
    "job_seconds": 0.2,
    "job_seconds_by_kind": {},
    # What the next jobs shall do instead of succeeding: one rule or a list; see jobs.py for the keys.
    "fail_next": [],
    # Is the jobRecordId of an activation the id of a task. If not, the task has another id, and this one is unknown.
    "jobRecordId_is_task": True,
    # GET /tasks/{id} when none of the ids is known: 404, 400 or "empty" (200 and []).
    "unknown_task_reply": 404,
    # Seconds until a new job can be seen in /tasks, and after its end until it is dropped from there (None: kept).
    "job_visible_after": 0.0,
    "job_kept_seconds": None,
    # Is the older list of jobs, GET /jobs, still there; clients of 2017 and 2018 read it.
    "older_jobs_served": True,
    # Other words for the states in /tasks, for example {"Complete": "complete"}.
    "task_status_words": {},
    # Cancelling: seconds in state Cancelling; status for a job that has ended.
    "cancel_seconds": 0.0,
    "cancel_finished_status": 412,
    # Status of DELETE /tasks/{ids}.
    "delete_task_status": 204,
    # --- servers ---
    # When a power action takes effect: "at_once", or "at_end" of its job (then not at all when the job fails).
    "power_effect": "at_once",
    # Seconds that powerStatus shows the old value after a change: the appliance has it from a cache.
    "power_status_lag": 0.0,
    # UUIDs of servers whose operating system does not heed a graceful stop; the job is complete all the same.
    "stubborn_systems": [],
    # Header of the answer that names the job: "tasks" or "jobs" (Location: /tasks/N), or "absent".
    "job_location": "tasks",
    # Answer to a power action on a server that is Offline: a status, or "accept".
    "offline_power_reply": 400,
    # --- managing ---
    # GET /discoverRequest/jobs/{id}: an "object" as clients read it, or an "array" of one as in a pasted reply.
    "discovery_shape": "object",
    # Where POST /manageRequest and /unmanageRequest tell their job: "body" (jobID), "location", "text" (inside
    # statusDescription), or "absent"; and the status of a good answer (200, 201 or 202).
    "manage_job_told": "body",
    "manage_status": 200,
    # The word of success of such a job in its own call: unknown.
    "manage_success_word": "SUCCESS",
    # POST /storedCredentials: the id at the "top" (the page) or inside "response" (a client's source).
    "credential_id_at": "top",
    # --- firmware ---
    # Charset of GET /compliancePolicies/persistedResult: ISO-8859-1 on 2.2.0, UTF-8 on 1.2.2.
    "compliance_charset": "ISO-8859-1",
    # Its key for the state of a device: endpointCompliant, or deviceCompliant in an older capture.
    "compliance_key": "endpointCompliant",
    # Seconds until the comparison knows what was updated; None: it never does by itself.
    "compliance_lag": 0.0,
    # Key that an assignment has to have: "both" are taken, or only policyName (an example) or policyname (a table).
    "policy_name_key": "both",
    # Status of a component that ended well: unknown.
    "update_success_word": "Success",
    # GET /updatableComponents?action=getComponents: "names", "documented" or "status", three sources that contradict each other.
    "get_components_shape": "names",
    # --- patterns ---
    # POST /patterns/{id}: its answer was not seen. As an "activation", a "bare" message, or "empty".
    "pattern_reply": "activation",
    # --- events ---
    # Is there GET /events/activeAlerts/status.
    "alerts_told": True,
    # --- deployment of operating systems ---
    # Seconds that the number of a completed deployment stays in the list, before it is 3 again; None: for good. Unknown.
    "deployed_state_seconds": None,
    # By the UUID of a server the images that are told to fit it: ids, None for null, "missing" for no key. By default all that are there.
    "fitting_images": {},
    # --- profiles ---
    # profileStatus: UNASSIGNED and PENDING_ACTIVATION were seen; the other three words are invented.
    "profile_status_words": {
        "inactive": "UNASSIGNED", "activating": "ACTIVATING", "pending": "PENDING_ACTIVATION", "active": "ACTIVE",
        "failed": "ACTIVATION_FAILED",
    },
    # complianceStatus in the list: lower or upper case.
    "compliance_case": "lower",
    # An uuid that is no known server or bay: 200 (named in uuidsFailed or locationIdsFailed) or 400.
    "unknown_target_reply": 200,
    # A target that another profile holds: 200 (named as failed) or 400.
    "taken_target_reply": 200,
    # Targets (or "*") that are refused inside a 200, whatever they are.
    "refused_targets": [],
    # True: such a refused activation still names a job, which then does nothing.
    "refused_names_job": False,
    # An activation while one is running: "accept" (a second restart), 400 or 409.
    "activate_while_activating": "accept",
    # State of a profile after restart=defer has ended: "pending"; "activating" until the restart is the other reading.
    "defer_end_state": "pending",
    # Does the job of restart=defer end by itself (False), or run until the manual restart (True).
    "defer_job_waits": False,
    # jobRecordId missing from the reply ("absent"), empty ("empty") or given ("given").
    "activation_job_id": "given",
    # GET /profiles/status: is it there (since 2.1); names of its query; reply for uuids that are not known.
    "profiles_status_served": True,
    "profiles_status_queries": ["uuids", "uids"],
    "profiles_status_unknown": 404,
    # PUT /profiles/{id}: 204 was seen, 200 is documented.
    "put_profile_status": 204,
    # DELETE of an assigned profile: 400 or "allowed". Not stated.
    "delete_assigned_profile": 400,
    # --- backups ---
    # Name and form of the list of locations: locations, mountPoints (lists), location (a list), location_string (key
    # `location`, joined with commas) or absent.
    "location_key": "locations",
    # One entry for a backup with all of its locations ("joined"), or one for each location with a checksum of its own ("each").
    "location_entries": "joined",
    # Copy to where the backup is already: "job" (which changes nothing), 400 or "failed".
    "repeated_copy_reply": "job",
    # Unknown backup, unknown destination: 400 or "failed".
    "unknown_backup_reply": 400,
    "unknown_destination_reply": 400,
    # True: jobId comes empty although the job was made.
    "empty_job_id": False,
    # False: the copying half of a move is done and the deleting half is not.
    "move_deletes_source": True,
    # A push while another runs: 400 or "failed". Cancel of a push when none runs: 400, "failed" or "success".
    "second_push_reply": 400,
    "cancel_no_push_reply": 400,
    # Addresses that are a fresh XClarity which takes a push: {address: name of a simulated system, or null}.
    "push_targets": {"192.0.2.11": "xclarity_target", "192.0.2.12": None},
    # DELETE of a backup: status, and the one for a backup or a location that is not (or no longer) there.
    "delete_backup_status": 200,
    "delete_backup_again": 400,
    # Bytes of the local repository.
    "repository_bytes": 68719476736,
    # Seconds at both ends of a quiesce in which nothing can be read, and what a call then gets: 503 or "drop".
    "quiesce_edge_seconds": 0.05,
    "quiesce_reply": 503,
    # In the middle of a quiesce: "reads" are answered, or "none" but the quiesce status.
    "quiesced_serves": "reads",
    # Seconds a restart of the server takes.
    "restart_seconds": 0.3,
    # --- OS images ---
    # Bytes of the payload of an export, unless the profile's seed says its own `export_size`.
    "export_size": 65536,
    # Reply to the export of an unknown profile, and of one that is not customised (documented: 403 and 500 only).
    "unknown_export_reply": 500,
    "predefined_export_reply": 500,
    # Another name for every export; None: stamp_profile.tar.gz.
    "export_filename": None,
    # Reply to the download of a file whose job has not ended, or that does not exist.
    "unfinished_download_status": 404,
    "missing_download_status": 404,
    # Is the file gone after a whole download.
    "export_removed_after_download": False,
    # ETag of a download: strong, weak or absent; are ranges served; is the length told.
    "download_etag": "strong",
    "download_ranges": True,
    "download_length": True,
    # Bytes a second of a download, in real time; 0: as fast as it goes.
    "download_rate": 0,
    # How a customised profile is marked: "options" (customizationOptions with content) or "type" (a `type` as well).
    "customized_mark": "options",
    # Status of DELETE of an image, and of the second one.
    "delete_image_status": 204,
    "delete_image_again": 404,
    # Type of serverId in replies: "string" or "integer".
    "server_id_type": "string",
}
