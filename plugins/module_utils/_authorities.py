# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which authorities are trusted: those in ``ca_path``; else the system's; else, where it has none, those of certifi.

Nothing of it is taken from the environment: what a shell has set (``SSL_CERT_FILE``, ``REQUESTS_CA_BUNDLE``) has no part in a task.
"""

from __future__ import annotations

import dataclasses
import functools
import os
import ssl

from ansible_collections.groundwork.provision.plugins.module_utils._errors import bad_input
from ansible_collections.groundwork.provision.plugins.module_utils._wire import context, requests

# Where systems keep the file that their own tools for certificates write.
FILES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Alpine, Arch
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  # Red Hat and its relatives
    "/etc/pki/tls/certs/ca-bundle.crt",  # the same, older
    "/etc/ssl/ca-bundle.pem",  # SUSE
    "/etc/ssl/cert.pem",  # macOS, BSD
    "/usr/local/etc/ssl/cert.pem",  # FreeBSD
)


@dataclasses.dataclass(frozen=True)
class Store:
    """path: a file of PEM certificates, or a directory of them as OpenSSL wants it. words: what it is, for messages."""

    path: str
    words: str

    @functools.cached_property
    def context(self) -> ssl.SSLContext:
        """What connections are made with. One for all of them, since to load the certificates is most of what a connection costs."""
        return context(self.path)


def store(ca_path: str | None) -> Store:
    """The authorities to be trusted. Raises ``config_ca_path`` when ``ca_path`` cannot be used."""
    if ca_path:
        return _check(os.path.expanduser(ca_path))
    fallback = "by an authority that certifi knows (this machine has no bundle of its own)"
    return system_store() or Store(requests.utils.DEFAULT_CA_BUNDLE_PATH, fallback)


def system_store(root: str = "/") -> Store | None:
    """The system's own, or None. root: where the system's files lie, for a test."""
    paths = ssl.get_default_verify_paths()
    # The names that OpenSSL was built with: those without "openssl_" would follow the environment.
    for name in (*FILES, paths.openssl_cafile):
        path = os.path.join(root, name.lstrip("/"))
        if os.path.isfile(path) and os.path.getsize(path):
            return Store(path, f"by an authority that this system knows ({path})")
    folder = os.path.join(root, paths.openssl_capath.lstrip("/"))
    try:
        hashed = any(entry.endswith(".0") for entry in os.listdir(folder))
    except OSError:
        hashed = False
    return Store(folder, f"by an authority that this system knows ({folder})") if hashed else None


def _check(path: str) -> Store:
    found = Store(path, f"by an authority in ca_path ({path})")
    try:
        with open(path, "rb") as file:
            good = b"-----BEGIN CERTIFICATE-----" in file.read(4 * 1024 * 1024)
        if good:
            _context = found.context
    except (OSError, ssl.SSLError):
        good = False
    if not good:
        raise bad_input("config_ca_path", f"ca_path ({path}) is not a readable file of PEM certificates.", "Correct ca_path and run again.")
    return found
