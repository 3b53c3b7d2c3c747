# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the event sources read their options: as strictly as a module, from the rulebook and the environment. No value is shown."""

from __future__ import annotations

import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._options import Spec, is_blank, settle
from ansible_collections.groundwork.provision.plugins.module_utils._text import clean
from ansible_collections.groundwork.provision.plugins.plugin_utils.inventory_options import refused, typed


def read(given: t.Mapping[str, t.Any], spec: Spec) -> dict[str, t.Any]:
    """Every option of ``spec`` with its value, in its type. Raises AnsibleParserError, as the inventory plugins do."""
    aliases = {alias: name for name, option in spec.options.items() for alias in option.get("aliases", ())}
    unknown = sorted(clean(key, 60) for key in given if key not in spec.options and key not in aliases)
    if unknown:
        raise refused(f"unknown option {', '.join(unknown)}; options are {', '.join(sorted(spec.options))}.")
    found: dict[str, t.Any] = {}
    for key, value in settle(given, spec).items():
        name = aliases.get(key, key)
        if name in found:
            raise refused(f"{name} is set twice, under two of its names.")
        found[name] = value
    for group in spec.mutually_exclusive:
        both = [name for name in group if name in found]
        if len(both) > 1:
            raise refused(f"{' and '.join(both)} say the same thing: set one of them.")
    for group in spec.required_one_of:
        if not any(name in found for name in group):
            raise refused(f"none of {', '.join(group)} is set.")
    values = {}
    for name, option in spec.options.items():
        variables = option["fallback"][1] if "fallback" in option else []
        if name in found and not (is_blank(found[name]) and option.get("default") is None):
            written = any(key in given and not is_blank(given[key]) for key in (name, *option.get("aliases", ())))
            source = "in the rulebook" if written or not variables else f"in the environment variable {' or '.join(variables)}"
            values[name] = typed(name, option, found[name], source)
        elif option.get("required"):
            raise refused(f"{name} is not set{''.join(f', in the rulebook or as {one}' for one in variables[:1])}.")
        else:
            default = option.get("default")
            values[name] = default if default is None else typed(name, option, default, "by default")
    return values
