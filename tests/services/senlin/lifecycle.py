# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the cluster life cycle needs beside senlin_aio.py: an sqlite that many engine threads can use, and servers that can fail.

take_turns(): one writing transaction at a time in this process. oslo.db opens every sqlite transaction with a plain BEGIN, so
of two green threads that both read and then write one gets "database is locked" at once (its snapshot is stale; waiting does not
help). Readers need no turn: some of Senlin's queries are run outside of any session and stay open until they are collected.

fake_servers(path): Senlin's own fake Nova (cloud_backend = openstack_test) forgets each server at once and says ACTIVE of any
id. This keeps a table of servers, answers 404 for those it does not know, and reads orders from the JSON file `path`, anew at each call:
  {"create": [{"error": "No valid host", "code": 500, "times": 2, "delay": 1.5, "name": "web-*"}],
   "delete": [...], "update": [...], "rebuild": [...], "reboot": [...],
   "status": {"<server id or *>": "ERROR"}, "gone": ["<server id>"]}
`times` counts down in memory (absent = for ever); `delay` alone only waits. The table is written to `path` + ".servers".

look_at_children_every(seconds): a cluster's action looks at those of its nodes every three seconds, which is most of the time that
a test takes. What it does when it has looked stays Senlin's own.
"""

from __future__ import annotations

import contextlib
import copy
import fnmatch
import json
import os
import pathlib
import time

import eventlet.semaphore
import greenlet


def take_turns() -> None:
    from senlin.db.sqlalchemy import api

    write = api.session_for_write
    turn = eventlet.semaphore.Semaphore()
    holder: list = [None]

    @contextlib.contextmanager
    def session_for_write():
        me = greenlet.getcurrent()
        if holder[0] is me:  # a write inside of a write is one transaction
            with write() as session:
                yield session
            return
        with turn:
            holder[0] = me
            try:
                with write() as session:
                    yield session
            finally:
                holder[0] = None

    api.session_for_write = session_for_write


def look_at_children_every(seconds: float) -> None:
    from senlin.engine.actions import cluster_action

    sleep = cluster_action.ClusterAction._sleep
    cluster_action.ClusterAction._sleep = lambda self, period: sleep(self, seconds if period == 3 else period)


def fake_servers(path: str) -> None:
    from oslo_utils import uuidutils
    from senlin.common import exception
    from senlin.drivers import sdk
    from senlin.tests.drivers.os_test import nova_v2

    orders_file, table_file = pathlib.Path(path), pathlib.Path(path + ".servers")
    servers: dict[str, dict] = json.loads(table_file.read_text()) if table_file.exists() else {}  # kept when only this process starts anew
    used: dict[str, int] = {}
    client = nova_v2.NovaClient
    original = {name: getattr(client, name) for name in ("server_create", "server_update")}

    def orders() -> dict:
        try:
            return json.loads(orders_file.read_text())
        except (OSError, ValueError):
            return {}

    def save() -> None:
        new = table_file.with_suffix(".new")
        new.write_text(json.dumps(servers, indent=1))
        os.replace(new, table_file)

    def obey(what: str, name: str) -> None:
        for order in orders().get(what, ()):
            if not fnmatch.fnmatch(name or "", order.get("name", "*")):
                continue
            key = json.dumps([what, order], sort_keys=True)
            if used.get(key, 0) >= order.get("times", 1 << 30):
                continue
            used[key] = used.get(key, 0) + 1
            time.sleep(order.get("delay", 0))
            if "error" in order:
                raise exception.InternalError(code=order.get("code", 500), message=order["error"])
            return

    def known(server: str) -> dict:
        if server not in servers or server in orders().get("gone", ()):
            raise exception.InternalError(code=404, message=f"No Server found for {server}")
        return servers[server]

    def create(self, **attrs):
        obey("create", attrs.get("name"))
        reply = original["server_create"](self, **attrs)
        given = {"id": reply.id, "name": attrs.get("name"), "metadata": attrs.get("metadata") or {}, "status": "ACTIVE"}
        given |= {"flavor": {"id": attrs.get("flavorRef", "1")}, "image": {"id": attrs.get("imageRef", "")}}
        servers[reply.id] = copy.deepcopy(self.fake_server_get) | given
        save()
        return reply

    def get(self, server):
        found = dict(known(server))
        status = orders().get("status", {})
        found["status"] = status.get(server, status.get("*", found["status"]))
        return sdk.FakeResourceObject(found)

    def change(what, **changes):
        def method(self, server, *args, **attrs):
            found = known(server)
            obey(what, found["name"])
            found.update(changes, **{k: v for k, v in attrs.items() if k in ("name", "metadata")})
            save()
            return sdk.FakeResourceObject(found)

        return method

    def delete(self, server, ignore_missing=True):
        if server not in servers:
            if ignore_missing:
                return
            raise exception.InternalError(code=404, message=f"No Server found for {server}")
        obey("delete", servers[server]["name"])
        del servers[server]
        save()

    def metadata_update(self, server, metadata):
        found = known(server)
        obey("update", found["name"])
        found["metadata"] = dict(found["metadata"], **metadata)
        save()
        return sdk.FakeResourceObject(found)

    def metadata_delete(self, server, keys):
        found = servers.get(server)
        if found:
            for key in keys:
                found["metadata"].pop(key, None)
            save()

    def resize(self, server, flavor):
        found = known(server)
        obey("update", found["name"])
        found["flavor"] = {"id": flavor}
        save()

    client.server_create = create
    client.server_get = get
    client.server_update = change("update")
    client.server_rebuild = change("rebuild", status="ACTIVE")
    client.server_reboot = change("reboot", status="ACTIVE")
    client.server_stop = change("update", status="SHUTOFF")
    client.server_start = change("update", status="ACTIVE")
    client.server_delete = delete
    client.server_force_delete = delete
    client.server_resize = resize
    client.server_metadata_get = lambda self, server: dict(known(server)["metadata"])
    client.server_metadata_update = metadata_update
    client.server_metadata_delete = metadata_delete
    client.validate_azs = lambda self, azs: [az for az in azs if az == "nova"]  # the one zone that the fake lists
    client.server_group_find = lambda self, name, ignore_missing=True: None
    client.server_group_create = lambda self, **attrs: sdk.FakeResourceObject(dict(attrs, id=uuidutils.generate_uuid()))
    client.server_group_delete = lambda self, group, ignore_missing=True: None
