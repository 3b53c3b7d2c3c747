# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""On the PYTHONPATH of the plays of tests: garbage is collected seldom. A play lives for seconds, and that is a tenth of its time."""

import gc

gc.set_threshold(100000, 50, 50)
