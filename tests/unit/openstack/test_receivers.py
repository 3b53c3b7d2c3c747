# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which receiver is meant, and what of one may be shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure
from ansible_collections.groundwork.provision.plugins.module_utils.openstack import receivers
from ansible_collections.groundwork.provision.plugins.module_utils.openstack.receivers import Desired


def entry(ident: str, name: str = "out", kind: str | None = "webhook", cluster: str | None = "c1") -> dict[str, Any]:
    channel = {"alarm_url": f"https://senlin/v1/webhooks/{ident}/trigger?V=2"}
    return {"id": ident, "name": name, "type": kind, "cluster_id": cluster, "channel": channel}


def test_the_id_is_a_secret_of_all_but_receivers_of_messages():
    for kind in ("webhook", "another", None):
        one = entry("r1", kind=kind)
        assert receivers.secrets(one) == [one["channel"]["alarm_url"], "r1"]
        assert receivers.public(one)["id"] is None
    one = entry("r1", kind="message")
    assert ("r1" in receivers.secrets(one), receivers.public(one)["id"]) == (False, "r1")


def test_each_address_has_a_key_of_its_own():
    found = [entry("r1"), entry("r2", cluster="c2"), entry("r3"), entry("r4", name="in")]
    assert {key: url.split("/")[-2] for key, url in receivers.urls(found).items()} == {
        "c1/out": "r1", "c2/out": "r2", "c1/out (2)": "r3", "in": "r4",
    }  # fmt: skip


def test_no_receiver_is_meant_where_the_cluster_is_gone():
    """One of messages may have no cluster."""
    assert receivers.meant(Desired("out", "web"), None, [entry("r1", kind="message", cluster=None)]) is None


def test_no_step_is_known_by_the_id_of_a_webhook():
    made, gone = receivers.plan(Desired("out", "web", "CLUSTER_CHECK"), {"id": "c1", "name": "web"}, entry("r1") | {"action": "x"})
    assert {made.key, gone.key} == {"delete:c1/out", "create:c1/out"}


def test_a_count_is_judged_by_what_the_receiver_will_have():
    """Its action or its parameters may be those that are there. One that is left as it is, is not judged."""
    cluster = {"id": "c1", "name": "web"}
    broken = entry("r1") | {"action": "CLUSTER_SCALE_OUT", "params": {"count": -1}}
    for desired, found in (
        (Desired("out", "web", None, {"count": -1}), broken),
        (Desired("out", "web", "CLUSTER_SCALE_IN"), broken),
        (Desired("out", "web", "CLUSTER_SCALE_OUT"), broken | {"action": "CLUSTER_CHECK"}),
        (Desired("out", "web", None, {"count": "x"}), broken | {"params": {"count": 1}}),
    ):
        with pytest.raises(Failure, match=r"params\.count is"):
            receivers.plan(desired, cluster, found)
    assert receivers.plan(Desired("out", "web"), cluster, broken) == ()
    assert receivers.plan(Desired("out", "web", "CLUSTER_CHECK"), cluster, broken) != ()


def test_the_role_takes_the_actions_of_the_module():
    lists = Path(__file__).resolve().parents[3] / "roles/run_cluster/vars/main.yml"
    known = yaml.safe_load(lists.read_text(encoding="utf-8"))["run_cluster_lists"]["run_cluster_receivers"]["options"]["action"]
    assert known["choices"] == list(receivers.ACTIONS)
