# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One simulated data centre, the collection's own modules run against it, and exact accounts of both.

``sent`` has every starting request that left the client, ``applied`` those that the server acted on. The server's account
is the only witness; what the module says is held against it.
"""

from __future__ import annotations

import functools
import importlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from ansible.module_utils.common.arg_spec import ModuleArgumentSpecValidator
from harness import OPS_MANAGER_PRIVATE_KEY, PACKAGE, XCLARITY_PASSWORD, Result, run_main

from ansible_collections.groundwork.provision.plugins.module_utils import _module
from ansible_collections.groundwork.provision.plugins.module_utils._clock import Clock
from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run, failed_result
from ansible_collections.groundwork.provision.plugins.module_utils._text import safe

from .memory import Memory, Reply, Sent
from .sites import START, Start

ESTATE = yaml.safe_load((Path(__file__).resolve().parents[1] / "simulator" / "estate.yml").read_text(encoding="utf-8"))
ESTATE["xclarity"]["os_images"][0]["profiles"][1]["export_size"] = 20000  # thousands of them are downloaded
# What may be nowhere in any result.
CANARIES = (XCLARITY_PASSWORD, OPS_MANAGER_PRIVATE_KEY, "demopw-canary", "JSESSIONID=", "X-Auth-Token")
# What a failure may say of the server: one of the four; of several resources how many were started, or are not known, in their place.
SENTENCES = {
    "K1": re.compile(r"Nothing was changed\."),
    "K2": re.compile(r"The server refused the request; nothing was started\."),
    "K3": re.compile(r"The [a-z]+ was (started|accepted|created)\b|; \d+ [a-z0-9 ]*(was|were) (started|accepted|created)\b.*?\. The first:"
                     r"|the [a-z]+ was (started|accepted|created)\b.* and could not be followed|the (job|action) .* (ended as|failed:)"
                     r"|(?<!whether )\b\d+ of \d+ [a-z ]+ (was|were) (started|accepted|created) \(|\d+ of \d+ [a-z ]+ (is|are) done\b"),
    "K4": re.compile(r"[Ii]t is not known whether (the [a-z]+ was|\d+ (of (them|\d+ [a-z ]+) )?(was|were))"
                     r" (started|accepted|created)(\.| \()"),
}


class Lab:
    """memory: the servers. Modules are run with :meth:`run`; the state directory lives as long as the lab."""

    def __init__(self, memory: Memory | None = None, *, folder: str | None = None) -> None:
        self.memory = memory or Memory()
        # In memory where the machine has that: thousands of records are synced to it.
        self.folder = Path(folder or tempfile.mkdtemp(prefix="chaos-", dir="/dev/shm" if os.path.isdir("/dev/shm") else None))
        self.clock: Clock = self.memory.clock
        self.sent: list[Sent] = []
        self.hook: Callable[[Sent], Reply | None] | None = None
        self.ca: str | None = None
        self._made = folder is None

    def close(self) -> None:
        self.memory.close()
        if self._made:
            shutil.rmtree(self.folder, ignore_errors=True)

    def fresh(self, start: Start | None = None) -> None:
        """The demo estate, an empty state directory, and what ``start`` needs to be there; then empty accounts."""
        self.memory.reset()
        self.memory.seed(**ESTATE)
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.hook = None
        self.memory.hook = self._note
        if start is not None:
            start.prepare(self)
        self.memory.world.entries.clear()
        shutil.rmtree(self.folder / "state", ignore_errors=True)
        self.sent = []

    def _note(self, sent: Sent) -> Reply | None:
        if any(start.matches(sent.app, sent.method, sent.target, sent.body) for start in START.values()):
            self.sent.append(sent)
        return self.hook(sent) if self.hook is not None else None

    # -- running -------------------------------------------------------------------------------------------------

    def params(self, start: Start, **more: Any) -> dict[str, Any]:
        """The options of a run: connection, short patience, the start's own."""
        url = self.memory.url
        connection: dict[str, dict[str, Any]] = {
            "xclarity": {"endpoint": url("xclarity"), "username": "AUTOMATION", "password": XCLARITY_PASSWORD, "ca_path": self.ca},
            "ops_manager": {
                "endpoint": url("ops_manager"), "public_key": "automation", "private_key": OPS_MANAGER_PRIVATE_KEY,
                "group_name": "payments", "ca_path": self.ca,
            },
            "openstack": {
                "auth": {
                    "auth_url": url("keystone") + "/v3", "username": "demo", "password": "demopw", "project_name": "demo",
                    "user_domain_name": "Default", "project_domain_name": "Default",
                },
                "region_name": "RegionOne", "ca_path": self.ca,
            },
        }  # fmt: skip
        own = {k: v.format(folder=self.folder) if isinstance(v, str) else v for k, v in start.params.items()}
        options = {"state_dir": str(self.folder / "state"), "reconcile_timeout": 15.0, "wait_timeout": 600.0, "poll_interval": 5.0}
        known = module_of(start.module).SPEC.options
        return {**connection[start.system], **{k: v for k, v in options.items() if k in known}, **own, **more}

    def run(self, start: Start, *, check: bool = False, **more: Any) -> Result:
        """One run of the module's body without Ansible around it: fast, and safe in threads and forks."""
        with self.memory.plugged():
            return self.body(start, check=check, **more)

    def body(self, start: Start, *, check: bool = False, **more: Any) -> Result:
        """As :meth:`run`, when the memory is plugged in already."""
        return drive(module_of(start.module), self.params(start, **more), self.clock, check=check)

    def whole(self, start: Start, *, check: bool = False, **more: Any) -> Result:
        """One run through the module's own ``main``, argument spec and exit included."""
        before, _module.Clock = _module.Clock, lambda: self.clock
        try:
            with self.memory.plugged():
                params = {key: value for key, value in self.params(start, **more).items() if value is not None}
                return run_main(module_of(start.module).main, params, check=check)
        finally:
            _module.Clock = before

    # -- accounts ------------------------------------------------------------------------------------------------

    def transmitted(self, start: Start) -> int:
        """How often the starting request left the client."""
        return sum(start.matches(one.app, one.method, one.target, one.body) for one in self.sent)

    def applied(self, start: Start) -> int:
        """How often the server acted on it."""
        return sum(
            start.matches(one["system"], one["method"], one["path"], one["body"]) and (one["status"] or 999) < 400
            for one in self.memory.world.entries
        )

    def settle(self, seconds: float = 1.0e5) -> None:
        """Let everything that is on its way arrive."""
        self.memory.clock.sleep(seconds)
        self.memory._arrive_late()


@functools.cache
def module_of(name: str) -> Any:
    return importlib.import_module(f"{PACKAGE}.modules.{name}")


@functools.cache
def _validator(name: str) -> ModuleArgumentSpecValidator:
    kwargs = module_of(name).SPEC.kwargs()
    return ModuleArgumentSpecValidator(kwargs.pop("argument_spec"), **kwargs)


def drive(module: Any, params: dict[str, Any], clock: Clock, *, check: bool = False, out: Callable[[Result], None] | None = None) -> Result:
    """What the one exit of ``_module.py`` would have told. out: called with it when it is told."""
    checked = _validator(module.__name__.rpartition(".")[2]).validate({k: v for k, v in params.items() if v is not None})
    if checked.error_messages:
        return Result({"failed": True, "changed": False, "outcome": "none", "error": {"code": "argument_spec"}, "msg": str(checked.errors)})
    run = None
    try:
        run = Run(dict(checked.validated_parameters), check_mode=check, clock=clock)
        run.redactor.add(*checked._no_log_values)
        result = {"failed": False, **module.run(run)}
    except Failure as failure:
        result = {"failed": True, **failed_result(failure, run)}
    except Exception as exc:
        result = {"failed": True, **failed_result(_module.unexpected(exc), run), "defect": repr(exc)}
    result = safe(result)
    told = Result(run.redactor.value(result) if run is not None else result)
    if out is not None:
        out(told)
    if run is not None:
        run.told()
    return told


def sentence(result: dict[str, Any]) -> str | None:
    """Which of the four fixed sentences the message has; of several resources it may have two: ``K3+K4``."""
    found = [name for name, pattern in SENTENCES.items() if pattern.search(str(result.get("msg", "")))]
    return "+".join(found) or None


def leaks(result: dict[str, Any]) -> list[str]:
    text = json.dumps(result, ensure_ascii=False, default=str)
    return [canary for canary in CANARIES if canary in text]
