# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deploy operating systems: what only this knows, for the driver. An action and not a state: each run installs anew."""

from __future__ import annotations

import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._driver import drive
from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure, Refusals, only_what_failed
from ansible_collections.groundwork.provision.plugins.module_utils._operation import Item, Operation
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Accepted, Outcome, Step
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils._wait import State
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import api, busy, jobs, nodes, os_deployments
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.api import XClarity
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.os_deployments import COMPLETED, FAILED, Desired, Host

EACH_RUN = "each run installs every server that it names"


class DeploySystems(Operation):
    """``desired`` of an item is its :class:`Desired`, ``current`` its :class:`Host`."""

    kind, group, noun, where = "os_deployments", busy.GROUP, "nodes", "the deployments and the jobs of the server"
    client: XClarity

    def __init__(self, run: Run, client: XClarity, desired: t.Sequence[Desired]) -> None:
        super().__init__(run, client)
        self.asked = desired
        self.jobs = jobs.Reader(client, joins=False)
        self.judged: dict[str, str] = {}
        self.begun: set[str] = set()  # seen to be under way since the request

    def read(self) -> list[Item]:
        try:
            return self._read()
        except Failure as failure:
            if len(self.asked) == 1:  # a host of a role, perhaps, whose others have tasks of their own
                failure.next_step = only_what_failed(failure.next_step, EACH_RUN)
            raise

    def _read(self) -> list[Item]:
        entries = nodes.find(os_deployments.read_all(self.client), [one.node for one in self.asked])
        items = []
        refused = Refusals()
        offline = self._offline([nodes.key_of(entry) for entry in entries])
        for entry, desired, title in zip(entries, self.asked, nodes.titles(entries), strict=True):
            with refused:
                host = os_deployments.parse(entry)
                if host.uuid in offline:
                    raise nodes.offline(title, "no system can be installed on it")
                os_deployments.refuse(host, desired, title)
                step = os_deployments.plan(host, desired, title)
                items.append(Item(host.uuid, title, desired=desired, before=host, current=host, steps=[step]))
        refused.tell()
        busy.refuse(self.client, items)
        return items

    def _offline(self, keys: t.Sequence[str]) -> set[str]:
        """Those that the appliance does not reach, which the list of deployments does not tell."""
        entries = nodes.read_for(self.client, keys, os_deployments.NODE_ATTRIBUTES)
        return {nodes.key_of(entry) for entry in entries if nodes.is_offline(entry)}

    def receive(self, step: Step, data: t.Any, headers: t.Mapping[str, str]) -> Accepted:
        api.check_result(data, step.what)
        return Accepted(api.started_job(data, headers), data)

    def look(self, items: t.Sequence[Item], *, attempts: int = 4) -> dict[str, State]:
        now = {host.uuid: host for host in map(os_deployments.parse, os_deployments.read_all(self.client, attempts=attempts))}
        return {item.key: self._state(item, now[item.key]) for item in items if item.key in now}

    def _state(self, item: Item, host: Host) -> State:
        item.current = host
        ended = item.watched is not None and item.watched.end == "done"
        self.begun |= {item.key} if host.busy else set()
        # The number may still be that of an earlier deployment, unless the job says that this one is over, or it has changed.
        fresh = ended or item.key in self.begun or host.state != item.before.state
        if host.state == COMPLETED and fresh:
            self.judged[item.key] = "status"
            return State(host.word, done=True, ok=True)
        if host.state in FAILED and fresh:
            return State(host.word, done=True)
        if ended and not host.busy:
            self.judged[item.key] = "job"
            return State(host.word, done=True, ok=True)
        return State(host.word)

    def arrived(self, item: Item, outcome: Outcome, state: State) -> bool:
        """No deployment was running when the request was planned."""
        return state.ok or item.current.busy

    def proves(self, item: Item) -> bool:
        return False

    def repeats(self, item: Item) -> bool:
        return True

    def anew(self, item: Item) -> str:
        return EACH_RUN

    def not_reached(self, item: Item) -> Failure:
        host: Host = item.current
        if host.state in FAILED:
            return os_deployments.failed(host)
        return Failure("effect_missing", f"the server shows {host.word}.", "Look at the deployment on the server, then run again.")

    def view(self, item: Item, after: bool) -> t.Any:
        if not after:
            return {"image": "not told by the server"}
        return {"image": item.desired.image, "disk": f"{item.desired.target_device} is overwritten", "restart": "now"}

    def present(self, item: Item) -> dict[str, t.Any]:
        host: Host = item.current
        return {
            "uuid": item.key, "name": host.name, "image": item.desired.image, "status": host.word, "status_id": host.state,
            "judged_by": self.judged.get(item.key, ""), "job": item.job, **item.facts(),
        }  # fmt: skip


def deploy_systems(run: Run, client: XClarity, desired: t.Sequence[Desired]) -> dict[str, t.Any]:
    """Returns the result, raises :class:`Failure` with the result beside it."""
    return drive(DeploySystems(run, client, desired))
