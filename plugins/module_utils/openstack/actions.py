# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Actions of the clustering service: what changes a cluster or node answers 202 and goes on as one of these.

Read off a running Senlin 16.0.0: the action is what is waited for, since a cluster's status says ACTIVE before its action has
begun and again before it has ended. A cluster's action has a child for each node. It fails with its first failed child while the
others still run and the cluster stays locked, and gives no reason of its own: that stands in the children and in the nodes.
"""

from __future__ import annotations

import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._client import READ_ATTEMPTS
from ansible_collections.groundwork.provision.plugins.module_utils._clock import Deadline
from ansible_collections.groundwork.provision.plugins.module_utils._errors import (
    STARTED,
    UNKNOWN,
    Failure,
    bad_input,
    bad_reply,
    ended_badly,
)
from ansible_collections.groundwork.provision.plugins.module_utils._run import Others, Run
from ansible_collections.groundwork.provision.plugins.module_utils._text import clean
from ansible_collections.groundwork.provision.plugins.module_utils._transport import segment
from ansible_collections.groundwork.provision.plugins.module_utils._wait import State, Watched
from ansible_collections.groundwork.provision.plugins.module_utils.openstack import api

PATH = api.VERSION + "/actions"
OPEN = ("INIT", "WAITING", "READY", "RUNNING", "SUSPENDED", "WAITING_LIFECYCLE_COMPLETION")
GOOD, FAILED, CANCELLED = "SUCCEEDED", "FAILED", "CANCELLED"
DERIVED = "Derived Action"
# A cluster's actions whose children have no cluster_id, and these children (Senlin 16.0.0, engine/actions/cluster_action.py).
UNTIED = {"CLUSTER_CHECK": "NODE_CHECK", "CLUSTER_OPERATION": "NODE_OPERATION", "CLUSTER_RECOVER": "NODE_RECOVER"}
LOCK_POLL = 1.0  # seconds between two looks at an action of somebody else, at most
TOLD = 2  # so many failed nodes have their reason in the message; the result has them all
KEYS = (
    "action", "cause", "cluster_id", "created_at", "end_time", "id", "inputs", "name", "project", "start_time", "status",
    "status_reason", "target", "timeout", "user",
)  # fmt: skip
Action = dict[str, t.Any]
Found = t.TypeVar("Found")


def parse(entry: t.Any) -> Action:
    """One action of an answer. Raises ``bad_reply`` for what cannot be one."""
    if not isinstance(entry, dict) or not all(isinstance(entry.get(key), str) and entry[key] for key in ("id", "action", "status")):
        raise bad_reply("the answer holds an action without id, action or status")
    return entry


def is_open(action: Action) -> bool:
    return action["status"] in OPEN


def read(client: api.Clustering, ident: str, *, attempts: int = READ_ATTEMPTS) -> Action | None:
    """The action with this whole id, or None."""
    try:
        data = client.read(f"{PATH}/{segment(ident, 'action id')}", what=f"read action {ident}", attempts=attempts)
    except Failure as failure:
        if failure.status == 404:
            return None
        raise
    action = parse(data.get("action") if isinstance(data, dict) else None)
    return action if action["id"] == ident else None


def read_open(client: api.Clustering) -> list[Action]:
    """The actions of the project that have not ended, those of nodes too."""
    found = api.pages(client, PATH, "actions", [("status", word) for word in OPEN])
    return [action for action in map(parse, found) if action.get("project") in (None, "", client.project)]


def search(client: api.Clustering, query: t.Sequence[tuple[str, str]]) -> list[Action]:
    """The project's actions that fit the query, oldest first."""
    found = [action for action in map(parse, api.pages(client, PATH, "actions", query)) if action.get("project") == client.project]
    return sorted(found, key=lambda action: (str(action.get("created_at")), str(action.get("start_time")), action["id"]))


def holding(client: api.Clustering, targets: t.Collection[str]) -> dict[str, Action]:
    """The open action that each of these clusters or nodes has, for those that have one."""
    return {action["target"]: action for action in read_open(client) if action.get("target") in targets} if targets else {}


def at_rest(
    client: api.Clustering, run: Run, others: Others, read: t.Callable[[], Found], names: t.Callable[[Found], t.Mapping[str, str]]
) -> Found:
    """What ``read`` returns of clusters and nodes (``names`` of it: id -> name) none of which had an action under way before it or after
    it: an action that ends between two of its readings leaves the first of them old. None is reserved by another run, either. Raises
    ``cluster_locked`` after lock_timeout."""
    while True:
        running = read_open(client)
        found = read()
        concerned = names(found)
        if not concerned:
            return found
        held = any(action.get("target") in concerned for action in (*running, *read_open(client)))
        if not held and not any(map(others.reserved, concerned)):
            return found
        wait_until_free(client, run, others, concerned)


def free(client: api.Clustering, run: Run, others: Others, names: t.Mapping[str, str], wait: bool) -> bool:
    """None of these clusters or nodes (id -> name) has an action under way; wait: until that is so."""
    if wait:
        wait_until_free(client, run, others, names, reserved=False)  # two runs that each keep something would wait for each other
        return True
    return not holding(client, names.keys())


def wait_until_free(client: api.Clustering, run: Run, others: Others, names: t.Mapping[str, str], *, reserved: bool = True) -> None:
    """Wait, without the lock, until none of these clusters or nodes (id -> name) has an action under way, or is reserved by another run
    of this machine. Raises ``cluster_locked`` after lock_timeout."""
    deadline = Deadline(run.clock, run.params["lock_timeout"])
    while True:
        held = next(iter(holding(client, names.keys()).values()), None)
        ident = held["target"] if held is not None else next(filter(others.reserved, names), None) if reserved else None
        if ident is None:
            return
        if deadline.passed():
            what = f"has the action {held['action']} ({held['id']}) under way" if held is not None else "is worked on by another run"
            how = "it has ended (cluster_action)" if held is not None else "that run has ended"
            raise bad_input(
                "cluster_locked",
                f"{names[ident]} {what} for longer than lock_timeout.",
                f"Wait until {how}, or set a longer lock_timeout, and run again.",
                resource=names[ident],
            )
        with others.released():
            run.clock.sleep(min(LOCK_POLL, run.params["poll_interval"], max(deadline.left(), 0.01)))


def public(action: Action) -> Action:
    """An action for a result."""
    return {key: action.get(key) for key in KEYS}


class Reader:
    """How the driver follows actions: one list of what is open, and one reading of each that has ended."""

    def __init__(self, client: api.Clustering) -> None:
        self.client = client

    def poll(self, ids: t.Sequence[str]) -> dict[str, State]:
        running = read_open(self.client)
        by_id = {action["id"]: action for action in running}
        states = {}
        for ident in ids:
            action = by_id.get(ident) or read(self.client, ident, attempts=1)
            if action is not None:
                states[ident] = self._state(action, running)
        return states

    def _state(self, action: Action, running: t.Sequence[Action]) -> State:
        word = action["status"]
        children = [one for one in running if is_child(one, action)]
        if word in OPEN or (word == FAILED and children):
            # Failed early: the cluster is locked until the last node is done, and what became of it is known then.
            kinds = sorted({one["action"] for one in children})
            return State(f"{word}, {len(children)} {' and '.join(kinds)} under way" if children else word, data=action)
        if word == GOOD:
            return State(word, done=True, ok=True, data=action)
        return State(word, done=True, detail=self._why(action), data=action)

    def _why(self, action: Action) -> str:
        """Which nodes failed, and why; the action's own reason where no node did. (A failed look changes nothing of the result.)"""
        try:
            return why(self.client, action)
        except Failure:
            return clean(action.get("status_reason"), 200)

    def judge(self, watched: Watched, what: str) -> Failure | None:
        state, ident = watched.state, watched.key
        if watched.end == "timed_out":
            return self._late(ident, watched, what)
        if watched.end != "done" or state is None or state.ok:
            return None
        cancelled = state.name == CANCELLED
        verb = "was cancelled" if cancelled else "failed"
        return ended_badly(
            "action_cancelled" if cancelled else "action_failed",
            f"the action {(state.data or {}).get('action')} ({ident}) {verb}: {state.detail or 'no reason is told'}",
            "Look at the nodes and their servers; run again to go on with what is left.",
            what=what,
            outcome=STARTED,
            job=ident,
            details={"action": ident, "state": state.name},
        )

    def lost(self, watched: Watched, what: str) -> Failure:
        return Failure(
            "action_lost",
            "the service does not know the action any more, and the cluster does not show its effect.",
            "Look at the cluster (cluster_info) before running again.",
            what=what,
            outcome=UNKNOWN,
            job=watched.key,
        )

    def timed_out(self, job: str, watched: Watched) -> Failure:
        return self._late(job, watched, "")

    @staticmethod
    def _late(ident: str, watched: Watched, what: str) -> Failure:
        last = watched.state.name if watched.state is not None else "never seen"
        return Failure(
            "wait_timeout",
            f"the action had not ended in time (last state: {last}).",
            f"It goes on by itself: wait for it with cluster_action (id {ident}), or run this task again with a longer wait_timeout.",
            what=what,
            outcome=STARTED,
            job=ident,
            details={"action": ident, "state": last},
        )


def is_child(one: Action, action: Action) -> bool:
    """One that is open is the action of a node that the other one, of its cluster, has started."""
    cluster, above = action.get("cluster_id") or action.get("target"), one.get("depended_by")
    tied = bool(cluster) and one.get("cluster_id") == cluster
    return one.get("cause") == DERIVED and (tied or (isinstance(above, list) and action["id"] in above))


def why(client: api.Clustering, action: Action) -> str:
    """The reason of a failed action in words: its failed children with the names of their nodes."""
    cluster, begun, untied = action.get("cluster_id"), str(action.get("created_at")), UNTIED.get(action["action"])
    own = clean(action.get("status_reason"), 200)
    if not cluster:
        return own
    query = [("action", untied) if untied else ("cluster_id", cluster), ("status", FAILED), ("status", CANCELLED)]
    found = [one for one in map(parse, api.pages(client, PATH, "actions", query)) if one.get("cause") == DERIVED]
    children = [one for one in found if one["id"] != action["id"] and str(one.get("created_at")) >= begun]
    if not children:
        return own
    members = {node["id"]: node for node in api.pages(client, api.VERSION + "/nodes", "nodes", [("cluster_id", cluster)])}
    told = []
    for child in children:
        if untied and child.get("target") not in members:  # of another cluster
            continue
        node = members.get(child["target"], {})
        # The action of a creation tells why it failed; of any other it says that it failed, and the node tells why.
        reason = node.get("status_reason") if node.get("status") == "ERROR" else child.get("status_reason")
        told.append(f"node {clean(node.get('name') or child['target'], 80)}: {clean(reason, 160).rstrip('.')}")
    more = f"; and {len(told) - TOLD} more" if len(told) > TOLD else ""
    return "; ".join(told[:TOLD]) + more or own


class CancelReader(Reader):
    """Any end of an action will do."""

    def judge(self, watched: Watched, what: str) -> Failure | None:
        return super().judge(watched, what) if watched.end == "timed_out" else None
