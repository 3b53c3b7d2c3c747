# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The WSGI application of Keystone, as gunicorn wants it.

Keystone's own factory parses sys.argv with oslo.config and would refuse gunicorn's
options, so they are hidden first. The configuration file is named by the
environment variable OS_KEYSTONE_CONFIG_FILES.
"""

from __future__ import annotations

import sys

sys.argv = sys.argv[:1]

from keystone.server.wsgi import initialize_public_application  # noqa: E402  (argv must be emptied before)

application = initialize_public_application()
