# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OS images of XClarity Administrator and their profiles: read them, plan an export, read the answer to one.

Sources: the pages "GET /osImages" and "GET /osImages/{id}". The second is a GET that starts a job and writes a file, and
ids and file names share its URL space: a wrong file name could start another export. So a file name that the server
tells is checked before it is used, and nothing here asks for a profile by GET /osImages/{id}.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._client import Client
from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure, bad_input
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Accepted, Step, Unproven
from ansible_collections.groundwork.provision.plugins.module_utils._text import clean
from ansible_collections.groundwork.provision.plugins.module_utils._transport import MAX_LIST, segment
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import api

# What a generated file name may look like ("2016121921921_Custom-2016-datacenter-profile.tar.gz" on the page).
FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}\.tar\.gz", re.ASCII)


@dataclasses.dataclass(frozen=True)
class OsProfile:
    """One of ``items[].profiles[]``. entry: as the server tells it. image: id of its OS image."""

    id: str
    name: str
    image: str
    entry: t.Mapping[str, t.Any]

    @property
    def fingerprint(self) -> str:
        """Changes when the entry changes. The entry names every file of the profile by an id that a new upload renews."""
        text = json.dumps(self.entry, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()

    def public(self) -> dict[str, t.Any]:
        options = self.entry.get("customizationOptions")
        return {
            "id": self.id,
            "name": self.name,
            "image": self.image,
            "customization": options if isinstance(options, dict) else {},
            "fingerprint": self.fingerprint,
        }


@dataclasses.dataclass(frozen=True)
class Image:
    """One of ``items[]``."""

    id: str
    name: str
    entry: t.Mapping[str, t.Any]
    profiles: tuple[OsProfile, ...]

    def public(self) -> dict[str, t.Any]:
        def text(key: str) -> str:
            value = self.entry.get(key)
            return value if isinstance(value, str) else ""

        return {
            "id": self.id,
            "name": self.name,
            "description": text("description"),
            "type": text("type"),
            "os_release": text("osrelease"),
            "os_build_id": text("osBuildId"),
            "deploy_status": text("deployStatus"),
            "profiles": [profile.public() for profile in self.profiles],
        }


def parse(entry: t.Mapping[str, t.Any]) -> Image:
    """One item of the list. ``profiles`` may be missing or null, and hold objects or bare ids."""
    ident = _text(entry.get("id")) or _text(entry.get("name"))
    found = []
    profiles = entry.get("profiles")
    for one in profiles if isinstance(profiles, list) else []:
        one = {"id": one} if isinstance(one, str) else one
        if isinstance(one, dict) and _text(one.get("id")):
            profile_id = _text(one["id"])
            name = _text(one.get("name")) or profile_id.rpartition("-install-")[2]
            found.append(OsProfile(profile_id, name, ident, one))
    return Image(ident, _text(entry.get("name")) or ident, entry, tuple(found))


def read_all(client: Client) -> list[Image]:
    """Every image with its profiles, in one request."""
    data = client.read("/osImages", what="list OS images", max_body=MAX_LIST)
    api.check_result(data, "list OS images")
    return [parse(entry) for entry in api.items(data, "items", what="list OS images")]


def find(images: t.Sequence[Image], wanted: str) -> OsProfile:
    """The profile with this id or name. What is the id of one and the name of another is refused."""
    matches = [profile for image in images for profile in image.profiles if wanted in (profile.id, profile.name)]
    if not matches:
        own = [profile.id for image in images if wanted in (image.id, image.name) for profile in image.profiles]
        hint = f" It is an OS image; its profiles are {', '.join(own[:5])}." if own else ""
        raise bad_input(
            "profile_not_found",
            f"there is no OS-image profile with the id or name {clean(wanted, 120)}.{hint}",
            "Look at osimage_info for ids and names, and run again.",
            resource=clean(wanted, 200),
        )
    if len(matches) > 1:
        raise bad_input(
            "profile_ambiguous",
            f"{clean(wanted, 80)} names several OS-image profiles, with the ids {', '.join(p.id for p in matches[:5])}.",
            "Give the id of the profile and run again.",
            resource=clean(wanted, 200),
        )
    return matches[0]


def select(images: t.Sequence[Image], wanted: t.Sequence[str] | None, profiles: t.Sequence[str] | None) -> list[Image]:
    """Images by id or name, with those of their profiles that are asked for by id or name. None: all."""
    found = [image for image in images if wanted is None or image.id in wanted or image.name in wanted]
    if profiles is None:
        return found
    kept = [
        dataclasses.replace(image, profiles=tuple(p for p in image.profiles if p.id in profiles or p.name in profiles)) for image in found
    ]
    return [image for image in kept if image.profiles]


def check_file_name(value: t.Any, images: t.Sequence[Image]) -> str:
    """A name that the server told, when it can be asked for without harm. Raises ``bad_filename``."""
    ids = {image.id for image in images} | {profile.id for image in images for profile in image.profiles}
    if isinstance(value, str) and FILE_NAME.fullmatch(value) and value not in ids and value != "remoteFileServers":
        return value
    shown = repr(value)[:80].encode("ascii", "backslashreplace").decode()
    raise Failure(
        "bad_filename",
        f"the server named the export {shown}, which is not a name that can be downloaded safely.",
        "Fetch the export by hand, and report this name to the makers of the collection.",
    )


def check_source_file(value: str, images: t.Sequence[Image]) -> None:
    """The same for a name that the task gives; ``config_file_name``."""
    try:
        check_file_name(value, images)
    except Failure:
        raise bad_input(
            "config_file_name",
            "source_file is not the name of an export (letters, digits, '.', '_', '-', ending in .tar.gz).",
            "Give the filename that an earlier run returned, and run again.",
        ) from None


def file_path(filename: str) -> str:
    """Where an export is downloaded. ``filename`` was checked."""
    return "/osImages/" + segment(filename, "file name")


def export_step(profile: OsProfile, server: str, path: str, why: str) -> Step:
    """The GET that starts an export: here, or to ``path`` on the remote file server with the id ``server``."""
    query = (("serverId", server), ("path", path)) if server else ()
    return Step(
        operation="export",
        method="GET",
        path="/osImages/" + segment(profile.id, "profile id"),
        resource=profile.id if not server else f"{profile.id} to {server}:{path}",
        why=why,
        query=query,
    )


def accept_export(step: Step, data: t.Any) -> Accepted:
    """The answer: filename, jobID, result, messages (strings on the page). data: ``filename`` as told, ``warnings``."""
    warnings = api.check_result(data, step.what)
    filename = data.get("filename")
    job = api.job_id(data.get("jobID")) or api.job_id(data.get("jobId"))
    if job is None and not (isinstance(filename, str) and filename):
        raise Unproven("the server answered 200 without the id of a job and without a file name.")
    return Accepted(job, {"filename": filename if isinstance(filename, str) else "", "warnings": warnings})


def mentions(job: t.Any, profile: OsProfile, depth: int = 0) -> bool:
    """A job's entry names this profile somewhere, or a file that is named after it."""
    ending = f"_{profile.name}.tar.gz"
    return any(
        profile.id in text or _word_in(profile.name, text) or any(name.endswith(ending) for name in FILE_NAME.findall(text))
        for text in _texts(job, depth)
    )


def file_name_in(job: t.Any) -> str:
    """The one name of an export that a job's entry tells, or an empty text."""
    names = {match for text in _texts(job) for match in FILE_NAME.findall(text)}
    return names.pop() if len(names) == 1 else ""


def _text(value: t.Any) -> str:
    return str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""


def _word_in(name: str, text: str) -> bool:
    return bool(name) and re.search(rf"(?<![A-Za-z0-9_-]){re.escape(name)}(?![A-Za-z0-9_-])", text) is not None


def _texts(value: t.Any, depth: int = 0) -> t.Iterator[str]:
    """Every text in a JSON value, to a depth that a job's entry needs."""
    if isinstance(value, str):
        yield value[:10000]
    elif depth < 10:
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        for one in inner:
            yield from _texts(one, depth + 1)
