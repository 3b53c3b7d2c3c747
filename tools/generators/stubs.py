"""The action plug-in of each module: plugins/action/NAME.py, one text for all of them."""

from __future__ import annotations

from pathlib import Path

from generators import File, Generated, modules

FOLDER = Path("plugins", "action")
SOURCE = "tools/generators/stubs.py"
TEMPLATE = '''\
# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs {name} in the controller where that gives the same result as a module; see plugin_utils/in_process.py."""

from __future__ import annotations

from ansible_collections.groundwork.provision.plugins.modules import {name}
from ansible_collections.groundwork.provision.plugins.plugin_utils.{file} import {base}


class ActionModule({base}):
    main = staticmethod({name}.main)
'''


# The file and the class that a stub is made of, by system.
BASES = {"openstack": ("clustering_action", "ClusteringAction")}
BASE = ("in_process", "InProcessAction")


def _stub(module: modules.Module) -> str:
    file, base = BASES.get(module.system, BASE)
    return TEMPLATE.format(name=module.name, file=file, base=base)


def generate(root: Path) -> Generated:
    """A stub for each module. An action with a YAML file of documentation beside the modules is written by hand."""
    found = Generated()
    described = modules.read_all(root)
    names = {module.name for module in described}
    found.files = [File(FOLDER / f"{module.name}.py", _stub(module), SOURCE) for module in described]
    for file in sorted((root / FOLDER).glob("[!_]*.py")):
        if file.stem in names or (root / modules.FOLDER / f"{file.stem}.yml").exists():
            continue
        path = file.relative_to(root)
        if any(f"({base})" in file.read_text(encoding="utf-8") for _file, base in (BASE, *BASES.values())):
            found.files.append(File(path, None, SOURCE))
        else:
            found.problems.append(f"{path}: there is no module {file.stem}, and this is no stub; add the module or remove the file")
    return found
