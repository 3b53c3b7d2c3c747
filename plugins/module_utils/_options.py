# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pieces of argument specs, one for one with the files of doc_fragments/."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible.module_utils.basic import env_fallback

Options = dict[str, dict[str, t.Any]]


@dataclasses.dataclass(frozen=True)
class Spec:
    """What a module takes. ``a + b`` has the options and the rules of both."""

    options: Options = dataclasses.field(default_factory=dict)
    mutually_exclusive: tuple[tuple[str, ...], ...] = ()
    required_together: tuple[tuple[str, ...], ...] = ()
    required_one_of: tuple[tuple[str, ...], ...] = ()
    required_if: tuple[tuple[t.Any, ...], ...] = ()
    required_by: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def __add__(self, other: Spec) -> Spec:
        return Spec(
            {**self.options, **other.options},
            self.mutually_exclusive + other.mutually_exclusive,
            self.required_together + other.required_together,
            self.required_one_of + other.required_one_of,
            self.required_if + other.required_if,
            self.required_by + other.required_by,
        )

    def kwargs(self) -> dict[str, t.Any]:
        """Keyword arguments of AnsibleModule."""
        return {
            "argument_spec": dict(self.options),
            "mutually_exclusive": list(self.mutually_exclusive),
            "required_together": list(self.required_together),
            "required_one_of": list(self.required_one_of),
            "required_if": list(self.required_if),
            "required_by": dict(self.required_by),
        }


def _env(name: str) -> tuple[t.Any, list[str]]:
    return (env_fallback, [name])


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
        **STATE_DIR,
    }
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
)

# As in the openstack.cloud collection: whatever is not given comes from clouds.yaml, or else from the OS_* variables. Those
# are read in openstack/settings.py and not by fallbacks, since a cloud of clouds.yaml must not be mixed with them.
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
        "cloud": {"type": "str", "fallback": _env("OS_CLOUD")},
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
    }
)

WAIT = Spec(
    {
        "wait": {"type": "bool", "default": True},
        "wait_timeout": {"type": "float", "default": 3600.0},
        "poll_interval": {"type": "float", "default": 5.0},
    }
)

BULK = Spec(
    {
        "concurrency": {"type": "int", "default": 4},
        "on_failure": {"type": "str", "choices": ["continue", "stop"], "default": "continue"},
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
