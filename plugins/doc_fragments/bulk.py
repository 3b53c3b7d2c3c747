# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One for one with BULK in module_utils/_options.py."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  concurrency:
    description:
      - How many requests may be under way at once, each on a connection of its own.
    type: int
    default: 4
  on_failure:
    description:
      - What to do after an item failed. V(continue) goes on with the others, V(stop) begins no other.
      - A mistake that can be seen before anything is sent stops the task before anything is sent, whatever is set here.
    type: str
    choices: [continue, stop]
    default: continue
  return_items:
    description:
      - Which items have a row in the result, and their requests in RV(ignore:plan). V(changed) leaves out those that were left as they
        are, V(failed) leaves out all that did not fail. A failed item is always there, and in RV(ignore:error.resources).
      - AWX and Automation Controller drop a result of more than 700,000 characters. That of 1,000 items fits with V(all), if need be made
        shorter (RV(ignore:shortened)). With C(--diff) the difference is of all items, and comes on top.
    type: str
    choices: [all, changed, failed]
    default: all
  return_history:
    description:
      - How much of the waiting is told of each of several items. V(short) tells the last state, and of an error its code,
        its status and its message. V(full) tells all, whatever the length of the result. A task about one item always tells all.
    type: str
    choices: [short, full]
    default: short
"""
