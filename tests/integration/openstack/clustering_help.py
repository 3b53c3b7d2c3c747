# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the clustering modules share. "The page" is the page "Create Profile" (POST /v1/profiles)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from simulator.client import Control

MODULE = "cluster_profile"
PROFILES = "/v1/profiles"
KEYS = ["created_at", "domain", "id", "metadata", "name", "project", "spec", "type", "updated_at", "user"]
MARKER, REPLACES = "groundwork_provision_request", "groundwork_provision_replaces"

# The request of the page, to the letter.
SEED: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "senlin" / "data" / "create_profile_request.json").read_text(encoding="utf-8")
)["profile"]
HEAT: dict[str, Any] = {"type": "os.heat.stack", "version": "1.0", "properties": {"template": {"heat_template_version": "2014-10-16"}}}
NOVA: dict[str, Any] = {
    "type": "os.nova.server",
    "version": "1.0",
    "properties": {"name": "node", "flavor": "1", "image": "image", "networks": [{"network": "private"}]},
}


def heat(timeout: int) -> dict[str, Any]:
    """A spec that differs from HEAT at spec.properties.timeout."""
    return {**HEAT, "properties": {**HEAT["properties"], "timeout": timeout}}


def changing(sim: Control, since: int = 0) -> list[tuple[str, str]]:
    """The requests that change something, as the service saw them."""
    return [(e["method"], e["path"]) for e in sim.log(since=since, system="clustering", changing=True)]


def there(sim: Control, project: str = "demo") -> list[dict[str, Any]]:
    """The profiles of a project, as the service has them."""
    state = sim.state("clustering")
    return [one for one in state["profiles"] if one["project"] == state["projects"][project]]


def seed(sim: Control, name: str, spec: dict[str, Any] | None = None, project: str = "demo", **more: Any) -> None:
    spec = HEAT if spec is None else spec
    sim.seed(clustering={"profiles": [{"name": name, "spec": spec, "project": project, **more}]})


def use(sim: Control, profile: str, cluster: str = "web-cluster") -> None:
    """Make a profile used by a cluster."""
    sim.seed(clustering={"clusters": [{"name": cluster, "profile": profile, "project": "demo"}]})
