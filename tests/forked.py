# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run Ansible's programs without importing for each run what is the same in all, which is half of the CPU of a short play.

A process of each worker of pytest has loaded the libraries, and those files of Ansible that read no configuration. For each run it forks a
process, which takes the environment, the folder, and the files for the output of its own, and then is the program: Ansible reads its
configuration, its plugins and the collection as if Python had just started. GROUNDWORK_FORKED=0 starts Python for each run instead.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import gc
import importlib
import importlib.util
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

STARTUP = Path(__file__).with_name("startup")  # what Python runs first in a play of a test
PROGRAMS = {"ansible-playbook": "ansible.cli.playbook", "ansible-inventory": "ansible.cli.inventory"}
# Settled when Python starts, so that a fork could not have others.
FIXED = {"PYTHONPATH": str(STARTUP), "LC_ALL": "C.UTF-8"}
CONFIGURATION = "ansible.constants"
LIBRARIES = (
    "argparse", "concurrent.futures", "cryptography.hazmat.backends", "cryptography.hazmat.primitives.ciphers", "cryptography.x509",
    "email.message", "http.client", "importlib.metadata", "importlib.resources", "jinja2", "jinja2.ext", "jinja2.nativetypes",
    "logging.handlers", "multiprocessing.context", "multiprocessing.popen_fork", "multiprocessing.queues",
    "multiprocessing.synchronize", "packaging.version", "pty", "pwd", "requests", "resolvelib", "ssl", "termios", "urllib.request",
    "uuid", "yaml", "zipfile",
    # Each is loaded only where that does not load the configuration, which differs between releases, and with the order.
    "ansible.errors", "ansible.module_utils._internal._json._profiles", "ansible._internal._errors._error_utils",
    "ansible._internal._templating._access", "ansible._internal._templating._errors", "ansible._internal._templating._jinja_patches",
    "ansible._internal._yaml._errors", "ansible._internal._datatag._utils", "ansible._internal._datatag._wrappers",
    "ansible._internal._ansiballz", "ansible._internal._collection_proxy", "ansible._internal._ssh._ssh_agent",
    "ansible.module_utils.common.sys_info", "ansible.module_utils.common.locale", "ansible.parsing.splitter",
    "ansible.parsing.utils.addresses", "ansible.module_utils.compat.paramiko", "ansible.utils.context_objects",
    "ansible.utils.helpers", "ansible.utils.lock",
)  # fmt: skip
# What a play of clusters needs besides; any other would be slower with so much more memory to be shared.
CLUSTERING = ("openstack",)


# -- the test's side --------------------------------------------------------------------------------------------------


def run(command: list[str], *, env: dict[str, str], cwd: Path, timeout: float | None = None) -> subprocess.CompletedProcess[str]:
    """As subprocess.run() with captured text and an empty stdin. ``command`` is the path of a program of Ansible in this environment."""
    asked = {name: value for name, value in env.items() if name in FIXED or name.startswith("PYTHON")}
    if asked != FIXED or os.environ.get("GROUNDWORK_FORKED") == "0":
        return subprocess.run(
            command, env=env, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout, check=False
        )
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        more = CLUSTERING if _is_of_clusters(command, cwd) else ()
        code = _server(os.getpid(), more).run({"command": command, "env": env, "cwd": str(cwd)}, out.fileno(), err.fileno(), timeout)
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode())
    return subprocess.CompletedProcess(command, code, *texts)


def _is_of_clusters(command: list[str], cwd: Path) -> bool:
    """By its arguments and the playbooks among them. A wrong guess costs time only."""
    books = [cwd / one for one in command[1:] if one.endswith((".yml", ".yaml"))]
    return any("cluster" in text for text in (*command, *(book.read_text(encoding="utf-8") for book in books if book.is_file())))


@functools.cache
def _server(_pid: int, more: tuple[str, ...]) -> Server:
    """That of this process with these libraries more, started when it is needed first."""
    return Server(more)


class Server:
    """The process that forks. It ends with the one that has started it."""

    def __init__(self, more: tuple[str, ...]) -> None:
        self.control, theirs = socket.socketpair()
        self.one_at_a_time = threading.Lock()
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, __file__, str(theirs.fileno()), *more], env={"PATH": os.environ["PATH"], **FIXED},
                pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            )  # fmt: skip
        atexit.register(self.end)

    def run(self, request: dict[str, object], out: int, err: int, timeout: float | None) -> int:
        """The exit code, negative where a signal has ended it. Several threads may call it."""
        ours, theirs = socket.socketpair()
        with ours:
            with theirs, self.one_at_a_time:
                socket.send_fds(self.control, [b"."], [out, err, theirs.fileno()])
            ours.sendall(json.dumps(request).encode())
            ours.shutdown(socket.SHUT_WR)
            answer = ours.makefile()
            pid = int(answer.readline())
            ours.settimeout(timeout)
            try:
                return int(answer.readline())
            except TimeoutError:
                os.kill(pid, 9)
                raise

    def end(self) -> None:
        """So that its CPU is counted with that of the tests."""
        self.control.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=10)


# -- the other side ---------------------------------------------------------------------------------------------------


def _serve(control: socket.socket) -> None:
    """Returns in a process that is to be a program."""
    while True:
        mark, handles, _flags, _address = socket.recv_fds(control, 1, 3)
        if not mark:
            with contextlib.suppress(ChildProcessError):
                while os.wait():
                    pass
            os._exit(0)
        if os.fork() == 0:
            control.close()
            _wait_for(*handles)
            return
        for handle in handles:
            os.close(handle)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def _wait_for(out: int, err: int, reply: int) -> None:
    """Start the program, and tell its number and its end. Returns in its process."""
    with socket.socket(fileno=reply) as conversation:
        request = json.loads(conversation.makefile().read())
        pid = os.fork()
        if pid:
            for handle in (out, err):
                os.close(handle)
            conversation.sendall(f"{pid}\n".encode())
            code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            with contextlib.suppress(OSError):  # nobody waits any more
                conversation.sendall(f"{code}\n".encode())
            os._exit(0)
    os.dup2(out, 1)
    os.dup2(err, 2)
    for handle in (out, err):
        os.close(handle)
    os.environ.clear()
    os.environ.update(request["env"])
    os.chdir(request["cwd"])
    sys.argv = request["command"]


def _can_be_shared(name: str) -> bool:
    """It is there, and does not load what another play would have otherwise. Tried in a process that ends with it."""
    if not name.startswith("ansible."):
        return importlib.util.find_spec(name.partition(".")[0]) is not None
    pid = os.fork()
    if pid:
        return os.waitpid(pid, 0)[1] == 0
    with contextlib.suppress(BaseException):
        importlib.import_module(name)
        os._exit(1 if CONFIGURATION in sys.modules else 0)
    os._exit(2)


def main() -> None:
    """Be the server, and then, in a process of its own, the program."""
    for name in (*LIBRARIES, *sys.argv[2:]):
        if _can_be_shared(name):
            importlib.import_module(name)
    assert CONFIGURATION not in sys.modules
    gc.collect()
    gc.freeze()  # else the first collection of each process would copy all of it
    _serve(socket.socket(fileno=int(sys.argv[1])))
    sys.path[0] = str(Path(sys.argv[0]).parent)
    program = importlib.import_module(PROGRAMS[Path(sys.argv[0]).name])
    sys.exit(program.main())


if __name__ == "__main__":
    main()
