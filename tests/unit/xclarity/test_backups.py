# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the list of backups is read, and which job is taken for which request."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Step, Unproven
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import backup_transfers, backups, jobs

UUID = "4edf27ff-08d1-49b5-b7f3-7e8edc4fd278"
OTHER = "7b1d4c1e-52f4-4a5e-9a43-0d6f2e8c9a11"
STEP = Step("copy", "PUT", "/managementServer/data", f"{UUID} to /mnt/a", "because")


def entry(**more):
    return {"uuid": UUID, "label": "nightly", "filename": "lxca_backup_nightly.tar", "checksum": "5f0c", **more}


@pytest.mark.parametrize(
    "told, expected",
    [
        ({"locations": ["internal", "/mnt/a"]}, ["internal", "/mnt/a"]),
        ({"location": ["/mnt/a"]}, ["/mnt/a"]),
        ({"location": "internal,/mnt/a"}, ["internal", "/mnt/a"]),
        ({"location": "INTERNAL"}, ["internal"]),
        ({"mountPoints": ["/mnt/a/", "/mnt/a"]}, ["/mnt/a"]),
        ({"locations": ["internal"], "mountPoints": ["/mnt/a"]}, ["internal", "/mnt/a"]),
        ({}, None),
        ({"locations": None}, None),
        ({"locations": []}, None),
        ({"location": ""}, None),
        ({"locations": [{"path": "/mnt/a"}]}, None),
        ({"locations": {"internal": True}}, None),
        ({"locations": 3}, None),
    ],
)
def test_locations_are_read_under_every_likely_name_and_never_guessed(told, expected):
    assert backups.locations_of(entry(**told)) == expected


def test_every_field_of_an_entry():
    """The page GET /managementServer/data: names, date, who asked, checksum."""
    given_entry = entry(backupDate="2026-03-01T02:00:00Z", backupRequestedBy="AUTOMATION", locations=["internal"], chassis="2")
    assert backups.parse(given_entry).public() == {
        "uuid": UUID,
        "label": "nightly",
        "filename": "lxca_backup_nightly.tar",
        "date": "2026-03-01T02:00:00Z",
        "requested_by": "AUTOMATION",
        "checksum": "5f0c",
        "locations": ["internal"],
    }


def test_one_entry_for_each_location_is_one_backup():
    (found,) = backups.gather([entry(location="internal", checksum="a"), entry(location="/mnt/a", checksum="b")])
    assert found.at == {"internal": "a", "/mnt/a": "b"}


def test_an_entry_without_location_makes_the_whole_unknown():
    (found,) = backups.gather([entry(location="internal"), entry()])
    assert found.at is None


def listed():
    return backups.gather(
        [entry(locations=["internal"]), {"uuid": OTHER, "label": "twin", "filename": "a.tar"}, {"uuid": "third", "label": "twin"}]
    )


@pytest.mark.parametrize("text", [UUID, UUID.upper(), "nightly", "lxca_backup_nightly.tar"])
def test_find_by_uuid_label_or_file_name(text):
    assert backups.find(listed(), text).uuid == UUID


def test_an_ambiguous_label_lists_the_uuids():
    with pytest.raises(Failure) as caught:
        backups.find(listed(), "twin")
    assert caught.value.code == "backup_ambiguous"
    assert OTHER in str(caught.value)
    assert "third" in str(caught.value)


@pytest.mark.parametrize("text", ["", "no-such", "Nightly"])
def test_an_unknown_name_is_an_error_before_anything_is_sent(text):
    with pytest.raises(Failure) as caught:
        backups.find(listed(), text)
    assert caught.value.code == "backup_not_found"
    assert "Nothing was changed." in str(caught.value)


def test_without_a_uuid_nothing_can_be_asked_of_a_backup():
    with pytest.raises(Failure) as caught:
        backups.find(backups.gather([{"label": "nameless"}]), "nameless")
    assert caught.value.code == "bad_reply"


@pytest.mark.parametrize("data", [{"jobId": "17"}, {"jobId": 17, "result": "success"}, {"jobID": "17", "result": "warning"}])
def test_the_job_of_an_accepted_transfer(data):
    """The page PUT /managementServer/data: jobId."""
    assert backups.accept_job(STEP, data).job == "17"


@pytest.mark.parametrize("data", [{"jobId": "", "result": "success"}, {"result": "success"}, {}, {"jobId": None}, {"jobId": ["17"]}])
def test_a_success_without_a_job_proves_nothing(data):
    """The page PUT /managementServer/data: "If no job was created, this attribute is empty"."""
    with pytest.raises(Unproven):
        backups.accept_job(STEP, data)


@pytest.mark.parametrize("word", ["failed", "failure", "FAILED", "error", "half"])
def test_any_other_result_inside_a_200_is_a_refusal(word):
    """The page PUT /managementServer/data: result failed; a live appliance said failure."""
    with pytest.raises(Failure) as caught:
        backups.accept_job(STEP, {"jobId": "", "result": word, "message": [{"id": "FQXHMDM9001J", "text": "Disk full."}]})
    assert caught.value.code == "server_refused"
    assert caught.value.server_message == "FQXHMDM9001J Disk full."


@pytest.mark.parametrize("word", ["", 5, [], "\x00"])
def test_a_result_that_is_no_word_refuses_nothing(word):
    """It proves nothing either way, so the state is read back."""
    with pytest.raises(Failure) as caught:
        backups.accept_job(STEP, {"jobId": "17", "result": word})
    assert caught.value.code == "bad_reply"


@pytest.mark.parametrize("key", ["message", "messages"])
@pytest.mark.parametrize("recovery", [{"text": "Wait.", "URL": ""}, [{"text": "Wait.", "URL": ""}], "Wait."])
def test_what_the_server_says_with_a_warning(key, recovery):
    """The page PUT /managementServer/data: message, with id, text, explanation and recovery, whatever shape each has."""
    data = {"jobId": "17", "result": "warning", key: [{"id": "I", "text": "Slow.", "explanation": "", "recovery": recovery}]}
    assert backups.said(data) == ["I Slow."]
    assert backups.said({"jobId": "17", "result": "success", key: []}) == []


# -- jobs -------------------------------------------------------------------------------------------------------------


def job(title, ident="17", **more):
    return {"jobUID": ident, "status": "Running", "percentage": 10.0, "title": title, **more}


def told(title, **more):
    return jobs.told([job(title, **more)])[0]


@pytest.fixture
def nightly():
    return backups.parse(entry(locations=["internal"]))


@pytest.mark.parametrize(
    "title, expected",
    [
        ("Copy backup nightly to /mnt/a", True),
        ("Copying lxca_backup_nightly.tar to /mnt/a", True),
        (f"copy {UUID} to /mnt/a", True),
        ("Copy backup nightly to /mnt/ab", False),
        ("Copy backup nightly-2 to /mnt/a", False),
        ("Copy backup nightly to /mnt/a/b", False),
        ("Copy backup to /mnt/a", False),
        ("Move backup nightly to /mnt/a", False),
        ("Photocopy backup nightly to /mnt/a", False),
    ],
)
def test_a_sure_job_names_operation_backup_and_destination(nightly, title, expected):
    assert backup_transfers.sure(told(title), "copy", nightly, "/mnt/a") is expected


def test_who_created_a_job_says_nothing_about_what_it_is(nightly):
    assert not backup_transfers.likely(told("Update firmware", createdBy="push"), "push", nightly)


TWIN = "22222222-2222-4222-8222-222222222222"
THREE = [
    entry(locations=["internal"]),
    entry(uuid=TWIN, label="weekly", filename="w.tar", locations=["internal", "/mnt/c"]),
    entry(uuid=OTHER, label="nightly of may", filename="m.tar", locations=["internal"]),
]
TO_A, TO_B = ("copy", UUID, "/mnt/a"), ("copy", UUID, "/mnt/b")
WEEKLY, MAY = ("copy", TWIN, "/mnt/a"), ("copy", OTHER, "/mnt/a")


@pytest.mark.parametrize(
    "titles, missing, others, found",
    [
        # one request without an answer
        (["Copy backup lxca_backup_nightly.tar to /mnt/a"], [TO_A], [], {0: "0"}),
        (["Copy backup weekly to /mnt/a", f"Copy backup {UUID} to /mnt/a"], [TO_A], [], {0: "1"}),
        (["Copy backup lxca_backup_nightly.tar"], [TO_A], [], {0: "0"}),
        (["Copy backup weekly to /mnt/a"], [TO_A], [], {}),
        (["Copy backup lxca_backup_nightly.tar to /mnt/c"], [TO_A], [], {}),
        (["Move backup lxca_backup_nightly.tar to /mnt/a"], [TO_A], [], {}),
        (["Copy management server data"], [TO_A], [], {}),
        (["Delete backup lxca_backup_nightly.tar"], [TO_A], [], {}),
        (["Collect inventory", ""], [TO_A], [], {}),
        (["Copy lxca_backup_nightly.tar to /mnt/a"] * 2, [TO_A], [], {}),
        (["Copy lxca_backup_nightly.tar to /mnt/a", "Copy lxca_backup_nightly.tar"], [TO_A], [], {}),
        # a name that is part of another
        (["Copy backup nightly of may to /mnt/a"], [TO_A], [], {}),
        (["Copy backup nightly of may to /mnt/a"], [TO_A, MAY], [], {}),
        ([f"Copy backup nightly of may ({OTHER}) to /mnt/a"], [TO_A, MAY], [], {1: "0"}),
        # several requests without an answer
        (["Copy backup weekly to /mnt/a"], [TO_A, WEEKLY], [], {1: "0"}),
        (["Copy backup m.tar to /mnt/a", "Copy backup w.tar to /mnt/a"], [TO_A, WEEKLY, MAY], [], {1: "1", 2: "0"}),
        (["Copy management server data"], [TO_A, WEEKLY], [], {}),
        ([f"Copy {UUID} to /mnt/b"], [TO_A, TO_B], [], {1: "0"}),
        ([f"Copy {UUID}"], [TO_A, TO_B], [], {}),
        ([f"Copy {UUID} to /mnt/a, then to /mnt/b"], [TO_A, TO_B], [], {}),
        # others have arrived, and it is not known by which job
        (["Copy backup weekly to /mnt/a"], [TO_A], [WEEKLY], {}),
        (["Copy management server data"], [TO_A], [WEEKLY], {}),
        ([f"Copy {UUID}"], [TO_A], [TO_B], {}),
        ([f"Copy {UUID} to /mnt/b"], [TO_A], [TO_B], {}),
        ([f"Copy {UUID} to /mnt/a"], [TO_A], [TO_B, WEEKLY], {0: "0"}),
    ],
)
def test_which_request_without_an_answer_a_job_is_taken_for(titles, missing, others, found):
    """A job belongs to one request at most, and only to the one that it is about."""
    fresh = jobs.told([job(title, str(number)) for number, title in enumerate(titles)])
    asked = {str(number): backup_transfers.Sent(*one) for number, one in enumerate(missing)}
    adopted = backup_transfers.adopt(fresh, backups.gather(THREE), asked, [backup_transfers.Sent(*one) for one in others])
    assert {int(key): accepted.job for key, accepted in adopted.items()} == found


def test_a_job_that_could_be_for_another_backup_of_the_same_label_is_not_adopted():
    """Its title holds the label, which two have; another request may have started it."""
    twins = backups.gather([entry(locations=["internal"]), entry(uuid=TWIN, locations=["internal"])])
    missing = {str(number): backup_transfers.Sent("copy", twin.uuid, "/mnt/a") for number, twin in enumerate(twins)}
    assert backup_transfers.adopt(jobs.told([job("Copy backup nightly to /mnt/a", "18")]), twins, missing) == {}
    named = jobs.told([job(f"Copy backup nightly ({UUID}) to /mnt/a", "18")])
    assert {key: accepted.job for key, accepted in backup_transfers.adopt(named, twins, missing).items()} == {"0": "18"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(st.dictionaries(st.sampled_from(["uuid", "label", "locations", "location", "mountPoints", "checksum"]), JSON), max_size=4))
def test_no_entry_of_any_shape_breaks_the_list(entries):
    for backup in backups.gather(entries):
        assert backup.at is None or backup.at
        assert all(isinstance(value, (str, list, type(None))) for value in backup.public().values())


@given(JSON)
def test_no_answer_of_any_shape_starts_anything_by_mistake(data):
    failure, accepted = None, None
    try:
        accepted = backups.accept_job(STEP, data)
    except Unproven:
        accepted = "read back"
    except Failure as caught:
        failure = caught
    assert accepted == "read back" or (accepted.job if failure is None else failure.code in ("server_refused", "bad_reply"))
