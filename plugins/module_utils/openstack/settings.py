# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the cloud is and how to sign in: openstacksdk resolves it, from the options, clouds.yaml or the OS_* variables.

What the task says stands alone once it says where Keystone is; else it is laid over the cloud that OS_CLOUD names, or else
over the OS_* variables. Read by ``openstack.config``: clouds.yaml, secure.yaml, vendor profiles, regions, old names. Decided
here: which source counts, that blank is not set, and that only a plain "no" turns the verification of certificates off.
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
# keystoneauth1's names for them
_LOADERS = {"password": "password", "token": "token", "applicationcredential": "v3applicationcredential", "totp": "v3totp"}

# Settings that say the same thing: the nearer source that has one decides for all of its row.
_SAME = (
    {"user_id", "username", "user_name"},
    {"project_id", "project_name", "tenant_id", "tenant_name"},
    {"user_domain_id", "user_domain_name"},
    {"project_domain_id", "project_domain_name"},
    {"application_credential_id", "application_credential_name"},
    {"auth_token", *SECRETS},
)
_DOMAINS = {"domain_id", "domain_name"}  # for both the user and the project
_DEFAULT_DOMAINS = {"default_domain_id", "default_domain_name"}  # the same, where neither is told
_OLD_NAMES = {"tenant_id", "tenant_name", "user_name"}

# Keywords of openstack.connect() that say nothing of the cloud.
_NO_SETTINGS = {"app_name", "app_version", "options", "argparse", "validate", "load_yaml_config", "load_envvars", "vendor_hook"}


@dataclasses.dataclass(frozen=True)
class Settings:
    """auth_type: one of :data:`TYPES`, or the name of another plug-in of keystoneauth1, which is then made: ``plugin``.
    auth: its settings. secrets: which of them are. interface: one, or several in their order. endpoint: overrides the catalog."""

    auth_type: str
    auth: dict[str, str]
    region_name: str | None = None
    interface: str | tuple[str, ...] = "public"
    endpoint: str | None = None
    validate_certs: bool = True
    ca_path: str | None = None
    service_type: str = SERVICE
    service_name: str | None = None
    secrets: tuple[str, ...] = SECRETS
    plugin: t.Any = None


def read(params: t.Mapping[str, t.Any], environ: t.Mapping[str, str] | None = None) -> Settings:
    """The settings for the options of a run, checked. Nothing is sent. Raises ``config_*`` and :class:`MissingLibrary`."""
    environ = os.environ if environ is None else environ
    asked, given = _asked(params)
    found = _resolve(asked, given, environ)
    changes = {
        "region_name": params["region_name"],
        "interface": params["interface"],
        "endpoint": params["endpoint_override"],
        "validate_certs": params["validate_certs"],
        "ca_path": params["ca_path"],
    }
    found = dataclasses.replace(found, **{key: value for key, value in changes.items() if not _blank(value)})
    return _checked(found)


def _asked(params: t.Mapping[str, t.Any]) -> tuple[dict[str, t.Any], dict[str, str]]:
    """What the task asks of openstacksdk, and of that the settings of ``auth``. Blank ones are left out."""
    cloud = params["cloud"]
    if isinstance(cloud, t.Mapping):
        beside = ("auth", "auth_type", "region_name", "interface", "endpoint_override", "validate_certs", "ca_path")
        both = [name for name in beside if not _blank(params[name]) and params[name] != {}]
        if both:
            why = f"cloud is a mapping, and {', '.join(both)} is set beside it."
            raise bad_input("config_options", why, "Put it into the mapping, or name the cloud, and run again.")
        asked = {str(key).replace("-", "_"): value for key, value in cloud.items()}
        asked = {key: value for key, value in asked.items() if key not in _NO_SETTINGS and not _blank(value)}
        auth = asked.pop("auth", {})
    elif cloud is None or isinstance(cloud, str):
        asked = {key: params[key] for key in ("cloud", "auth_type", "region_name") if not _blank(params[key])}
        auth = params["auth"] or {}
        if not _blank(cloud) and isinstance(auth, t.Mapping) and not _blank(auth.get("auth_url")):
            # The one may be of the task and the other of module_defaults: which of them is meant is not known here.
            why = f"cloud names {clean(cloud, 80)}, and auth has an auth_url of its own: that may be another cloud."
            raise bad_input("config_options", why, "Set one of them, in the task and in module_defaults, and run again.")
    else:
        auth = None
    if not isinstance(auth, t.Mapping):
        why = "cloud is neither a name nor a mapping with a mapping auth."
        raise bad_input("config_cloud", why, "Give the name of a cloud, or its settings, and run again.")
    return asked, {str(key).replace("-", "_"): value for key, value in auth.items() if not _blank(value)}


def _blank(value: t.Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _resolve(asked: dict[str, t.Any], given: dict[str, str], environ: t.Mapping[str, str]) -> Settings:
    """Let openstacksdk put it together. asked: keywords of its get_one; given: those that stand below ``auth``."""
    name = asked.pop("cloud", None)
    whole = name is None and ("profile" in asked or "auth_url" in given or {"auth_url", "os_auth_url"} & set(asked))
    if name is None and not whole and not _blank(environ.get("OS_CLOUD")):
        name = environ["OS_CLOUD"]
    base = {} if name or whole else _variables(environ)
    if not (name or whole or base or given or asked):
        raise bad_input(
            "config_credentials",
            "there are no credentials: neither auth nor cloud is set, and no OS_* variable.",
            "Set auth, or cloud with a clouds.yaml, or the OS_* variables, and run again.",
        )
    source = f"the cloud {clean(name, 80)} of clouds.yaml" if name else "the cloud of the OS_* variables" if base else "the cloud"
    try:
        from keystoneauth1 import exceptions
        from openstack.exceptions import ConfigException

        reader = _reader(given, asked.get("auth_type"), named=bool(name))
    except ImportError:
        raise MissingLibrary("openstacksdk", traceback.format_exc()) from None
    except Exception as exc:  # of YAML, of the file system: their texts may quote the file
        raise _bad_cloud(source, f"{type(exc).__name__} while it was read") from None
    if base:
        if "region_name" in asked:
            base.pop("region_name", None)  # openstacksdk would take it for the only region that there is
        reader.cloud_config["clouds"] = {reader.envvar_key: base}
        name = reader.envvar_key
    elif name and reader.config_filename is None and name != reader.envvar_key:
        raise _bad_cloud(source, "no clouds.yaml was found that is valid YAML")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what it will drop some day, which is not the user's doing
            return _settings(reader.get_one(cloud=name, **asked))
    except Failure:
        raise
    except exceptions.NoMatchingPlugin:
        raise bad_input(
            "config_auth_type",
            f"the auth_type of {source} is no plug-in of keystoneauth1.",
            f"Use {', '.join(TYPES)} (with or without v3 in front) or another of its plug-ins, and run again.",
        ) from None
    except exceptions.MissingRequiredOptions as exc:
        raise _lacks(exc.options[0].dest, f"for the auth_type of {source}") from None
    except exceptions.ClientException as exc:
        why = f"{source} cannot be used: {clean(exc, 200).rstrip('.')}."
        raise bad_input("config_credentials", why, "Correct auth and run again.") from None
    except ConfigException as exc:
        told = clean(exc, 200).rstrip(".")  # some of its other texts quote the entry
        raise _bad_cloud(source, told if told.startswith(("Cloud ", "Region ")) else "openstacksdk does not take what it says") from None
    except TypeError:
        raise _bad_cloud(source, "its settings do not fit its auth_type") from None
    except Exception as exc:  # their texts may quote a value
        raise _bad_cloud(source, f"{type(exc).__name__} while it was read") from None


def _variables(environ: t.Mapping[str, str]) -> dict[str, str]:
    """The OS_* variables as openstacksdk names them, without blank ones. (It reads all of them itself, blank ones as values.)"""
    found = {key[3:].lower(): value for key, value in environ.items() if key.startswith("OS_") and not _blank(value)}
    selectors = ("cloud", "cloud_name", "client_config_file", "client_secure_file")
    return {key: value for key, value in found.items() if key not in selectors and not key.startswith(("test", "std", "log"))}


def _reader(given: dict[str, str], auth_type: str | None, *, named: bool) -> t.Any:
    """openstacksdk's reader, which lays ``given`` over what it finds. named: a cloud of clouds.yaml; else no file of clouds is read."""
    from openstack.config import OpenStackConfig

    logging.getLogger("openstack").addHandler(logging.NullHandler())  # else its warnings go to the terminal
    near = {one for row in _SAME if row & set(given) for one in row} | set(given)
    if _DOMAINS & set(given):
        near |= {one for one in (*_USER, *_SCOPE) if "_domain_" in one} | _DOMAINS

    class Reader(OpenStackConfig):
        def magic_fixes(self, config: dict[str, t.Any]) -> dict[str, t.Any]:
            """Called with all sources merged, before old names are translated."""
            for section in (config, config["auth"]):
                for key in [key for key, value in section.items() if key.replace("-", "_") in near or value == ""]:
                    if key != "region_name":
                        del section[key]
            config["auth"].update(given)
            if "insecure" in config:
                config["insecure"] = _yes(config["insecure"], "insecure", False)
            config = super().magic_fixes(config)
            kind = None if auth_type is None and near & set(SECRETS) else config.get("auth_type")
            config["auth_type"] = _kind(kind, {**config, **config["auth"]}, fixed=auth_type is not None)
            return config

        def auth_config_hook(self, config: dict[str, t.Any]) -> dict[str, t.Any]:
            """Called before the plug-in is made, which does not take what another one needs."""
            short = config["auth_type"].removeprefix("v3")
            if short in TYPES:
                takes = {"auth_url", *TYPES[short][0], *_DEFAULT_DOMAINS}
                surplus = sorted(set(given) - takes - _DOMAINS - _OLD_NAMES)
                if surplus:
                    raise bad_input(
                        "config_credentials",
                        f"auth holds {', '.join(surplus)}, which the auth_type {short} does not take.",
                        "Remove it, or set auth_type, and run again.",
                    )
                config["auth"] = {key: value for key, value in config["auth"].items() if key in takes | _OLD_NAMES}
            return config

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Reader() if named else Reader(config_files=[], secure_files=[], load_envvars=False)


def _kind(kind: str | None, settings: t.Mapping[str, t.Any], *, fixed: bool) -> str:
    """The plug-in: the one that is named, with or without v3; where none is, or the default one lacks its secret, by the secret."""
    short = str(kind or "password").lower().replace("_", "").removeprefix("v3")
    if short not in TYPES:
        return str(kind)
    if short == "password" and not fixed and not settings.get("password"):
        short = next((one for one in ("applicationcredential", "token", "totp") if settings.get(TYPES[one][1])), short)
    return _LOADERS[short]


def _yes(value: t.Any, setting: str, default: bool) -> bool:
    """A setting that turns verification on or off: nothing but what Ansible takes for a boolean; blank is not set."""
    if _blank(value):
        return default
    word = str(value).strip().lower()
    if word in ("true", "yes", "on", "1", "y", "t"):
        return True
    if word in ("false", "no", "off", "0", "n", "f"):
        return False
    raise bad_input("config_cloud", f"{setting} is neither true nor false.", f"Correct {setting} and run again.")


def _settings(entry: t.Any) -> Settings:
    """What the resolved cloud says."""
    config = entry.config
    if not _blank(config.get("cert")):
        raise _bad_cloud(f"the cloud {clean(entry.name, 80)}", "it asks for a client certificate, which is not supported")
    verify = _yes(config.get("verify"), "verify", True) and not config.get("insecure")
    auth = {key: str(value) for key, value in config["auth"].items() if not _blank(value)}
    kind = str(config["auth_type"])
    short = kind.removeprefix("v3")
    plugin, secrets = None, SECRETS
    if short in TYPES:
        kind = short
        for key in ("id", "name"):
            for who in ("user", "project"):
                if f"default_domain_{key}" in auth and not {f"{who}_domain_id", f"{who}_domain_name"} & set(auth):
                    auth[f"{who}_domain_{key}"] = auth[f"default_domain_{key}"]
        auth = {key: value for key, value in auth.items() if key in ("auth_url", *TYPES[short][0])}
    else:
        from keystoneauth1 import loading

        plugin = entry.get_auth()
        secrets = tuple(one.dest for one in loading.get_plugin_loader(kind).get_options() if one.secret)
    told = entry.get_interface(SERVICE) or "public"
    interfaces = tuple(str(one).lower().removesuffix("url") for one in ([told] if isinstance(told, str) else told) if one)
    return Settings(
        kind,
        auth,
        entry.get_region_name(SERVICE) or None,
        interfaces[0] if len(interfaces) == 1 else interfaces,
        entry.get_endpoint(SERVICE) or None,
        verify,
        None if _blank(config.get("cacert")) else os.path.expanduser(config["cacert"]),
        entry.get_service_type(SERVICE) or SERVICE,
        entry.get_service_name(SERVICE) or None,
        secrets,
        plugin,
    )


def _bad_cloud(source: str, why: str) -> Failure:
    return bad_input(
        "config_cloud",
        f"{source} cannot be used: {why}.",
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
