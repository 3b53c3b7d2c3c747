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
from ansible_collections.groundwork.provision.plugins.plugin_utils.in_process import InProcessAction


class ActionModule(InProcessAction):
    main = staticmethod({name}.main)
'''


def generate(root: Path) -> Generated:
    """A stub for each module. An action with a YAML file of documentation beside the modules is written by hand."""
    found = Generated()
    names = {module.name for module in modules.read_all(root)}
    found.files = [File(FOLDER / f"{name}.py", TEMPLATE.format(name=name), SOURCE) for name in sorted(names)]
    for file in sorted((root / FOLDER).glob("[!_]*.py")):
        if file.stem in names or (root / modules.FOLDER / f"{file.stem}.yml").exists():
            continue
        path = file.relative_to(root)
        if "(InProcessAction)" in file.read_text(encoding="utf-8"):
            found.files.append(File(path, None, SOURCE))
        else:
            found.problems.append(f"{path}: there is no module {file.stem}, and this is no stub; add the module or remove the file")
    return found
