# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The user and password of a proxy are secrets of every run that uses it."""

from __future__ import annotations

import base64

import pytest
from chaos.clocks import SkippingClock

from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils._text import MASK
from ansible_collections.groundwork.provision.plugins.module_utils.ops_manager import api as ops_manager
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import api as xclarity

COMMON = {"endpoint": "https://server.example", "validate_certs": True, "ca_path": None, "use_proxy": True, "timeout": 5.0}


@pytest.mark.parametrize(
    "connect, more",
    [
        (xclarity.connect, {"username": "me", "password": "Passw0rd-1"}),
        (ops_manager.connect, {"public_key": "me", "private_key": "Passw0rd-1"}),
    ],
    ids=["xclarity", "ops_manager"],
)
def test_the_password_of_a_proxy_is_masked(monkeypatch, connect, more):
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("https_proxy", "http://me:pr0xy%40word@proxy.example:3128")
    run = Run({**COMMON, **more}, clock=SkippingClock())
    connect(run)
    coded = base64.b64encode(b"me:pr0xy@word").decode()
    assert run.redactor.text(f"it said pr0xy@word and {coded}") == f"it said {MASK} and {MASK}"
