# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One body, two ways in: run a module's own ``main`` inside the controller's worker, where that gives the same result.

A module costs a zip, a copy and a start of Python, 300 to 500 ms; the same code run here about 5. It is taken only when
nothing can tell the difference: a release of ansible-core on which that was tested, a local connection, this very
interpreter, no ``async``, no ``become``, no ``environment``. The module's ``main`` runs unchanged, with Ansible's own
``AnsibleModule``: arguments, messages, masking, warnings and deprecations are therefore the same by construction. Any
other task is run as a module.

The roles set ``groundwork_become: false``, since what they do on the controller never becomes: ``ansible_become`` of a role counts for
less than that of the command line.

Switched off by the environment variable ``GROUNDWORK_IN_PROCESS=0`` or by the variable ``groundwork_in_process: false``.

A task that waits shows a line now and then, which a module in a process of its own cannot do. ``GROUNDWORK_PROGRESS=0`` and
``groundwork_progress: false`` switch it off; where the output is read by a program there is none.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import json
import os
import select
import signal
import stat
import sys
import threading
import typing as t
import uuid

from ansible import constants
from ansible.module_utils import basic
from ansible.module_utils.common import warnings
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible.release import __version__ as ansible_version
from ansible.utils.display import Display

from ansible_collections.groundwork.provision.plugins.module_utils import _logins, _module
from ansible_collections.groundwork.provision.plugins.module_utils._clock import Clock, Ended
from ansible_collections.groundwork.provision.plugins.module_utils._errors import NONE, UNKNOWN, Failure
from ansible_collections.groundwork.provision.plugins.module_utils._options import LOGINS, TASK
from ansible_collections.groundwork.provision.plugins.module_utils._run import failed_result
from ansible_collections.groundwork.provision.plugins.plugin_utils.role_words import in_words_of_the_role
from ansible_collections.groundwork.provision.plugins.plugin_utils.task_defaults import is_of_own_role, with_defaults

display = Display()

# What the test matrix runs: tools/matrix.py has the same list. On any other release the tasks run as modules.
TESTED = ("2.18", "2.19", "2.20", "2.21")
PARENT_POLL = 0.5  # seconds
PATIENCE = 1.0  # seconds that a terminal which takes nothing is waited for
# Callbacks whose output is parsed, or has one line for each result.
READ_BY_PROGRAMS = ("json", "jsonl", "null", "oneline")
RUN = uuid.uuid4().hex  # of this run of Ansible, or of one worker of it, which makes all attempts of a task
PROFILE = "legacy"  # how ansible-core 2.19 and later names the JSON dialect between controller and module


# Where the messages of this process go. The controller imports this file before it starts its workers, whose own stderr leads nowhere
# in most releases. The copy shares the place in a file with Ansible, so that neither writes over the other.
try:
    MESSAGES: int | None = os.dup(2)
except OSError:
    MESSAGES = None


class Screen:
    """Where lines about one host are shown. Takes hold of where the messages of Ansible go at once, since Ansible may be gone by the time
    of the last line, and its number be that of another process."""

    def __init__(self, host: str) -> None:
        self.host = host
        self._messages = _messages_of(os.getppid())

    def say(self, text: str) -> None:
        """A line in the output of Ansible, which takes it from its workers."""
        display.display(f"[{self.host}] {text}")

    def part(self, text: str) -> None:
        """A line when Ansible itself ends, and takes nothing from its workers any more: straight to where its messages go. It begins
        on a line of its own, wherever Ansible was cut off."""
        fd = self._messages
        if fd is None:
            return
        with contextlib.suppress(OSError):
            if stat.S_ISREG(os.fstat(fd).st_mode):
                os.lseek(fd, 0, os.SEEK_END)
            ready = select.poll()
            ready.register(fd, select.POLLOUT)
            if ready.poll(PATIENCE * 1000):
                os.write(fd, f"\n[{self.host}] {text}\n".encode("utf-8", "replace"))

    def close(self) -> None:
        """Let go of it."""
        fd, self._messages = self._messages, None
        if fd is not None:
            os.close(fd)


def _messages_of(parent: int) -> int | None:
    """A descriptor of our own for the stderr of the process that started this one; None when it cannot be had."""
    path = f"/proc/{parent}/fd/2"
    try:
        there = os.stat(path)
        for own in (MESSAGES, 2):
            with contextlib.suppress(OSError):
                if own is not None and os.path.samestat(os.fstat(own), there):
                    return os.dup(own)
        found = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        return None
    if os.getppid() != parent:  # it has ended meanwhile, so whose this is nobody knows
        os.close(found)
        return None
    return found


def is_tested(release: str) -> bool:
    """Whether modules run inside the controller with this release of ansible-core."""
    return ".".join(release.split(".")[:2]) in TESTED


def run_here(
    main: t.Callable[[], None], arguments: dict[str, t.Any], screen: Screen | None = None, clock: Clock | None = None
) -> str:
    """The JSON text that ``main`` prints for these arguments, as its process would have printed it. screen: for lines meanwhile.

    clock: by which the caller tells it to end.
    """
    printed = io.StringIO()
    before = (
        basic._ANSIBLE_ARGS, getattr(basic, "_ANSIBLE_PROFILE", None), _module.OWN_PROCESS, _module.SAY, _module.PART, _module.CLOCK,
    )  # fmt: skip
    # ansible-core 2.18 keeps here what was warned of, by whomever in this process.
    warned = (warnings._global_warnings, warnings._global_deprecations)
    warnings._global_warnings, warnings._global_deprecations = type(warned[0])(), type(warned[1])()
    basic._ANSIBLE_ARGS = _encode({"ANSIBLE_MODULE_ARGS": arguments})
    basic._ANSIBLE_PROFILE = PROFILE
    _module.OWN_PROCESS, _module.CLOCK = False, clock
    _module.SAY, _module.PART = (screen.say, screen.part) if screen is not None else (None, None)
    try:
        with contextlib.redirect_stdout(printed), contextlib.suppress(SystemExit):
            main()
    finally:
        basic._ANSIBLE_ARGS, basic._ANSIBLE_PROFILE, _module.OWN_PROCESS, _module.SAY, _module.PART, _module.CLOCK = before
        warnings._global_warnings, warnings._global_deprecations = warned
    return printed.getvalue()


def run_to_end(main: t.Callable[[], None], arguments: dict[str, t.Any], screen: Screen | None = None) -> str:
    """As :func:`run_here`, but a SIGINT or SIGTERM to this worker lets ``main`` unwind first, so that it closes its session.

    Ansible's own handler kills the worker where it stands. Here it is called once ``main`` has come to its end, which
    a log-out delays by two seconds at most.
    """
    if threading.current_thread() is not threading.main_thread():
        return run_here(main, arguments, screen)
    clock = Clock()
    caught: list[tuple[int, t.Any]] = []
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}

    def end(number: int, frame: t.Any) -> None:
        for other in before:
            signal.signal(other, signal.SIG_IGN)
        caught.append((number, frame))
        reason = f"the run was told to end ({signal.Signals(number).name})"
        # Python drops an exception that is raised while it collects garbage. Then the next wait, or the next request, ends the run.
        clock.stop.ask(reason)
        raise Ended(reason)

    for number in before:
        signal.signal(number, end)
    text = ""
    try:
        with contextlib.suppress(Ended):
            text = run_here(main, arguments, screen, clock)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for came, frame in caught:
            handler = before[signal.Signals(came)]
            if callable(handler):
                handler(came, frame)
            else:
                os.kill(os.getpid(), came)
    return text


@contextlib.contextmanager
def end_with_parent() -> t.Iterator[None]:
    """While it lasts this worker ends, as by SIGTERM, when the process that started it is gone. ansible-playbook hands on SIGINT
    and SIGTERM; SIGHUP, which is what a closed terminal sends, ends it on the spot, and its workers would go on by themselves."""
    parent, over = os.getppid(), threading.Event()

    def watch() -> None:
        while not over.wait(PARENT_POLL):
            if os.getppid() != parent:
                os.kill(os.getpid(), signal.SIGTERM)
                return

    threading.Thread(target=watch, name="groundwork-parent", daemon=True).start()
    try:
        yield
    finally:
        over.set()


def _encode(arguments: dict[str, t.Any]) -> bytes:
    try:
        from ansible.module_utils.common.json import Direction, get_module_encoder
    except ImportError:  # ansible-core 2.18
        from ansible.module_utils.common.json import AnsibleJSONEncoder

        return json.dumps(arguments, cls=AnsibleJSONEncoder, vault_to_text=True).encode()
    return json.dumps(arguments, cls=get_module_encoder(PROFILE, Direction.CONTROLLER_TO_MODULE)).encode()


def _is_off(text: str) -> bool:
    return text.strip().lower() in ("0", "false", "no", "off")


# What all workers that are forked from now on know of log-ins.
SHARED = "" if _is_off(os.environ.get("GROUNDWORK_SHARE_LOGINS", "1")) else _logins.share()


class InProcessAction(ActionBase):
    """The action of every module of the collection; a stub in plugins/action/ names the module's ``main``."""

    _supports_check_mode = True
    _supports_async = True

    main: t.Callable[[], None]

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """The module's result, in a role of this collection with the names of its variables."""
        task_vars = task_vars or {}
        super().run(tmp, task_vars)
        if not is_of_own_role(self._task):
            return self._run(task_vars)
        # The roles omit what they are not given, and Ansible then drops what module_defaults have for it.
        self._task.args = with_defaults(self._task.resolved_action, self._task, self._task.args, self._templar)
        return in_words_of_the_role(self._run(task_vars), self._task, task_vars)

    def _run(self, task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """The module's result."""
        if not boolean(self._templar.template(task_vars.get("groundwork_become", True)), strict=False):
            self._connection.set_become_plugin(None)
        if not self._same_here(task_vars):
            try:
                with end_with_parent():
                    return self._execute_module(
                        module_args=self._arguments(), task_vars=task_vars, wrap_async=bool(self._task.async_val)
                    )
            except BaseException as exc:
                if not _module.is_task_timeout(exc):
                    raise
                return self._timed_out(self._given_up())
        arguments = self._arguments()
        self._update_module_args(self._task.action, arguments, task_vars)
        screen = self._screen(task_vars)
        try:
            with end_with_parent():
                text = run_to_end(type(self).main, arguments, screen)
        finally:
            if screen is not None:
                screen.close()
        parse = self._parse_returned_data
        answer = {"stdout": text, "stderr": "", "rc": 0}
        result = parse(answer, PROFILE) if "profile" in inspect.signature(parse).parameters else parse(answer)
        if not isinstance(result, dict):
            # ansible-core 2.21 has a class of its own for what a module says; this is what it does with it itself.
            result.remove_internal_keys()
            result = result.as_result_dict(for_round_trip=True)
        error = result.get("error")
        return self._timed_out(result) if isinstance(error, dict) and error.get("code") == "task_timeout" else result

    def _arguments(self) -> dict[str, t.Any]:
        """The task's, and who it is: each attempt of ``until`` is the same task of the same run, and nobody has looked in between. On this
        machine also where the tasks of the run note which log-ins were refused."""
        shared = {LOGINS: SHARED} if SHARED and self._connection.transport == "local" else {}
        return {**self._task.args, TASK: f"{RUN}-{self._task._uuid}", **shared}

    def _given_up(self) -> dict[str, t.Any]:
        """The result of a module that nobody waits for any more: it ends by itself, as its output is not read, and tells nobody
        what it had sent by then."""
        reads_only = self._task.check_mode or self._task.action.endswith("_info")
        failure = Failure(
            "task_timeout",
            "the timeout of the task has passed, and the module ends without telling what it had sent.",
            "Look at the resources of this task before you run it again.",
            what=self._task.action,
            outcome=NONE if reads_only else UNKNOWN,
            effect=("the request", "accepted"),  # which it was, and whether it starts a job, only the module knew
        )
        return {"failed": True, **failed_result(failure)}

    def _timed_out(self, result: dict[str, t.Any]) -> dict[str, t.Any]:
        """As Ansible itself marks it."""
        return {**result, "timedout": {"period": self._task.timeout}}

    def _same_here(self, task_vars: dict[str, t.Any]) -> bool:
        """Nothing about this task would be different in a process of its own."""
        task = self._task
        if not is_tested(ansible_version) or _is_off(os.environ.get("GROUNDWORK_IN_PROCESS", "1")):
            return False
        if not boolean(self._templar.template(task_vars.get("groundwork_in_process", True)), strict=False):
            return False
        if task.async_val or self._connection.transport != "local" or self._connection.become is not None:
            return False
        # An unset environment is not empty but a list of one empty mapping, or of several.
        if any(task.environment or []):
            return False
        return self._interpreter(task_vars) == sys.executable

    def _screen(self, task_vars: dict[str, t.Any]) -> Screen | None:
        """Where the user sees a line; None where nobody reads it, or a program does.

        Only a worker of the controller has a way to the screen that does not cross what this process prints.
        """
        if getattr(display, "_final_q", None) is None or _is_off(os.environ.get("GROUNDWORK_PROGRESS", "1")):
            return None
        if not boolean(self._templar.template(task_vars.get("groundwork_progress", True)), strict=False):
            return None
        if constants.DEFAULT_STDOUT_CALLBACK.rpartition(".")[2] in READ_BY_PROGRAMS:
            return None
        return Screen(task_vars.get("inventory_hostname", ""))

    def _interpreter(self, task_vars: dict[str, t.Any]) -> str | None:
        """The interpreter that the module would get, if it is named; None leaves it to discovery, so to the module."""
        host = self._task.delegate_to
        variables = task_vars.get("ansible_delegated_vars", {}).get(host, {}) if host else task_vars
        named = variables.get("ansible_python_interpreter")
        return self._templar.template(named) if named else None
