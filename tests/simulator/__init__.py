# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The three management servers of this collection, simulated: stateful, strict, and with faults on request.

Run it with `PYTHONPATH=tests python -m simulator --dir DIR`. It never imports the collection, and the collection
never imports it: the two meet only on the wire.
"""
