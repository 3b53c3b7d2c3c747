# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs in the environment of a client: `driver.py FILE` loads the functions of FILE and calls them as it is told.

A line {"call": name, "arguments": {...}} on standard input is answered by a line {"value": ...}, or by {"error": name of
the exception, "text": ..., "status": of an HTTP error or null} on standard output.
"""

from __future__ import annotations

import json
import os
import runpy
import sys


def main() -> None:
    # The client may print; only answers may go where answers are read.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    functions = runpy.run_path(sys.argv[1])
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = {"value": functions[request["call"]](**request["arguments"])}
        except Exception as error:  # whatever the client raises is what the test wants to see
            status = getattr(error, "status_code", None) or getattr(getattr(error, "response", None), "status_code", None)
            answer = {"error": type(error).__name__, "text": str(error), "status": status}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
