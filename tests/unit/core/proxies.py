# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a proxy does with a connection: for servers of raw sockets."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Any

VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


def pump(source: Any, target: Any) -> None:
    """Carry bytes until one of the two ends."""
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    for one in (source, target):
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)


def tunnel(request: Any, wire: Any) -> None:
    """CONNECT: whatever the name, the port is on this machine; then bytes both ways, until somebody leaves."""
    assert request.method == "CONNECT", request
    port = int(request.target.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), 5) as server:
        wire.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        back = threading.Thread(target=pump, args=(server, wire.sock), daemon=True)
        back.start()
        pump(wire.sock, server)
        back.join(5)
    wire.fin()
