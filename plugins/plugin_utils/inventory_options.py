# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the inventory plugins read their options: as strictly as a module, from the file, the environment and ansible.cfg.

Ansible's own reading takes a boolean that it does not know for false, an unknown option for nothing, and the environment
for templates. Here only the text of the inventory file is a template; what is vaulted, and all other sources, is literal.
No message shows a value: it could be a secret under a wrong name, and Jinja quotes what it cannot read.
"""

from __future__ import annotations

import inspect
import os
import typing as t

from ansible import constants
from ansible.errors import AnsibleParserError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.validation import check_type_dict

from ansible_collections.groundwork.provision.plugins.module_utils._options import Options, Spec, from_environment, is_blank, settle, strict
from ansible_collections.groundwork.provision.plugins.module_utils._text import clean
from ansible_collections.groundwork.provision.plugins.plugin_utils.inventory_hosts import MARKS_TRUST

# Ansible evaluates these itself, once for each host, and needs them as they stand in the file.
FOR_EACH_HOST = ("compose", "groups", "keyed_groups")

_TYPES = {"boolean": "bool", "integer": "int", "string": "str", "dictionary": "dict"}
_WANTED = {"bool": "true or false", "int": "a whole number", "float": "a number", "str": "text", "path": "text", "dict": "a mapping"}


def load(plugin: t.Any, path: str) -> dict[str, t.Any]:
    """What stands in an inventory file of ``plugin``."""
    load_file = plugin.loader.load_from_file
    trust = {"trusted_as_template": True} if "trusted_as_template" in inspect.signature(load_file).parameters else {}
    try:
        config = load_file(path, cache="none", **trust)  # not from Ansible's cache: meta: refresh_inventory reads it again
    except Exception:  # its text quotes the lines around the mistake
        raise AnsibleParserError(f"{path} is no valid YAML, or cannot be decrypted.") from None
    if not isinstance(config, t.Mapping):
        raise AnsibleParserError(f"{path} is empty or holds no mapping.")
    names = getattr(plugin, "_redirected_names", None) or [plugin.NAME]
    if config.get("plugin") not in names:
        raise AnsibleParserError(f"{path} names another inventory plugin than {plugin.NAME}.")
    return dict(config)


def read(
    plugin: t.Any,
    config: t.Mapping[str, t.Any],
    *,
    exclusive: t.Sequence[tuple[str, ...]] = (),
    nested: t.Mapping[str, Options] | None = None,
) -> dict[str, t.Any]:
    """Every documented option with its value. exclusive: groups of options of which one is set, since they say the same thing.
    nested: the suboptions of options that are mappings, as the modules have them."""
    definitions = constants.config.get_configuration_definitions(plugin.plugin_type, plugin._load_name)
    options = {name: _option(told) for name, told in definitions.items()}
    for name, suboptions in (nested or {}).items():
        options[name]["options"] = suboptions
    spec = Spec(options, mutually_exclusive=tuple(exclusive))
    aliases = {alias: name for name, option in spec.options.items() for alias in option.get("aliases", ())}
    unknown = sorted(clean(key, 60) for key in config if key not in spec.options and key not in aliases)
    if unknown:
        raise refused(f"unknown option {', '.join(unknown)}; options are {', '.join(sorted(spec.options))}.")
    given: dict[str, t.Any] = {}
    for key, value in config.items():
        name = aliases.get(key, key)
        value = value if name in FOR_EACH_HOST else _evaluated(plugin, name, spec.options[name], value)
        if is_blank(value):
            given.setdefault(name, value)
        elif is_blank(given.get(name)):
            given[name] = value
        else:
            raise refused(f"{name} is set twice, under two of its names.")
    # An empty text says something only where a text stands in its place by default (vars_prefix).
    found = settle({name: value for name, value in given.items() if not is_blank(value) or spec.options[name].get("default")}, spec)
    for group in exclusive:
        both = [name for name in group if name in found]
        if len(both) > 1:
            raise refused(f"{' and '.join(both)} say the same thing: set one of them.")
        if not both:
            raise refused(f"none of {', '.join(group)} is set.")
    values = {}
    for name, option in spec.options.items():
        if name in found and not (is_blank(found[name]) and option.get("default") is None):
            values[name] = typed(name, option, found[name], _source(name, option, given))
        elif definitions[name].get("ini"):
            values[name] = _from_ansible(plugin, name, option)
        elif option.get("required"):
            names = option["fallback"][1] if "fallback" in option else []
            raise refused(f"{name} is not set{''.join(f', in the file or as {one}' for one in names[:1])}.")
        else:
            default = option.get("default")
            values[name] = default if default is None else typed(name, option, default, "by default")
    for entry in values.get("keyed_groups") or ():
        _known_keys(entry, definitions["keyed_groups"].get("suboptions") or {})
    return values


def _option(told: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """An option of an argument spec from its documentation."""
    kind = told.get("type") or "str"
    option = {key: told[key] for key in ("choices", "elements", "default", "aliases", "required") if told.get(key) is not None}
    option["type"] = _TYPES.get(kind, kind)
    variables = [entry["name"] for entry in told.get("env") or ()]
    if variables:
        option["fallback"] = (from_environment, variables[::-1])  # of several Ansible prefers the last
    return option


def _source(name: str, option: t.Mapping[str, t.Any], given: t.Mapping[str, t.Any]) -> str:
    if not is_blank(given.get(name)) or "fallback" not in option:
        return "in the file"
    return f"in the environment variable {' or '.join(option['fallback'][1])}"


def typed(name: str, option: t.Mapping[str, t.Any], value: t.Any, source: str) -> t.Any:
    """The value of an option as its type. source: where it stands, in words. What is refused is not shown."""
    kind, choices, elements = option["type"], option.get("choices"), option.get("elements")
    wanted = f"one of {', '.join(map(str, choices))}" if choices else _WANTED.get(kind, f"a {kind}")
    if kind == "list":
        wanted = f"a list of {wanted.removeprefix('one of ')}" if choices else "a list" + (f" of {elements}" if elements else "")
    bad = refused(f"the value of {name} {source} has to be {wanted}.")
    if name in FOR_EACH_HOST:
        if not isinstance(value, t.Mapping if kind == "dict" else list):
            raise bad
        return value
    if "options" in option:
        value = _mapping(value, bad)
        unknown = sorted(clean(key, 60) for key in value if key not in _names(option["options"]))
        if unknown:
            raise refused(f"{name} has no {', '.join(unknown)}; it takes {', '.join(sorted(option['options']))}.")
    plain = {key: option[key] for key in ("type", "choices", "elements", "options") if key in option}
    if kind == "list" and isinstance(value, (list, tuple)) and any(isinstance(one, (t.Mapping, list)) for one in value):
        raise bad
    result = ArgumentSpecValidator(strict({name: plain})).validate({name: value})
    if result.error_messages:
        raise bad
    return result.validated_parameters[name]


def _mapping(value: t.Any, bad: AnsibleParserError) -> t.Mapping[str, t.Any]:
    """A mapping; "name=value" is one for Ansible."""
    if isinstance(value, str):
        try:
            return check_type_dict(value)
        except TypeError:
            raise bad from None
    if not isinstance(value, t.Mapping):
        raise bad
    return value


def _names(options: Options) -> set[str]:
    """The names of options, their aliases too."""
    return {name for key, option in options.items() for name in (key, *option.get("aliases", ()))}


def _known_keys(entry: t.Any, suboptions: t.Mapping[str, t.Any]) -> None:
    if not isinstance(entry, t.Mapping):
        raise refused("each entry of keyed_groups has to be a mapping.")
    unknown = sorted(clean(key, 60) for key in entry if suboptions and key not in suboptions)
    if unknown:
        raise refused(f"an entry of keyed_groups has no {', '.join(unknown)}; it takes {', '.join(sorted(suboptions))}.")


def _from_ansible(plugin: t.Any, name: str, option: t.Mapping[str, t.Any]) -> t.Any:
    """An option that ansible.cfg may set, or its default. The variables of the environment, blank ones by now, are not there for it."""
    variables = option["fallback"][1] if "fallback" in option else []
    blank = {one: os.environ.pop(one) for one in variables if one in os.environ}
    try:
        return constants.config.get_config_value(name, plugin_type=plugin.plugin_type, plugin_name=plugin._load_name)
    except Exception:  # its text quotes the value
        raise refused(f"the value of {name} in ansible.cfg has another type.") from None
    finally:
        os.environ.update(blank)


def _evaluated(plugin: t.Any, name: str, option: t.Mapping[str, t.Any], value: t.Any) -> t.Any:
    """The value without templates, in plain types."""
    plugin.templar.available_variables = plugin._vars or {}
    try:
        return _plain(plugin.templar, value, option["type"] in ("str", "path"))
    except Exception as exc:
        kinds = " ".join(type(one).__name__ for one in (exc, exc.__cause__, exc.__context__))
        why = "a variable in it is not defined" if "Undefined" in kinds else "it is no valid template" if "Syntax" in kinds else "it failed"
        told = "cannot be decrypted" if _is_vaulted(value) else f"cannot be evaluated as a template: {why}"
        raise refused(f"the value of {name} in the file {told}.") from None


def _plain(templar: t.Any, value: t.Any, text: bool) -> t.Any:
    """text: the option is one text, which an older Ansible would turn into a list where it looks like one."""
    if isinstance(value, t.Mapping):
        return {_plain(templar, key, True): _plain(templar, one, False) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(templar, one, False) for one in value]
    if _is_vaulted(value) or hasattr(value, "__UNSAFE__"):
        return str(value)
    if not isinstance(value, str):
        return value
    result = templar.template(value) if MARKS_TRUST else templar.template(value, convert_data=not text)
    return _untagged(result)


def _untagged(value: t.Any) -> t.Any:
    """The result of a template in plain types, so that nothing evaluates it once more."""
    if isinstance(value, t.Mapping):
        return {str(key): _untagged(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_untagged(one) for one in value]
    return str(value) if isinstance(value, str) or _is_vaulted(value) else value


def _is_vaulted(value: t.Any) -> bool:
    """A value behind ``!vault``; ansible-core 2.19 renamed its class."""
    return type(value).__name__ in ("EncryptedString", "AnsibleVaultEncryptedUnicode")


def refused(why: str) -> AnsibleParserError:
    """A mistake in the options, found before anything was sent."""
    return AnsibleParserError(f"{why[0].upper()}{why[1:]} No server was asked.")
