# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection options of the OpenStack modules; one for one with OPENSTACK in module_utils/_options.py."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  cloud:
    description:
      - Name of an entry of C(clouds.yaml), or the settings of such an entry as a mapping, as the modules of C(openstack.cloud) take it.
      - openstacksdk resolves it, with C(secure.yaml), vendor profiles, defaults, lists of regions, and E(OS_CLIENT_CONFIG_FILE).
      - What is set in O(auth), O(auth_type), O(region_name) and the other options of the connection is laid over the entry.
        Beside a mapping, which has its own places for them, they are refused.
      - A mapping with an C(auth_url) or a C(profile) stands alone. It may also name a C(cloud) to be laid over.
      - If neither this is set nor an O(auth) with O(auth.auth_url), the environment variable E(OS_CLOUD) is used.
    type: raw
  auth:
    description:
      - How to get a token from Keystone v3.
      - With O(auth.auth_url) it stands alone, and nothing of the environment is mixed in. A name in O(cloud) beside that is refused, since
        it may be another cloud. Without, it is laid over O(cloud), or the cloud that E(OS_CLOUD) names, or else over the variables
        E(OS_AUTH_URL), E(OS_USERNAME), E(OS_PASSWORD) and so on.
      - Where a suboption names something, the same thing under its other name (id and name, or another secret) is not taken from there.
      - A blank value is not set, here and in the variables.
    type: dict
    suboptions:
      auth_url:
        description: Address of Keystone. C(/v3) is put behind it if it is not there.
        type: str
      username:
        description: Name of the user; it needs O(auth.user_domain_name) or O(auth.user_domain_id).
        type: str
      user_id:
        description: Id of the user, in place of the name.
        type: str
      password:
        description: Password of the user.
        type: str
      user_domain_id:
        description: Id of the user's domain.
        type: str
      user_domain_name:
        description: Name of the user's domain.
        type: str
      project_id:
        description: Id of the project to work in.
        type: str
        aliases: [tenant_id]
      project_name:
        description: Name of the project to work in; it needs O(auth.project_domain_name) or O(auth.project_domain_id).
        type: str
        aliases: [tenant_name]
      project_domain_id:
        description: Id of the project's domain.
        type: str
      project_domain_name:
        description: Name of the project's domain.
        type: str
      domain_id:
        description: Id of the domain of user and project, where both have the same.
        type: str
      domain_name:
        description: Name of the domain of user and project, where both have the same.
        type: str
      trust_id:
        description: Id of a trust to work with, in place of a project.
        type: str
      token:
        description: A token that another one is made of.
        type: str
      application_credential_id:
        description: Id of an application credential. Its project is part of it.
        type: str
      application_credential_name:
        description: Name of an application credential; it needs its user.
        type: str
      application_credential_secret:
        description: Secret of the application credential.
        type: str
      passcode:
        description: One-time passcode.
        type: str
  auth_type:
    description:
      - V(password), V(token), V(applicationcredential) or V(totp), with or without V(v3) in front, or any other plug-in of
        keystoneauth1 that gets a token.
      - If it is not set, it is told from the secret that is set.
      - The clustering service answers with an internal error to an application credential as long as its user has never called it with a
        password or token.
      - If neither O(auth) nor O(cloud) is set, the environment variable E(OS_AUTH_TYPE) is used.
    type: str
  region_name:
    description:
      - Region whose clustering service is meant. Needed only where the catalog has several.
      - If this is not set, nor O(cloud), nor an O(auth) with O(auth.auth_url), which stands alone, the environment
        variable E(OS_REGION_NAME) is used.
    type: str
  interface:
    description:
      - Which of the endpoints in the catalog is used. If nothing says otherwise, V(public).
      - If this is not set, nor O(cloud), nor an O(auth) with O(auth.auth_url), which stands alone, the environment
        variable E(OS_INTERFACE) is used.
    type: str
    choices: [public, internal, admin]
    aliases: [endpoint_type]
  endpoint_override:
    description: Address of the clustering service, in place of the one in the catalog.
    type: str
  validate_certs:
    description:
      - Whether certificates are verified. If nothing says otherwise, they are.
      - In C(clouds.yaml) and E(OS_INSECURE) nothing but a boolean is taken (V(true), V(yes), V(on), V(1) and their opposites), too.
      - If this is not set, nor O(cloud), nor an O(auth) with O(auth.auth_url), which stands alone, the environment
        variable E(OS_INSECURE) is used.
    type: bool
    aliases: [verify]
  ca_path:
    description:
      - File of PEM certificates that sign those of Keystone and of the clustering service.
      - If this is not set, nor O(cloud), nor an O(auth) with O(auth.auth_url), which stands alone, the environment
        variable E(OS_CACERT) is used.
      - If that is not set either, the certificate authorities of the system are trusted, or those of certifi on a system that has none.
      - E(SSL_CERT_FILE) and E(REQUESTS_CA_BUNDLE) are not used.
    type: path
    aliases: [ca_cert]
  use_proxy:
    description:
      - Whether the proxy variables of the environment (E(HTTPS_PROXY), E(NO_PROXY)) are followed.
      - Proxies that speak HTTP are supported, with C(http://) or C(https://) in front; a SOCKS proxy is refused.
    type: bool
    default: true
  timeout:
    description:
      - Seconds that one request and its whole answer may take.
      - The service itself gives up after 60 seconds by default; with less than that here, its answer may come too late.
    type: float
    default: 90.0
requirements:
  - python >= 3.11
  - requests >= 2.32.4
  - keystoneauth1 >= 5.6
  - openstacksdk >= 4.0
"""
