# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What openstacksdk, on which the other Ansible modules for OpenStack stand, does in the real service where ours does not.

Ours in the same situations: test_modules.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from openstack.connection import Connection
from real_cloud import Account

# The SDK warns of its own coming changes whenever it is used; they are not ours to heed.
pytestmark = [
    pytest.mark.filterwarnings("ignore::openstack.warnings.RemovedInSDK50Warning"),
    pytest.mark.filterwarnings("ignore::openstack.warnings.RemovedInSDK60Warning"),
]


@contextmanager
def sdk(account: Account) -> Iterator[Any]:
    """The clustering proxy of openstacksdk for an account."""
    connection = Connection(auth=account.login, verify=account.cloud.settings["ca"], region_name="RegionOne")
    try:
        yield connection.clustering
    finally:
        connection.close()


def test_the_sdk_deletes_another_profile_through_a_name_of_underscores(alone: Account, name: str, heat_spec: dict[str, Any]) -> None:
    alone.create(name, heat_spec)
    with sdk(alone) as clustering:
        clustering.delete_profile(clustering.find_profile("____"))
    assert alone.profiles() == []


def test_the_sdk_takes_another_projects_profile_for_an_admin(
    demo: Account, admin: Account, create: Any, name: str, heat_spec: dict[str, Any]
) -> None:
    theirs = create(demo, name, heat_spec)
    with sdk(admin) as clustering:
        found = clustering.find_profile(name)
        assert (found.id, found.project_id) == (theirs["id"], demo.project)
        assert found.project_id != admin.project
        clustering.delete_profile(found)
    assert demo.profiles(f"?name={name}") == []


def test_the_sdk_makes_a_second_profile_of_a_name(alone: Account, name: str, heat_spec: dict[str, Any]) -> None:
    with sdk(alone) as clustering:
        ids = {clustering.create_profile(name=name, spec=heat_spec).id for dummy in range(2)}
    assert {profile["id"] for profile in alone.profiles()} == ids
    assert len(ids) == 2
