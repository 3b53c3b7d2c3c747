# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Senlin's API, conductor and engine in one process.

Nothing of Senlin is replaced: the paste pipeline, the RPC endpoints, the database code and the
service classes are those that senlin-api, senlin-conductor and senlin-engine start. They only run
side by side, so that oslo.messaging's in-process transport (fake://) carries the RPC and no
RabbitMQ is needed.

usage: senlin_aio.py --config-file senlin.conf
environment: SENLIN_PARTS, a comma list of conductor and engine (default both). Without the
conductor every call that needs it ends in 500 MessagingTimeout after rpc_response_timeout.
CONDUCTOR_STATE, a file that says alive or dead. MAX_MICROVERSION, the highest that is answered, for an older service.
PARENT_INTERVAL, seconds between two looks of an action at those of its nodes, where Senlin has 3 written down.
signals: USR1 stops the conductor, USR2 starts one again; the file tells when it is done.
"""

from __future__ import annotations

import senlin.cmd  # must be the first import: it monkey-patches for eventlet

# isort: split

import os
import pathlib
import signal
import sys

import eventlet

# oslo.messaging imports futurist late and from two green threads at once, which on some Pythons
# is a circular import that ends the process: import it early.
import futurist
import lifecycle
import senlin.conf
from oslo_log import log as logging
from oslo_service import service as oslo_service
from senlin import objects
from senlin.api.common import wsgi
from senlin.api.openstack.v1 import version
from senlin.common import config, consts, messaging, profiler

CONF = senlin.conf.CONF
EARLY = (futurist,)


def main() -> None:
    config.parse_args(sys.argv, "senlin-api")  # the paste pipeline is looked up by this name
    logging.setup(CONF, "senlin-api")
    objects.register_all()
    messaging.setup()

    # After messaging.setup(), as in Senlin's own commands.
    from senlin.conductor import service as conductor
    from senlin.engine import service as engine

    profiler.setup("senlin-api", CONF.host)
    if CONF.database.connection.startswith("sqlite"):
        lifecycle.take_turns()
    if os.environ.get("SERVER_ORDERS"):
        lifecycle.fake_servers(os.environ["SERVER_ORDERS"])
    if os.environ.get("MAX_MICROVERSION"):
        version.VersionController._MAX_API_VERSION = os.environ["MAX_MICROVERSION"]
    if os.environ.get("PARENT_INTERVAL"):
        lifecycle.look_at_children_every(float(os.environ["PARENT_INTERVAL"]))
    launcher = oslo_service.ServiceLauncher(CONF)
    running: list[conductor.ConductorService] = []
    state = pathlib.Path(os.environ["CONDUCTOR_STATE"])

    def start_conductor() -> None:
        if not running:
            running.append(conductor.ConductorService(CONF.host, consts.CONDUCTOR_TOPIC))
            launcher.launch_service(running[0])
        state.write_text("alive")

    def stop_conductor() -> None:
        if running:
            running.pop().stop()
        state.write_text("dead")

    parts = os.environ.get("SENLIN_PARTS", "conductor,engine").split(",")
    if "conductor" in parts:  # every API call goes through it
        start_conductor()
    if "engine" in parts:  # runs the actions of clusters and nodes: needed to bring a profile into use
        launcher.launch_service(engine.EngineService(CONF.host, consts.ENGINE_TOPIC))
    if "health" in parts:  # polls the nodes of clusters with a health policy
        from senlin.health_manager import service as health

        launcher.launch_service(health.HealthManagerService(CONF.host, consts.HEALTH_MANAGER_TOPIC))
    signal.signal(signal.SIGUSR1, lambda *_: eventlet.spawn_n(stop_conductor))
    signal.signal(signal.SIGUSR2, lambda *_: eventlet.spawn_n(start_conductor))

    server = wsgi.Server("senlin-api", CONF.senlin_api)
    server.start(wsgi.load_paste_app(), default_port=CONF.senlin_api.bind_port)
    launcher.wait()


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    main()
