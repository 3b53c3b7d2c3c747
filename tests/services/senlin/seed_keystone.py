# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Create in Keystone, over its own API, the projects, users, roles and endpoints that Senlin and the tests need.

Running it again changes nothing.
environment: KEYSTONE_URL, ADMIN_PASSWORD, SENLIN_PASSWORD, DEMO_PASSWORD, REGION, CATALOG_CLUSTERING
"""

from __future__ import annotations

import os
from typing import Any

from keystoneauth1 import session
from keystoneauth1.identity import v3

URL = os.environ["KEYSTONE_URL"]
SESSION = session.Session(
    auth=v3.Password(
        auth_url=URL,
        username="admin",
        password=os.environ["ADMIN_PASSWORD"],
        project_name="admin",
        user_domain_id="default",
        project_domain_id="default",
    )
)


def call(method: str, path: str, **options: Any) -> Any:
    return SESSION.request(URL + path, method, **options)


def ensure(kind: str, query: str, body: dict[str, Any]) -> dict[str, Any]:
    found = call("GET", f"/{kind}s?{query}").json()[f"{kind}s"]
    return found[0] if found else call("POST", f"/{kind}s", json={kind: body}).json()[kind]


def named(kind: str, name: str, **more: str) -> str:
    """The id of the role, project or user of this name, made if it is not there."""
    domain = {} if kind == "role" else {"domain_id": "default"}
    query = "&".join(f"{key}={value}" for key, value in {"name": name, **domain}.items())
    return ensure(kind, query, {"name": name, **domain, **more})["id"]


def grant(project: str, user: str, role: str) -> None:
    call("PUT", f"/projects/{project}/users/{user}/roles/{role}")


def main() -> None:
    demo_password = os.environ["DEMO_PASSWORD"]
    service_project = named("project", "service")
    senlin = named("user", "senlin", password=os.environ["SENLIN_PASSWORD"])
    # Senlin's own user must be able to be the trustee of its callers.
    for role in ("admin", "service"):
        grant(service_project, senlin, named("role", role))
    for name in ("demo", "alt_demo"):
        grant(named("project", name), named("user", name, password=demo_password), named("role", "member"))
    grant(named("project", "demo"), named("user", "demo_reader", password=demo_password), named("role", "reader"))

    service = ensure("service", "type=clustering", {"name": "senlin", "type": "clustering"})
    for interface in ("public", "internal", "admin"):
        ensure(
            "endpoint",
            f"service_id={service['id']}&interface={interface}",
            {
                "service_id": service["id"],
                "interface": interface,
                "region_id": os.environ["REGION"],
                "url": os.environ["CATALOG_CLUSTERING"],
            },
        )


if __name__ == "__main__":
    main()
