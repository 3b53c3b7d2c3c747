# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start one command for each line of standard input, a JSON object, and print what it took as another (measure.py asks)."""

import json
import os
import subprocess
import sys
import tempfile
import time

for line in sys.stdin:
    asked = json.loads(line)
    with tempfile.TemporaryFile() as printed:
        began = time.monotonic()
        process = subprocess.Popen(
            asked["command"], env=asked["env"], cwd=asked["cwd"], stdin=subprocess.DEVNULL, stdout=printed, stderr=printed
        )
        # Unlike RUSAGE_CHILDREN, wait4 tells of this one child, and of the children that it has waited for.
        _pid, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        printed.seek(0)
        output = printed.read().decode("utf-8", "replace")
    answer = {
        "code": process.returncode, "wall": wall, "cpu": usage.ru_utime + usage.ru_stime, "rss": usage.ru_maxrss / 1024, "output": output,
    }  # fmt: skip
    print(json.dumps(answer), flush=True)
