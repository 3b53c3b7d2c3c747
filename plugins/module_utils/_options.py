# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pieces of argument specs, one for one with the files of doc_fragments/, and how options are read.

One way of reading for modules and inventories (:func:`settle`): what is blank is not set; what the task (or the inventory
file) does not set comes from the environment; of two options that say the same thing, the nearer source decides for both.
"""

from __future__ import annotations

import dataclasses
import os
import typing as t

from ansible.module_utils.common.validation import check_type_dict, check_type_path, check_type_str
from ansible.module_utils.errors import AnsibleFallbackNotFound

from ansible_collections.groundwork.provision.plugins.module_utils._secret_names import masked, parsed
from ansible_collections.groundwork.provision.plugins.module_utils._text import MASK, clean

Options = dict[str, dict[str, t.Any]]


@dataclasses.dataclass(frozen=True)
class Spec:
    """What a module takes. ``a + b`` has the options and the rules of both. system: the kind of server that it is about."""

    options: Options = dataclasses.field(default_factory=dict)
    mutually_exclusive: tuple[tuple[str, ...], ...] = ()
    required_together: tuple[tuple[str, ...], ...] = ()
    required_one_of: tuple[tuple[str, ...], ...] = ()
    required_if: tuple[tuple[t.Any, ...], ...] = ()
    required_by: tuple[tuple[str, tuple[str, ...]], ...] = ()
    system: str | None = None

    def __add__(self, other: Spec) -> Spec:
        return Spec(
            {**self.options, **other.options},
            self.mutually_exclusive + other.mutually_exclusive,
            self.required_together + other.required_together,
            self.required_one_of + other.required_one_of,
            self.required_if + other.required_if,
            self.required_by + other.required_by,
            self.system or other.system,
        )

    def kwargs(self) -> dict[str, t.Any]:
        """Keyword arguments of AnsibleModule. Without the environment, which :func:`settle` has read by then."""
        return {
            "argument_spec": {name: _without(option, "fallback") for name, option in self.options.items()},
            "mutually_exclusive": list(self.mutually_exclusive),
            "required_together": list(self.required_together),
            "required_one_of": list(self.required_one_of),
            "required_if": list(self.required_if),
            "required_by": dict(self.required_by),
        }

    def rivals(self, name: str) -> set[str]:
        """The options that say the same thing as ``name`` in another way."""
        return {other for group in self.mutually_exclusive if name in group for other in group} - {name}


# -- reading ----------------------------------------------------------------------------------------------------------

def from_environment(*names: str) -> str:
    """The first of these environment variables that is not blank, letter for letter. An option's ``fallback``."""
    for name in names:
        value = os.environ.get(name, "")
        if value.strip():
            return value
    raise AnsibleFallbackNotFound


def settle(given: t.Mapping[str, t.Any], spec: Spec) -> dict[str, t.Any]:
    """What is set: ``given`` without what is blank, and what only the environment sets.

    A variable of the environment is not read for an option whose rival (group_name for group_id) is given.
    """
    aliases = {alias: name for name, option in spec.options.items() for alias in option.get("aliases", ())}
    near = {aliases.get(key, key) for key, value in given.items() if not is_blank(value)}
    # None of them was typed.
    untouched = {name for group in spec.required_together if not near & set(group) for name in group}
    found = {}
    for key, value in given.items():
        name = aliases.get(key, key)
        option = spec.options.get(name, {})
        empty = value is not None and may_be_blank(option) and name not in untouched and not near & spec.rivals(name)
        if empty or not is_blank(value):
            found[key] = _nested(value, option)
    for name, option in spec.options.items():
        if "fallback" in option and name not in near and not near & spec.rivals(name):
            function, arguments = option["fallback"]
            try:
                found[name] = function(*arguments)
            except AnsibleFallbackNotFound:
                continue
    return found


def named_twice(given: t.Mapping[str, t.Any], options: Options) -> list[str]:
    """The options that are set under two of their names to different values, as "group_name (project_name)". Ansible takes the alias then,
    also where the task has the name and ``module_defaults`` the alias."""
    found = []
    for name, option in options.items():
        values = {one: given[one] for one in (name, *option.get("aliases", ())) if not is_blank(given.get(one))}
        if len({str(value) for value in values.values()}) > 1:
            found.append(f"{name} ({', '.join(one for one in values if one != name)})")
        if _have_aliases(option.get("options", {})):  # else ten thousand rows would be looked through for nothing
            inside = next(iter(values.values()), None)
            for one in inside if isinstance(inside, list) else [inside]:
                found += named_twice(one, option["options"]) if isinstance(one, t.Mapping) else []
    return found


def _have_aliases(options: Options) -> bool:
    return any(option.get("aliases") or _have_aliases(option.get("options", {})) for option in options.values())


def is_blank(value: t.Any) -> bool:
    """Null, or a text without a letter, which surveys and templates leave where nothing was typed."""
    return value is None or (isinstance(value, str) and not value.strip())


def may_be_blank(option: t.Mapping[str, t.Any]) -> bool:
    """Whether an empty text is a value of this option: of plain text, such as a comment. (For a name the module says what is wrong.)"""
    return option.get("type", "str") == "str" and not any(option.get(key) for key in ("choices", "fallback", "no_log"))


def _nested(value: t.Any, option: t.Mapping[str, t.Any]) -> t.Any:
    """The same for the suboptions of one mapping or of several."""
    if "options" not in option:
        return value
    if isinstance(value, list):
        return [_nested(one, option) for one in value]
    if not isinstance(value, t.Mapping):
        return value
    exclusive, together, one_of = (
        tuple(map(tuple, option.get(rule, ()))) for rule in ("mutually_exclusive", "required_together", "required_one_of")
    )
    inner = Spec(option["options"], exclusive, together, one_of)
    return settle(value, inner)


def strict(options: Options) -> Options:
    """The same options, whose texts are texts: Ansible would write a mapping or a list out and take that."""
    checked = {}
    for name, option in options.items():
        kind = {"str": _text, "path": _path}.get(option.get("type", "str"))
        checked[name] = {**option, **({"type": kind} if kind else {})}
        if "options" in option:
            checked[name]["options"] = strict(option["options"])
    return checked


def _text(value: t.Any) -> str:
    if isinstance(value, (t.Mapping, list, tuple)):
        raise TypeError("it is no text")
    return check_type_str(value)


def _path(value: t.Any) -> str:
    return check_type_path(_text(value))


_text.__name__, _path.__name__ = "str", "path"  # what Ansible's message calls them


def out_of_place(given: t.Mapping[str, t.Any], options: Options) -> dict[str, t.Any]:
    """``given`` without the values that have no place: of unknown options, and of another shape than the option's.

    They are refused by name and type anyway, and could be a secret under a misspelt name: Ansible shows what a module was given.
    """
    aliases = {alias: name for name, option in options.items() for alias in option.get("aliases", ())}
    shown = {}
    for key, value in given.items():
        option = options.get(aliases.get(key, key))
        if option is None:
            shown[key] = value if str(key).startswith("_ansible_") else MASK
        elif isinstance(value, (t.Mapping, list)) and option.get("type", "str") not in ("dict", "list", "raw"):
            shown[key] = [] if isinstance(value, list) else {}
        elif "options" in option and isinstance(value, list) and option["type"] == "list":
            shown[key] = [_inside(one, option) for one in value]
        elif "options" in option and option["type"] == "dict":
            shown[key] = _inside(value, option)
        else:
            shown[key] = value
    return shown


def _inside(value: t.Any, option: t.Mapping[str, t.Any]) -> t.Any:
    """One mapping of suboptions. What is none is refused by its type; "name=value" is one for Ansible."""
    if isinstance(value, str) and value.strip():
        try:
            value = check_type_dict(value)
        except TypeError:
            return MASK
    if isinstance(value, t.Mapping):
        return out_of_place(value, option["options"])
    return value if is_blank(value) else [] if isinstance(value, list) else MASK


def is_free(option: t.Mapping[str, t.Any]) -> bool:
    """Whether an option takes data of a shape that it does not declare, so that the names in it tell what is secret."""
    return option.get("type") in ("dict", "raw") and "options" not in option


def free_values(params: t.Mapping[str, t.Any], options: Options) -> t.Iterator[t.Any]:
    """The data of all options that take some, also of those inside others."""
    for name, option in options.items():
        value = params.get(name)
        if is_free(option):
            yield parsed(value)
        elif "options" in option:
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, t.Mapping):
                    yield from free_values(one, option["options"])


def shown(params: t.Mapping[str, t.Any], options: Options) -> dict[str, t.Any]:
    """``params`` with a mask in place of each secret of such data."""
    found: dict[str, t.Any] = {}
    for name, value in params.items():
        option = options.get(name, {})
        if is_free(option):
            found[name] = masked(parsed(value))
        elif "options" in option and isinstance(value, list):
            found[name] = [shown(one, option["options"]) if isinstance(one, t.Mapping) else one for one in value]
        elif "options" in option and isinstance(value, t.Mapping):
            found[name] = shown(value, option["options"])
        else:
            found[name] = value
    return found


# What the action plugins hand over beside the options; see plugin_utils/in_process.py.
TASK = "_ansible_groundwork_task"
LOGINS = "_ansible_groundwork_logins"


# How Ansible refuses a text in place of suboptions, without the name of the option.
NO_DICTIONARY = ("dictionary requested", "unable to evaluate string as dictionary")


def no_dictionaries(given: t.Mapping[str, t.Any], options: Options) -> list[str]:
    """What to say instead, of each option with a text in place of suboptions. given: as :func:`out_of_place` has left it."""
    told = []
    for name, option in options.items():
        value = given.get(name)
        if "options" in option and isinstance(value, list):
            told += [f"argument '{name}' has an entry that is no dictionary"] if MASK in value else []
        elif "options" in option and option["type"] == "list" and isinstance(value, str):
            told.append(f"argument '{name}' is no list of dictionaries")
        elif "options" in option and value == MASK:
            told.append(f"argument '{name}' is no dictionary")
    return told


MISSING = "missing required arguments: "


def told_missing(msg: str, options: Options, unknown: t.Sequence[str] = ()) -> str:
    """Ansible's refusal of a task that does not set what it has to, with the other place that this is read from, and with the names that
    are no options, one of which may be what is missing, misspelt."""
    if unknown and not msg.startswith("Unsupported"):
        msg = f"{msg}. There is no option {', '.join(clean(name, 60) for name in unknown)}"
    names = msg.partition(". ")[0].removeprefix(MISSING).split(", ") if msg.startswith(MISSING) else []
    notes = [note for note in (_where(name, options.get(name, {})) for name in names) if note]
    return f"{msg}. {' '.join(notes)} A text that is blank counts as not set." if notes else msg


def _where(name: str, option: t.Mapping[str, t.Any]) -> str:
    """The environment variables that an option is read from, when the task does not set it, and how these stand."""
    if "fallback" not in option:
        return ""
    variables = option["fallback"][1]
    state = "is blank" if any(one in os.environ for one in variables) else "is not set either"
    return f"{name} is also read from the environment variable {' or '.join(variables)}, which {state}."


def _without(option: t.Mapping[str, t.Any], key: str) -> dict[str, t.Any]:
    return {name: value for name, value in option.items() if name != key}


# -- the pieces -------------------------------------------------------------------------------------------------------


def _env(name: str) -> tuple[t.Any, list[str]]:
    return (from_environment, [name])


def _connection(prefix: str) -> Options:
    return {
        "endpoint": {"type": "str", "required": True, "fallback": _env(f"{prefix}_ENDPOINT")},
        "validate_certs": {"type": "bool", "default": True, "fallback": _env(f"{prefix}_VALIDATE_CERTS")},
        "ca_path": {"type": "path", "fallback": _env(f"{prefix}_CA_PATH")},
        "use_proxy": {"type": "bool", "default": True, "fallback": _env(f"{prefix}_USE_PROXY")},
        "timeout": {"type": "float", "default": 30.0, "fallback": _env(f"{prefix}_TIMEOUT")},
    }


STATE_DIR: Options = {
    "state_dir": {"type": "path", "default": "~/.ansible/groundwork", "fallback": _env("GROUNDWORK_STATE_DIR")},
}

XCLARITY = Spec(
    {
        **_connection("XCLARITY"),
        "username": {"type": "str", "fallback": _env("XCLARITY_USERNAME")},
        "password": {"type": "str", "no_log": True, "fallback": _env("XCLARITY_PASSWORD")},
        "auth_method": {"type": "str", "choices": ["session", "basic"], "default": "session", "fallback": _env("XCLARITY_AUTH_METHOD")},
        "session": {"type": "dict", "no_log": True},
        "max_sessions": {"type": "int", "default": 3, "fallback": _env("XCLARITY_MAX_SESSIONS")},
        "session_timeout": {"type": "float", "default": 3600.0, "fallback": _env("XCLARITY_SESSION_TIMEOUT")},
        **STATE_DIR,
    },
    system="xclarity",
)

OPS_MANAGER = Spec(
    {
        **_connection("OPS_MANAGER"),
        "public_key": {"type": "str", "aliases": ["username"], "fallback": _env("OPS_MANAGER_PUBLIC_KEY")},
        "private_key": {"type": "str", "aliases": ["api_key"], "no_log": True, "fallback": _env("OPS_MANAGER_PRIVATE_KEY")},
        "group_id": {"type": "str", "aliases": ["project_id"], "fallback": _env("OPS_MANAGER_GROUP_ID")},
        "group_name": {"type": "str", "aliases": ["project_name"], "fallback": _env("OPS_MANAGER_GROUP_NAME")},
    },
    mutually_exclusive=(("group_id", "group_name"),),
    required_one_of=(("group_id", "group_name"),),
    system="ops_manager",
)

# As in the openstack.cloud collection: whatever is not given comes from clouds.yaml, or else from the OS_* variables. Those
# are read by openstacksdk (openstack/settings.py) and not by fallbacks, since a cloud of clouds.yaml must not be mixed with them.
OPENSTACK_AUTH: Options = {
    "auth_url": {"type": "str"},
    "username": {"type": "str"},
    "user_id": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "user_domain_id": {"type": "str"},
    "user_domain_name": {"type": "str"},
    "project_id": {"type": "str", "aliases": ["tenant_id"]},
    "project_name": {"type": "str", "aliases": ["tenant_name"]},
    "project_domain_id": {"type": "str"},
    "project_domain_name": {"type": "str"},
    "domain_id": {"type": "str"},
    "domain_name": {"type": "str"},
    "trust_id": {"type": "str"},
    "token": {"type": "str", "no_log": True},
    "application_credential_id": {"type": "str"},
    "application_credential_name": {"type": "str"},
    "application_credential_secret": {"type": "str", "no_log": True},
    "passcode": {"type": "str", "no_log": True},
}
OPENSTACK = Spec(
    {
        # A name, or a cloud written out as a mapping.
        "cloud": {"type": "raw"},
        # Not no_log as a whole: Ansible would then mask user, project and domain names wherever they turn up in a result.
        "auth": {"type": "dict", "options": OPENSTACK_AUTH},
        "auth_type": {"type": "str"},
        "region_name": {"type": "str"},
        "interface": {"type": "str", "choices": ["public", "internal", "admin"], "aliases": ["endpoint_type"]},
        "endpoint_override": {"type": "str"},
        "validate_certs": {"type": "bool", "aliases": ["verify"]},
        "ca_path": {"type": "path", "aliases": ["ca_cert"]},
        "use_proxy": {"type": "bool", "default": True},
        "timeout": {"type": "float", "default": 90.0},
    },
    system="openstack",
)

WAIT = Spec(
    {
        "wait": {"type": "bool", "default": True},
        "wait_timeout": {"type": "float", "default": 3600.0},
        "poll_interval": {"type": "float", "default": 5.0},
    }
)

# For what changes clusters, which do one thing at a time.
LOCKS = Spec({"lock_timeout": {"type": "float", "default": 300.0}})

# For what clusters and nodes use.
ON_USE = Spec({"on_use": {"type": "str", "choices": ["fail", "keep", "try"], "default": "fail"}})

# For what comes after a server was taken over.
VALIDATE_ONLY = Spec({"validate_only": {"type": "bool", "default": False}})

BULK = Spec(
    {
        "concurrency": {"type": "int", "default": 4},
        "on_failure": {"type": "str", "choices": ["continue", "stop"], "default": "continue"},
        "return_items": {"type": "str", "choices": ["all", "changed", "failed"], "default": "all"},
        "return_history": {"type": "str", "choices": ["short", "full"], "default": "short"},
    }
)

# For modules that start something: the lock, the record, and the time a lost request is looked for.
ONCE = Spec(
    {
        "reconcile_timeout": {"type": "float", "default": 15.0},
        "lock": {"type": "str", "choices": ["required", "best_effort"], "default": "required"},
        **STATE_DIR,
    }
)
