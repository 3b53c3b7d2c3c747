# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/requests.md holds: each line of its table is run for several N, and the servers' log has that many requests."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "requests.md"
ROW = re.compile(r"^\| (\w+) \| ([^|]+) \| `([^`]+)` \| ([^|]+) \|$", re.MULTILINE)
ROWS = ROW.findall(PAGE.read_text(encoding="utf-8"))
COUNTS = (1, 3, 7)
POLL = re.compile(r"/tasks/\d|/serverPool/requests/\w|^/v1/actions|/discoverRequest/jobs/")

SPEC = {"type": "os.heat.stack", "version": "1.0", "properties": {"template": {"heat_template_version": "2016-10-14"}}}
POOL = {"Datacenter": "oslo", "Size": "x"}
EXPORT = {"profile": "rhels9.4|rhels9.4-x86_64-install-web_gold", "dest": "{folder}/export.tgz"}


def activations(n: int) -> dict:
    return {"profiles": [{"profile": f"many-{i:05d}", "uuid": f"{i:032X}"} for i in range(1, n + 1)], "restart": "immediate"}


def copies(n: int) -> dict:
    return {"operation": "copy", "destination": "/mnt/backups", "backups": [{"backup": f"many-{i}"} for i in range(n)]}


def clusters(n: int) -> dict:
    return {"profiles": [{"name": f"many-{i}", "spec": SPEC} for i in range(n)]}


def one_profile(n: int) -> dict:
    return {"name": "many", "spec": SPEC}


def groups(n: int) -> dict:
    return {"clusters": [{"name": f"many-{i}", "profile": "many"} for i in range(n)]}


def servers(state: str, n: int) -> dict:
    return {"state": state, "nodes": [{"node": f"{i:032X}"} for i in range(1, n + 1)]}


def outdated(n: int, **more: object) -> dict:
    return {**more, "nodes": [{"node": f"{i:032X}"} for i in range(1, n + 1)]}


def deployed(n: int) -> dict:
    return {"pattern": "web", "restart": "immediate", "targets": [{"node": f"{i:032X}"} for i in range(1, n + 1)]}


def taken(n: int, **more: object) -> dict:
    where = {"bmc_username": "USERID", "bmc_password": "Passw0rd-bmc", "managed_authentication": True}
    return {**where, **more, "nodes": [{"address": f"198.51.100.{i}"} for i in range(1, n + 1)]}


def rules(n: int) -> dict:
    spec = {"type": "senlin.policy.deletion", "version": "1.0", "properties": {}}
    return {"policies": [{"name": f"many-{i}", "spec": spec} for i in range(n)]}


def pool(n: int) -> dict:
    return {"properties": POOL, "count": n}


def terminated(n: int) -> dict:
    return {"hostnames": [f"many-{i}.example.net" for i in range(1, n + 1)], "state": "absent"}


# (module, what) -> the options for n, the calls before that are not counted (module, options), and whether in check mode
SETS = {
    ("profile_activation", "activate N profiles"): (activations, [], False),
    ("profile_activation", "N that are active already"): (activations, [("profile_activation", activations)], False),
    ("profile_activation", "check mode for N"): (activations, [], True),
    ("remote_file_server", "create one"): (
        lambda n: {"name": "fresh", "address": "192.0.2.1", "port": 22, "protocol": "SFTP", "server_username": "u",
                   "server_password": "Canary-1"}, [], False),
    ("backup_transfer", "copy N"): (copies, [], False),
    ("backup_transfer", "N that are there already"): (copies, [("backup_transfer", copies)], False),
    ("backup", "delete N"): (
        lambda n: {"state": "absent", "location": "internal", "backups": [f"many-{i}" for i in range(n)]}, [], False),
    ("backup", "create one"): (lambda n: {"label": "fresh", "passphrase": "Canary-passphrase-1"}, [], False),
    ("osimage_export", "export and download"): (lambda n: EXPORT, [], False),
    ("osimage_export", "one that is here already"): (lambda n: EXPORT, [("osimage_export", lambda n: EXPORT)], False),
    ("job", "wait for one"): (
        lambda n: {"job": "11"}, [("profile_activation", lambda n: {**activations(1), "wait": False})], False),
    ("node_power", "power N off"): (lambda n: servers("off", n), [], False),
    ("node_power", "N that are off already"): (lambda n: servers("off", n), [("node_power", lambda n: servers("off", n))], False),
    ("node_led", "light N"): (lambda n: servers("on", n), [], False),
    ("managed_node", "take N over"): (taken, [], False),
    ("managed_node", "N that are managed already"): (taken, [("managed_node", taken)], False),
    ("managed_node", "give N up"): (lambda n: {**taken(n), "state": "absent"}, [("managed_node", taken)], False),
    ("managed_node", "give up N addresses where none is managed"): (lambda n: {**taken(n), "state": "absent"}, [], False),
    ("firmware_policy", "assign to N"): (lambda n: outdated(n, policy="fresh"), [], False),
    ("firmware_policy", "N that have it already"): (lambda n: outdated(n, policy="production"), [], False),
    ("firmware_update", "update N"): (lambda n: outdated(n, activation="immediate"), [], False),
    ("firmware_update", "N that comply already"): (
        lambda n: outdated(n, activation="immediate"), [("firmware_update", lambda n: outdated(n, activation="immediate"))], False),
    ("pattern_deployment", "to N servers"): (deployed, [], False),
    ("pattern_deployment", "N that have their profile"): (deployed, [("pattern_deployment", deployed)], False),
    ("os_deployment", "install on N"): (lambda n: outdated(n, image=EXPORT["profile"], confirm=True), [], False),
    ("stored_credential", "make N"): (
        lambda n: {"credential_username": "u", "credential_password": "Canary-1",
                   "credentials": [{"description": f"d{i}"} for i in range(n)]}, [], False),
    ("xclarity_request", "one that reads"): (lambda n: {"path": "/aicc"}, [], False),
    ("xclarity_request", "one that starts a job"): (
        lambda n: {"method": "PUT", "path": f"/nodes/{1:032X}/bmc", "body": {"powerState": "restart"}}, [], False),
    ("xclarity_session", "open"): (lambda n: {"state": "present"}, [], False),
    ("xclarity_session", "end one that was left open"): (
        lambda n: {"state": "absent", "user": "VIEWER"},
        [("xclarity_session", lambda n: {"username": "VIEWER", "password": "Passw0rd-view"})], False),
    ("server_pool_request", "N servers"): (pool, [], False),
    ("server_pool_request", "N that the group holds already"): (pool, [("server_pool_request", pool)], False),
    ("server_pool_server", "terminate N"): (terminated, [("server_pool_request", pool)], False),
    ("cluster_profile", "create N"): (clusters, [], False),
    ("cluster_profile", "N that are there already"): (clusters, [("cluster_profile", clusters)], False),
    ("cluster_profile", "check mode for N new ones"): (clusters, [], True),
    ("cluster_profile", "delete N"): (
        lambda n: {"profiles": [{"name": f"many-{i}"} for i in range(n)], "state": "absent"}, [("cluster_profile", clusters)], False),
    ("cluster", "create N"): (groups, [("cluster_profile", one_profile)], False),
    ("cluster", "N that are there already"): (groups, [("cluster_profile", one_profile), ("cluster", groups)], False),
    ("cluster", "check mode for N new ones"): (groups, [("cluster_profile", one_profile)], True),
    ("cluster_info", "all"): (lambda n: {}, [("cluster_profile", one_profile), ("cluster", groups)], False),
    ("cluster_policy", "create N"): (rules, [], False),
    ("cluster_policy", "N that are there already"): (rules, [("cluster_policy", rules)], False),
    ("cluster_policy_info", "all"): (lambda n: {}, [("cluster_policy", rules)], False),
    ("cluster_policy_binding", "attach one"): (
        lambda n: {"cluster": "many-0", "policy": "many-0"},
        [("cluster_profile", one_profile), ("cluster", groups), ("cluster_policy", rules)], False),
    ("cluster_node", "create one"): (
        lambda n: {"name": "many", "profile": "many"}, [("cluster_profile", one_profile)], False),
    ("cluster_receiver", "create one"): (
        lambda n: {"name": "many", "cluster": "many-0", "action": "CLUSTER_SCALE_OUT"},
        [("cluster_profile", one_profile), ("cluster", groups)], False),
    ("cluster_action", "wait for one"): (
        lambda n: {"id": "{action}"}, [("cluster_profile", one_profile), ("cluster", groups)], False),
    ("cluster_profile_info", "all"): (lambda n: {}, [("cluster_profile", clusters)], False),
}  # fmt: skip


@pytest.fixture
def many(sim):
    sim.seed(
        xclarity={
            "generate": {"rack_nodes": 7, "profiles": 7, "prefix": "many"},
            "policies": [{"name": "fresh"}],
            "firmware": {f"{i:032X}": {"policy": "production"} for i in range(1, 8)},
            "discoverable": [{"ip": f"198.51.100.{i}", "uuid": f"{i + 4096:032X}"} for i in range(1, 8)],
            "backups": [{"uuid": f"00000000-0000-4000-8000-{i:012d}", "label": f"many-{i}"} for i in range(7)],
        },
        ops_manager={"servers": [{"hostname": "many-{n}.example.net", "count": 7, "properties": {**POOL, "Rack": "r1"}}]},
    )
    return sim


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("module, what, formula, which", ROWS, ids=[f"{row[0]}: {row[1]}" for row in ROWS])
def test_the_log_has_the_requests_of_the_formula(many, run_module, tmp_path, module, what, formula, which, count):
    options, before, check = SETS.get((module, what), (lambda n: {}, [], False))

    def call(name, make, **how):
        known = {"{folder}": str(tmp_path), "{action}": next((one["id"] for one in many.state("clustering")["actions"]), "")}
        given = make(count)
        for word, value in known.items():
            given = {key: one.replace(word, value) if isinstance(one, str) else one for key, one in given.items()}
        result = run_module(name, given, **how)
        assert not result.failed, result
        return result

    for name, make in before:
        call(name, make)
    since = many.last()
    result = call(module, options, check=check)
    log = many.log(since=since)
    polls = sum(1 for entry in log if entry["method"] == "GET" and POLL.search(entry["path"]))
    assert set(formula) <= set("0123456789 +NP")
    wanted = sum({"N": count, "P": polls}.get(part) or int(part if part.isdigit() else 0) for part in formula.split(" + "))
    assert len(log) == wanted, [f"{entry['method']} {entry['path']} {entry['status']}" for entry in log]
    assert polls == 0 or "P" in formula
    if module in ("profile_activation", "backup_transfer"):
        # One poll is for all that are open: the first asks for each of them.
        asked = [entry["path"].rpartition("/")[2].split(",") for entry in log if "/tasks/" in entry["path"]]
        assert [len(ids) for ids in asked[:1]] == ([count] if polls else [])
    if "session" in result:
        run_module("xclarity_session", {"state": "absent", "session": result["session"]})


def test_the_sizing_page_has_the_numbers_of_the_formula():
    (formula,) = [row[2] for row in ROWS if row[:2] == ("profile_activation", "activate N profiles")]
    constant = int(re.match(r"(\d+) \+ N \+ P$", formula)[1])
    sizing = (ROOT / "docs" / "sizing.md").read_text(encoding="utf-8")
    (line,) = re.findall(r"^\| requests of `profile_activation`.*$", sizing, re.MULTILINE)
    assert re.findall(r"([\d,]+) \+ polls", line) == [f"{constant + n:,}" for n in (1, 1_000, 10_000)]


def test_every_module_has_a_line_and_every_line_a_set():
    assert {row[0] for row in ROWS} == {path.stem for path in (ROOT / "plugins" / "modules").glob("*.py")}
    assert set(SETS) <= {(row[0], row[1]) for row in ROWS}
    assert {(row[0], row[1]) for row in ROWS if "N" in row[2] or "N" in row[1]} <= set(SETS)


@pytest.mark.parametrize("module, options", [("server_pool_info", {}), ("server_pool_request", {"properties": POOL, "count": 5})])
def test_one_challenge_a_task(many, run_module, module, options):
    before = many.state("ops_manager")["counts"]["challenges"]
    assert not run_module(module, options).failed
    assert many.state("ops_manager")["counts"]["challenges"] == before + 1


def test_workers_share_the_nonce(many, run_module):
    """Seven servers terminated by four workers, each on a connection of its own: one challenge."""
    run_module("server_pool_request", {"properties": POOL, "count": 7})
    since = many.last()
    assert not run_module("server_pool_server", {**terminated(7)}).failed
    log = many.log(since=since, system="ops_manager")
    assert [entry["status"] for entry in log].count(401) == 1
    assert sum(entry["method"] == "DELETE" for entry in log) == 7


def test_connections_are_kept(many, run_module):
    """Seven activations by four workers: reads share one connection, each worker keeps its own, and so does the login."""
    since = many.last()
    run_module("profile_activation", activations(7))
    log = many.log(since=since)
    reads = {entry["connection"] for entry in log if entry["method"] == "GET"}
    starts = {entry["connection"] for entry in log if entry["changing"]}
    assert len(reads) == 1
    assert len(starts) <= 4
