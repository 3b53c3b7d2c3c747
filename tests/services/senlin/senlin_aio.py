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
"""

from __future__ import annotations

import senlin.cmd  # must be the first import: it monkey-patches for eventlet

# isort: split

import os
import signal
import sys

# oslo.messaging imports futurist late and from two green threads at once, which on some Pythons
# is a circular import that ends the process: import it early.
import futurist  # noqa: F401
import senlin.conf
from oslo_log import log as logging
from oslo_service import service as oslo_service
from senlin import objects
from senlin.api.common import wsgi
from senlin.common import config, consts, messaging, profiler

CONF = senlin.conf.CONF


def main() -> None:
    config.parse_args(sys.argv, "senlin-api")  # the paste pipeline is looked up by this name
    logging.setup(CONF, "senlin-api")
    objects.register_all()
    messaging.setup()

    from senlin.conductor import service as conductor
    from senlin.engine import service as engine

    profiler.setup("senlin-api", CONF.host)
    launcher = oslo_service.ServiceLauncher(CONF)
    parts = os.environ.get("SENLIN_PARTS", "conductor,engine").split(",")
    if "conductor" in parts:  # every API call goes through it
        launcher.launch_service(conductor.ConductorService(CONF.host, consts.CONDUCTOR_TOPIC))
    if "engine" in parts:  # runs the actions of clusters and nodes: needed to bring a profile into use
        launcher.launch_service(engine.EngineService(CONF.host, consts.ENGINE_TOPIC))

    server = wsgi.Server("senlin-api", CONF.senlin_api)
    server.start(wsgi.load_paste_app(), default_port=CONF.senlin_api.bind_port)
    launcher.wait()


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    main()
