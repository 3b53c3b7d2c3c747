# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""On the PYTHONPATH of the plays of tests, and of the modules that they start; it spares a tenth to a quarter of their time.

* Garbage is collected seldom: a play lives for seconds.
* What was compiled once is not compiled again. Ansible's own loader compiles all of a collection at each start, Python all of a module
  that comes in an archive, Jinja each template. The result is kept by the digest of its source, in .cache/compiled.
"""

import builtins
import contextlib
import functools
import gc
import hashlib
import marshal
import os
import sys

gc.set_threshold(100000, 50, 50)

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
KEPT = os.path.join(ROOT, ".cache", "compiled", sys.implementation.cache_tag)
SMALL = 500  # characters; less is compiled sooner than it is read
original = compile


@functools.wraps(original)
def kept(source, filename, mode, flags=0, dont_inherit=False, optimize=-1, **more):
    if mode != "exec" or flags or more or not isinstance(source, (str, bytes)) or len(source) < SMALL:
        return original(source, filename, mode, flags, dont_inherit, optimize, **more)
    data = source.encode("utf-8", "surrogatepass") if isinstance(source, str) else source
    key = hashlib.blake2b(data, digest_size=20, salt=str(optimize).encode(), key=os.path.basename(os.fsencode(filename))[-64:]).hexdigest()
    path = os.path.join(KEPT, key)
    with contextlib.suppress(OSError, ValueError, EOFError, TypeError), open(path, "rb") as file:
        return marshal.load(file)
    # Not what the caller's own file has in __future__: who compiles somebody else's source wants none of that.
    code = original(source, filename, mode, flags, True, optimize)
    with contextlib.suppress(OSError):
        os.makedirs(KEPT, mode=0o700, exist_ok=True)
        half = f"{path}.{os.getpid()}"
        with open(half, "wb") as file:
            marshal.dump(code, file)
        os.replace(half, path)
    return code


builtins.compile = kept
