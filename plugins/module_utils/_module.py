# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Ansible glue: the only place that builds an AnsibleModule, exits, fails, warns and redacts.

The in-process way of plugin_utils/in_process.py runs this same code inside the controller's worker.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import sys
import threading
import traceback
import typing as t

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ansible_collections.groundwork.provision.plugins.module_utils import _floor

_floor.require_python()  # before the imports below, which an older Python may not compile

from ansible_collections.groundwork.provision.plugins.module_utils import _certificates, _logins, _wire
from ansible_collections.groundwork.provision.plugins.module_utils._clock import Clock, Ended
from ansible_collections.groundwork.provision.plugins.module_utils._errors import AGAIN, Failure, MissingLibrary, bad_input
from ansible_collections.groundwork.provision.plugins.module_utils._options import (
    LOGINS,
    NO_DICTIONARY,
    TASK,
    Options,
    Spec,
    free_values,
    named_twice,
    no_dictionaries,
    out_of_place,
    settle,
    shown,
    strict,
    told_missing,
)
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run, failed_result
from ansible_collections.groundwork.provision.plugins.module_utils._secret_names import masked, secrets
from ansible_collections.groundwork.provision.plugins.module_utils._text import safe

# False while plugin_utils/in_process.py runs a module inside the controller's worker, whose signals are Ansible's.
OWN_PROCESS = True

MANY = 20  # entries of a list that are shown

PLAN = "plan"  # what was tried by a task that was refused before it asked for anything

AFTER_THE_END = f"Nothing more is sent. {AGAIN}"

# Show a line to the user while a module runs inside the controller's worker, and the last one when it is told to end. A module in a
# process of its own has nobody to show it to.
SAY: t.Callable[[str], None] | None = None
PART: t.Callable[[str], None] | None = None
# The clock of the module that runs there, whose end is told by whoever runs it. A module in a process of its own makes one.
CLOCK: Clock | None = None

Body = t.Callable[[Run], dict[str, t.Any]]


class Module(AnsibleModule):
    """An AnsibleModule whose options are read by :func:`settle`."""

    params: dict[str, t.Any]
    argument_spec: Options
    task = ""
    logins = ""
    unknown: t.Sequence[str] = ()
    twice: t.Sequence[str] = ()
    no_rows: t.Sequence[str] = ()

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        super().__init__(supports_check_mode=True, **spec.kwargs())

    def _load_params(self) -> None:
        super()._load_params()
        self.task = str(self.params.pop(TASK, ""))
        self.logins = str(self.params.pop(LOGINS, ""))
        known = {*self.spec.options, *(alias for option in self.spec.options.values() for alias in option.get("aliases", ()))}
        self.unknown = sorted(str(name) for name in self.params if name not in known and not str(name).startswith("_ansible_"))
        self.twice = named_twice(self.params, self.spec.options)
        self.params = settle(out_of_place(self.params, self.spec.options), self.spec)
        self.no_rows = no_dictionaries(self.params, self.spec.options)  # now, since Ansible makes lists of texts
        self.argument_spec = strict(self.argument_spec)
        self.no_log_values.update(*map(secrets, free_values(self.params, self.spec.options)))

    def fail_json(self, msg: str, **kwargs: t.Any) -> t.Any:
        """The exit of whoever is refused, also by Ansible itself."""
        if msg.startswith(NO_DICTIONARY):
            msg = "; ".join(self.no_rows) or msg
        super().fail_json(told_missing(msg, self.spec.options, self.unknown), **kwargs)


def main(spec: Spec, body: Body) -> None:
    """Run ``body`` as a module with ``spec``; every way out goes through :func:`_leave`."""
    _floor.require_python()
    module = Module(spec)
    if _wire.requests is None:
        wanted = f"requests >= {_floor.written(_wire.REQUESTS_FLOOR)}"
        module.fail_json(msg=missing_required_lib(wanted), exception=_wire.REQUESTS_IMPORT_ERROR)
    found = _wire.requests_is_too_old()
    if found:
        module.fail_json(msg=_floor.too_old("requests", found, _wire.REQUESTS_FLOOR))
    clock = CLOCK or Clock()
    began = clock.monotonic()
    run: Run | None = None
    failure: Failure | None = None
    try:
        logins = _logins.find(module.logins)
        run = Run(dict(module.params), check_mode=module.check_mode, clock=clock, task=module.task, say=SAY, part=PART, logins=logins)
        run.redactor.add(*module.no_log_values)
        if OWN_PROCESS:
            # What the imports have made stays to the end. To look through it once more at the exit was a tenth of a small task.
            gc.freeze()
            _heed_signals(clock)
        _refuse_two_names(module.twice)
        _certificates.warn_of_options(run)
        result = {"failed": False, **body(run)}
    except Failure as told:
        failure = told
    except MissingLibrary as missing:
        module.fail_json(msg=missing_required_lib(missing.library), exception=missing.trace)
    except Exception as exc:
        failure = unexpected(exc)
    except BaseException as exc:
        failure = _interrupted(exc)
        if failure is None:
            raise
    if failure is not None:
        failure.about(system=spec.system, operation=PLAN)
        result = {"failed": True, **failed_result(failure, run)}
    result["duration"] = round(clock.monotonic() - began, 3)
    _leave(module, run, result)


def _refuse_two_names(twice: t.Sequence[str]) -> None:
    if twice:
        why = f"under two of its names different values are set for {', '.join(twice)}."
        raise bad_input("config_options", why, "Set it under one name, in the task and in module_defaults, and run again.")


def _leave(module: Module, run: Run | None, result: dict[str, t.Any]) -> None:
    """The one exit: what came from outside is made printable, secrets are masked in every form, keys included."""
    failed = result.pop("failed")
    result = safe(result)
    if run is not None:
        result = run.redactor.value(result)
        for text in run.warnings:
            module.warn(text)
    if module._diff and isinstance(result.get("diff"), dict):
        result["diff"] = {side: _of_free_data(value) for side, value in result["diff"].items()}
    else:
        result.pop("diff", None)
    result["invocation"] = {"module_args": _shown(shown(module.params, module.spec.options))}
    try:
        if failed:
            module.fail_json(**result)
        module.exit_json(**result, **(run.reveal if run is not None else {}))
    except SystemExit:
        if run is not None and run.after_told:
            sys.stdout.flush()
            run.told()
        raise


def _of_free_data(side: t.Any) -> t.Any:
    """One side of a diff without the secrets that it shows of specs and the like. Its own keys may be names of resources."""
    return {key: masked(value) for key, value in side.items()} if isinstance(side, dict) else side


def _shown(params: dict[str, t.Any]) -> dict[str, t.Any]:
    """What the module was given, as Ansible shows it with -vvv. Of long lists the beginning: ten thousand items would fill a result."""
    return {
        name: [*value[:MANY], f"and {len(value) - MANY} more"] if isinstance(value, list) and len(value) > MANY else value
        for name, value in params.items()
    }


def _interrupted(exc: BaseException) -> Failure | None:
    """The failure for an end that was asked for: a signal, or the task's ``timeout``, which Ansible raises inside the worker."""
    if is_task_timeout(exc):
        return Failure("task_timeout", "the timeout of the task has passed.", AFTER_THE_END)
    if isinstance(exc, Ended):
        return Failure("interrupted", f"{exc}." if str(exc) else "the run was told to end.", AFTER_THE_END)
    return None


def is_task_timeout(exc: BaseException) -> bool:
    """Ansible's own exception for the keyword ``timeout``, which has a place of its own in each release."""
    return type(exc).__name__ == "TaskTimeoutError"


def _heed_signals(clock: Clock) -> None:
    """SIGINT, SIGTERM, SIGHUP, and an end of whoever reads our output: unwind, so that sessions and files are cleaned up."""

    def end(number: int, frame: t.Any) -> None:
        # Once: what follows is the log-out, which is bounded itself.
        for other in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(other, signal.SIG_IGN)
        reason = f"the run was told to end ({signal.Signals(number).name})"
        clock.stop.ask(reason)
        raise Ended(reason)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
            signal.signal(number, end)
    threading.Thread(target=_watch_output, name="groundwork-output", daemon=True).start()


def _watch_output() -> None:
    """End the run when nobody reads its output any more. Ansible gives a module up (the task's timeout, a lost connection, a
    cancelled job) without a signal to it; the pipe is what tells."""
    poll = select.poll()
    try:
        poll.register(1, 0)
        gone = any(event & (select.POLLERR | select.POLLHUP) for _fd, event in poll.poll())
    except (OSError, ValueError):
        return
    if gone:
        os.kill(os.getpid(), signal.SIGTERM)


def unexpected(exc: Exception) -> Failure:
    """A defect of ours: where it happened and its kind, never its text, which could hold anything."""
    frames = [f for f in traceback.extract_tb(exc.__traceback__) if "groundwork" in f.filename]
    where = f"{os.path.basename(frames[-1].filename)}:{frames[-1].lineno}" if frames else "an unknown place"
    return Failure(
        "internal_error",
        f"a defect of the collection ({type(exc).__name__} in {where}).",
        "Please report it with this message.",
    )
