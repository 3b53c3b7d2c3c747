# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates that are not verified: one warning of ours, in place of a line of urllib3's for every request."""

from __future__ import annotations

from urllib.parse import urlsplit

from ansible_collections.groundwork.provision.plugins.module_utils import _wire
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run


def warn(run: Run, url: str) -> None:
    """Say that the certificate of the server at ``url`` is not verified.

    urllib3's warnings are switched off here and not only where it is imported: Ansible restores the filters of warnings
    after it has loaded a plugin.
    """
    _wire.urllib3.disable_warnings(_wire.urllib3.exceptions.InsecureRequestWarning)
    try:
        host = urlsplit(url).hostname
    except ValueError:
        host = None  # refused in a moment, when the connection is made
    if host:
        run.warn(f"The certificate of {host} is not verified because validate_certs is false.")


def warn_of_options(run: Run) -> None:
    """The same for the servers that the options of a run name; ``target_`` is the one that a backup is pushed to."""
    for prefix in ("", "target_"):
        verified = run.params.get(prefix + "validate_certs")
        verified = run.params.get("validate_certs") if verified is None else verified
        url = run.params.get(prefix + "endpoint")
        if verified is False and url:
            warn(run, url)
