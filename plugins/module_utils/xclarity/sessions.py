# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A session of XClarity Administrator that outlives the task that opened it.

Sources: the pages "POST /sessions", "GET /sessions" and "DELETE /sessions". A user has three sessions by default, and one
that is not ended is lost to him until it times out.
"""

from __future__ import annotations

import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._auth import XClaritySession
from ansible_collections.groundwork.provision.plugins.module_utils._client import Client
from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure, bad_input
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import api


def begin(client: Client) -> dict[str, str]:
    """Log in and leave the session open: ``{"id", "csrf"}``. Whoever takes it has to end it."""
    auth = client.auth
    if not isinstance(auth, XClaritySession):
        raise bad_input("config_options", "auth_method basic has no session.", "Set auth_method to session and run again.")
    auth.open(client.transport)
    session = auth.hand_over()
    client.transport.close()
    if session is None:
        raise bad_input("config_options", "there is no session.", "Set username and password and run again.")
    return session


def end(client: Client) -> bool:
    """Log out of the session that the client was given. False when the server does not know it any more (401), which is
    what a second end, a restart and the time-out all look like. Ending twice does no harm, so it may be sent again."""
    with client:
        try:
            data = client.read("/sessions", method="DELETE", what="log out")
        except Failure as failure:
            if failure.status == 401:
                return False
            raise
    api.check_result(data, "log out")
    return True


def is_there(session: t.Any) -> bool:
    """A mapping that holds something; an empty one is what a failed login leaves."""
    return isinstance(session, dict) and any(session.values())
