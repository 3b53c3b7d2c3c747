# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each role promises beyond the modules it uses."""

from __future__ import annotations

import importlib
import json

import pytest
import yaml
from harness import PACKAGE, XCLARITY_PASSWORD
from playbook_output import shown
from role_runs import alone, changing, output_with_a_warning, run

WEB = {f"web-0{n}": {"xclarity_profile": f"web-0{n}", "xclarity_target": f"0A1000000000000000000000000000{n + 9:02X}"} for n in (1, 2, 3)}


# -- activate_profiles ------------------------------------------------------------------------------------------------


def test_hosts_of_two_xclarity_servers_get_one_task_each(sim, harness):
    uuid = "0B20000000000000000000000000000A"
    sim.seed(xclarity_target={"nodes": [{"uuid": uuid, "name": "far-01"}], "profiles": [{"id": "5", "name": "far-01"}]})
    far = {"xclarity_profile": 5, "xclarity_target": uuid, "xclarity_endpoint": sim.ready["xclarity_target"]}
    plain = {"bastion": {}, "far-01": far}
    played = run(harness, {**WEB, **plain}, xclarity_restart="immediate", xclarity_password=XCLARITY_PASSWORD)
    assert played.rc == 0, played.output
    assert sorted(changing(sim)) == [("POST", f"/profiles/7{n}") for n in (1, 2, 3)]
    assert changing(sim, "xclarity_target") == [("POST", "/profiles/5")]
    assert [sim.sessions(system)["opened"] for system in ("xclarity", "xclarity_target")] == [1, 1]
    assert sim.sessions("xclarity_target")["open"] == 0
    assert XCLARITY_PASSWORD not in played.output


def test_a_profile_that_does_not_get_there_fails_its_host_only(sim, harness):
    sim.switches("xclarity", refused_targets=[WEB["web-02"]["xclarity_target"]])
    after = [{
        "name": "Tell what became of this host",
        "ansible.builtin.debug": {"msg": "{{ inventory_hostname }} is {{ activate_profiles_results[inventory_hostname].status }}"},
    }]  # fmt: skip
    played = run(harness, WEB, after=after, xclarity_restart="immediate", activate_profiles_concurrency=1)
    assert played.rc != 0
    assert played.recap["failed"] == 1
    assert "web-01 is active" in played.output
    assert "web-03 is active" in played.output
    assert "web-02 is" not in played.output
    assert "fatal: [web-02]" in played.output


def test_nothing_is_assumed_about_the_restart(sim, harness):
    played = run(harness, WEB)
    assert played.rc != 0
    assert "restart is not set for the profile web-01" in played.output
    assert sim.log() == []


def test_a_play_in_which_no_host_has_a_profile_does_nothing(sim, harness):
    played = run(harness, {"bastion": {}}, "--check")
    assert played.rc == 0, played.output
    assert shown(played.output) == [{"planned_requests": [], "not_predictable": []}]
    assert sim.log() == []


# -- publish_os_image -------------------------------------------------------------------------------------------------


def test_the_next_step_gets_the_file(sim, harness):
    after = [{"name": "Next step", "ansible.builtin.debug": {"msg": "got {{ publish_os_image_file }} {{ publish_os_image_sha256 }}"}}]
    options = {"publish_os_image_profile": "web_gold", "publish_os_image_dest": str(harness.folder)}
    played = alone(harness, "publish_os_image", after=after, **options)
    assert played.rc == 0, played.output
    (file,) = harness.folder.glob("*_web_gold.tar.gz")
    assert f"got {file} " in played.output
    # A file that somebody has changed since is not taken for the export.
    file.write_bytes(b"something else")
    again = alone(harness, "publish_os_image", after=after, **options)
    assert again.rc == 0, again.output
    assert again.recap["changed"] == 1


@pytest.mark.parametrize("name", ["profile", "dest"])
def test_without_a_profile_or_a_place_nothing_is_exported(sim, harness, name):
    options = {"publish_os_image_profile": "web_gold", "publish_os_image_dest": str(harness.folder)}
    played = alone(harness, "publish_os_image", **{**options, f"publish_os_image_{name}": ""})
    assert played.rc != 0
    assert f"publish_os_image_{name} is not set" in played.output
    assert sim.log() == []


def test_a_place_that_is_not_there_is_known_before_the_export(sim, harness):
    options = {"publish_os_image_profile": "web_gold", "publish_os_image_dest": str(harness.folder / "nowhere" / "image.tar.gz")}
    played = alone(harness, "publish_os_image", **options)
    assert played.rc != 0
    assert changing(sim) == []


# -- acquire_servers --------------------------------------------------------------------------------------------------


def test_acquired_servers_are_hosts_of_the_next_play(sim, harness):
    book = [
        {"name": "Acquire", "hosts": "localhost", "gather_facts": False, "tasks": [
            {"name": "Use the role", "ansible.builtin.include_role": {"name": "groundwork.provision.acquire_servers"}}]},
        {"name": "Use them", "hosts": "database", "gather_facts": False, "tasks": [
            {"name": "Show", "ansible.builtin.debug": {"msg": "{{ inventory_hostname }}: {{ acquire_servers_properties.Size }}"}}]},
    ]  # fmt: skip
    path = harness.folder / "acquire.yml"
    path.write_text(yaml.safe_dump(book), encoding="utf-8")
    wanted = [{"properties": {"Datacenter": "oslo", "Size": "l"}, "count": 2}]
    variables = {"acquire_servers_wanted": wanted, "acquire_servers_groups": ["database"], "acquire_servers_poll_interval": 0.1}
    played = harness.playbook(str(path), "-e", json.dumps(variables))
    assert played.rc == 0, played.output
    assert "oslo-l1.example.net: l" in played.output
    assert "oslo-l2.example.net: l" in played.output
    assert played.recap["changed"] == 1  # the request; the inventory of a run is nobody's state


ONE = [{"properties": {"Datacenter": "oslo", "Size": "l"}, "count": 1}]
TWO = [{"properties": {"Datacenter": "oslo", "Size": "l"}, "count": 2}]
QUICK = {"acquire_servers_poll_interval": 0.1}
SHOW_HOSTS = [{"name": "Show", "ansible.builtin.debug": {"msg": "{{ groups.acquired }} and {{ acquire_servers_surplus }}"}}]


def test_servers_beyond_what_is_asked_for_are_told_and_not_added(sim, harness):
    assert alone(harness, "acquire_servers", acquire_servers_wanted=TWO, **QUICK).rc == 0
    output = output_with_a_warning(harness, "acquire_servers", after=SHOW_HOSTS, acquire_servers_wanted=ONE, **QUICK)
    assert "The group holds 1 servers more than were asked for: oslo-l2.example.net" in output
    assert "['oslo-l1.example.net'] and ['oslo-l2.example.net']" in output


UNUSABLE = ("-oProxyCommand=x", "localhost", "127.1", "all")


def test_a_server_whose_name_is_no_host_elsewhere_is_not_added(sim, harness):
    """An option of ssh, this machine, a group of Ansible's own."""
    sim.seed(ops_manager={"servers": [
        {"hostname": name, "group": "5a9d0a0a1d41c81a2b3c4d01", "properties": {"Datacenter": "bergen", "Size": "s"}}
        for name in (*UNUSABLE, "bergen-1.example.net")
    ]})  # fmt: skip
    wanted = [{"properties": {"Datacenter": "bergen", "Size": "s"}, "count": 1 + len(UNUSABLE)}]
    output = output_with_a_warning(harness, "acquire_servers", after=SHOW_HOSTS, acquire_servers_wanted=wanted, **QUICK)
    assert f"{len(UNUSABLE)} servers have a name that is no host name or address of another machine" in output
    assert "['bergen-1.example.net'] and []" in output


def test_what_to_do_about_a_shortage_is_handed_on_when_it_is_set(sim, harness):
    module = importlib.import_module(f"{PACKAGE}.modules.server_pool_request")
    options = {"acquire_servers_wanted": ONE, "acquire_servers_on_shortage": "partial", **QUICK}
    played = alone(harness, "acquire_servers", "--check", **options)
    assert (played.rc == 0) == ("on_shortage" in module.SPEC.options)
    assert alone(harness, "acquire_servers", "--check", **{**options, "acquire_servers_on_shortage": ""}).rc == 0


def bound(sim):
    return sorted(one["hostname"] for one in sim.state("ops_manager")["servers"] if one["statusName"] == "BOUND")


def test_servers_that_are_given_back_are_given_back_once(sim, harness):
    assert alone(harness, "acquire_servers", acquire_servers_wanted=TWO, **QUICK).rc == 0
    options = {"release_servers_hostnames": ["oslo-l1.example.net"], "release_servers_poll_interval": 0.1}
    after = [{"name": "Show", "ansible.builtin.debug": {"msg": "{{ release_servers_results['oslo-l1.example.net'].state }} now"}}]
    ident = next(one["id"] for one in sim.state("ops_manager")["servers"] if one["hostname"] == "oslo-l1.example.net")
    predicted = alone(harness, "release_servers", "--check", **options)
    assert [step["resource"] for step in shown(predicted.output)[0]["planned_requests"]] == [ident]
    played = alone(harness, "release_servers", after=after, **options)
    assert (played.rc, played.recap["changed"]) == (0, 1), played.output
    assert "absent now" in played.output
    assert bound(sim) == ["oslo-l2.example.net", "reports1.example.net"]
    again = alone(harness, "release_servers", **options)
    assert (again.rc, again.recap["changed"]) == (0, 0), again.output


@pytest.mark.parametrize("names", ["", None, "oslo-l1.example.net", {"all": True}])
def test_no_server_is_given_back_by_a_guess(sim, harness, names):
    played = alone(harness, "release_servers", release_servers_hostnames=names)
    assert played.rc != 0
    assert sim.log() == []


def test_an_empty_list_gives_nothing_back(sim, harness):
    played = alone(harness, "release_servers", release_servers_hostnames=[])
    assert played.rc == 0, played.output
    assert sim.log() == []


# -- define_cluster_profiles ------------------------------------------------------------------------------------------


def test_a_directory_without_specs_is_said_so(sim, harness):
    (harness.folder / "specs").mkdir()
    (harness.folder / "specs" / "notes.txt").write_text("no spec")
    played = alone(harness, "define_cluster_profiles", define_cluster_profiles_directory=str(harness.folder / "specs"))
    assert played.rc != 0
    assert "There is no spec" in played.output
    assert sim.log() == []


def test_a_bad_spec_fails_in_check_mode_already(sim, harness):
    specs = harness.folder / "specs"
    specs.mkdir()
    spec = {"type": "os.nova.server", "version": "1.0", "properties": {"flavour": "m1.small"}}
    (specs / "web.json").write_text(json.dumps(spec), encoding="utf-8")
    played = alone(harness, "define_cluster_profiles", "--check", define_cluster_profiles_directory=str(specs))
    assert played.rc != 0
    assert "flavour" in played.output
    assert changing(sim, "clustering") == []


def spec(flavor):
    properties = {"name": "web", "flavor": flavor, "networks": [{"network": "private"}]}
    return {"type": "os.nova.server", "version": "1.0", "properties": properties}


def write_specs(folder, **specs):
    (folder / "specs").mkdir(exist_ok=True)
    for name, content in specs.items():
        text = content if isinstance(content, str) else json.dumps(content)
        (folder / "specs" / f"{name}.json").write_text(text, encoding="utf-8")
    return {"define_cluster_profiles_directory": str(folder / "specs")}


def own_profiles(sim):
    state = sim.state("clustering")
    return sorted(one["name"] for one in state["profiles"] if one["project"] == state["projects"]["demo"])


def test_specs_that_fail_leave_the_others_alone_and_are_told_by_file(sim, harness):
    options = write_specs(harness.folder, app=spec("m1.small"), web=spec("m1.small"))
    assert alone(harness, "define_cluster_profiles", **options).rc == 0
    write_specs(harness.folder, app=spec("m1.large"), bad="{", db=spec("m1.small"))
    since = sim.last()
    after = [{"name": "Never", "ansible.builtin.debug": {"msg": "went on"}}]
    for arguments in (["--check"], []):
        played = alone(harness, "define_cluster_profiles", *arguments, after=after, **options)
        assert played.rc != 0
        assert "2 of 4 specs failed: app.json (spec_differs), bad.json (config_spec_file)." in played.output
        error = json.loads(played.output.rpartition("FAILED! => ")[2].splitlines()[0])
        assert error["error"]["code"] == "spec_differs"
        assert error["error"]["resource"] == "app"
        assert [one["file"] for one in error["errors"]] == ["app.json", "bad.json"]
        assert "went on" not in played.output
        assert own_profiles(sim) == (["app", "web"] if arguments else ["app", "db", "web"])
    assert [path for _method, path in changing(sim, "clustering", since)] == ["/v1/profiles"]


def test_with_stop_a_spec_that_cannot_be_planned_stops_all(sim, harness):
    options = write_specs(harness.folder, bad="{", web=spec("m1.small"))
    played = alone(harness, "define_cluster_profiles", define_cluster_profiles_on_failure="stop", **options)
    assert played.rc != 0
    assert "config_spec_file" in played.output
    assert own_profiles(sim) == []


def test_a_service_that_is_down_is_asked_once_and_told_with_its_code(sim, harness):
    options = write_specs(harness.folder, **{f"web-{n}": spec("m1.small") for n in range(4)})
    sim.fault("keystone", times=-1, status=401)
    played = alone(harness, "define_cluster_profiles", **options)
    assert played.rc != 0
    assert "4 of 4 specs failed: web-0.json (auth_failed)" in played.output
    assert len(sim.log(system="keystone")) <= 2


def test_a_wrong_password_is_tried_once_although_a_file_is_broken(sim, harness):
    options = write_specs(harness.folder, bad="{", **{f"web-{n}": spec("m1.small") for n in range(4)})
    sim.fault("keystone", times=-1, status=401)
    played = alone(harness, "define_cluster_profiles", **options)
    assert played.rc != 0
    assert "5 of 5 specs failed: bad.json (config_spec_file), web-0.json (auth_failed), web-1.json (auth_failed)" in played.output
    assert len(sim.log(system="keystone")) <= 2


def test_two_specs_of_one_name_are_refused(sim, harness):
    options = write_specs(harness.folder, web=spec("m1.small"))
    (harness.folder / "specs" / "web.yml").write_text(json.dumps(spec("m1.large")), encoding="utf-8")
    played = alone(harness, "define_cluster_profiles", **options)
    assert played.rc != 0
    assert '"code": "duplicate_item"' in played.output
    assert sim.log() == []


def test_empty_variables_of_define_cluster_profiles_are_not_set(sim, harness):
    options = write_specs(harness.folder, web=spec("m1.small"))
    names = [f"openstack_{name}" for name in ("cloud", "auth", "auth_type", "region_name", "ca_path", "validate_certs")]
    names += [f"define_cluster_profiles_{name}" for name in ("metadata", "on_spec_change", "on_failure")]
    for value in ("", None):
        played = alone(harness, "define_cluster_profiles", "-e", json.dumps(dict.fromkeys(names, value)), **options)
        assert played.rc == 0, played.output
    assert own_profiles(sim) == ["web"]
    played = alone(harness, "define_cluster_profiles", define_cluster_profiles_directory="")
    assert played.rc != 0
    assert "define_cluster_profiles_directory is not set" in played.output
