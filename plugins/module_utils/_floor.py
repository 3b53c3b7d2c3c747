# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The oldest Python and the oldest libraries that the collection works with.

``_module.py`` imports this file and calls :func:`require_python` before it imports any other: an older Python may not even
compile those. So this file, ``_module.py`` and the files of the modules are written for every Python that Ansible runs modules with.
"""

from __future__ import annotations

import json
import sys
import typing as t

PYTHON = (3, 11)


def written(version: t.Sequence[int]) -> str:
    """``3.11`` for ``(3, 11)``."""
    return ".".join(str(number) for number in version)


def python_problem() -> str | None:
    """What to tell a user whose Python is too old; None when it is not."""
    found = tuple(sys.version_info[:3])
    if found >= PYTHON:
        return None
    return (
        "Python {found} ({path}) runs this module, and this collection needs Python {floor} or later. Nothing was changed. "
        "Install one on this host (on RHEL 9: dnf install python3.11 python3.11-requests) and set ansible_python_interpreter "
        "to it (/usr/bin/python3.11), or let the control node run the task with delegate_to: localhost."
    ).format(found=written(found), path=sys.executable or "python", floor=written(PYTHON))


def require_python() -> None:
    """End the module with that sentence where Python is too old. AnsibleModule would first ask for options that nobody has read yet."""
    problem = python_problem()
    if problem:
        error = {"code": "python_too_old", "hint": "Set ansible_python_interpreter to a newer Python."}
        sys.stdout.write(json.dumps({"failed": True, "changed": False, "outcome": "none", "msg": problem, "error": error}))
        raise SystemExit(1)


def too_old(library: str, found: str, floor: t.Sequence[int]) -> str:
    """The sentence for a library that is there but too old."""
    return "{} {} is installed, this collection needs {} or later. Upgrade it for {} and run again. Nothing was changed.".format(
        library, found, written(floor), sys.executable or "this Python"
    )
