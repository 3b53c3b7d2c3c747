# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS in front of plain HTTP servers, with a certificate of a private CA of its own.

Each pair LISTEN:TARGET is a port of 127.0.0.1 that speaks TLS and the port of 127.0.0.1 that it hands the
requests on to. Every request gets the header X-Forwarded-Proto: https, as a real terminator adds it, so that the
servers behind write https links. DIR gets ca.pem, and when all ports are open, tls.ready.

usage: tls_proxy.py DIR LISTEN:TARGET [LISTEN:TARGET ...]
"""

from __future__ import annotations

import asyncio
import contextlib
import pathlib
import re
import ssl
import sys

import trustme

HEAD_LIMIT = 256 * 1024  # a Keystone token with its headers is far below
CHUNK = 64 * 1024
LENGTH = re.compile(rb"^content-length:\s*(\d+)\s*$", re.IGNORECASE | re.MULTILINE)
UNBOUNDED = re.compile(rb"^(transfer-encoding:.*chunked|upgrade:)", re.IGNORECASE | re.MULTILINE)


async def copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter, limit: int | None = None) -> None:
    """Copy up to limit bytes (all that come, if None) from source to sink."""
    left = limit
    while left is None or left > 0:
        data = await source.read(CHUNK if left is None else min(CHUNK, left))
        if not data:
            return
        sink.write(data)
        await sink.drain()
        left = None if left is None else left - len(data)


async def forward_requests(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    """Hand requests on, one after another, each with the header added to it."""
    while True:
        head = await source.readuntil(b"\r\n\r\n")
        first_line, rest = head.split(b"\r\n", 1)
        rest = re.sub(rb"(?im)^x-forwarded-[a-z]+:.*\r\n", b"", rest)
        sink.write(first_line + b"\r\nX-Forwarded-Proto: https\r\n" + rest)
        await sink.drain()
        if UNBOUNDED.search(head):  # a body whose end is not known from the head: no header for what follows
            await copy(source, sink)
            return
        length = LENGTH.search(head)
        await copy(source, sink, int(length.group(1)) if length else 0)


async def serve_client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, target: int) -> None:
    with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", target)
        pumps = [
            asyncio.create_task(forward_requests(reader, server_writer)),
            asyncio.create_task(copy(server_reader, writer)),
        ]
        # Either side closing ends the connection: none of the servers behind uses half-closed ones.
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        for pump in pumps:
            pump.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)
        server_writer.close()
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


async def main(directory: pathlib.Path, pairs: list[tuple[int, int]]) -> None:
    authority = trustme.CA(organization_name="private CA of the test cloud")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost", "::1").configure_cert(context)
    authority.cert_pem.write_to_path(str(directory / "ca.pem"))
    servers = []
    for listen, target in pairs:

        async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, target: int = target) -> None:
            await serve_client(reader, writer, target)

        servers.append(await asyncio.start_server(client, "127.0.0.1", listen, ssl=context, limit=HEAD_LIMIT))
    (directory / "tls.ready").touch()
    await asyncio.gather(*(server.serve_forever() for server in servers))


if __name__ == "__main__":
    asyncio.run(main(pathlib.Path(sys.argv[1]), [(int(a), int(b)) for a, b in (pair.split(":") for pair in sys.argv[2:])]))
