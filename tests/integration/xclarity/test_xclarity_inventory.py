# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin xclarity, through the real ansible-inventory and ansible-playbook."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import certifi
import forked
import pytest
import yaml
from harness import XCLARITY_PASSWORD

import ansible_collections.groundwork.provision.plugins.inventory.xclarity as plugin
from ansible_collections.groundwork.provision.plugins.plugin_utils import host_names

PLUGIN = "groundwork.provision.xclarity"


@pytest.fixture
def listing(sim, harness):
    """``listing(options)`` is what ansible-inventory --list says; ``.run`` gives the process."""

    def run(
        options: dict[str, Any] | str, *arguments: str, program: str = "ansible-inventory", **env: str
    ) -> subprocess.CompletedProcess[str]:
        path = harness.folder / "estate.xclarity.yml"
        path.write_text(options if isinstance(options, str) else yaml.safe_dump({"plugin": PLUGIN, **options}), encoding="utf-8")
        command = [str(Path(sys.executable).parent / program), "-i", str(path), *arguments]
        environment = {**harness.environment(), **env}
        done = forked.run(command, env=environment, cwd=harness.folder)
        assert XCLARITY_PASSWORD not in done.stdout + done.stderr
        return done

    def get(options: dict[str, Any], **env: str) -> dict[str, Any]:
        done = run(options, "--list", **env)
        assert done.returncode == 0, done.stderr
        assert "[WARNING]" not in done.stderr, done.stderr
        return json.loads(done.stdout, object_hook=lambda entry: entry.get("__ansible_unsafe", entry))  # marked as data

    get.run = run
    return get


def test_hosts_and_variables(sim, listing):
    found = listing({})
    variables = found["_meta"]["hostvars"]
    assert sorted(variables) == ["app-01", "app-02", "db-01", "web-01", "web-02", "web-03"]
    web = variables["web-01"]
    assert (web["xclarity_bmc_address"], web["xclarity_rack"]) == ("192.0.2.21", "R12")
    assert {one["xclarity_endpoint"] for one in variables.values()} == {sim.ready["xclarity"]}
    assert "ansible_host" not in web
    assert "169.254" not in json.dumps(found)
    assert "fe80" not in json.dumps(found)
    assert [e["method"] for e in sim.log(system="xclarity")] == ["POST", "GET", "DELETE"]
    assert not sim.log(changing=True)


def test_constructed_features(sim, listing):
    options = {
        "compose": {"ansible_host": 'xclarity_name ~ ".servers.example"'},
        "groups": {"racked": 'xclarity_rack == "R12"', "blades": 'xclarity_chassis != ""'},
        "keyed_groups": [{"key": "xclarity_rack", "prefix": "rack"}, {"key": "xclarity_power", "prefix": "power"}],
    }
    found = listing(options)
    assert found["_meta"]["hostvars"]["db-01"]["ansible_host"] == "db-01.servers.example"
    assert sorted(found["xclarity_servers"]["hosts"]) == sorted(found["_meta"]["hostvars"])
    assert found["racked"]["hosts"] == ["web-01", "web-02", "web-03"]
    assert found["blades"]["hosts"] == ["app-01", "app-02"]
    assert found["rack_R13"]["hosts"] == ["db-01"]
    assert len(found["power_on"]["hosts"]) == 6


def test_strict(sim, listing):
    broken = {"compose": {"x": "no_such_variable + 1"}}
    assert "x" not in listing(broken)["_meta"]["hostvars"]["web-01"]
    assert "no_such_variable" in listing.run({**broken, "strict": True}, "--list").stderr


@pytest.mark.parametrize("key, name", [("fqdn", "xcc-web-01.example.test"), ("bmc_address", "192.0.2.21")])
def test_host_names(sim, listing, key, name):
    assert name in listing({"hostnames": [key]})["_meta"]["hostvars"]


@pytest.mark.parametrize(
    "nodes, names",
    [
        ([{"name": "a", "fqdn": "f"}], ["a"]),
        ([{"name": "", "fqdn": "f"}], ["f"]),
        ([{"name": "", "fqdn": ""}], ["U0"]),
        ([{"name": "a", "fqdn": ""}, {"name": "b", "fqdn": ""}, {"name": "a", "fqdn": ""}], ["a_U0", "b", "a_U2"]),
        ([{"name": "Web Server 1", "fqdn": ""}], ["Web_Server_1"]),
        ([{"name": "!&@-a:b,c[0]*?", "fqdn": ""}], ["___-a_b_c_0___"]),
        ([{"name": "-+@", "fqdn": ""}], ["U0"]),
        ([{"name": "käse", "fqdn": ""}], ["k_se"]),
        ([{"name": "-oProxyCommand=touch pwned", "fqdn": ""}], ["oProxyCommand_touch_pwned"]),
        ([{"name": "../../etc/passwd", "fqdn": ""}], ["_._etc_passwd"]),
        ([{"name": "{{ 6 * 7 }}", "fqdn": "f"}], ["___6___7___"]),
        ([{"name": "localhost", "fqdn": "127.0.0.1"}], ["U0"]),
        ([{"name": "all", "fqdn": "f"}], ["f"]),
        ([{"name": "a b", "fqdn": ""}, {"name": "a_b", "fqdn": ""}, {"name": "a_b_U0", "fqdn": ""}], ["a_b_U0_2", "a_b_U1", "a_b_U0"]),
    ],
)
def test_names(nodes, names):
    """The first key that gives a name; a host name and nothing else; no two the same."""
    nodes = [{**node, "uuid": f"U{number}"} for number, node in enumerate(nodes)]
    assert host_names.name_all(nodes, ["name", "fqdn"], "uuid") == names


def test_names_that_are_taken_twice_or_hard_to_use(sim, listing):
    more = [
        ("B" * 32, "Web Server 1", {}), ("C" * 32, "twin", {}), ("D" * 32, "twin", {}), ("E" * 32, "", {}),
        ("F" * 32, "a,b:c&d!e[0:9]*", {}), ("1" * 32, "-dash", {"FQDN": None}),
    ]  # fmt: skip
    sim.seed(xclarity={"nodes": [{"uuid": uuid, "name": name, "attributes": extra} for uuid, name, extra in more]})
    hosts = set(listing({"hostnames": ["name", "uuid"]})["_meta"]["hostvars"])
    assert {"Web_Server_1", "twin_" + "C" * 32, "twin_" + "D" * 32, "E" * 32, "a_b_c_d_e_0_9__", "dash"} <= hosts
    assert len(hosts) == 12


def test_the_controller_as_the_host(sim, listing):
    found = listing({"bmc_as_ansible_host": True, "vars_prefix": "lx_"})["_meta"]["hostvars"]["web-01"]
    assert (found["ansible_host"], found["lx_name"]) == ("192.0.2.21", "web-01")
    assert not [key for key in found if key.startswith("xclarity_")]


def test_filters(sim, listing):
    sim.seed(xclarity={"nodes": [{"uuid": "B" * 32, "name": "new", "managed": False, "attributes": {"mgmtProcType": "XCC2"}}]})
    assert list(listing({"status": "unmanaged"})["_meta"]["hostvars"]) == ["new"]
    assert list(listing({"bmc_type": "XCC2"})["_meta"]["hostvars"]) == ["new"]
    assert "new" not in listing({"status": "managed"})["_meta"]["hostvars"]


def test_hostile_text(sim, listing):
    """Templates stay text, control characters go."""
    texts = {"productName": "{{ 6 * 7 }}", "model": "a\x1b[31m\r\nb"}
    sim.seed(xclarity={"nodes": [{"uuid": "B" * 32, "name": "evil", "attributes": texts}]})
    found = listing({"keyed_groups": [{"key": "xclarity_product", "prefix": "p"}]})
    assert found["_meta"]["hostvars"]["evil"]["xclarity_product"] == "{{ 6 * 7 }}"
    assert "\x1b" not in found["_meta"]["hostvars"]["evil"]["xclarity_model"]
    assert "p_42" not in found


def test_hostile_text_in_a_play(sim, harness, listing):
    """What a server tells is never evaluated, whatever the release of Ansible trusts by itself."""
    sim.seed(xclarity={"nodes": [{"uuid": "B" * 32, "name": "evil", "attributes": {"productName": "{{ 6 * 7 }}"}}]})
    book = harness.folder / "play.yml"
    task = {"ansible.builtin.debug": {"msg": "got {{ xclarity_product }}"}}
    book.write_text(json.dumps([{"hosts": "evil", "gather_facts": False, "tasks": [task]}]))
    done = listing.run({}, str(book), program="ansible-playbook")
    assert "got {{ 6 * 7 }}" in done.stdout, done.stdout + done.stderr


def test_no_servers_at_all(empty_sim, listing):
    empty_sim.reset()
    empty_sim.seed(xclarity={"users": {"AUTOMATION": {"password": XCLARITY_PASSWORD}}})
    done = listing.run({}, "--list")
    assert done.returncode == 0
    assert json.loads(done.stdout)["_meta"]["hostvars"] == {}


def test_cache(sim, harness, listing, tmp_path):
    """The second run asks nothing; --flush-cache asks again. No secret is in the cache, and nothing of the other options."""
    options = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(tmp_path / "cache"), "cache_timeout": 600}
    first = listing({**options, "bmc_as_ansible_host": True})
    assert first["_meta"]["hostvars"]["web-01"].pop("ansible_host") == "192.0.2.21"
    since = sim.last()
    second = listing(options)
    assert "ansible_host" not in second["_meta"]["hostvars"]["web-01"]
    assert second["_meta"]["hostvars"]["web-01"] == first["_meta"]["hostvars"]["web-01"]
    assert sim.log(since=since) == []
    book = harness.folder / "play.yml"
    book.write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": []}]))
    assert listing.run(options, "--flush-cache", str(book), program="ansible-playbook").returncode == 0
    assert [e["method"] for e in sim.log(since=since)] == ["POST", "GET", "DELETE"]
    assert "lx_uuid" in listing({**options, "vars_prefix": "lx_"})["_meta"]["hostvars"]["web-01"]
    (cached,) = (tmp_path / "cache").iterdir()
    assert XCLARITY_PASSWORD not in cached.read_text()


@pytest.mark.parametrize(
    "options, env, text",
    [
        ({}, {"XCLARITY_PASSWORD": "wrong-password"}, "did not accept user and password"),
        ({"endpoint": "http://127.0.0.1"}, {}, "must begin with https://"),
        ({"ca_path": certifi.where()}, {}, "not trusted"),
        ({"timeout": 0}, {}, "timeout must lie between"),
    ],
)
def test_mistakes(sim, listing, options, env, text):
    """A clear sentence, no traceback, no secret."""
    done = listing.run(options, "--list", **env)
    assert text in " ".join(done.stderr.split()), done.stderr
    assert "Traceback" not in done.stderr
    assert "wrong-password" not in done.stderr


@pytest.mark.parametrize("name, ours", [("xclarity.yml", True), ("a.xclarity.yaml", True), ("estate.yml", False), ("xclarity.json", False)])
def test_files_that_are_ours(tmp_path, name, ours):
    (tmp_path / name).write_text(f"plugin: {PLUGIN}\n")
    assert plugin.InventoryModule().verify_file(str(tmp_path / name)) is ours


def test_options_of_the_file_may_be_templates(sim, listing):
    options = {"password": "{{ lookup('ansible.builtin.env', 'MY_SECRET') }}", "username": "AUTOMATION"}
    done = listing.run(options, "--list", XCLARITY_PASSWORD="", MY_SECRET=XCLARITY_PASSWORD)
    assert "web-01" in done.stdout, done.stderr


# -- profiles, and the role that activates them -----------------------------------------------------------------------


PROFILE_KEYS = ("target", "profile", "profile_name", "profile_status")


def test_profiles_join_their_servers_in_one_request_more(sim, listing):
    found = listing({"profiles": True})
    assert [e["method"] for e in sim.log(system="xclarity")] == ["POST", "GET", "GET", "DELETE"]
    hosts = found["_meta"]["hostvars"].items()
    told = {name: tuple(values.get(f"xclarity_{key}", "none") for key in PROFILE_KEYS) for name, values in hosts}
    rack, bay = "0A10000000000000000000000000000", "1B54B9AEFCE04D5E820C0B6310D03590_bay"
    assert told == {
        "web-01": (f"{rack}A", "none", "", ""), "web-02": (f"{rack}B", "none", "", ""), "web-03": (f"{rack}C", "none", "", ""),
        "db-01": (f"{rack}D", "74", "db-01", "active"),
        "app-01": (f"{bay}3", "none", "", ""), "app-02": (f"{bay}4", "76", "app-02", "pending"),
    }  # fmt: skip
    assert "xclarity_profile" not in listing({})["_meta"]["hostvars"]["db-01"]


def test_firmware_costs_no_request(sim, listing):
    rows = [{"type": "UEFI", "name": "UEFI\x1b", "version": "2.40", "build": "IVE1", "role": "Primary", "status": "Active"}]
    sim.seed(xclarity={"nodes": [{"uuid": "B" * 32, "name": "new", "attributes": {"firmware": rows}}]})
    found = listing({"firmware": True})["_meta"]["hostvars"]
    assert found["new"]["xclarity_firmware"]["UEFI"]["version"] == "2.40"
    assert "\x1b" not in found["new"]["xclarity_firmware"]["UEFI"]["name"]
    assert found["web-01"]["xclarity_firmware"]["BMC"]["version"] == "1.00"
    assert [e["method"] for e in sim.log(system="xclarity")] == ["POST", "GET", "DELETE"]


def test_a_cache_knows_what_was_joined(sim, tmp_path, listing):
    cached = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(tmp_path / "cache")}
    assert "xclarity_profile" not in listing(cached)["_meta"]["hostvars"]["db-01"]
    assert listing({**cached, "profiles": True})["_meta"]["hostvars"]["db-01"]["xclarity_profile"] == "74"
    since = sim.last()
    assert listing({**cached, "profiles": True})["_meta"]["hostvars"]["db-01"]["xclarity_profile"] == "74"
    assert sim.log(since=since) == []


def test_its_hosts_go_into_the_role_as_they_are(sim, harness, listing):
    """Pending and unassigned profiles are activated, each on its server or bay; an active one is left alone; a host without is told."""
    sim.seed(xclarity={"nodes": [{"uuid": "B" * 32, "name": "spare"}]})
    sim.switches("xclarity", job_seconds=0.1)
    options = {"profiles_by_name": True}
    arguments = ("groundwork.provision.activate_profiles", "-e", "xclarity_restart=immediate", "-e", "activate_profiles_poll_interval=0.1")
    done = listing.run(options, *arguments, program="ansible-playbook", ANSIBLE_LOCALHOST_WARNING="false")
    assert done.returncode == 0, done.stdout + done.stderr
    wanted = [("POST", f"/profiles/{number}") for number in (71, 72, 73, 75, 76)]
    assert sorted((e["method"], e["path"]) for e in sim.log(changing=True) if e["path"] != "/sessions") == wanted
    state = {one["name"]: (one["status"], one["target"]) for one in sim.state("xclarity")["profiles"].values()}
    assert state["app-01"] == ("active", "1B54B9AEFCE04D5E820C0B6310D03590_bay3")
    assert state["web-01"] == ("active", "0A10000000000000000000000000000A")
    assert re.search(r"^db-01 .*changed=0 ", done.stdout, re.M)
    assert re.search(r"^app-02 .*changed=1 ", done.stdout, re.M)
    assert "No profile is named for this host" in done.stdout
    again = listing.run(options, *arguments, program="ansible-playbook")
    assert again.returncode == 0, again.stdout
    assert "changed=1" not in again.stdout


TWIN = "C" * 32


def test_two_appliances_in_one_inventory(sim, harness):
    """A name that both have is of two hosts, each with its own variables only, and the role goes to the appliance of each."""
    sim.seed(xclarity_target={
        "nodes": [{"uuid": TWIN, "name": "web-01"}, {"uuid": "D" * 32, "name": "far-01"}],
        "profiles": [{"id": "1", "name": "far-01"}],
    })  # fmt: skip
    for system in ("xclarity", "xclarity_target"):
        sim.switches(system, job_seconds=0.1)
    sources: list[str] = []
    for name, system in (("near", "xclarity"), ("far", "xclarity_target")):
        path = harness.folder / f"{name}.xclarity.yml"
        options = {"plugin": PLUGIN, "endpoint": sim.ready[system], "profiles_by_name": True, "groups": {name: "true"}}
        path.write_text(yaml.safe_dump(options), encoding="utf-8")
        sources += ["-i", str(path)]

    def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(Path(sys.executable).parent / program), *sources, *arguments]
        return forked.run(command, env=harness.environment(), cwd=harness.folder)

    done = run("ansible-inventory", "--list")
    assert done.returncode == 0, done.stderr
    told = " ".join(done.stderr.split())
    assert told.count("[WARNING]") == 1
    assert "1 of the servers have the name of another server or of a group of this inventory" in told
    assert f"'web-01' is 'web-01_{TWIN}'" in told
    found = json.loads(done.stdout, object_hook=lambda entry: entry.get("__ansible_unsafe", entry))
    variables = found["_meta"]["hostvars"]
    assert variables["web-01"]["xclarity_uuid"] == "0A10000000000000000000000000000A"
    assert "xclarity_profile" in variables["web-01"]
    assert variables[f"web-01_{TWIN}"]["xclarity_uuid"] == TWIN
    assert "xclarity_profile" not in variables[f"web-01_{TWIN}"]
    assert sorted(found["far"]["hosts"]) == ["far-01", f"web-01_{TWIN}"]
    assert [variables[name]["xclarity_endpoint"] for name in ("web-01", "far-01")] == [
        sim.ready[s] for s in ("xclarity", "xclarity_target")
    ]

    arguments = ("groundwork.provision.activate_profiles", "-e", "xclarity_restart=defer", "-e", "activate_profiles_poll_interval=0.1")
    done = run("ansible-playbook", *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    far = [e["path"] for e in sim.log(system="xclarity_target", changing=True) if e["path"].startswith("/profiles")]
    near = [e["path"] for e in sim.log(system="xclarity", changing=True) if e["path"].startswith("/profiles")]
    assert (far, len(near)) == (["/profiles/1"], 4)
    assert sim.state("xclarity_target")["profiles"]["1"]["target"] == "D" * 32


@pytest.mark.parametrize("strictly, good", [("false", True), ("true", False)])
def test_what_a_run_without_hosts_ends_with_is_a_setting_of_ansible(sim, listing, strictly, good):
    """As the documentation says, which tells people to set it."""
    sim.fault("xclarity", times=-1, status=401)
    arguments = ("groundwork.provision.activate_profiles", "-e", "xclarity_restart=defer")
    done = listing.run({"profiles": True}, *arguments, program="ansible-playbook", ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED=strictly)
    assert (done.returncode == 0) == good, done.stdout + done.stderr
    assert "the server did not accept user and password" in said(done)


# -- how options are read -----------------------------------------------------------------------------------------------


def said(done: subprocess.CompletedProcess[str]) -> str:
    return " ".join((done.stdout + done.stderr).split())


def vaulted(text: str, folder: Path) -> tuple[str, str]:
    """(the text encrypted, the name of a file that holds the password)."""
    from ansible.parsing.vault import VaultLib, VaultSecret

    key = folder / "vault-password"
    key.write_text("open sesame", encoding="utf-8")
    return VaultLib([("default", VaultSecret(b"open sesame"))]).encrypt(text).decode(), str(key)


OPTIONAL = ["AUTH_METHOD", "CA_PATH", "USE_PROXY", "TIMEOUT", "VALIDATE_CERTS"]


def test_blank_variables_are_not_set(sim, listing):
    blank = {f"XCLARITY_{name}": "" for name in OPTIONAL if name != "CA_PATH"}
    assert "web-01" in listing({}, **blank)["_meta"]["hostvars"]
    done = listing.run({"endpoint": sim.ready["xclarity"], "username": ""}, "--list", XCLARITY_USERNAME=" ")
    assert "Username is not set, in the file or as XCLARITY_USERNAME" in said(done)


@pytest.mark.parametrize("value", ["", " "])
@pytest.mark.parametrize("where", ["file", "environment"])
def test_a_blank_does_not_turn_the_verification_off(sim, listing, value, where):
    """With a CA that has not signed it."""
    options = {"ca_path": certifi.where(), **({"validate_certs": value} if where == "file" else {})}
    done = listing.run(options, "--list", **({"XCLARITY_VALIDATE_CERTS": value} if where == "environment" else {}))
    assert "not trusted" in said(done)
    assert sim.log() == []


@pytest.mark.parametrize("value", ["nope-canary", "{{ true }}"])
def test_what_is_no_boolean_is_refused_before_anything_is_sent(sim, listing, value):
    done = listing.run({}, "--list", XCLARITY_VALIDATE_CERTS=value)
    assert "value of validate_certs in the environment variable XCLARITY_VALIDATE_CERTS has to be true or false. No server" in said(done)
    assert value not in done.stderr
    assert sim.log() == []


@pytest.mark.parametrize("password", ["a{{ 7*7 }}b", "Aa1{#secret", "x{{ lookup('ansible.builtin.pipe', 'touch pwned') }}"])
@pytest.mark.parametrize("where", ["environment", "vault"])
def test_only_the_text_of_the_file_is_a_template(sim, harness, listing, password, where):
    """The server gets the password letter for letter."""
    sim.seed(xclarity={"users": {"AUTOMATION": {"password": password}}})
    secret, key = vaulted(password, harness.folder)
    text = f"plugin: {PLUGIN}\npassword: !vault |\n" + "".join(f"  {line}\n" for line in secret.splitlines())
    done = listing.run(text if where == "vault" else {}, "--list", "--vault-password-file", key, XCLARITY_PASSWORD=password)
    assert '"web-01"' in done.stdout, done.stderr
    assert password not in done.stdout + done.stderr
    assert not (harness.folder / "pwned").exists()


@pytest.mark.parametrize("secret", ["Aa1{#s3cret", "{{ s3cret }}", "{{ 's3cret' | nope }}"])
def test_a_template_that_cannot_be_read_is_not_quoted(sim, listing, secret):
    done = listing.run({"password": secret}, "--list", "-vvv")
    assert "value of password in the file cannot be evaluated as a template" in said(done)
    assert "s3cret" not in done.stdout + done.stderr
    assert sim.log() == []


def test_vault_without_its_password(sim, harness, listing):
    text = f"plugin: {PLUGIN}\npassword: !vault |\n" + "".join(f"  {one}\n" for one in vaulted("x", harness.folder)[0].splitlines())
    assert "value of password in the file cannot be decrypted" in said(listing.run(text, "--list"))


@pytest.mark.parametrize("options, told", [
    ({"pasword": "s3cret"}, "unknown option pasword; options are alerts, auth_method"),
    ({"username": {"password": "s3cret"}}, "value of username in the file has to be text"),
    ({"strict": "s3cret"}, "has to be true or false"),
    ({"keyed_groups": [{"kee": "s3cret"}]}, "an entry of keyed_groups has no kee; it takes"),
    ({"vars_prefix": "a b"}, "vars_prefix has to be the beginning of a variable's name"),
])  # fmt: skip
def test_options_are_as_strict_as_those_of_a_module(sim, listing, options, told):
    done = listing.run(options, "--list")
    assert told.casefold() in said(done).casefold()
    assert "s3cret" not in done.stdout + done.stderr


def test_variables_on_the_command_line_may_be_used_in_templates(sim, listing):
    options = {"username": "{{ automation }}", "status": "{{ wanted }}", "bmc_as_ansible_host": "{{ 1 == 1 }}"}
    done = listing.run(options, "--list", "-e", json.dumps({"automation": "AUTOMATION", "wanted": "managed"}), XCLARITY_USERNAME="")
    assert json.loads(done.stdout)["_meta"]["hostvars"]["web-01"]["ansible_host"], done.stderr


# -- what a server tells ------------------------------------------------------------------------------------------------

HOSTILE = ["-oProxyCommand=touch pwned", "a b", "a\nb", "a;touch pwned", "{{ 7 * 7 }}", "../../x", "127.0.0.1", "2001:db8::1%eth0"]


def test_only_an_address_becomes_an_address(sim, listing):
    """What is left out is told in one warning. The name for people stays as data, and no two servers are one host."""
    for number, text in enumerate(HOSTILE):
        attributes = {"mgmtProcIPaddress": text, "ipv4Addresses": [text, "192.0.2.99"], "FQDN": text, "hostname": text}
        sim.seed(xclarity={"nodes": [{"uuid": f"{number:032X}", "name": text, "attributes": attributes}]})
    done = listing.run({"bmc_as_ansible_host": True}, "--list")
    hosts = json.loads(done.stdout, object_hook=lambda entry: entry.get("__ansible_unsafe", entry))["_meta"]["hostvars"]
    found = {values["xclarity_uuid"]: (name, values) for name, values in hosts.items()}
    assert len(found) == len(hosts) == 6 + len(HOSTILE)
    for number, text in enumerate(HOSTILE):
        name, values = found[f"{number:032X}"]
        assert host_names.may_be_host(name)
        assert "ansible_host" not in values
        assert (values["xclarity_bmc_address"], values["xclarity_fqdn"], values["xclarity_hostname"]) == ("", "", "")
        assert values["xclarity_ipv4_addresses"] == ["192.0.2.99"]
        assert values["xclarity_name"] == text
    assert done.stderr.count("[WARNING]") == 1
    told = said(done)
    assert f"{4 * len(HOSTILE)} of the names and addresses that the server told cannot be used and are left out: hostname of 000" in told
    assert "'-oProxyCommand=touch pwned'" in told
    assert f"and {4 * len(HOSTILE) - 5} more" in told


def test_an_address_that_is_composed_of_a_servers_text(sim, harness, listing):
    """As in the documented example. Run by ssh, its name would be an option that starts a program."""
    sim.seed(xclarity={"nodes": [{"uuid": "B" * 32, "name": "-oProxyCommand=touch pwned #"}]})
    options = {"compose": {"ansible_host": "xclarity_name", "ansible_port": "2222"}, "hostnames": ["uuid"]}
    book = harness.folder / "play.yml"
    task = {"ansible.builtin.raw": "true", "ignore_unreachable": True, "vars": {"ansible_ssh_timeout": 1}}
    book.write_text(json.dumps([{"hosts": "B" * 32, "gather_facts": False, "tasks": [task]}]))
    done = listing.run(options, str(book), program="ansible-playbook")
    assert "ansible_host of BBBB" in said(done)
    assert not (harness.folder / "pwned").exists()


# -- the cache ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options, env", [
    ({}, {"XCLARITY_PASSWORD": "wrong-password"}),
    ({}, {"XCLARITY_USERNAME": "SOMEBODY"}),
    ({}, {"XCLARITY_ENDPOINT": "https://127.0.0.1:1"}),
    ({}, {"XCLARITY_CA_PATH": certifi.where()}),
    ({"status": "unmanaged"}, {}),
    ({"bmc_type": "XCC2"}, {}),
])  # fmt: skip
def test_a_cache_is_for_one_server_one_user_and_one_choice(sim, tmp_path, listing, options, env):
    cached = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(tmp_path / "cache")}
    first = listing(cached)
    before = sim.last()
    assert listing(cached) == first
    assert sim.log(since=before) == []
    done = listing.run({**cached, **options}, "--list", **env)
    assert '"web-01"' not in done.stdout
    for path in (tmp_path / "cache").iterdir():
        assert XCLARITY_PASSWORD not in path.name + path.read_text(encoding="utf-8")


# -- certificates, and the end of a program -----------------------------------------------------------------------------


def test_a_certificate_that_is_not_verified_is_told_once(sim, listing):
    done = listing.run({"validate_certs": "no"}, "--list", XCLARITY_CA_PATH="")
    assert '"web-01"' in done.stdout
    assert said(done).count("is not verified because validate_certs is false.") == 1
    assert "InsecureRequestWarning" not in done.stderr
    assert done.stderr.count("WARNING") == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
@pytest.mark.parametrize("method, path", [("GET", "/nodes"), ("POST", "/sessions")])
def test_a_program_that_is_told_to_end_closes_its_session(sim, harness, number, method, path):
    sim.fault("xclarity", method, path, delay=1.0 if method == "POST" else 20.0)
    source = harness.folder / "estate.xclarity.yml"
    source.write_text(f"plugin: {PLUGIN}\n", encoding="utf-8")
    command = [str(Path(sys.executable).parent / "ansible-inventory"), "-i", str(source), "--list"]
    program = subprocess.Popen(command, env=harness.environment(), cwd=harness.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        deadline = time.monotonic() + 30
        while not any(entry["method"] == method and entry["path"].startswith(path) for entry in sim.log(system="xclarity")):
            assert time.monotonic() < deadline
            assert program.poll() is None, program.communicate()
            time.sleep(0.02)
        program.send_signal(number)
        began = time.monotonic()
        program.communicate(timeout=10)
    finally:
        program.kill()
        program.communicate()
    assert time.monotonic() - began < 4
    assert program.returncode != 0
    assert sim.sessions("xclarity")["open"] == 0


def test_in_a_play(sim, harness, listing):
    """The documented example, and a play over what it makes."""
    book = harness.folder / "play.yml"
    task = {"ansible.builtin.debug": {"msg": "{{ inventory_hostname }} {{ xclarity_bmc_address }}"}}
    book.write_text(json.dumps([{"hosts": "rack_R12", "gather_facts": False, "tasks": [task]}]))
    options = {"keyed_groups": [{"key": "xclarity_rack", "prefix": "rack"}]}
    done = listing.run(options, str(book), program="ansible-playbook")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "web-02 192.0.2.22" in done.stdout
    assert "db-01" not in done.stdout


def test_the_documented_example(sim, listing):
    example = yaml.safe_load(plugin.EXAMPLES)
    del example["plugin"], example["endpoint"], example["ca_path"]
    found = listing(example)
    assert found["rack_R12"]["hosts"] == ["web-01", "web-02", "web-03"]
    assert len(found["powered_on"]["hosts"]) == 6
    assert found["_meta"]["hostvars"]["db-01"]["ansible_host"] == "db-01.servers.example.com"


def test_many(sim, listing):
    """Ten thousand with one list; every one is there."""
    sim.seed(xclarity={"generate": {"rack_nodes": 10000, "prefix": "many"}})
    done = listing.run({}, "--graph")
    assert done.stdout.count("--many-") == 10000
    assert [e["method"] for e in sim.log(system="xclarity")] == ["POST", "GET", "DELETE"]


# -- other devices, and variables that take a request of their own -----------------------------------------------------


def test_chassis_switches_and_storage_are_hosts_if_asked_for(sim, listing):
    sim.seed(xclarity={"storage_devices": [{"uuid": "5E" * 16, "name": "scu-1", "type": "SCU", "powerStatus": 8}]})
    found = listing({"devices": ["chassis", "switches", "storage"], "keyed_groups": [{"key": "xclarity_kind", "prefix": "kind"}]})
    variables = found["_meta"]["hostvars"]
    assert {variables[name]["xclarity_kind"] for name in ("web-01", "chassis-1", "tor-1", "array-1")} == {
        "server", "chassis", "switch", "storage",
    }  # fmt: skip
    assert found["kind_switch"]["hosts"] == ["tor-1"]
    devices = {name for name, told in variables.items() if told["xclarity_kind"] != "server"}
    assert set(found["xclarity_devices"]["hosts"]) == devices, "the playbooks work on the servers, and on nothing else"
    assert set(found["xclarity_servers"]["hosts"]) == set(variables) - devices
    assert (variables["tor-1"]["xclarity_power"], variables["tor-1"]["xclarity_bmc_address"]) == ("on", "192.0.2.61")
    assert "scu-1" not in variables
    assert set(variables["array-1"]) == set(variables["web-01"])
    assert [e["path"].split("?")[0] for e in sim.log(system="xclarity")] == [
        "/sessions", "/nodes", "/chassis", "/switches", "/storage", "/sessions",
    ]  # fmt: skip
    assert "xclarity_kind" not in listing({})["_meta"]["hostvars"]["web-01"]


def test_compliance_and_alerts(sim, listing):
    variables = listing({"compliance": True, "alerts": True})["_meta"]["hostvars"]
    assert [variables["web-03"][f"xclarity_firmware_{key}"] for key in ("policy", "compliant", "outdated")] == [
        "production", False, ["BMC (Primary)", "UEFI (Primary)"],
    ]  # fmt: skip
    assert (variables["web-01"]["xclarity_firmware_policy"], variables["web-01"]["xclarity_alert"]) == ("", "CRITICAL")
    assert variables["web-02"]["xclarity_alert"] == ""
    assert len(sim.log(system="xclarity")) == 5
    sim.switches("xclarity", alerts_told=False)
    assert listing({"alerts": True})["_meta"]["hostvars"]["web-01"]["xclarity_alert"] == ""


def test_a_wrong_prefix_is_told_before_anything_is_sent(sim, listing):
    done = listing.run({"vars_prefix": "my-"}, "--list")
    assert "vars_prefix has to be the beginning of a variable's name" in said(done)
    assert sim.log() == []


@pytest.mark.parametrize("here", ["localhost", "127.0.0.1", "::1", "0"])
def test_a_composed_address_is_not_this_machine(sim, listing, here):
    """A play would run on the control node itself."""
    sim.seed(xclarity={"nodes": [{"uuid": "B" * 32, "name": here, "rack": here}]})
    done = listing.run({"compose": {"ansible_host": "xclarity_rack"}, "hostnames": ["uuid"]}, "--list")
    assert "ansible_host of BBBB" in said(done)
    found = json.loads(done.stdout)
    assert "ansible_host" not in found["_meta"]["hostvars"]["B" * 32]


def test_a_profile_by_name_is_for_one_server_only(sim, listing, tmp_path):
    sim.seed(xclarity={"nodes": [{"uuid": "B" * 32, "name": "web-01"}]})
    cache = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(tmp_path / "cache")}
    for options in (cache, cache, {}):
        done = listing.run({"profiles_by_name": True, **options}, "--list")
        assert "no profile by a name that several servers or inactive profiles have: 'web-01'" in said(done)
    found = json.loads(done.stdout)["_meta"]["hostvars"]
    assert [name for name, values in found.items() if "71" in str(values.get("xclarity_profile"))] == []
    assert "72" in str(found["web-02"]["xclarity_profile"])
