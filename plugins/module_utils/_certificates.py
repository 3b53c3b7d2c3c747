# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates that are not verified: one warning of ours, in place of a line of urllib3's for every request."""

from __future__ import annotations

from urllib.parse import urlsplit

from ansible_collections.groundwork.provision.plugins.module_utils._run import Run


def warn(run: Run, url: str, option: str = "validate_certs") -> None:
    """Say that the certificate of the server at ``url`` is not verified. option: by which it is switched off.

    (The connections of _wire.py are made without urllib3's own warning.)
    """
    try:
        host = urlsplit(url).hostname
    except ValueError:
        host = None  # refused in a moment, when the connection is made
    if host:
        run.warn(f"The certificate of {host} is not verified because {option} is false.")


def warn_of_options(run: Run) -> None:
    """The same for the servers that the options of a run name; ``target_`` is the one that a backup is pushed to."""
    for prefix in ("", "target_"):
        option = "validate_certs" if run.params.get(prefix + "validate_certs") is None else prefix + "validate_certs"
        verified = run.params.get(option)
        url = run.params.get(prefix + "endpoint")
        if verified is False and url:
            warn(run, url, option)
