# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""openstacksdk 4.22.0, called by driver.py in an environment of its own."""

from __future__ import annotations

from openstack.connection import Connection

connection = None


def connect(auth, verify):
    global connection
    connection = Connection(auth=auth, verify=verify, region_name="RegionOne", clustering_default_microversion="1.14")


def _shown(profile):
    return None if profile is None else {
        "id": profile.id, "name": profile.name, "spec": profile.spec, "metadata": profile.metadata, "project": profile.project_id,
    }


def create(name, spec, **more):
    return _shown(connection.clustering.create_profile(name=name, spec=spec, **more))


def find(name):
    return _shown(connection.clustering.find_profile(name))


def update(ident, **values):
    return _shown(connection.clustering.update_profile(ident, **values))


def delete(ident):
    connection.clustering.delete_profile(ident, ignore_missing=False)


def validate(spec):
    return connection.clustering.validate_profile(spec=spec).name


def names(**query):
    return [profile.name for profile in connection.clustering.profiles(**query)]
