# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Activate the profiles of the hosts of a play, those of one XClarity Administrator in one task, with a result for each host.

An action without a module of its own, since what it does is between hosts: it decides in the controller which of them runs the
module profile_activation for all that are alike, and gives each its own part of that result. Its documentation is
plugins/modules/host_profile.yml.

Nothing here depends on the strategy, on who is the first host, or on which hosts a condition leaves out: a host that comes to the
second phase takes what is registered and not taken yet, and then waits for its own result only. So with the strategy linear,
where all hosts have registered before, the first few to come run one task for each server, side by side.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import sys
import typing as t

from ansible import constants
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase
from ansible.template import Templar

from ansible_collections.groundwork.provision.plugins.module_utils._clock import Clock
from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure, bad_input
from ansible_collections.groundwork.provision.plugins.module_utils._module import is_task_timeout
from ansible_collections.groundwork.provision.plugins.module_utils._options import strict
from ansible_collections.groundwork.provision.plugins.module_utils._text import clean
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.profile_plans import Desired, check_target
from ansible_collections.groundwork.provision.plugins.modules.profile_activation import SPEC
from ansible_collections.groundwork.provision.plugins.plugin_utils import in_process
from ansible_collections.groundwork.provision.plugins.plugin_utils.host_registry import Batch, Registry
from ansible_collections.groundwork.provision.plugins.plugin_utils.host_results import ended, out_of_time, share
from ansible_collections.groundwork.provision.plugins.plugin_utils.role_words import may_be_meant, with_sources
from ansible_collections.groundwork.provision.plugins.plugin_utils.task_defaults import with_defaults

MODULE = "groundwork.provision.profile_activation"
ROLE = "activate_profiles"
# Which variable tells what: of a host's item, and of the other options of the module. Of several the first that is set counts. They are
# named here, and not given as arguments, since Ansible copies and evaluates each text of an argument several times for each host.
ITEM = {
    "profile": ("activate_profiles_profile", "xclarity_profile"),
    "uuid": ("activate_profiles_target", "xclarity_target"),
    "restart": ("activate_profiles_restart", "xclarity_restart"),
    "redeploy": ("activate_profiles_redeploy",),
}
# What the inventory plugin tells of a server.
TOLD = {"uuid": ("xclarity_uuid",), "chassis": ("xclarity_chassis",), "slots": ("xclarity_slots",)}
OPTIONS = {
    "endpoint": ("xclarity_endpoint",),
    "username": ("xclarity_username",),
    "password": ("xclarity_password",),
    "ca_path": ("xclarity_ca_path",),
    "validate_certs": ("xclarity_validate_certs",),
    "concurrency": ("activate_profiles_concurrency",),
    "on_failure": ("activate_profiles_on_failure",),
    "wait": ("activate_profiles_wait",),
    "wait_timeout": ("activate_profiles_wait_timeout",),
    "poll_interval": ("activate_profiles_poll_interval",),
}
ROLE_OPTIONS = ("concurrency", "on_failure", "wait", "wait_timeout", "poll_interval")  # those that are not about the connection
# What the module takes for each profile. A mistake of one host there would stop all hosts of its server.
ITEM_SPEC = SPEC.options["profiles"]["options"]
VALIDATORS = {option: ArgumentSpecValidator(strict({option: spec})) for option, spec in ITEM_SPEC.items()}  # made once, before any fork
KINDS = {"str": "a text", "bool": "a boolean"}
# Made in Ansible's main process, from which all of its workers are forked. It keeps what stands in the registry's files from telling
# anything about a password. Should workers not share it, each host runs a task of its own.
_SECRET = os.urandom(32)
# The action of the module would make it in the worker that runs the module, and other tasks of the run would not have it.
SHARED = in_process.SHARED
# Seconds that a host whose time is over gives to the one that works for it, whose time is over at the same moment as a rule: it
# ends what it waits for, logs out and tells of each host.
GRACE = 5.0


class ActionModule(ActionBase):
    """See the documentation in plugins/modules/host_profile.yml."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """The host's own result."""
        variables = task_vars or {}
        super().run(tmp, variables)
        host = variables["inventory_hostname"]
        if self._task.args["phase"] == "validate":
            item, options, result = self._asked(variables)
            return result if result.get("failed") or not item else _of_the_role(_options_refused(options) or result, variables)
        registry = Registry(constants.DEFAULT_LOCAL_TMP, str(variables.get("role_uuid", self._task._parent._uuid)))
        registering = self._task.args["phase"] == "register"
        # The first phase may have been left out, by a tag or by --start-at-task.
        if registering or not registry.registered(host):
            answer = self._register(registry, host, variables)
            if answer:
                return answer
        return {"changed": False} if registering else self._activate(registry, host, variables)

    def _register(self, registry: Registry, host: str, variables: dict[str, t.Any]) -> dict[str, t.Any]:
        """Register what the host asks for; a result when that is nothing, or cannot be."""
        item, options, refused = self._asked(variables)
        if refused.get("failed"):
            return refused
        if not item:
            return self._nothing(registry)
        registry.register(host, self._way(), _key(options), item)
        return {}

    def _asked(self, variables: dict[str, t.Any]) -> tuple[dict[str, t.Any], dict[str, t.Any], dict[str, t.Any]]:
        """The item of this host, empty where it has no profile; the options of the module; a result, which has failed where the item is
        wrong."""
        item = _values(ITEM, variables, self._templar)
        if "uuid" not in item:
            item |= _target(_values(TOLD, variables, self._templar))
        if "profile" not in item:
            return {}, {}, {"changed": False}
        options = self._options(variables, self._templar)
        try:
            item = self._checked(item, variables)
            if not item.get("restart") and not options.get("restart"):
                raise bad_input(
                    "config_restart",
                    f"restart is not set for the profile {clean(item['profile'], 80)}.",
                    "Set xclarity_restart to immediate or defer and run again.",
                )
        except Failure as failure:
            failure.about(what="activate the profile of this host", resource=clean(str(item["profile"]), 200))
            failure.details = {}
            return item, options, {"changed": False, "failed": True, "msg": failure.message(), "error": failure.public()}
        return item, options, {"changed": False}

    def _checked(self, item: dict[str, t.Any], variables: dict[str, t.Any]) -> dict[str, t.Any]:
        """The item as the module takes it. Raises for a value that it does not take, with the name of the variable."""
        taken = {}
        for option, value in item.items():
            spec = ITEM_SPEC[option]
            found = VALIDATORS[option].validate({option: value})
            if found.error_messages:
                name = _source((*ITEM[option], *TOLD.get(option, ())), variables, self._templar)
                what = f"not one of {', '.join(spec['choices'])}" if "choices" in spec else f"not {KINDS[spec['type']]}"
                code = "config_restart" if option == "restart" else "task_failed"
                raise bad_input(code, f"{name} is {clean(repr(value), 80)}, {what}.", "Correct it and run again.")
            taken[option] = found.validated_parameters[option]
        check_target(Desired(taken["profile"], taken.get("uuid") or ""), 0)
        return taken

    def _nothing(self, registry: Registry) -> dict[str, t.Any]:
        """For a host without a profile. Once it is said so; in check mode a play without any profile shows its empty plan."""
        shown: dict[str, t.Any] = {}
        if self._task.args["phase"] == "register":
            told = "No profile is named for this host, so nothing is activated for it."
            shown = {"skip_reason": told, "msg": told, "_ansible_verbose_always": True}
        elif self._task.check_mode and registry.is_empty() and registry.first("nothing is planned"):
            shown = _planned([])
        return {"changed": False, "skipped": True, **shown}

    def _activate(self, registry: Registry, host: str, variables: dict[str, t.Any]) -> dict[str, t.Any]:
        """Work for as many hosts as wait while this one has no result, then return its own."""
        done: list[dict[str, t.Any]] = []
        # Ansible does not count a host that failed and is in an ``always``. It works for itself.
        play = list(dict.fromkeys([*variables["ansible_play_batch"], host]))
        try:
            own = self._own_result(registry, host, play, variables, done)
        except BaseException as exc:
            if not is_task_timeout(exc):
                raise
            own = self._timed_out(registry, host, variables)
        # Under the name of the host stands its item, so that it is found as in the results of a loop over hosts.
        own.setdefault(host, own.pop("profile", None) or {"error": own.get("error")})
        for name in ("warnings", "deprecations"):
            told = [one for result in done for one in result.get(name) or []]
            own |= {name: told} if told else {}
        if done and self._task.check_mode and not own.get("failed"):
            own |= _planned([step for result in done for step in result.get("plan") or []])
        return own

    def _own_result(
        self, registry: Registry, host: str, play: list[str], variables: dict[str, t.Any], done: list[dict[str, t.Any]]
    ) -> dict[str, t.Any]:
        """The result of ``host``, for which others may have to be worked for; what that told is put into ``done``."""
        way = self._way()
        while not registry.has_result(host):
            if registry.dropped(host):
                self._register(registry, host, variables)
            with registry.take(host, way, play) as batch:
                if batch is None:
                    break
                if batch.hosts:
                    done.append(self._run_for(registry, batch, host, variables))
            if done and (done[-1].get("error") or {}).get("code") == "task_timeout":
                # Ansible raises it once: nothing would end what is begun or waited for from now on.
                return self._timed_out(registry, host, variables)
        return registry.result(host) or ended("the process that worked for this host ended without a result.", self._resource(variables))

    def _timed_out(self, registry: Registry, host: str, variables: dict[str, t.Any]) -> dict[str, t.Any]:
        """The result of a host whose task has no more time: what is known of it by now.

        Ansible itself would tell that nothing changed, of a server that restarts.
        """
        resource = self._resource(variables)
        if registry.withdraw(host):
            told = out_of_time("the timeout of the task has passed before it was begun.", resource, begun=False)
        else:
            found = registry.result_within(host, GRACE, Clock())
            if found is not None:
                return found
            why = "the timeout of the task has passed, and the task of another host, which works for this one, has not told yet."
            told = out_of_time(why, resource, begun=not self._task.check_mode)
        return {**told, "timedout": {"period": self._task.timeout}}

    def _resource(self, variables: dict[str, t.Any]) -> str | None:
        """The profile of this host, for messages."""
        profile = _values({"profile": ITEM["profile"]}, variables, self._templar).get("profile")
        return None if profile is None else str(profile)

    def _run_for(self, registry: Registry, batch: Batch, host: str, variables: dict[str, t.Any]) -> dict[str, t.Any]:
        """Run the module once for all hosts of ``batch`` and store the result of each. Returns the module's."""
        results = _ended(batch, "the task that activates it was ended.")
        try:
            templar = self._templar
            if host not in batch.hosts:
                variables = self._variables_of(batch.hosts[0], variables)
                templar = Templar(loader=self._loader, variables=variables)
            result = _of_the_role(self._run(batch.items, self._options(variables, templar), variables, templar), variables)
            results = share(result, batch.hosts, batch.items, check_mode=self._task.check_mode)
            return result
        except Exception as exc:
            # It is not about this host alone, so it must not be this host's failure alone.
            results = _ended(batch, f"the task that activates it could not be run ({type(exc).__name__}).")
            return {}
        finally:
            registry.store(results)

    def _run(
        self, items: list[dict[str, t.Any]], options: dict[str, t.Any], variables: dict[str, t.Any], templar: Templar
    ) -> dict[str, t.Any]:
        """The module on the controller, as a task that is delegated to localhost would run it, and never with become."""
        task = self._task.copy()
        task.action = MODULE
        task.args = {**options, "profiles": items}
        task.delegate_to = None
        interpreter = variables["hostvars"]["localhost"].get("ansible_python_interpreter") or sys.executable
        action = self._shared_loader_obj.action_loader.get(
            MODULE,
            task=task,
            connection=self._shared_loader_obj.connection_loader.get("local", self._play_context),
            play_context=self._play_context,
            loader=self._loader,
            templar=templar,
            shared_loader_obj=self._shared_loader_obj,
        )
        try:
            return action.run(task_vars={**variables, "ansible_python_interpreter": interpreter})
        finally:
            action.cleanup()

    # -- options -------------------------------------------------------------------------------------------------

    def _options(self, variables: dict[str, t.Any], templar: Templar) -> dict[str, t.Any]:
        """The options of the module for one host: those of the role that are set, over module_defaults."""
        return with_defaults(MODULE, self._task, _values(OPTIONS, variables, templar), templar)

    def _variables_of(self, host: str, own: dict[str, t.Any]) -> dict[str, t.Any]:
        """The variables that another host would have in this task."""
        hostvars = own["hostvars"]
        return hostvars._variable_manager.get_vars(play=self._task.get_play(), host=hostvars._inventory.get_host(host), task=self._task)

    def _way(self) -> str:
        """Equal for hosts whose tasks behave alike. A keyword can differ between hosts; who works for another uses its own."""
        task = self._task
        environment = [self._templar.template(one) for one in task.environment or []]
        return _digest([environment, task.check_mode, task.diff, task.timeout, task.no_log])


def _key(options: dict[str, t.Any]) -> str:
    """Equal for hosts whose tasks, where these behave alike, would differ in their items only."""
    return _digest({**options, "endpoint": str(options.get("endpoint") or "").strip().rstrip("/").casefold()})


def _digest(told: t.Any) -> str:
    return hmac.new(_SECRET, json.dumps(told, sort_keys=True, default=str).encode(), hashlib.sha256).hexdigest()


def _ended(batch: Batch, why: str) -> dict[str, dict[str, t.Any]]:
    """The result of each host of a task that tells nothing."""
    return {host: ended(why, str(item["profile"])) for host, item in zip(batch.hosts, batch.items, strict=True)}


def _values(names: t.Mapping[str, tuple[str, ...]], variables: dict[str, t.Any], templar: Templar) -> dict[str, t.Any]:
    """What the variables say, those that are set. An empty text is not: a survey sends it for a field that was left out."""
    found = {}
    for option, candidates in names.items():
        for name in candidates:
            value = templar.template(variables[name]) if name in variables else None
            if not (value is None or (isinstance(value, str) and not value.strip())):
                found[option] = value
                break
    return found


def _source(candidates: t.Sequence[str], variables: dict[str, t.Any], templar: Templar) -> str:
    """The name of the variable that counts."""
    return next((name for name in candidates if _values({name: (name,)}, variables, templar)), candidates[-1])


def _options_refused(options: dict[str, t.Any]) -> dict[str, t.Any]:
    """The failed result for options that are no words or numbers for the module; empty where there are none."""
    given = {name: value for name, value in options.items() if name in ROLE_OPTIONS}
    found = ArgumentSpecValidator({name: SPEC.options[name] for name in given}).validate(given)
    return {"changed": False, "failed": True, "msg": found.error_messages[0]} if found.error_messages else {}


def _of_the_role(result: dict[str, t.Any], variables: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """A mistake in an option, so that nothing was begun, with the names of the role's variables."""
    sources = {
        option: " or ".join(name for name in names if may_be_meant(name, ROLE, variables)) for option, names in {**OPTIONS, **ITEM}.items()
    }
    return with_sources(result, {option: told for option, told in sources.items() if told})


def _target(told: dict[str, t.Any]) -> dict[str, t.Any]:
    """Where the profile of a server belongs: a server in a chassis is named by its bay, any other by its UUID."""
    if told.get("chassis") and told.get("slots"):
        return {"uuid": f"{told['chassis']}_bay{told['slots'][0]}"}
    return {"uuid": told["uuid"]} if told.get("uuid") else {}


def _planned(plan: list[t.Any]) -> dict[str, t.Any]:
    """What check mode shows of a role, in the same words as every role."""
    return {"msg": {"planned_requests": plan, "not_predictable": []}, "_ansible_verbose_always": True}
