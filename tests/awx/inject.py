# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Apply the injectors of a credential type as a controller does it, with the controller's own code (awx-plugins.interfaces).

Runs in the environment that `run` makes. Reads {type: ..., inputs: ..., folder: ...} and prints {env, safe, arguments}. Files are named as
they are in a container, below /runner, which is the private data directory ``folder``.
"""

from __future__ import annotations

import json
import sys

from awx_plugins.interfaces._temporary_private_api import ManagedCredentialType
from awx_plugins.interfaces._temporary_private_credential_api import Credential
from awx_plugins.interfaces._temporary_private_inject_api import inject_credential

told = json.load(sys.stdin)
one = told["type"]
kind = ManagedCredentialType(namespace="groundwork", name=one["name"], kind=one["kind"], inputs=one["inputs"], injectors=one["injectors"])
env: dict[str, str] = {}
safe: dict[str, str] = {}
arguments: list[str] = []
inject_credential(kind, Credential(told["inputs"]), env, safe, arguments, told["folder"])
json.dump({"env": env, "safe": safe, "arguments": arguments}, sys.stdout)
