# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every option of the inventory plugins and every connection option of the modules, in every way that it can be given.

Usage: option_table.py FOLDER; prints JSON rows. Nothing is sent: what is looked at is the value that the reading gives, or the
refusal. The options come from the documentation, so that a new one is in the table. A process of its own, since Ansible's finder of
collections has to be there before anything is imported from one.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

import both_ways  # noqa: E402  (it stands on the path set above)
import yaml  # noqa: E402

CANARY = "s3cret-canary"
LITERAL = "a{{ 7 * 7 }}b{# c"  # a template to whoever takes it for one
FILE, ENVIRONMENT, VARIABLE = "file", "environment", "variable"
BLANK, MISSPELT, TEMPLATED, VAULTED, WRONG, GOOD = "blank", "misspelt", "templated", "vaulted", "wrong type", "good"

NEEDED = {
    "xclarity": {"endpoint": "https://x.example", "username": "u", "password": "pass-word"},
    "server_pool": {"endpoint": "https://x.example", "public_key": "u", "private_key": "pass-word", "group_id": "g"},
    "senlin_cluster": {},
}
SAME = ("group_id", "group_name")
SPECS = {"xclarity": "XCLARITY", "server_pool": "OPS_MANAGER", "senlin_cluster": "OPENSTACK"}
MAPPINGS = {"auth": {"username": "y"}}  # those with suboptions
EVALUATED_LATER = ("compose", "groups", "keyed_groups")


def good(name: str, option: dict[str, Any]) -> tuple[Any, Any]:
    """(a value as it is written, what it is read as)."""
    if name in MAPPINGS:
        return MAPPINGS[name], MAPPINGS[name]
    kind, choices = option.get("type", "str"), option.get("choices")
    if kind == "list":
        first = choices[-1] if choices else {"key": "x"} if option.get("elements") == "dict" else "x"
        return [first], [first]
    if choices:
        return choices[-1], choices[-1]
    return {
        "bool": ("no", False), "boolean": ("no", False), "int": ("7", 7), "integer": ("7", 7), "float": ("7.5", 7.5),
        "dict": ({"x": "y"}, {"x": "y"}), "path": ("/x", "/x"),
    }.get(kind, ("text_1", "text_1"))  # fmt: skip


def wrong(option: dict[str, Any], source: str) -> Any:
    """A value of another type; None where every value of this source is one."""
    kind = option.get("type", "str")
    if kind in ("dict", "raw") or (kind == "list" and not option.get("choices")):
        return None if source != FILE or kind == "raw" else 5 if kind == "dict" else {"x": CANARY}
    if kind in ("str", "path", "string") and not option.get("choices"):
        return {"password": CANARY} if source == FILE else None
    return CANARY


def ways(name: str, option: dict[str, Any], variables: list[str]) -> Iterator[dict[str, Any]]:
    """What stands in the file, in the environment and in the variables of the command line, for each kind and source."""
    written, _read = good(name, option)
    text = written if isinstance(written, str) else None
    plain = option.get("type", "str") in ("str", "string") and not option.get("choices")
    literal = f"/{LITERAL}" if option.get("type") == "path" else LITERAL  # a relative path may be refused
    for blank in ("", " ", None):
        yield {"kind": BLANK, "source": FILE, "file": {name: blank}}
    yield {"kind": BLANK, "source": VARIABLE, "file": {name: "{{ given }}"}, "variables": {"given": ""}}
    yield {"kind": MISSPELT, "source": FILE, "file": {name + "x": CANARY}}
    yield {"kind": MISSPELT, "source": VARIABLE, "file": {name: "{{ " + CANARY.replace("-", "_") + " }}"}}
    yield {"kind": GOOD, "source": FILE, "file": {name: written}}
    if text is not None:
        yield {"kind": TEMPLATED, "source": FILE, "file": {name: "{{ '" + text[0] + "' }}" + text[1:]}}
        yield {"kind": VAULTED, "source": FILE, "file": {name: text}, "vaulted": name}
    yield {"kind": TEMPLATED, "source": VARIABLE, "file": {name: "{{ given }}"}, "variables": {"given": written}}
    if plain:
        yield {"kind": VAULTED, "source": FILE, "file": {name: LITERAL}, "vaulted": name, "literal": LITERAL}
    for source in (FILE, VARIABLE):
        value = wrong(option, FILE)
        if value is not None:
            given = {"file": {name: value}} if source == FILE else {"file": {name: "{{ given }}"}, "variables": {"given": value}}
            yield {"kind": WRONG, "source": source, **given}
    for variable in variables:
        yield {"kind": BLANK, "source": ENVIRONMENT, "environment": {variable: ""}}
        yield {"kind": BLANK, "source": ENVIRONMENT, "environment": {variable: " "}}
        yield {"kind": MISSPELT, "source": ENVIRONMENT, "environment": {variable + "X": CANARY}}
        if text is not None:
            yield {"kind": GOOD, "source": ENVIRONMENT, "environment": {variable: text}}
        if plain or option.get("type") == "path":
            yield {"kind": TEMPLATED, "source": ENVIRONMENT, "environment": {variable: literal}, "literal": literal}
        else:
            yield {"kind": TEMPLATED, "source": ENVIRONMENT, "environment": {variable: "{{ true }}"}}
            yield {"kind": WRONG, "source": ENVIRONMENT, "environment": {variable: CANARY}}


class Reader:
    """Reads one file with the real plugin, up to the moment when it would ask the server."""

    def __init__(self, folder: Path) -> None:
        from ansible.parsing.vault import VaultLib, VaultSecret
        from ansible.plugins import loader

        self.folder = folder
        self.loader = loader.inventory_loader
        self.secrets = [("default", VaultSecret(b"open sesame"))]
        self.vault = VaultLib(self.secrets)
        try:
            from ansible.parsing.vault import VaultSecretsContext
        except ImportError:  # ansible-core 2.18: the file's loader has them
            return
        VaultSecretsContext.initialize(VaultSecretsContext(self.secrets))

    def definitions(self, plugin: str) -> dict[str, Any]:
        """The documented options, those of the fragments too."""
        from ansible import constants

        found = self.loader.get(f"groundwork.provision.{plugin}")
        return plain(constants.config.get_configuration_definitions("inventory", found._load_name))

    def inventory(self, plugin: str, way: dict[str, Any], needed: dict[str, Any], name: str) -> dict[str, Any]:
        from ansible.inventory.data import InventoryData
        from ansible.parsing.dataloader import DataLoader
        from ansible.plugins import inventory as base

        path = self.folder / f"table.{plugin}.yml"
        given = {"plugin": f"groundwork.provision.{plugin}", **needed, **way.get("file", {})}
        text = yaml.safe_dump({key: value for key, value in given.items() if key != way.get("vaulted")})
        if "vaulted" in way:
            secret = self.vault.encrypt(given[way["vaulted"]]).decode()
            text += f"{way['vaulted']}: !vault |\n" + "".join(f"  {line}\n" for line in secret.splitlines())
        path.write_text(text, encoding="utf-8")
        loader = DataLoader()
        loader.set_vault_secrets(self.secrets)
        found = self.loader.get(f"groundwork.provision.{plugin}")
        type(found)._rows = lambda self, path, cache: []
        before, base.load_extra_vars = base.load_extra_vars, lambda loader: dict(way.get("variables", {}))
        try:
            found.parse(InventoryData(), loader, str(path), cache=False)
        except Exception as exc:
            return {"refused": type(exc).__name__ + ": " + str(exc)}
        finally:
            base.load_extra_vars = before
        return {"value": given_of(found.get_option(name))}


def given_of(value: Any) -> Any:
    """Without the suboptions that are not set."""
    return plain({key: one for key, one in value.items() if one is not None} if isinstance(value, dict) else value)


def plain(value: Any) -> Any:
    return json.loads(json.dumps(value))


def module(spec: Any, way: dict[str, Any], needed: dict[str, Any], name: str) -> dict[str, Any]:
    """What a module with this spec is given. Ansible has evaluated templates and vaulted values by then."""
    from ansible_collections.groundwork.provision.plugins.module_utils import _module
    from ansible_collections.groundwork.provision.plugins.plugin_utils import in_process

    given = {**needed, **way.get("file", {})}
    if way.get("variables") or (way["kind"] == TEMPLATED and way["source"] == FILE):
        given[name] = way["variables"]["given"] if way.get("variables") else way["evaluated"]
    arguments = {**given, "_ansible_no_log": True}
    seen: list[Any] = []  # not by the result, where secrets are masked

    def body(run: Any) -> dict[str, Any]:
        seen.append(given_of(run.params.get(name)))
        return {"changed": False}

    text = in_process.run_here(lambda: _module.main(spec, body), arguments)
    found = json.loads(text)
    return {"refused": found["msg"], "printed": text} if found.get("failed") else {"value": seen[0], "printed": text}


def rows(folder: Path) -> Iterator[dict[str, Any]]:
    from ansible_collections.groundwork.provision.plugins.module_utils import _options

    reader = Reader(folder)
    ours = ("XCLARITY_", "OPS_MANAGER_", "OS_", "ANSIBLE_INVENTORY_CACHE", "ANSIBLE_CACHE", "ANSIBLE_INVENTORY_USE_EXTRA")
    clean = {key: value for key, value in os.environ.items() if not key.startswith(ours)}
    for plugin in NEEDED:
        spec = getattr(_options, SPECS[plugin])
        for name, option in reader.definitions(plugin).items():
            if name == "plugin":
                continue
            variables = [entry["name"] for entry in option.get("env") or ()]
            needed = {key: value for key, value in NEEDED[plugin].items() if key != name and not (name in SAME and key in SAME)}
            for way in ways(name, option, variables):
                way["evaluated"] = good(name, option)[0]
                os.environ.clear()
                os.environ.update({**clean, **way.get("environment", {})})
                row = {"plugin": plugin, "option": name, "told": option, **way, "inventory": reader.inventory(plugin, way, needed, name)}
                undefined = way["kind"] == MISSPELT and way["source"] == VARIABLE  # a task fails before its module is run
                if name in spec.options and not undefined:
                    row["module"] = module(spec, way, needed, name)
                yield plain(row)


if __name__ == "__main__":
    both_ways.start()
    print(json.dumps(list(rows(Path(sys.argv[1])))))
