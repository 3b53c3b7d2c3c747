# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans of copies and moves as tables: where a backup is, what is desired, what is sent. No network."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from refusals import code_of

from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import backup_transfers, backups, jobs
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.backup_transfers import Desired

UUID = "4edf27ff-08d1-49b5-b7f3-7e8edc4fd278"
A, B, IN = "/mnt/a", "/mnt/b", "internal"


def backup(*at, told=True, checksum="5f0c"):
    """With an entry for each location, so that each copy has a checksum of its own."""
    entry = {"uuid": UUID, "label": "nightly", "filename": "n.tar", "checksum": checksum}
    (found,) = backups.gather([{**entry, "location": one} for one in at] if told else [entry])
    return found


def shared(*at, checksum="5f0c"):
    """One entry, with one checksum for all locations."""
    return backups.parse({"uuid": UUID, "label": "nightly", "filename": "n.tar", "checksum": checksum, "locations": list(at)})


def sent(choice):
    """The starts and the deletion in short: "copy /mnt/a", "delete internal"."""
    steps = [step for step in (choice.step, choice.last) if step is not None]
    return [f"{s.operation} {s.body['destination']}" if s.body else f"{s.operation} {dict(s.query)['location']}" for s in steps]


@pytest.mark.parametrize(
    "at, operation, destination, verified, expected",
    [
        # The page: copy from the local repository to a share, or back
        ((IN,), "copy", A, False, [f"copy {A}"]),
        ((IN, B), "copy", A, False, [f"copy {A}"]),
        ((A,), "copy", IN, False, [f"copy {IN}"]),
        ((IN, A), "copy", A, False, []),
        ((IN, A), "copy", IN, False, []),
        ((A,), "copy", A, False, []),
        ((A,), "copy", B, False, "source_not_local"),
        # The page: move from the local repository to a share
        ((IN,), "move", A, False, [f"move {A}"]),
        ((IN, B), "move", A, False, [f"move {A}"]),
        ((A,), "move", A, False, []),
        ((A, B), "move", A, False, []),
        ((IN, A), "move", A, False, [f"move {A}"]),
        ((B,), "move", A, False, "source_not_local"),
        # The move that compares before it deletes
        ((IN,), "move", A, True, [f"copy {A}", f"delete {IN}"]),
        ((IN, A), "move", A, True, [f"delete {IN}"]),
        ((A,), "move", A, True, []),
        ((B,), "move", A, True, "source_not_local"),
    ],
)
def test_what_is_sent(at, operation, destination, verified, expected):
    desired = Desired(operation, "nightly", destination, verified)
    if isinstance(expected, str):
        with pytest.raises(Failure) as caught:
            backup_transfers.choose(backup(*at), desired)
        assert caught.value.code == expected
    else:
        assert sent(backup_transfers.choose(backup(*at), desired)) == expected


def test_the_body_is_that_of_the_page():
    """The page PUT /managementServer/data, table 1 and its two examples."""
    copy = backup_transfers.choose(backup(A), Desired("copy", "nightly", IN)).step
    assert copy.body == {"action": "start", "destination": "internal", "operation": "copy", "uuid": UUID}
    move = backup_transfers.choose(backup(IN), Desired("move", "nightly", "/mnt/my_remote_share")).step
    assert move.body == {"operation": "move", "action": "start", "uuid": UUID, "destination": "/mnt/my_remote_share"}
    assert (move.method, move.path, move.query) == ("PUT", "/managementServer/data", ())


@pytest.mark.parametrize("operation, verified", [("copy", False), ("move", False), ("move", True)])
def test_where_locations_are_not_told_nothing_is_guessed(operation, verified):
    with pytest.raises(Failure) as caught:
        backup_transfers.choose(backup(told=False), Desired(operation, "nightly", A, verified))
    assert caught.value.code == "locations_unknown"
    assumed = Desired(operation, "nightly", A, verified, assume_absent=True)
    if verified:
        with pytest.raises(Failure) as caught:
            backup_transfers.choose(backup(told=False), assumed)
        assert caught.value.code == "locations_unknown"
    else:
        assert sent(backup_transfers.choose(backup(told=False), assumed)) == [f"{operation} {A}"]


def test_another_checksum_at_the_destination_is_no_copy():
    entries = [{"uuid": UUID, "label": "n", "location": IN, "checksum": "a"}, {"uuid": UUID, "location": A, "checksum": "b"}]
    (found,) = backups.gather(entries)
    for desired in (Desired("copy", "n", A), Desired("move", "n", A), Desired("move", "n", A, verified=True)):
        with pytest.raises(Failure) as caught:
            backup_transfers.choose(found, desired)
        assert caught.value.code == "checksum_mismatch"


# the list after the copy -> whether it proves the copy
PROOFS = {
    "a checksum of its own": (backup(IN, A), True),
    "one for all locations": (shared(IN, A), False),
    "an empty one": (shared(IN, A, checksum=""), False),
    "none for the copy": (backups.gather([{"uuid": UUID, "location": IN, "checksum": "5f0c"}, {"uuid": UUID, "location": A}])[0], False),
    "another one": (
        backups.gather([{"uuid": UUID, "location": IN, "checksum": "5f0c"}, {"uuid": UUID, "location": A, "checksum": "b"}])[0], False,
    ),
    "not there": (backup(IN), False),
}  # fmt: skip


@pytest.mark.parametrize("case", PROOFS)
def test_a_copy_is_proven_by_a_checksum_that_is_told_for_itself(case):
    now, proven = PROOFS[case]
    assert backup_transfers.proven(now, backup(IN), A) is proven


def test_a_source_without_a_checksum_is_never_proven_equal():
    assert not backup_transfers.proven(backup(IN, A, checksum=""), backup(IN, checksum=""), A)


@pytest.mark.parametrize("others, refused", [([], False), ([backup(IN, B)], False), ([shared(IN, B)], True)])
def test_where_the_list_tells_one_checksum_for_all_locations_a_verified_move_does_not_begin(others, refused):
    choice = backup_transfers.choose(backup(IN), Desired("move", "nightly", A, verified=True))
    code, _none = code_of(lambda: backup_transfers.refuse_unprovable([*others, choice.backup], [choice]))
    assert code == ("copy_not_proven" if refused else None)
    native = backup_transfers.choose(backup(IN), Desired("move", "nightly", A))
    backup_transfers.refuse_unprovable([*others, native.backup], [native])


RUNNING = {"jobUID": "17", "status": "Running", "title": "Copy backup nightly to /mnt/a"}


@pytest.mark.parametrize(
    "operation, verified, title, joined",
    [
        ("copy", False, "Copy backup nightly to /mnt/a", True),
        ("copy", False, "Copy backup nightly to /mnt/b", False),
        ("move", True, "Copy backup nightly to /mnt/a", True),
        ("move", False, "Move backup nightly to /mnt/a", True),
    ],
)
def test_what_is_under_way_is_joined(operation, verified, title, joined):
    choice = backup_transfers.choose(backup(IN), Desired(operation, "nightly", A, verified), jobs.told([{**RUNNING, "title": title}]))
    assert (choice.join, choice.step is None) == (("17", True) if joined else (None, False))


def test_a_copy_in_the_way_of_a_move_is_waited_for_by_the_user():
    with pytest.raises(Failure) as caught:
        backup_transfers.choose(backup(IN), Desired("move", "nightly", A), jobs.told([RUNNING]))
    assert caught.value.code == "busy"
    assert "17" in str(caught.value)


def test_before_and_after_in_the_users_words():
    choice = backup_transfers.choose(backup(IN, B), Desired("move", "nightly", A))
    assert backup_transfers.view(choice, False) == {"label": "nightly", "locations": [B, IN]}
    assert backup_transfers.view(choice, True) == {"label": "nightly", "locations": [A, B]}


@pytest.mark.parametrize(
    "now, operation, verified, copied, reached",
    [
        (backup(IN, A), "copy", False, True, True),
        (backup(IN, A), "move", False, True, False),
        (backup(A), "move", False, True, True),
        (backup(A), "move", True, True, True),
        (backup(IN), "copy", False, False, False),
        (backup(IN, A, checksum="other"), "copy", False, False, False),
        (backup(told=False), "copy", False, False, False),
        (None, "copy", False, False, False),
        (None, "move", False, False, False),
    ],
)
def test_the_end_is_what_the_list_shows(now, operation, verified, copied, reached):
    choice = backup_transfers.choose(backup(IN), Desired(operation, "nightly", A, verified))
    assert backup_transfers.copied(now, choice) is copied
    assert backup_transfers.reached(now, choice) is reached


def test_a_lost_request_has_arrived_when_the_locations_are_others():
    choice = backup_transfers.choose(backup(IN, A), Desired("move", "nightly", A))
    assert not backup_transfers.arrived(backup(IN, A), choice)
    assert not backup_transfers.arrived(None, choice)
    assert backup_transfers.arrived(backup(A), choice)


@pytest.mark.parametrize(
    "now, code, part",
    [
        (None, "effect_missing", "not in the server's list"),
        (backup(IN), "effect_missing", "and not at /mnt/a"),
        (backup(IN, A), "effect_missing", "still in the local repository"),
        (backup(told=False), "effect_missing", "does not tell any more"),
        (backup(IN, A, checksum="b"), "checksum_mismatch", "another checksum"),
    ],
)
def test_why_the_end_was_not_reached(now, code, part):
    choice = backup_transfers.choose(backup(IN), Desired("move", "nightly", A))
    failure = backup_transfers.not_reached(choice, now)
    assert failure.code == code
    assert part in str(failure)


@pytest.mark.parametrize(
    "operation, text, expected",
    [
        ("copy", "internal", "internal"),
        ("move", "internal", None),
        ("copy", "/mnt/a", "/mnt/a"),
        ("move", "/mnt/a/", "/mnt/a"),
        ("copy", " /mnt/a ", "/mnt/a"),
        ("copy", "INTERNAL", None),
        ("copy", "mnt/a", None),
        ("copy", "192.0.2.11", None),
        ("copy", "", None),
        ("copy", None, None),
        ("copy", "/", None),
        ("copy", "/mnt/../etc", None),
        ("copy", "/mnt/a\n", "/mnt/a"),
        ("copy", "/mnt/a\nb", None),
        ("copy", "/" + "a" * 1100, None),
    ],
)
def test_destinations_of_a_copy_and_a_move(operation, text, expected):
    if expected is None:
        with pytest.raises(Failure) as caught:
            backup_transfers.place(operation, text)
        assert caught.value.code == "config_destination"
    else:
        assert backup_transfers.place(operation, text) == expected


@pytest.mark.parametrize(
    "text, expected",
    [
        ("10.243.16.45", "10.243.16.45"),
        ("2001:db8::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("xclarity-new.example.com", "xclarity-new.example.com"),
        ("xclarity2", "xclarity2"),
        ("fe80::1%eth0", None),
        ("10.243.16", None),
        ("10.243.16.450", None),
        ("https://10.243.16.45", None),
        ("10.243.16.45:443", None),
        ("user@host", None),
        ("/mnt/a", None),
        ("internal", None),
        ("Internal", None),
        ("-host", None),
        ("host name", None),
        ("", None),
        (None, None),
    ],
)
def test_destinations_of_a_push(text, expected):
    """The page, table 2: IP address of the target management server."""
    if expected is None:
        with pytest.raises(Failure) as caught:
            backup_transfers.address(text)
        assert caught.value.code == "config_destination"
    else:
        assert backup_transfers.address(text) == expected


@given(st.text(max_size=40))
def test_no_text_is_a_destination_of_both_kinds(text):
    def good(check):
        try:
            return check()
        except Failure:
            return None

    assert not (good(lambda: backup_transfers.place("copy", text)) and good(lambda: backup_transfers.address(text)))


@given(
    st.lists(st.sampled_from([IN, A, B]), unique=True, min_size=1),
    st.sampled_from(["copy", "move"]),
    st.sampled_from([IN, A, B]),
    st.booleans(),
)
def test_what_a_plan_leads_to_needs_no_second_plan(at, operation, destination, verified):
    if operation == "move" and destination == IN:
        return
    desired = Desired(operation, "nightly", destination, verified and operation == "move")
    try:
        choice = backup_transfers.choose(backup(*at), desired)
    except Failure:
        return
    after = backup_transfers.view(choice, True)
    assert sent(backup_transfers.choose(backup(*after["locations"]), desired)) == []


# -- what other jobs do with a backup meanwhile -------------------------------------------------------------------------

TO_B = {"jobUID": "18", "status": "Running", "title": "Copy backup nightly to /mnt/b"}
MOVE_TO_B = {**TO_B, "title": "Move backup nightly to /mnt/b"}
NAMELESS = {**TO_B, "title": "Copy management server data"}
NAMELESS_MOVE = {**TO_B, "title": "Move management server data"}
OF_ANOTHER = {**TO_B, "title": "Copy backup other to /mnt/b"}
MOVE, VERIFIED, COPY = Desired("move", "nightly", A), Desired("move", "nightly", A, verified=True), Desired("copy", "nightly", A)


@pytest.mark.parametrize(
    "desired, known, at, expected",
    [
        (MOVE, [TO_B], (IN,), "busy"),
        (VERIFIED, [TO_B], (IN,), "busy"),
        (VERIFIED, [TO_B], (IN, A), "busy"),
        (MOVE, [TO_B], (IN, A), "busy"),
        (MOVE, [MOVE_TO_B], (IN,), "busy"),
        (MOVE, [NAMELESS], (IN,), "busy"),
        (VERIFIED, [NAMELESS], (IN,), "busy"),
        (VERIFIED, [RUNNING, TO_B], (IN,), "busy"),  # its own copy is joined, and the other one still reads the source
        (MOVE, [OF_ANOTHER], (IN,), None),
        (VERIFIED, [OF_ANOTHER], (IN,), None),
        (MOVE, [TO_B], (A,), None),  # nothing is to be done
        (COPY, [TO_B], (IN,), None),
        (COPY, [NAMELESS], (IN,), None),
        (COPY, [NAMELESS_MOVE], (IN,), None),
        (COPY, [MOVE_TO_B], (IN,), "busy"),
    ],
)
def test_a_backup_that_another_job_works_on_is_not_taken_away(desired, known, at, expected):
    running = jobs.told(known)
    listed = [backup(*at), backups.parse({"uuid": "0" * 36, "label": "other", "locations": [IN]})]
    nameless = backup_transfers.unnamed(running, listed)
    failed, _choice = code_of(lambda: backup_transfers.choose(listed[0], desired, running, nameless))
    assert failed == expected


def test_the_job_in_the_way_is_named():
    for entry, words in ((TO_B, "it names the backup nightly"), (NAMELESS, "names no backup, so that it may be one of nightly")):
        with pytest.raises(Failure) as caught:
            backup_transfers.refuse_busy(backup(IN), jobs.told([entry]), jobs.told([entry]))
        assert (caught.value.job, words in caught.value.message()) == ("18", True)
        assert caught.value.message().endswith("Nothing was changed. Wait for it with the module job, then run again.")
