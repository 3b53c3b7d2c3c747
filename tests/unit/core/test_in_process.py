# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module's main inside another process: what it finds there, and what it leaves behind."""

from __future__ import annotations

from ansible.module_utils.common import warnings

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
