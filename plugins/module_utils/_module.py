# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Ansible glue: the only place that builds an AnsibleModule, exits, fails, warns and redacts.

The in-process way of plugin_utils/in_process.py runs this same code inside the controller's worker.
"""

from __future__ import annotations

import gc
import os
import signal
import traceback
import typing as t

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ansible_collections.groundwork.provision.plugins.module_utils import _floor

_floor.require_python()  # before the imports below, which an older Python may not compile

from ansible_collections.groundwork.provision.plugins.module_utils import _certificates, _wire
from ansible_collections.groundwork.provision.plugins.module_utils._clock import Clock
from ansible_collections.groundwork.provision.plugins.module_utils._errors import NONE, Failure, MissingLibrary
from ansible_collections.groundwork.provision.plugins.module_utils._options import Module, Spec
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run, failed_result
from ansible_collections.groundwork.provision.plugins.module_utils._text import safe

# False while plugin_utils/in_process.py runs a module inside the controller's worker, whose signals are Ansible's.
OWN_PROCESS = True

Body = t.Callable[[Run], dict[str, t.Any]]


class Terminated(BaseException):
    """SIGTERM or SIGHUP: unwind, so that sessions are closed and temporary files removed."""


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
    if OWN_PROCESS:
        # What the imports have made stays to the end. To look through it once more at the exit was a tenth of a small task.
        gc.freeze()
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, _terminate)
    clock = Clock()
    began = clock.monotonic()
    run: Run | None = None
    failure: Failure | None = None
    try:
        run = Run(dict(module.params), check_mode=module.check_mode, clock=clock)
        run.redactor.add(*module.no_log_values)
        _certificates.warn_of_options(run)
        result = {"failed": False, **body(run)}
    except Failure as told:
        failure = told
    except MissingLibrary as missing:
        module.fail_json(msg=missing_required_lib(missing.library), exception=missing.trace)
    except Terminated:
        failure = Failure("interrupted", "the run was told to end (SIGTERM).", "Look at the resources of this task, then run it again.")
    except Exception as exc:
        failure = unexpected(exc)
    if failure is not None:
        result = {"failed": True, **failed_result(failure, run.fate if run is not None else NONE)}
    result["duration"] = round(clock.monotonic() - began, 3)
    _leave(module, run, result)


def _leave(module: AnsibleModule, run: Run | None, result: dict[str, t.Any]) -> None:
    """The one exit: what came from outside is made printable, secrets are masked in every form, keys included."""
    failed = result.pop("failed")
    result = safe(result)
    if run is not None:
        result = run.redactor.value(result)
        for text in run.warnings:
            module.warn(text)
    if not module._diff:
        result.pop("diff", None)
    if failed:
        module.fail_json(**result)
    module.exit_json(**result, **(run.reveal if run is not None else {}))


def _terminate(number: int, frame: t.Any) -> None:
    raise Terminated


def unexpected(exc: Exception) -> Failure:
    """A defect of ours: where it happened and its kind, never its text, which could hold anything."""
    frames = [f for f in traceback.extract_tb(exc.__traceback__) if "groundwork" in f.filename]
    where = f"{os.path.basename(frames[-1].filename)}:{frames[-1].lineno}" if frames else "an unknown place"
    return Failure(
        "internal_error",
        f"a defect of the collection ({type(exc).__name__} in {where}).",
        "Please report it with this message.",
    )
