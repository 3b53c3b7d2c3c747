# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module's main inside another process: what it finds there, and what it leaves behind."""

from __future__ import annotations

import gc
import json

from ansible.module_utils.common import warnings

from ansible_collections.groundwork.provision.plugins.module_utils import _module
from ansible_collections.groundwork.provision.plugins.module_utils._options import Spec
from ansible_collections.groundwork.provision.plugins.plugin_utils import in_process


def test_what_others_warned_of_is_not_told(monkeypatch):
    """ansible-core 2.18 keeps warnings in a list, later ones in a dict of the process; a module begins without any."""
    stores = ("_global_warnings", "_global_deprecations")
    for name in stores:
        kind = type(getattr(warnings, name))
        monkeypatch.setattr(warnings, name, kind(["old"]) if kind is list else kind(old=None))
    before = [getattr(warnings, name) for name in stores]
    seen = []
    in_process.run_here(lambda: seen.extend(len(getattr(warnings, name)) for name in stores), {})
    assert seen == [0, 0]
    assert [getattr(warnings, name) for name in stores] == before


def test_the_memory_of_the_controller_stays_under_its_collector(monkeypatch):
    """A process of its own ends at once, so what it has imported is not looked through again; the controller goes on."""
    frozen = []
    monkeypatch.setattr(gc, "freeze", lambda: frozen.append("freeze"))
    monkeypatch.setattr(_module.signal, "signal", lambda number, handler: None)

    def main():
        _module.main(Spec({}), lambda run: {"changed": False})

    def process():
        _module.OWN_PROCESS = True
        main()

    assert json.loads(in_process.run_here(main, {}))["changed"] is False
    assert frozen == []
    assert json.loads(in_process.run_here(process, {}))["changed"] is False
    assert frozen == ["freeze"]
