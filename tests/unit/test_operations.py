# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every operation says what the driver asks it: what it leaves out would end a user's run in an error of Python."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

import pytest

from ansible_collections.groundwork.provision.plugins import module_utils
from ansible_collections.groundwork.provision.plugins.module_utils._operation import Operation

# It has no jobs, tells how every server stands, and of its states the one that is the end is good: there is nothing to ask.
NEVER_ASKED = {("Terminate", "not_reached")}


def every(of: type[Operation]) -> Iterator[type[Operation]]:
    for one in of.__subclasses__():
        yield one
        yield from every(one)


def ours() -> list[type[Operation]]:
    for system in ("openstack", "ops_manager", "xclarity"):
        package = importlib.import_module(f"{module_utils.__name__}.{system}")
        for module in pkgutil.iter_modules(package.__path__):
            importlib.import_module(f"{package.__name__}.{module.name}")
    return sorted((one for one in every(Operation) if one.__module__.startswith(module_utils.__name__)), key=lambda one: one.__name__)


@pytest.mark.parametrize("operation", ours(), ids=lambda one: one.__name__)
def test_an_operation_leaves_nothing_out(operation):
    missing = {name for name in ("read", "look", "not_reached") if getattr(operation, name) is getattr(Operation, name)}
    if operation.view is Operation.view and operation.diff is Operation.diff:
        missing.add("view")
    assert {(operation.__name__, name) for name in missing} <= NEVER_ASKED


def test_all_are_here():
    assert len(ours()) > 25
