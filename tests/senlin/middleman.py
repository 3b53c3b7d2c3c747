# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plain HTTP server before the clustering service, which a test lets change, hold up or lose single answers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests

# Set anew by each side.
HOP = {"connection", "content-length", "date", "host", "server", "transfer-encoding"}


@dataclass
class Passing:
    """A request on its way. A hook may change it before `forward`; `number` counts those of one method and path."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    target: str
    number: int

    def forward(self) -> requests.Response:
        with requests.Session() as session:
            session.trust_env = False
            return session.request(
                self.method, self.target + self.path, headers=self.headers, data=self.body, timeout=90, allow_redirects=False
            )


Hook = Callable[[Passing], requests.Response]


@dataclass
class Middleman:
    """url: where it listens. log: method and path (without query) of every request, in order."""

    url: str
    log: list[tuple[str, str]] = field(default_factory=list)

    def count(self, method: str, path: str) -> int:
        return self.log.count((method, path))


@contextmanager
def between(target: str, hook: Hook) -> Iterator[Middleman]:
    """A middleman before `target`, which asks `hook` for the answer to every request."""
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP}
            key = (self.command, self.path.partition("?")[0])
            with lock:
                middleman.log.append(key)
                number = middleman.log.count(key)
            reply = hook(Passing(self.command, self.path, headers, body, target, number))
            self.send_response_only(reply.status_code)
            for name, value in reply.headers.items():
                if name.lower() not in HOP:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.content)))
            self.end_headers()
            self.wfile.write(reply.content)

        do_GET = do_POST = do_PATCH = do_DELETE = serve

        def log_message(self, *_arguments: object) -> None:
            """Quiet: the test looks at `log`."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    middleman = Middleman(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield middleman
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
