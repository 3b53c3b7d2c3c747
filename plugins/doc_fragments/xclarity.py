# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection options of the XClarity modules; one for one with XCLARITY in module_utils/_options.py."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  endpoint:
    description:
      - Address of XClarity Administrator, V(https://host) with an optional port.
      - If not set, the environment variable E(XCLARITY_ENDPOINT) is used.
    type: str
    required: true
  username:
    description:
      - User of XClarity Administrator.
      - If not set, the environment variable E(XCLARITY_USERNAME) is used.
    type: str
  password:
    description:
      - Password of O(username). Blanks at its ends and line breaks are refused, not removed.
      - If not set, the environment variable E(XCLARITY_PASSWORD) is used.
    type: str
  auth_method:
    description:
      - V(session) logs in, and logs out on every way out. A user has three sessions by default, see O(max_sessions).
      - V(basic) sends user and password with each request and needs no session.
      - If not set, the environment variable E(XCLARITY_AUTH_METHOD) is used.
    type: str
    choices: [session, basic]
    default: session
  session:
    description:
      - A session that M(groundwork.provision.xclarity_session) returned. It is used as it is and not closed.
      - Neither O(username) nor O(password) is needed then.
    type: dict
  max_sessions:
    description:
      - How many sessions at once XClarity Administrator allows its user (C(MaxConcurrentSessions)), 0 for any number. So many tasks of this
        machine are logged in at once at most, and the others wait for their turn. A task that waits for a job logs out between two
        polls as long as others wait for a session.
      - A session that a killed run has left open is ended by the next task that logs in as the same user.
      - If not set, the environment variable E(XCLARITY_MAX_SESSIONS) is used.
    type: int
    default: 3
  session_timeout:
    description:
      - Seconds that a task waits for a session, when other tasks of this machine have all of them, or when the server says that
        its limit is reached. After that it fails with V(sessions_exhausted).
      - If not set, the environment variable E(XCLARITY_SESSION_TIMEOUT) is used.
    type: float
    default: 3600
  state_dir:
    description:
      - Private directory on a local file system for what the runs of this user on this machine have to know of each other. That is the
        lock and the record of unfinished requests, and for XClarity Administrator the sessions in use. It holds no secrets. A relative
        path is refused.
      - If not set, the environment variable E(GROUNDWORK_STATE_DIR) is used.
    type: path
    default: ~/.ansible/groundwork
  validate_certs:
    description:
      - Whether the server's certificate is verified.
      - If not set, the environment variable E(XCLARITY_VALIDATE_CERTS) is used.
    type: bool
    default: true
  ca_path:
    description:
      - File of PEM certificates that sign the server's certificate.
      - If not set, the environment variable E(XCLARITY_CA_PATH) is used.
      - If that is not set either, the certificate authorities of the system are trusted, or those of certifi on a system that has none.
      - E(SSL_CERT_FILE) and E(REQUESTS_CA_BUNDLE) are not used.
    type: path
  use_proxy:
    description:
      - Whether the proxy variables of the environment (E(HTTPS_PROXY), E(NO_PROXY)) are followed.
      - Proxies that speak HTTP are supported, with C(http://) or C(https://) in front; a SOCKS proxy is refused.
      - If not set, the environment variable E(XCLARITY_USE_PROXY) is used.
    type: bool
    default: true
  timeout:
    description:
      - Seconds that one request and its whole answer may take.
      - If not set, the environment variable E(XCLARITY_TIMEOUT) is used.
    type: float
    default: 30.0
requirements:
  - python >= 3.11
  - requests >= 2.32.4
"""
