# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lenovo's pylxca 4.2.0, called by driver.py in an environment of its own."""

from __future__ import annotations

import json

import pylxca

con = None


def connect(url, user, password):
    """True when pylxca says that it is connected."""
    global con
    con = pylxca.connect(url, user, password, "True")
    return con is not None


def disconnect():
    return pylxca.disconnect(con)


def profiles(**options):
    return pylxca.configprofiles(con, subcmd="list", **options)


def activate(**options):
    return pylxca.configprofiles(con, subcmd="activate", **options)


def unassign(**options):
    return pylxca.configprofiles(con, subcmd="unassign", **options)


def rename(**options):
    return pylxca.configprofiles(con, subcmd="rename", **options)


def tasks(**options):
    return pylxca.tasks(con, **options)


def nodes(**options):
    return pylxca.nodes(con, **options)


def set_node(uuid, modify):
    """Power, lights and properties of a server: PUT /nodes/{uuid}."""
    return pylxca.nodes(con, uuid=uuid, modify=json.dumps(modify))


def devices(kind):
    """chassis, switches, ..."""
    return getattr(pylxca, kind)(con)


def manage(**options):
    return pylxca.manage(con, **options)


def unmanage(**options):
    return pylxca.unmanage(con, **options)


def credentials(**options):
    return pylxca.storedcredentials(con, **options)


def patterns(**options):
    return pylxca.configpatterns(con, **options)


def policies(**options):
    return pylxca.updatepolicy(con, **options)


def firmware(**options):
    return pylxca.updatecomp(con, **options)


def events():
    return pylxca.lxcalog(con)


def licences():
    return pylxca.license(con)


def osimages(subcmd, settings=None):
    more = {"osimages_dict": json.dumps(settings)} if settings else {}
    return pylxca.osimages(con, subcmd=subcmd, **more)


def request(method, path, body=None):
    """A call that pylxca has no command for, through its session, as its own REST layer makes them."""
    session = con.get_session()
    reply = session.request(method, con.get_url() + path, data=json.dumps(body) if body is not None else None, verify=False, timeout=60)
    kind = reply.headers.get("Content-Type", "")
    content = reply.json() if "json" in kind and reply.content else None
    return {"status": reply.status_code, "type": kind, "json": content, "size": len(reply.content)}


def sent_headers():
    """The headers that pylxca sends with every request."""
    return dict(con.get_session().headers)
