# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write a report of the run as one page of HTML. What the page looks like is in plugin_utils/report_page.py."""

from __future__ import annotations

DOCUMENTATION = r"""
name: report
type: notification
short_description: Write a report of the run as one page of HTML
version_added: "1.0.0"
author: groundwork.provision contributors (@groundwork)
description:
  - Writes one page that says what the tasks of this collection did, what failed, why and what to do, and for each host how it stands, with
    a timeline of the jobs on the servers. Failures of other tasks are on it too, with their message, and the hosts of each play that ended
    before their wave began.
  - The page needs nothing else. It has no scripts and asks for nothing outside, so that it can be mailed, kept as an artifact of a
    pipeline, and opened on a phone.
  - It is written when the run begins, when a task of this collection begins, at most every ten seconds between other tasks, and at its
    end. A run that was interrupted or killed leaves a page that says that the run did not come to its end, and which tasks were under way
    on which hosts, and so does one that Ansible ended by an error of its own (a play with a value that is refused), with that error. A
    first playbook that Ansible cannot load leaves no page. Writing it while the run goes on takes at most a second and a twentieth of the
    run's time.
  - What C(no_log) hides stays hidden. The page shows the names of hosts and resources, so only the user that ran Ansible may read it
    (mode C(0600)).
  - Of ten thousand items all failures are on the page, of the others the first 500; the rest is counted.
requirements:
  - Enable it in the configuration, C(callbacks_enabled = groundwork.provision.report), or with the environment variable
    C(ANSIBLE_CALLBACKS_ENABLED).
options:
  path:
    description:
      - The file to write. A relative path starts in the folder in which Ansible was started. The folder has to exist.
      - When it cannot be written there is a warning; the run goes on.
    type: str
    default: groundwork-report.html
    env:
      - name: GROUNDWORK_REPORT
    ini:
      - section: callback_groundwork_report
        key: path
  title:
    description: The heading of the page.
    type: str
    default: Report of a run
    env:
      - name: GROUNDWORK_REPORT_TITLE
    ini:
      - section: callback_groundwork_report
        key: title
"""

import atexit
import contextlib
import dataclasses
import functools
import os
import sys
import tempfile
import typing as t

from ansible import context
from ansible.plugins.callback import CallbackBase

from ansible_collections.groundwork.provision.plugins.module_utils._clock import Clock
from ansible_collections.groundwork.provision.plugins.module_utils._secret_names import sounds_secret
from ansible_collections.groundwork.provision.plugins.module_utils._text import Redactor, clean
from ansible_collections.groundwork.provision.plugins.plugin_utils import report_page, report_rows

OURS = "groundwork.provision."
EVERY = 10.0  # seconds between two writings while only tasks of other collections run
# Seconds, and part of the run's time, that writing the page when tasks begin may take.
AT_ONCE = 1.0
SHARE = 0.05
FOLDERS = ("PWD", "OLDPWD")  # of the environment: the names only sound like a password
_SHOWN = ("msg", "reason", "censored")  # of a result of another collection
MIN_SECRET = 4  # characters; a shorter value of the environment would match ordinary words

Handler = t.TypeVar("Handler", bound=t.Callable[..., None])


def careful(method: Handler) -> Handler:
    """A report is never worth a run: what goes wrong in it is a warning, once."""

    @functools.wraps(method)
    def wrapped(self: CallbackModule, *args: t.Any, **kwargs: t.Any) -> None:
        try:
            method(self, *args, **kwargs)
        except Exception as exc:
            self.complain(f"{type(exc).__name__}: {exc}")

    return t.cast(Handler, wrapped)


def part(result: t.Any, name: str) -> t.Any:
    """``host``, ``task``, or ``result`` of a result: public since ansible-core 2.19, before with an underscore."""
    return getattr(result, name) if hasattr(result, name) else getattr(result, f"_{name}")


def keyword(result: t.Any, name: str) -> bool:
    """A keyword of the task that is on or off. The value of a template is told apart from the task by ansible-core before 2.21."""
    value = getattr(part(result, "task"), name, None)
    return bool(part(result, "task_fields").get(name) if isinstance(value, str) else value)


class CallbackModule(CallbackBase):
    """Keeps what the report shows of each result, and writes it."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "groundwork.provision.report"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *args: t.Any, **kwargs: t.Any) -> None:
        super().__init__(*args, **kwargs)
        self._clock = Clock()
        self._began, self._began_wall = self._clock.monotonic(), self._clock.wall()
        self._written = float("-inf")
        self._rows = report_rows.Rows()
        self._playbooks: list[str] = []
        self._play = ""
        self._left: dict[str, tuple[str, list[str]]] = {}  # of each play its name, and its hosts of which no wave has begun
        self._end = report_page.RUNNING
        self._error = ""  # the last one that Ansible has shown and that may have ended the run
        self._recap: dict[str, t.Mapping[str, int]] | None = None
        self._spent, self._stale = 0.0, False  # seconds; whether something of this collection is not on the page yet
        self._starts: dict[tuple[str, str], float] = {}
        self._under_way: dict[tuple[str, str], report_rows.Started] = {}
        self._loops: dict[tuple[str, str], list[report_rows.Row]] = {}
        self._complained = False
        self._redactor = Redactor()
        named = (value for name, value in os.environ.items() if sounds_secret(name) and name not in FOLDERS)
        self._redactor.add(*(value for value in named if len(value) >= MIN_SECRET))
        self._path = ""
        self._pid = os.getpid()

    def complain(self, why: str) -> None:
        if not self._complained:
            self._complained = True
            self._display.warning(f"The report of this run was not written, or is not complete: {self._redactor.text(why)}")

    # -- what Ansible calls ----------------------------------------------------------------------------------------

    @careful
    def v2_playbook_on_start(self, playbook: t.Any) -> None:
        if not self._path:
            # The folder may be another one when the run ends.
            self._path = os.path.abspath(os.path.expanduser(str(self.get_option("path") or "groundwork-report.html")))
            atexit.register(self._at_exit)
            self._watch_errors()
        self._playbooks.append(os.path.basename(str(getattr(playbook, "_file_name", "") or "")))
        self._end, self._recap = report_page.RUNNING, None
        self._write()

    @careful
    def v2_playbook_on_play_start(self, play: t.Any) -> None:
        """Called for each wave of a play, of which the inventory then shows no other hosts."""
        self._play = str(play._uuid)
        inventory = play.get_variable_manager()._inventory
        if self._play not in self._left:
            every = [one.name for one in inventory.get_hosts(play.hosts, ignore_restrictions=True)]
            self._left[self._play] = str(play.get_name()), every
        name, left = self._left[self._play]
        wave = {one.name for one in inventory.get_hosts(play.hosts)}
        self._left[self._play] = name, [host for host in left if host not in wave]

    @careful
    def v2_playbook_on_task_start(self, task: t.Any, is_conditional: bool) -> None:
        if self._clock.monotonic() - self._written >= EVERY or (self._stale and self._may_write()):
            self._write()

    def v2_playbook_on_handler_task_start(self, task: t.Any) -> None:
        self.v2_playbook_on_task_start(task, False)

    @careful
    def v2_runner_on_start(self, host: t.Any, task: t.Any) -> None:
        name, action = host.get_name(), str(task.resolved_action or task.action)
        self._starts[(name, task._uuid)] = self._now()
        if action.startswith(OURS) and action != OURS + "report":
            reads = action.endswith("_info") or task.check_mode is True
            told = self._redactor.text(str(task.get_name()))
            self._under_way[(name, task._uuid)] = report_rows.Started(told, action, self._now(), [name], reads)
            # Nothing is told before the task ends, and whoever kills the run meanwhile has only this page.
            self._stale = True
            if self._may_write():
                self._write()

    @careful
    def v2_runner_on_ok(self, result: t.Any) -> None:
        self._take(result, report_rows.CHANGED if part(result, "result").get("changed") else report_rows.OK)

    @careful
    def v2_runner_on_failed(self, result: t.Any, ignore_errors: bool = False) -> None:
        self._take(result, report_rows.IGNORED if ignore_errors else self._failed(result))

    @careful
    def v2_runner_on_skipped(self, result: t.Any) -> None:
        self._take(result, report_rows.SKIPPED)

    @careful
    def v2_runner_on_unreachable(self, result: t.Any) -> None:
        self._take(result, report_rows.IGNORED if keyword(result, "ignore_unreachable") else report_rows.UNREACHABLE)

    @careful
    def v2_runner_item_on_ok(self, result: t.Any) -> None:
        self._take_turn(result, report_rows.CHANGED if part(result, "result").get("changed") else report_rows.OK)

    @careful
    def v2_runner_item_on_failed(self, result: t.Any) -> None:
        self._take_turn(result, report_rows.FAILED)

    @careful
    def v2_runner_item_on_skipped(self, result: t.Any) -> None:
        self._take_turn(result, report_rows.SKIPPED)

    @careful
    def v2_playbook_on_stats(self, stats: t.Any) -> None:
        self._end, self._error = report_page.ENDED, ""
        self._recap = {host: stats.summarize(host) for host in stats.processed}
        self._write()

    # -- rows ------------------------------------------------------------------------------------------------------

    def _now(self) -> float:
        return self._clock.monotonic() - self._began

    def _place(self, task: t.Any) -> str:
        """The same for all hosts: a role that each host includes for itself has a task of its own for each of them."""
        return f"{self._play} {task.get_path()} {task.get_name()} {task.action}"

    def _failed(self, result: t.Any) -> str:
        return report_rows.RESCUED if _is_rescued(part(result, "task")) else report_rows.FAILED

    def _row(self, result: t.Any, verdict: str, label: str = "") -> report_rows.Row | None:
        """Of the tasks of other collections only what failed."""
        task, host = part(result, "task"), part(result, "host").get_name()
        action = str(task.resolved_action or task.action)
        ours = action.startswith(OURS)
        if not ours and verdict not in report_rows.TROUBLE:
            return None
        # One look for all secrets, and only at what may be shown.
        facts = self._redactor.value({key: value for key, value in part(result, "result").items() if ours or key in _SHOWN})
        if ours:
            self._rows.warn(facts.get("warnings"))
        name, began = str(task.get_name()), self._starts.get((host, task._uuid), self._now())
        return report_rows.read(
            facts, ours=ours, place=self._place(task), task=self._redactor.text(name), action=action, host=host, verdict=verdict,
            label=self._redactor.text(label), began=began, ended=self._now(), check=keyword(result, "check_mode"),
            ahead=keyword(result, "check_mode") and not context.CLIARGS.get("check"),
            again=action == OURS + "report" and bool(task.args.get("result")),
        )  # fmt: skip

    def _take(self, result: t.Any, verdict: str) -> None:
        """The result of a task on a host. That of a loop only says how its turns are to be taken."""
        task, host = part(result, "task"), part(result, "host").get_name()
        self._rows.count(host, verdict)
        turns = self._loops.pop((host, task._uuid), None)
        if turns is None:
            row = self._row(result, verdict)
            turns = [row] if row else []
        for row in turns:
            if row.verdict == report_rows.FAILED:
                row.verdict = verdict if verdict in report_rows.TROUBLE else report_rows.IGNORED
            self._rows.add(row)
        self._starts.pop((host, task._uuid), None)
        self._stale = self._under_way.pop((host, task._uuid), None) is not None or self._stale

    def _take_turn(self, result: t.Any, verdict: str) -> None:
        """One turn of a loop, kept until the loop has ended: only then it is known whether a failure counts."""
        facts = part(result, "result")
        label = facts.get("_ansible_item_label", facts.get("item"))
        # A mapping may hold a password, and its resource is named in the result anyway.
        row = self._row(result, verdict, str(label) if isinstance(label, (str, int, float)) else "")
        kept = self._loops.setdefault((part(result, "host").get_name(), part(result, "task")._uuid), [])
        if row:
            kept.append(row)

    def _together(self) -> list[report_rows.Started]:
        """The tasks that have begun and not ended, each once with its hosts."""
        tasks: dict[tuple[str, str, bool], report_rows.Started] = {}
        for one in list(self._under_way.values()):
            kept = tasks.setdefault((one.task, one.action, one.reads), dataclasses.replace(one, hosts=[]))
            kept.hosts += one.hosts
        return list(tasks.values())

    def _not_reached(self) -> list[tuple[str, list[str]]]:
        """Of each play the hosts whose wave has not begun. One that had failed by then is told with that."""
        out = {row.host for row in self._rows.trouble if row.verdict in report_rows.BAD}
        found = [
            (self._redactor.text(name), [host for host in hosts if clean(host, report_rows.SHORT) not in out])
            for name, hosts in self._left.values()
        ]
        return [(name, hosts) for name, hosts in found if hosts]

    # -- the file --------------------------------------------------------------------------------------------------

    @careful
    def _at_exit(self) -> None:
        """Ansible tells its plugins nothing when it is interrupted, or ends by an error of its own: of a play, or of a file that it reads
        on the way. Its workers are copies of this process, and have no report."""
        if os.getpid() == self._pid and (self._error or self._end == report_page.RUNNING):
            self._end = report_page.STOPPED if self._error else report_page.INTERRUPTED
            for row in (row for turns in self._loops.values() for row in turns):
                self._rows.add(row)
            self._loops = {}
            self._write()

    def _watch_errors(self) -> None:
        """Keep the last error that Ansible shows, for it hands it to nobody. One that is shown while nothing was raised, or for a key that
        the user pressed, ends no run."""
        show = self._display.error

        def error(msg: t.Any, *args: t.Any, **kwargs: t.Any) -> None:
            if os.getpid() == self._pid:
                with contextlib.suppress(Exception):
                    self._error = str(msg) if isinstance(sys.exc_info()[1], Exception) else ""
            show(msg, *args, **kwargs)

        self._display.__dict__["error"] = error

    def _may_write(self) -> bool:
        return self._spent <= AT_ONCE + SHARE * self._now()

    def _write(self) -> None:
        """Replace the file: whoever opens it meanwhile sees the old one or the new one."""
        title = self._redactor.text(str(self.get_option("title") or "Report of a run"))
        run = report_page.Run(
            title, self._playbooks, self._began_wall, self._now(), self._end, bool(context.CLIARGS.get("check")), self._rows, self._recap,
            self._together(), self._not_reached(), self._redactor.text(self._error),
        )  # fmt: skip
        began = self._written = self._clock.monotonic()
        text = report_page.page(run).encode("utf-8", "replace")
        folder, name = os.path.split(self._path)
        handle, temporary = tempfile.mkstemp(prefix=f".{name}.", dir=folder)  # only its owner may read it
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(text)
            os.replace(temporary, self._path)
            self._stale = False
            self._spent += self._clock.monotonic() - began
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise


def _is_rescued(task: t.Any) -> bool:
    """Whether the task is in the block of a ``block`` that has a ``rescue``, not in that ``rescue`` or in its ``always``."""
    inside, outer = task, getattr(task, "_parent", None)
    while outer is not None:
        if getattr(outer, "rescue", None):
            elsewhere = {getattr(one, "_uuid", None) for one in [*outer.rescue, *(outer.always or [])]}
            if inside._uuid not in elsewhere:
                return True
        inside, outer = outer, getattr(outer, "_parent", None)
    return False
