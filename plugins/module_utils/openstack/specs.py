# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user gives for a cluster profile: read, checked, compared. No network.

Rules of names, specs and metadata were read off Senlin 16.0.0. Checked here is what the service would answer with a
500, with a sentence that does not say what is wrong, or with harm.
"""

from __future__ import annotations

import json
import math
import re
import traceback
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure, MissingLibrary, bad_input
from ansible_collections.groundwork.provision.plugins.module_utils._text import clean

MAX_REQUEST = 1024 * 1024  # the service's limit for a request body
MAX_DEPTH = 200  # levels of nesting; no template comes near it
# Keys of ours in a profile's metadata: the request that made it, and the profiles that it took the place of.
MARKER, REPLACES = "groundwork_provision_request", "groundwork_provision_replaces"
OURS = (MARKER, REPLACES)

_NAME = re.compile(r"[A-Za-z0-9_.~-]{1,255}")
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_KEYS = ("type", "version", "properties")


def check_name(name: str) -> str:
    """A name as the service takes it (its own message says that names begin with a letter; they need not)."""
    if not _NAME.fullmatch(name):
        raise bad_input(
            "config_name",
            f"name {clean(name, 60)} is not 1 to 255 letters, digits and the characters _ . ~ -.",
            "Correct name and run again.",
        )
    return name


def check_id(text: str, noun: str = "profile") -> str:
    """A whole id, in lower case: the service takes anything shorter for a name or for the beginning of another id."""
    ident = text.strip().lower()
    if not _ID.fullmatch(ident):
        why = f"id {clean(text, 60)} is not a whole {noun} id (a UUID)."
        raise bad_input("config_id", why, "Give the whole id, or name, and run again.")
    return ident


def check_metadata(value: t.Any) -> dict[str, t.Any]:
    """Metadata in the shape that JSON gives it."""
    found = _plain(value, "metadata", "config_metadata")
    taken = [key for key in OURS if key in found]
    if taken:
        raise bad_input("config_metadata", f"metadata holds {taken[0]}, which the collection keeps for itself.", "Remove it and run again.")
    return found


def check_mapping(value: t.Any, option: str) -> dict[str, t.Any]:
    """A mapping of an option in the shape that JSON gives it."""
    return _plain(value, option, "config_mapping")


def check_spec(value: t.Any, option: str = "spec") -> dict[str, t.Any]:
    """A spec in the shape that JSON gives it: ``type``, ``version`` and ``properties``, nothing else."""
    spec = _plain(value, option, "config_spec")

    def refuse(why: str) -> Failure:
        return bad_input("config_spec", f"{option} {why}.", f"Correct {option} and run again.")

    missing = [key for key in _KEYS if key not in spec]
    if missing:
        raise refuse(f"lacks {' and '.join(missing)}")
    surplus = sorted(set(spec) - set(_KEYS))
    if surplus:
        raise refuse(f"holds {clean(', '.join(surplus), 80)}; beside type, version and properties there is nothing in a spec")
    if not isinstance(spec["type"], str) or not spec["type"].strip():
        raise refuse("has a type that is not a text like os.nova.server")
    version = spec["version"]
    if isinstance(version, bool) or not isinstance(version, (str, int, float)) or not str(version).strip():
        raise refuse("has a version that is neither a text nor a number like 1.0")
    if not isinstance(spec["properties"], dict):
        raise refuse("has properties that are not a mapping")
    return spec


def check_size(body: t.Any, what: str) -> None:
    """Refuse what is larger than the service takes."""
    size = len(json.dumps(body, ensure_ascii=False).encode("utf-8"))
    if size > MAX_REQUEST:
        why = f"the request for {clean(what, 80)} has {size} bytes; the service takes 1 MiB."
        raise bad_input("spec_too_large", why, "Make spec or metadata smaller and run again.")


def load(path: str) -> dict[str, t.Any]:
    """The spec in a JSON or YAML file, the same file that ``openstack cluster profile create --spec-file`` takes."""
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read(MAX_REQUEST * 2)
    except (OSError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "it is not UTF-8"
        why = f"spec_file {clean(path, 200)} cannot be read: {reason}."
        raise bad_input("config_spec_file", why, "Correct spec_file and run again.") from None
    return check_spec(_parse(text, path), f"spec_file {clean(path, 120)}")


def _parse(text: str, path: str) -> t.Any:
    if path.endswith(".json"):
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as exc:
            where = f" (line {exc.lineno})" if isinstance(exc, json.JSONDecodeError) else ""
            raise _not_parsed(path, f"JSON{where}") from None
    try:
        import yaml
    except ImportError:
        raise MissingLibrary("PyYAML", traceback.format_exc()) from None

    class Loader(yaml.SafeLoader):
        """Dates stay as they are written: heat_template_version is a text."""

    Loader.yaml_implicit_resolvers = {
        first: [(tag, regex) for tag, regex in found if tag != "tag:yaml.org,2002:timestamp"]
        for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    try:
        return yaml.load(text, Loader)  # Loader is a SafeLoader
    except (yaml.YAMLError, ValueError, RecursionError) as exc:
        mark = getattr(exc, "problem_mark", None)
        raise _not_parsed(path, "YAML" + (f" (line {mark.line + 1})" if mark is not None else "")) from None


def _not_parsed(path: str, kind: str) -> Failure:
    return bad_input("config_spec_file", f"spec_file {clean(path, 200)} is not valid {kind}.", "Correct the file and run again.")


def _plain(value: t.Any, option: str, code: str) -> dict[str, t.Any]:
    """A mapping with nothing in it that JSON or UTF-8 cannot carry; dates become texts, keys become texts."""
    if not isinstance(value, dict):
        raise bad_input(code, f"{option} is not a mapping.", f"Correct {option} and run again.")
    try:
        _check_depth(value)
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, default=_date)
        text.encode("utf-8")
        return json.loads(text)
    except (TypeError, ValueError, RecursionError):
        raise bad_input(
            code, f"{option} holds something that JSON cannot carry (a number that is not finite, binary data, ...).", f"Correct {option}."
        ) from None


def _check_depth(value: t.Any, left: int = MAX_DEPTH) -> None:
    """Raises ValueError for a value that is nested too deep. (From Python 3.12 on json writes what nothing else can walk.)"""
    if not left:
        raise ValueError
    if isinstance(value, (dict, list, tuple)):
        for one in value.values() if isinstance(value, dict) else value:
            _check_depth(one, left - 1)


def _date(value: t.Any) -> str:
    if hasattr(value, "isoformat"):
        return value.isoformat()
    raise TypeError


# -- comparing --------------------------------------------------------------------------------------------------------


def canonical(value: t.Any) -> str:
    """One text for equal JSON. 1 is not 1.0 and true is not "true": the service keeps what it was sent, to the letter."""
    return json.dumps(value, sort_keys=True)


def same_spec(one: t.Mapping[str, t.Any], other: t.Mapping[str, t.Any]) -> bool:
    """Equal, but that a version may be a number in one and a text in the other: both name the same type."""
    return canonical(_with_text_version(one)) == canonical(_with_text_version(other))


def _with_text_version(spec: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    return {**spec, "version": str(spec.get("version"))}


def differences(one: t.Any, other: t.Any, path: str = "spec") -> list[str]:
    """Where two values differ, as dotted paths. Values are not told: they may be secrets."""
    if isinstance(one, dict) and isinstance(other, dict):
        missing = math.nan  # equal to nothing that a spec can hold
        return [
            found
            for key in sorted(set(one) | set(other))
            for found in differences(one.get(key, missing), other.get(key, missing), f"{path}.{clean(key, 60)}")
        ]
    if path == "spec.version" and str(one) == str(other):
        return []
    return [] if canonical(one) == canonical(other) else [path]
