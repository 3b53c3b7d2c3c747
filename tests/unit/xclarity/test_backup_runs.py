# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How operations on backups stand by what the lists and the jobs tell, and what they say then. No network."""

from __future__ import annotations

import contextlib

import pytest

from ansible_collections.groundwork.provision.plugins.module_utils._errors import FINISHED, STARTED, UNKNOWN, Failure
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Outcome
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils._wait import State, Watched
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import backup_operations as own
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import backup_transfer_operations as transfers
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import backups, jobs
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.backup_transfers import Desired

UUID, THERE = "4edf27ff-08d1-49b5-b7f3-7e8edc4fd278", "192.0.2.11"
NIGHTLY = {"uuid": UUID, "label": "nightly", "filename": "n.tar", "checksum": "5f0c", "locations": ["internal"]}
UNTOLD = {key: value for key, value in NIGHTLY.items() if key != "locations"}
OTHER = {**NIGHTLY, "uuid": "0" * 36, "label": "other", "filename": "o.tar"}


def job(ident, title, status="Running", percentage=10.0):
    return {"jobUID": ident, "title": title, "status": status, "percentage": percentage}


VALIDATION, OTHER_VALIDATION = job("21", "Validate backup nightly"), job("22", "Validate backup other")
COPY, PUSH = job("23", "Copy backup nightly to /mnt/a"), job("24", f"Push backup nightly to {THERE}")


class World:
    """What the server lists. report: that of GET /managementServer/quiesce. A failure in the place of each is raised."""

    system = "xclarity"

    def __init__(self, *listed, known=(), report=None):
        self.listed, self.known, self.report, self.reads = list(listed), list(known), report or {}, []

    def read(self, path, *, what, **more):
        self.reads.append(path)
        if isinstance(self.report, Failure):
            raise self.report
        return self.report


@pytest.fixture(autouse=True)
def world(monkeypatch):
    def read_all(client, attempts=4):
        if isinstance(client.listed[0] if client.listed else None, Failure):
            raise client.listed[0]
        return backups.gather(client.listed)

    monkeypatch.setattr(backups, "read_all", read_all)
    monkeypatch.setattr(jobs, "read_all", lambda client, **more: list(client.known))
    monkeypatch.setattr(jobs, "read", lambda client, ids, **more: {jobs.ident(one): one for one in client.known if jobs.ident(one) in ids})


def started(item, state=STARTED, ident=None):
    item.outcomes = [Outcome(item.steps[0], state, job=ident)]
    return item


def code(call):
    with pytest.raises(Failure) as caught:
        call()
    return caught.value.code


# -- making -----------------------------------------------------------------------------------------------------------

OURS = {"backupRequest": {"label": "nightly", "jobId": "17"}}
BUSY = Failure("server_error", "quiesced", transient=True)
DENIED = Failure("forbidden", "no", status=403)


@pytest.mark.parametrize(
    "listed, report, expected",
    [
        ([NIGHTLY], DENIED, "there"),  # the report is not asked for
        ([OTHER], {}, "send"),
        ([], Failure("not_found", "no", status=404), "send"),  # an appliance without the call
        ([], Failure("bad_request", "no", status=405), "bad_request"),
        ([OTHER], OURS, "17"),
        ([BUSY], OURS, "17"),
        ([BUSY], {}, "server_error"),
        ([BUSY], {"backupRequest": {"label": "weekly"}}, "server_error"),
        ([DENIED], OURS, "forbidden"),
        ([], [], "send"),
    ],
)
def test_what_a_new_backup_meets(listed, report, expected):
    operation = own.Create(Run({}), World(*listed, report=report), own.Desired("nightly", "passphrase"))
    if expected in ("server_error", "forbidden", "bad_request"):
        assert code(operation.read) == expected
        return
    (item,) = operation.read()
    assert {"there": (0, None), "send": (1, None), "17": (0, "17")}[expected] == (len(item.steps), item.join)


@pytest.mark.parametrize("listed, report, found", [([], OURS, "17"), ([NIGHTLY], {}, None), ([NIGHTLY], OURS, "17"), ([OTHER], {}, "")])
def test_whether_a_backup_without_an_answer_is_being_made(listed, report, found):
    operation = own.Create(Run({}), World(), own.Desired("nightly", "passphrase"))
    (item,) = operation.read()
    operation.client.listed, operation.client.report = listed, report
    accepted = operation.find([(item, Outcome(item.steps[0]))])
    assert [one.job for one in accepted.values()] == ([] if found == "" else [found])
    state = operation.look([item])[item.key]
    assert state.done is state.ok is (NIGHTLY in listed)
    assert operation.not_reached(item).code == "effect_missing"


# -- deleting ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "location, now, gone, view",
    [
        ("all", [OTHER], True, "absent"),
        ("all", [NIGHTLY], False, "absent"),
        ("/mnt/a", [{**NIGHTLY, "locations": ["internal"]}], True, ["internal"]),
        ("/mnt/a", [{**NIGHTLY, "locations": ["internal", "/mnt/a"]}], False, ["internal"]),
        ("/mnt/a", [UNTOLD], False, ["internal"]),
    ],
)
def test_when_a_backup_is_gone(location, now, gone, view):
    operation = own.Delete(Run({}), World({**NIGHTLY, "locations": ["internal", "/mnt/a"]}), ["nightly"], location)
    (item,) = operation.read()
    after = operation.view(item, True)
    assert (after if isinstance(after, str) else after["locations"]) == view
    assert operation.view(item, False)["locations"] == ["internal", "/mnt/a"]
    operation.client.listed = now
    state = operation.look([item])[item.key]
    assert state.done is state.ok is gone
    assert operation.not_reached(item).code == "effect_missing"


@pytest.mark.parametrize(
    "entry, location, after", [(NIGHTLY, "internal", "absent"), (NIGHTLY, "/mnt/a", ["internal"]), (UNTOLD, "all", "absent")]
)
def test_what_is_left_after_a_deletion(entry, location, after):
    operation = own.Delete(Run({}), World(entry), ["nightly"], location)
    view = operation.view(operation.read()[0], True)
    assert (view if isinstance(view, str) else view["locations"]) == after


def test_the_same_backup_twice_is_refused():
    assert code(own.Delete(Run({}), World(NIGHTLY), ["nightly", UUID], "all").read) == "duplicate_item"


NAMELESS = job("26", "Copy management server data")


@pytest.mark.parametrize("location", ["all", "internal", "/mnt/a"])
@pytest.mark.parametrize(
    "known, expected",
    [
        ([COPY], "23"),
        ([PUSH], "24"),
        ([VALIDATION], "21"),
        ([job("27", f"Work on {UUID}")], "27"),
        ([NAMELESS], "26"),
        ([], None),
        ([{**COPY, "status": "Complete", "percentage": 100}], None),
        ([job("28", "Copy backup other to /mnt/a")], None),
        ([job("29", "Update firmware of web-1")], None),
    ],
)
def test_a_backup_that_a_job_works_on_is_not_deleted(location, known, expected):
    listed = ({**NIGHTLY, "locations": ["internal", "/mnt/a"]}, OTHER)
    operation = own.Delete(Run({}), World(*listed, known=known), ["nightly"], location)
    if expected is None:
        assert operation.read()[0].steps
        return
    with pytest.raises(Failure) as caught:
        operation.read()
    assert (caught.value.code, caught.value.job) == ("busy", expected)


def test_what_is_gone_is_absent_whatever_runs():
    assert not own.Delete(Run({}), World(NIGHTLY, known=[COPY]), ["nightly"], "/mnt/a").read()[0].steps


# -- validating -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name, known, joined",
    [
        ("nightly", [], None), ("nightly", [VALIDATION], "21"), ("nightly", [OTHER_VALIDATION], None), ("nightly", [COPY], None),
        ("nightly", [{**VALIDATION, "status": "Complete", "percentage": 100}], None),
        (None, [OTHER_VALIDATION], "22"), (None, [COPY], None),
    ],
)  # fmt: skip
def test_a_validation_that_is_running_is_joined(name, known, joined):
    operation = own.Validate(Run({}), World(NIGHTLY, OTHER, known=known), name, "passphrase")
    (item,) = operation.read()
    assert (item.join, len(item.steps)) == (joined, 0 if joined else 1)
    assert not operation.proves(item)


@pytest.mark.parametrize(
    "fresh, found", [([], []), ([VALIDATION], ["21"]), ([OTHER_VALIDATION], []), ([VALIDATION, {**VALIDATION, "jobUID": "29"}], [])]
)
def test_which_job_a_validation_without_an_answer_started(fresh, found):
    operation = own.Validate(Run({}), World(NIGHTLY, known=[COPY]), "nightly", "passphrase")
    (item,) = operation.read()
    operation.client.known += fresh
    assert [accepted.job for accepted in operation.find([(item, Outcome(item.steps[0]))]).values()] == found


@pytest.mark.parametrize("end, ok", [(None, True), ("done", True), ("lost", False), ("never_seen", False)])
def test_a_validation_is_told_by_its_job_alone(end, ok):
    operation = own.Validate(Run({}), World(NIGHTLY), "nightly", "passphrase")
    (item,) = operation.read()
    item.watched = Watched("21", end=end) if end else None
    state = operation.look([item])[item.key]
    assert (state.done, state.ok) == (True, ok)
    assert operation.not_reached(item).code == "job_lost"


# -- copies where the server tells no locations -----------------------------------------------------------------------


def copy_of(entry, known=()):
    operation = transfers.Transfer(Run({}), World(entry, known=known), [Desired("copy", "nightly", "/mnt/a", assume_absent=True)])
    return operation, operation.read()[0]


@pytest.mark.parametrize("end, ok", [(None, False), ("done", True), ("lost", False)])
def test_a_copy_to_where_nothing_is_told_is_told_by_its_job(end, ok):
    operation, item = copy_of(UNTOLD)
    started(item).watched = Watched("23", end=end) if end else None
    state = operation.look([item])[item.key]
    assert (state.done, state.ok) == (True, ok)
    item.verified = ok
    assert operation.present(item)["proven"] is False
    assert operation.not_reached(item).code == "job_lost"
    assert item.state == UNKNOWN


def there(entry):
    return {**entry, "locations": ["internal", "/mnt/a"]}


OTHERS_COPY, UNNAMED_COPY = job("34", "Copy backup other to /mnt/a"), job("35", "Copy management server data")


@pytest.mark.parametrize(
    "readings",
    [
        # (the list, the jobs, what is found: of nightly, of other) for each reading
        [([NIGHTLY, OTHER], [OTHERS_COPY], {"other": "34"}), ([NIGHTLY, there(OTHER)], [OTHERS_COPY], {})],
        [([NIGHTLY, there(OTHER)], [OTHERS_COPY], {"other": None}), ([NIGHTLY, there(OTHER)], [OTHERS_COPY], {})],
        [([NIGHTLY, OTHER], [], {}), ([NIGHTLY, there(OTHER)], [OTHERS_COPY], {"other": None})],
        [([NIGHTLY, OTHER], [UNNAMED_COPY], {}), ([NIGHTLY, there(OTHER)], [UNNAMED_COPY], {"other": None})],
        [([NIGHTLY, there(OTHER)], [UNNAMED_COPY], {"other": None}), ([NIGHTLY, there(OTHER)], [UNNAMED_COPY], {})],
        [([NIGHTLY, there(OTHER)], [COPY, OTHERS_COPY], {"other": None, "nightly": "23"})],
        [([there(NIGHTLY), there(OTHER)], [OTHERS_COPY], {"other": None, "nightly": None})],
    ],
)
def test_of_two_lost_copies_each_is_told_by_what_is_about_it(readings):
    """The list may show the one before its job is looked at, so that the other is the only one that is open."""
    asked = [Desired("copy", name, "/mnt/a") for name in ("nightly", "other")]
    operation = transfers.Transfer(Run({}), World(NIGHTLY, OTHER), asked)
    pairs = [(item, started(item, UNKNOWN).outcomes[0]) for item in operation.read()]
    operation.run.outcomes = [outcome for _item, outcome in pairs]
    labels = {outcome.step.key: item.before.label for item, outcome in pairs}
    for listed, known, expected in readings:
        operation.client.listed, operation.client.known = listed, known
        found = operation.find([pair for pair in pairs if pair[1].state == UNKNOWN])
        assert {labels[key]: accepted.job for key, accepted in found.items()} == expected
        for _item, outcome in pairs:
            if outcome.step.key in found:
                outcome.state, outcome.job, outcome.reconciled = STARTED, found[outcome.step.key].job, True


@pytest.mark.parametrize(
    "fresh, found", [([PUSH], ["24"]), ([job("25", f"Push backup other to {THERE}")], []), ([job("26", "Push data")], []), ([COPY], [])]
)
def test_which_job_a_push_without_an_answer_started(fresh, found):
    operation, _target = push_of()
    operation.client.listed.append(OTHER)
    (item,) = operation.read()
    operation.client.known += fresh
    assert [accepted.job for accepted in operation.find([(item, Outcome(item.steps[0]))]).values()] == found


@pytest.mark.parametrize(
    "entry, known, proves, seen", [(NIGHTLY, [], True, False), (UNTOLD, [], False, False), (UNTOLD, [COPY], False, True)]
)
def test_what_tells_of_a_copy_of_a_killed_run(entry, known, proves, seen):
    operation, item = copy_of(entry)
    operation.jobs.before = jobs.told(known)
    assert operation.proves(item) is proves
    why, next_step = operation.doubt([item])
    assert ("The job 23 could be it." in why) is seen
    assert "run again to send the request" in next_step


def test_a_running_job_that_could_be_the_copy_leaves_the_list_without_proof():
    operation, item = copy_of(NIGHTLY)
    operation.jobs.before = jobs.told([COPY])
    assert not operation.proves(item)


def test_a_copy_is_proven_by_the_list():
    operation, item = copy_of(NIGHTLY)
    started(item, FINISHED).verified = True
    assert operation.present(item)["proven"] is True
    item.failure = Failure("x", "why")
    assert operation.present(item)["proven"] is False
    operation.client.listed = [{**NIGHTLY, "locations": ["internal", "/mnt/a"]}]
    assert operation.look([item])[item.key].ok
    operation.client.listed = [OTHER]
    assert not operation.look([item])[item.key].ok
    assert operation.present(item)["uuid"] == UUID


@pytest.mark.parametrize(
    "known, expected",
    [
        ([{**COPY, "status": "Complete", "percentage": 100}], None),
        ([job("30", "Copy backup other to /mnt/b")], None),
        ([job("31", "Copy backup nightly to /mnt/b")], "busy"),
        ([PUSH], "busy"),
        ([NAMELESS], "busy"),
    ],
)
def test_the_source_of_a_verified_move_stays_while_a_job_works_on_it(known, expected):
    operation = transfers.Transfer(Run({}), World(NIGHTLY, OTHER), [Desired("move", "nightly", "/mnt/a", verified=True)])
    (item,) = operation.read()
    started(item, FINISHED)
    both = [{**UNTOLD, "location": place} for place in ("internal", "/mnt/a")]
    operation.client.listed, operation.client.known = [*both, OTHER], known
    work = operation.next_steps([item])
    assert (len(work), item.failure and item.failure.code) == (0 if expected else 1, expected)


# -- pushes -----------------------------------------------------------------------------------------------------------


class Target(World):
    def __enter__(self):
        return self

    def __exit__(self, *exc):
        pass


def push_of(*known, other=None):
    target = Target(*other) if other is not None else None
    operation = transfers.Push(
        Run({}), World(NIGHTLY, known=known), "nightly", THERE, (lambda: target) if target else None, contextlib.ExitStack()
    )
    return operation, target


@pytest.mark.parametrize(
    "known, other, expected",
    [
        ([], None, "send"),
        ([], [OTHER], "send"),
        ([], [NIGHTLY], "there"),
        ([PUSH], [NIGHTLY], "there"),
        ([PUSH], None, "24"),
        ([PUSH], [OTHER], "24"),
        ([COPY], None, "send"),
        ([job("25", "Push backup other to 192.0.2.12")], None, "busy"),
        ([job("32", "Move backup nightly to /mnt/a")], None, "busy"),
        ([job("33", "Move backup other to /mnt/a")], None, "send"),
        ([], [{**NIGHTLY, "checksum": "beef"}], "checksum_mismatch"),
    ],
)
def test_what_a_push_meets(known, other, expected):
    operation, _target = push_of(*known, other=other)
    if expected in ("busy", "checksum_mismatch"):
        assert code(operation.read) == expected
        return
    (item,) = operation.read()
    assert {"send": (1, None, False), "there": (0, None, True), "24": (0, "24", False)}[expected] == (
        len(item.steps), item.join, item.verified,
    )  # fmt: skip
    assert operation.proves(item) is (other is not None)
    told = operation.present(item)
    assert (told["joined"], told["job"], told["destination"]) == (expected == "24", "24" if expected == "24" else None, THERE)
    before, after = (operation.view(item, late)["on the other server"] for late in (False, True))
    assert after is (True if expected in ("send", "24") else before)
    assert before == ("not told" if other is None else expected == "there")


@pytest.mark.parametrize("end, ok", [(None, False), ("done", True), ("lost", False)])
def test_a_push_that_only_its_job_tells(end, ok):
    operation, _target = push_of()
    (item,) = operation.read()
    started(item).watched = Watched("24", State("x"), end) if end else None
    state = operation.look([item])[item.key]
    assert (state.done, state.ok) == (True, ok)
    item.verified = ok
    assert operation.present(item)["proven"] is False
    lost = operation.not_reached(item)
    assert (lost.code, item.state) == ("job_lost", UNKNOWN)
    assert "the other server's list" in lost.next_step
    assert "nightly" in operation.doubt([item])[0]


def test_a_push_that_the_other_server_tells():
    operation, target = push_of(other=[OTHER])
    (item,) = operation.read()
    assert not operation.look([started(item)])[item.key].done
    assert (operation.not_reached(item).code, item.state) == ("effect_missing", STARTED)
    target.listed.append(NIGHTLY)
    state = operation.look([item])[item.key]
    assert state.done
    assert state.ok
    item.verified = True
    assert operation.present(item)["proven"] is True


# -- the cancel of a push ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "now, done, arrived, warned",
    [
        (PUSH, False, False, False),
        ({**PUSH, "status": "Cancelling"}, False, True, False),
        ({**PUSH, "status": "Cancelled"}, True, True, False),
        ({**PUSH, "status": "Complete", "percentage": 100}, True, True, True),
        (None, True, True, False),
    ],
)
def test_how_the_cancel_of_a_push_stands(now, done, arrived, warned):
    operation = transfers.Cancel(Run({}), World(known=[PUSH, COPY]), None)
    (item,) = operation.read()
    assert (item.before.id, len(item.steps), item.join) == ("24", 1, None)
    operation.client.known = [now] if now else []
    assert bool(operation.find([(item, Outcome(item.steps[0]))])) is arrived
    state = operation.look([item])[item.key]
    assert state.done is state.ok is done
    operation.ended(item)
    assert bool(operation.run.warnings) is warned
    assert operation.more([item])["job"]["id"] == "24"
    assert operation.not_reached(item).code == "wait_timeout"


def test_no_push_to_cancel():
    operation = transfers.Cancel(Run({}), World(known=[COPY]), None)
    (item,) = operation.read()
    assert (list(item.steps), operation.more([item])["job"], operation.view(item, False)) == ([], None, {"push": "none"})
