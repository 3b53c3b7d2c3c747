# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first authenticated request: token, senlin-api, RPC, conductor, database.

An open port says little; this exercises the whole chain. It also lets Senlin make its Keystone
trust for the user demo, which costs the first request of each user up to three seconds.
environment: OS_AUTH_URL, SENLIN_URL, DEMO_PASSWORD, SENLIN_PARTS, OS_CACERT (with TLS)
"""

from __future__ import annotations

import json
import os
import ssl
import urllib.error
import urllib.request
from typing import Any


def main() -> None:
    handlers: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({})]
    if os.environ.get("OS_CACERT"):
        context = ssl.create_default_context(cafile=os.environ["OS_CACERT"])
        handlers.append(urllib.request.HTTPSHandler(context=context))
    opener = urllib.request.build_opener(*handlers)

    def call(url: str, headers: dict[str, str], body: Any = None) -> tuple[int, Any, Any]:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data, {**headers, "Content-Type": "application/json"})
        try:
            with opener.open(request, timeout=90) as reply:
                return reply.status, reply.headers, json.load(reply)
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read().decode(errors="replace")

    default = {"id": "default"}
    user = {"name": "demo", "domain": default, "password": os.environ["DEMO_PASSWORD"]}
    status, headers, body = call(
        os.environ["OS_AUTH_URL"] + "/auth/tokens",
        {},
        {
            "auth": {
                "identity": {"methods": ["password"], "password": {"user": user}},
                "scope": {"project": {"name": "demo", "domain": default}},
            }
        },
    )
    if status != 201:
        raise SystemExit(f"no token: {status} {body}")
    status, dummy, body = call(os.environ["SENLIN_URL"] + "/v1/profiles", {"X-Auth-Token": headers["X-Subject-Token"]})
    dead = "conductor" not in os.environ["SENLIN_PARTS"].split(",")
    if status != (500 if dead else 200):
        raise SystemExit(f"profiles: {status} {body}")
    print(status, body)


if __name__ == "__main__":
    main()
