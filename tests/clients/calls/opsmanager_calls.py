# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The package opsmanager 0.5.3, called by driver.py in an environment of its own."""

from __future__ import annotations

from opsmanager import OpsManagerClient

client = None


def connect(url, public_key, private_key, timeout=30.0):
    global client
    # The certificate is checked against REQUESTS_CA_BUNDLE. Its own pacing is two requests a second: switched off.
    client = OpsManagerClient(url, public_key, private_key, timeout=timeout, rate_limit=0, retry_backoff=0.01)


def project_id(name):
    return client.projects.get_by_name(name).id


def project_names():
    return [project.name for project in client.projects.list()]


def agent_hosts(project):
    return [agent.hostname for agent in client.agents.list(project, "AUTOMATION")]


def request(method, path, body=None):
    """A call that the package has no service for, through its own session and digest."""
    return client._session.request(method, "api/public/v1.0" + path, json=body)
