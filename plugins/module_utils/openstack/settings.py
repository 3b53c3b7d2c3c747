# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the cloud is and who is asking: from the options, from clouds.yaml, or from the OS_* variables.

One source at a time: ``cloud`` names an entry of clouds.yaml (read by openstacksdk, with secure.yaml and what else it
knows), on which ``auth`` is laid; without it ``auth`` stands alone; without both the OS_* variables are read.
"""

from __future__ import annotations

import dataclasses
import logging
import os
import traceback
import typing as t
import warnings

from ansible_collections.groundwork.provision.plugins.module_utils._auth import check_secret
from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure, MissingLibrary, bad_input
from ansible_collections.groundwork.provision.plugins.module_utils._text import clean

SERVICE = "clustering"  # the service type of Senlin in the catalog

_SCOPE = ("project_id", "project_name", "project_domain_id", "project_domain_name", "trust_id")
_USER = ("user_id", "username", "user_domain_id", "user_domain_name")

# auth_type without its "v3" -> (settings that it takes beside auth_url, the secret among them)
TYPES: dict[str, tuple[tuple[str, ...], str]] = {
    "password": ((*_USER, *_SCOPE, "password"), "password"),
    "token": ((*_SCOPE, "token"), "token"),
    # such a credential brings its project with it, and Keystone refuses a request that names one
    "applicationcredential": (
        (*_USER, "application_credential_id", "application_credential_name", "application_credential_secret"),
        "application_credential_secret",
    ),
    "totp": ((*_USER, *_SCOPE, "passcode"), "passcode"),
}
SECRETS = tuple(secret for _settings, secret in TYPES.values())

# What other clients also read; the first that is set counts.
_ENV = {
    "project_id": ("OS_PROJECT_ID", "OS_TENANT_ID"),
    "project_name": ("OS_PROJECT_NAME", "OS_TENANT_NAME"),
    "token": ("OS_TOKEN", "OS_AUTH_TOKEN"),
}


@dataclasses.dataclass(frozen=True)
class Settings:
    """auth_type: one of :data:`TYPES`, or the name of another plug-in of keystoneauth1 that clouds.yaml asks for.
    auth: its settings. endpoint: overrides the catalog."""

    auth_type: str
    auth: dict[str, str]
    region_name: str | None = None
    interface: str = "public"
    endpoint: str | None = None
    validate_certs: bool = True
    ca_path: str | None = None


def read(params: t.Mapping[str, t.Any], environ: t.Mapping[str, str] | None = None) -> Settings:
    """The settings for the options of a run, checked. Nothing is sent. Raises ``config_*`` and :class:`MissingLibrary`."""
    environ = os.environ if environ is None else environ
    given = {key: value for key, value in (params["auth"] or {}).items() if value not in (None, "")}
    if params["cloud"]:
        found = _cloud(params["cloud"], given, params["auth_type"], params["region_name"])
    else:
        found = _plain(given, params["auth_type"], environ)
    changes = {
        "region_name": params["region_name"],
        "interface": params["interface"],
        "endpoint": params["endpoint_override"],
        "validate_certs": params["validate_certs"],
        "ca_path": params["ca_path"],
    }
    found = dataclasses.replace(found, **{key: value for key, value in changes.items() if value is not None})
    return _checked(found)


def _plain(given: dict[str, str], auth_type: str | None, environ: t.Mapping[str, str]) -> Settings:
    auth = dict(given)
    if not auth:
        auth_type = auth_type or environ.get("OS_AUTH_TYPE") or None
        everything = {key for settings, _secret in TYPES.values() for key in settings} | {"auth_url", "domain_id", "domain_name"}
        for key in everything:
            for name in _ENV.get(key, ("OS_" + key.upper(),)):
                if environ.get(name):
                    auth.setdefault(key, environ[name])
        if not auth:
            raise bad_input(
                "config_credentials",
                "there are no credentials: neither auth nor cloud is set, and no OS_* variable.",
                "Set auth, or cloud with a clouds.yaml, or the OS_* variables, and run again.",
            )
    auth = _domains(auth)
    auth_type = _known_type(auth_type or _guess(auth))
    takes = {"auth_url", *TYPES[auth_type][0]}
    surplus = sorted(set(given) - takes - {"domain_id", "domain_name"})
    if surplus:
        raise bad_input(
            "config_credentials",
            f"auth holds {', '.join(surplus)}, which the auth_type {auth_type} does not take.",
            "Remove it, or set auth_type, and run again.",
        )
    ca = environ.get("OS_CACERT") or None
    verify = environ.get("OS_INSECURE", "").strip().lower() not in ("1", "true", "yes", "on")
    interface = _interface(environ.get("OS_INTERFACE") or environ.get("OS_ENDPOINT_TYPE") or "public")
    return Settings(
        auth_type, {k: v for k, v in auth.items() if k in takes}, environ.get("OS_REGION_NAME") or None, interface, None, verify, ca
    )


def _guess(auth: t.Mapping[str, str]) -> str:
    if "application_credential_secret" in auth:
        return "applicationcredential"
    return "token" if "token" in auth and "password" not in auth else "password"


def _known_type(auth_type: str) -> str:
    short = auth_type.lower().replace("_", "").removeprefix("v3")
    if short not in TYPES:
        raise bad_input(
            "config_auth_type",
            f"the auth_type {clean(auth_type, 60)} is not known here.",
            f"Use one of {', '.join(TYPES)} (with or without v3 in front), or a cloud of clouds.yaml, and run again.",
        )
    return short


def _interface(name: str) -> str:
    return name.lower().removesuffix("url")


def _domains(auth: dict[str, str]) -> dict[str, str]:
    """One domain named for both: it is the user's and the project's, as other clients have it."""
    auth = dict(auth)
    for key in ("id", "name"):
        domain = auth.get("domain_" + key)
        for who in ("user", "project"):
            if domain and not any(auth.get(f"{who}_domain_{k}") for k in ("id", "name")):
                auth[f"{who}_domain_{key}"] = domain
    return auth


def _cloud(name: str, given: dict[str, str], auth_type: str | None, region: str | None) -> Settings:
    """One entry of clouds.yaml. Its files are looked for where openstacksdk looks for them (OS_CLIENT_CONFIG_FILE ...)."""
    try:
        from openstack.config import OpenStackConfig
        from openstack.exceptions import ConfigException
    except ImportError:
        raise MissingLibrary("openstacksdk", traceback.format_exc()) from None
    logging.getLogger("openstack").addHandler(logging.NullHandler())  # else its warnings go to the terminal
    more: dict[str, t.Any] = {key: value for key, value in (("auth_type", auth_type), ("region_name", region)) if value}
    if given:
        more["auth"] = given
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what it will drop some day, which is not the user's doing
            reader = OpenStackConfig()
            if reader.config_filename is None:
                raise _bad_cloud(name, "no clouds.yaml was found that is valid YAML")
            entry = reader.get_one(cloud=name, validate=False, **more)
            verify, cert = entry.get_requests_verify_args()
            override = entry.get_endpoint(SERVICE)
        config = entry.config
    except Failure:
        raise
    except ConfigException as exc:
        raise _bad_cloud(name, clean(exc, 200).rstrip(".")) from None
    except Exception as exc:  # of YAML, of the file system: their texts may quote the file
        raise _bad_cloud(name, f"{type(exc).__name__} while it was read") from None
    if cert:
        raise _bad_cloud(name, "it asks for a client certificate, which is not supported")
    auth = {key: str(value) for key, value in (config.get("auth") or {}).items() if value not in (None, "")}
    kind = str(config.get("auth_type") or "password")
    short = kind.lower().replace("_", "").removeprefix("v3")
    if short in TYPES:
        kind = short if auth_type or short != "password" else _guess(auth)
        takes = {"auth_url", *TYPES[kind][0]}
        auth = {key: value for key, value in _domains(auth).items() if key in takes}
    return Settings(
        kind,
        auth,
        config.get("region_name") or None,
        _interface(str(config.get("interface") or "public")),
        override or None,
        verify is not False,
        verify if isinstance(verify, str) else None,
    )


def _bad_cloud(name: str, why: str) -> Failure:
    return bad_input(
        "config_cloud",
        f"the cloud {clean(name, 80)} of clouds.yaml can not be used: {why}.",
        "Correct cloud, or clouds.yaml (OS_CLIENT_CONFIG_FILE names another file), and run again.",
    )


def _checked(settings: Settings) -> Settings:
    """What Keystone would refuse with less clear words."""
    auth = settings.auth
    if not auth.get("auth_url"):
        raise _lacks("auth_url", "the address of Keystone")
    if settings.auth_type not in TYPES:
        return settings
    takes, secret = TYPES[settings.auth_type]
    check_secret(auth.get(secret), f"auth.{secret}")
    named = "username" in auth and "user_id" not in auth
    if settings.auth_type in ("password", "totp") and not ({"username", "user_id"} & set(auth)):
        raise _lacks("username", "or user_id")
    by_name = "application_credential_name" in auth and {"username", "user_id"} & set(auth)
    if settings.auth_type == "applicationcredential" and "application_credential_id" not in auth and not by_name:
        raise _lacks("application_credential_id", "or application_credential_name with its user")
    if named and "user_domain_name" in takes and not ({"user_domain_id", "user_domain_name"} & set(auth)):
        raise _lacks("user_domain_name", "or user_domain_id, which a username needs")
    if "project_name" in auth and "project_id" not in auth and not ({"project_domain_id", "project_domain_name"} & set(auth)):
        raise _lacks("project_domain_name", "or project_domain_id, which a project_name needs")
    return settings


def _lacks(key: str, more: str) -> Failure:
    step = f"Set {key} in auth, clouds.yaml or OS_{key.upper()} and run again."
    return bad_input("config_credentials", f"auth.{key} is not set ({more}).", step)
