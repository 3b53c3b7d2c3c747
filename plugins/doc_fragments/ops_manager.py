# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection options of the Ops Manager modules; one for one with OPS_MANAGER in module_utils/_options.py."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  endpoint:
    description:
      - Address of Ops Manager, V(https://host) with an optional port, without the path of its API.
      - If not set, the environment variable E(OPS_MANAGER_ENDPOINT) is used.
    type: str
    required: true
  public_key:
    description:
      - Public part of the API key, or the user name where a release before 4.2 has personal API keys.
      - If not set, the environment variable E(OPS_MANAGER_PUBLIC_KEY) is used.
    type: str
    aliases: [username]
  private_key:
    description:
      - Private part of the API key, or the personal API key of the user. It is only ever used for HTTP Digest, never sent.
      - If not set, the environment variable E(OPS_MANAGER_PRIVATE_KEY) is used.
    type: str
    aliases: [api_key]
  group_id:
    description:
      - Id of the group (project).
      - If not set, the environment variable E(OPS_MANAGER_GROUP_ID) is used.
    type: str
    aliases: [project_id]
  group_name:
    description:
      - Name of the group (project), which costs one request to look up. Either this or O(group_id).
      - If not set, the environment variable E(OPS_MANAGER_GROUP_NAME) is used.
    type: str
    aliases: [project_name]
  validate_certs:
    description:
      - Whether the server's certificate is verified.
      - If not set, the environment variable E(OPS_MANAGER_VALIDATE_CERTS) is used.
    type: bool
    default: true
  ca_path:
    description:
      - File of PEM certificates that sign the server's certificate.
      - If not set, the environment variable E(OPS_MANAGER_CA_PATH) is used.
      - If that is not set either, the certificate authorities of the system are trusted, or those of certifi on a system that has none.
      - E(SSL_CERT_FILE) and E(REQUESTS_CA_BUNDLE) are not used.
    type: path
  use_proxy:
    description:
      - Whether the proxy variables of the environment (E(HTTPS_PROXY), E(NO_PROXY)) are followed.
      - Proxies that speak HTTP are supported, with C(http://) or C(https://) in front; a SOCKS proxy is refused.
      - If not set, the environment variable E(OPS_MANAGER_USE_PROXY) is used.
    type: bool
    default: true
  timeout:
    description:
      - Seconds that one request and its whole answer may take.
      - If not set, the environment variable E(OPS_MANAGER_TIMEOUT) is used.
    type: float
    default: 30.0
requirements:
  - python >= 3.11
  - requests >= 2.32.4
notes:
  - The server pool is off by default since Ops Manager 4.0. The documentation that this is built from covers releases 3.4 to 4.2.
"""
