# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a module reads its options: what is blank is not set, the nearer source decides, nothing out of place is shown."""

from __future__ import annotations

import json
import os

import pytest

from ansible_collections.groundwork.provision.plugins.module_utils import _module
from ansible_collections.groundwork.provision.plugins.module_utils._errors import bad_input
from ansible_collections.groundwork.provision.plugins.module_utils._options import (
    OPENSTACK,
    OPS_MANAGER,
    XCLARITY,
    Spec,
    out_of_place,
    settle,
)
from ansible_collections.groundwork.provision.plugins.module_utils._secret_names import secrets
from ansible_collections.groundwork.provision.plugins.plugin_utils import in_process

CANARY = "s3cret-canary"
BLANK = ["", " ", "\t\n", None]


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    """Nothing but what a test sets."""
    for name in [name for name in os.environ if name.startswith(("XCLARITY_", "OPS_MANAGER_", "OS_", "GROUNDWORK_"))]:
        monkeypatch.delenv(name)
    return lambda **variables: [monkeypatch.setenv(name, value) for name, value in variables.items()]


# -- what is set ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("given, variables, found", [
    ({"group_name": "a"}, {"OPS_MANAGER_GROUP_ID": "b"}, {"group_name": "a"}),
    ({"group_id": "a"}, {"OPS_MANAGER_GROUP_NAME": "b"}, {"group_id": "a"}),
    ({"project_name": "a"}, {"OPS_MANAGER_GROUP_ID": "b", "OPS_MANAGER_GROUP_NAME": "c"}, {"project_name": "a"}),
    ({"group_name": "a"}, {"OPS_MANAGER_GROUP_ID": ""}, {"group_name": "a"}),
    ({"group_name": "", "group_id": None}, {"OPS_MANAGER_GROUP_ID": "b"}, {"group_id": "b"}),
    ({}, {"OPS_MANAGER_GROUP_ID": " ", "OPS_MANAGER_GROUP_NAME": "c"}, {"group_name": "c"}),
    ({}, {"OPS_MANAGER_GROUP_ID": "b", "OPS_MANAGER_GROUP_NAME": "c"}, {"group_id": "b", "group_name": "c"}),  # then refused
    ({"group_id": "a", "group_name": "b"}, {}, {"group_id": "a", "group_name": "b"}),  # then refused
    ({"username": "a"}, {"OPS_MANAGER_PUBLIC_KEY": "b"}, {"username": "a"}),
    ({"username": ""}, {"OPS_MANAGER_PUBLIC_KEY": "b"}, {"public_key": "b"}),
    ({"username": "a", "public_key": ""}, {}, {"username": "a"}),
])  # fmt: skip
def test_of_two_that_say_the_same_the_nearer_source_decides(environment, given, variables, found):
    environment(**variables)
    assert settle(given, OPS_MANAGER) == found


@pytest.mark.parametrize("blank", BLANK)
@pytest.mark.parametrize("option", [
    {"type": "str", "choices": ["a", "b"]}, {"type": "str", "no_log": True}, {"type": "bool"}, {"type": "bool", "required": True},
    {"type": "int"}, {"type": "float"}, {"type": "path"}, {"type": "list", "elements": "str"}, {"type": "dict"}, {"type": "raw"},
])  # fmt: skip
def test_what_is_blank_is_not_set(option, blank):
    assert settle({"x": blank}, Spec({"x": option})) == {}


def test_an_empty_text_is_a_value_of_plain_text_only():
    """A comment can be emptied. But where something else depends on it, nothing was typed."""
    plain = {"x": {"type": "str"}, "y": {"type": "str"}}
    assert settle({"x": ""}, Spec(plain)) == {"x": ""}
    assert settle({"x": None}, Spec(plain)) == {}
    assert settle({"x": "", "y": "b"}, Spec(plain, mutually_exclusive=(("x", "y"),))) == {"y": "b"}
    assert settle({"x": "", "y": ""}, Spec(plain, required_together=(("x", "y"),))) == {}
    assert settle({"x": "", "y": "b"}, Spec(plain, required_together=(("x", "y"),))) == {"x": "", "y": "b"}


def test_suboptions_are_read_the_same_way():
    inner = {
        "name": {"type": "str", "required": True}, "count": {"type": "int", "required": True},
        "restart": {"type": "str", "choices": ["a"]}, "note": {"type": "str"},
    }  # fmt: skip
    spec = Spec({"many": {"type": "list", "elements": "dict", "options": inner}, "one": {"type": "dict", "options": inner}})
    row = {"name": "n", "restart": "", "note": "", "count": ""}
    left = {"name": "n", "note": ""}
    assert settle({"many": [row, {"name": None}], "one": row}, spec) == {"many": [left, {}], "one": left}


def test_the_environment_is_taken_letter_for_letter(environment):
    environment(XCLARITY_PASSWORD=" a{{ 7*7 }}b{# ", XCLARITY_CA_PATH="")
    assert settle({}, XCLARITY) == {"password": " a{{ 7*7 }}b{# "}


@pytest.mark.parametrize("spec", [XCLARITY, OPS_MANAGER], ids=["xclarity", "ops_manager"])
def test_every_variable_may_be_blank(environment, spec):
    names = [name for option in spec.options.values() if "fallback" in option for name in option["fallback"][1]]
    assert len(names) >= 8
    environment(**dict.fromkeys(names, ""))
    assert settle({}, spec) == {}


# -- through AnsibleModule ----------------------------------------------------------------------------------------------


def run(spec: Spec, **given):
    """What a module with this spec is given, or its failure; and all that it printed."""
    text = in_process.run_here(lambda: _module.main(spec, lambda run: {"changed": False, "params": dict(run.params)}), given)
    return json.loads(text), text


def test_blank_variables_of_a_module(environment):
    blank = dict.fromkeys(["XCLARITY_TIMEOUT", "XCLARITY_VALIDATE_CERTS", "XCLARITY_USE_PROXY", "XCLARITY_CA_PATH"], "")
    environment(XCLARITY_ENDPOINT="https://x.example", **blank)
    found, _text = run(XCLARITY, timeout="", auth_method="")
    params = found["params"]
    assert (params["timeout"], params["validate_certs"], params["use_proxy"], params["ca_path"]) == (30.0, True, True, None)
    assert params["auth_method"] == "session"


def test_a_module_with_the_name_of_a_group_and_its_id_in_the_environment(environment):
    environment(OPS_MANAGER_GROUP_ID="b", OPS_MANAGER_PUBLIC_KEY="far")
    found, _text = run(OPS_MANAGER, endpoint="https://x.example", group_name="a", username="near")
    assert (found["params"]["group_name"], found["params"]["group_id"], found["params"]["public_key"]) == ("a", None, "near")
    assert "warnings" not in found


@pytest.mark.parametrize("variable, state", [(None, "is not set either"), ("", "is blank"), ("  ", "is blank")])
def test_a_required_option_that_is_blank_is_missing(environment, variable, state):
    """What is blank is told as blank: the variable stands in the environment for everybody to see."""
    if variable is not None:
        environment(XCLARITY_ENDPOINT=variable)
    found, _text = run(XCLARITY, endpoint="")
    assert found["msg"] == (
        "missing required arguments: endpoint. endpoint is also read from the environment variable XCLARITY_ENDPOINT, "
        f"which {state}. A text that is blank counts as not set."
    )


def test_a_misspelt_option_is_named_beside_what_is_missing(environment):
    """Else the message is about an option that the user believes to have set."""
    spec = Spec({"profile": {"type": "str"}, "profiles": {"type": "list"}}, required_one_of=(("profile", "profiles"),))
    assert run(spec, profil="web-01")[0]["msg"] == "one of the following is required: profile, profiles. There is no option profil"
    assert run(spec, profile="a", profil="b")[0]["msg"].count("profil") >= 1
    found, text = run(XCLARITY, endpont=CANARY)
    assert found["msg"].startswith("missing required arguments: endpoint. There is no option endpont. endpoint is also read from")
    assert CANARY not in text


def test_a_required_option_without_a_variable_is_missing_in_the_words_of_ansible(environment):
    found, _text = run(Spec({"name": {"type": "str", "required": True}}))
    assert found["msg"] == "missing required arguments: name"


@pytest.mark.parametrize("spec, system", [(XCLARITY, "xclarity"), (OPS_MANAGER, "ops_manager"), (OPENSTACK, "openstack")])
def test_a_task_that_is_refused_before_it_asks_tells_of_which_system_it_is(environment, spec, system):
    def refuse(_run):
        raise bad_input("config_empty", "profiles is an empty list.", "Name one.")

    given = {"endpoint": "https://x.example", **({"group_id": "a"} if system == "ops_manager" else {})}
    given = {} if system == "openstack" else given
    error = json.loads(in_process.run_here(lambda: _module.main(Spec({"name": {}}) + spec, refuse), given))["error"]
    assert (error["code"], error["system"], error["operation"]) == ("config_empty", system, "plan")


@pytest.mark.parametrize("given", [{"group_id": "a", "group_name": "b"}, {}])
def test_two_in_the_same_source_exclude_each_other(environment, given):
    if not given:
        environment(OPS_MANAGER_GROUP_ID="a", OPS_MANAGER_GROUP_NAME="b")
    found, _text = run(OPS_MANAGER, endpoint="https://x.example", **given)
    assert found["msg"] == "parameters are mutually exclusive: group_id|group_name"


NESTED = Spec({"auth": {"type": "dict", "options": {"name": {"type": "str", "aliases": ["tenant"]}}}})


@pytest.mark.parametrize("spec, given, told", [
    (OPS_MANAGER, {"group_name": "reporting", "project_name": "payments"}, "group_name (project_name)"),
    (OPS_MANAGER, {"private_key": "a", "api_key": CANARY, "group_id": "a"}, "private_key (api_key)"),
    (OPENSTACK, {"validate_certs": True, "verify": False}, "validate_certs (verify)"),
    (NESTED, {"auth": {"name": "a", "tenant": "b"}}, "name (tenant)"),
])  # fmt: skip
def test_two_names_of_an_option_with_different_values_are_refused(environment, spec, given, told):
    """As when module_defaults have the one and the task the other: Ansible takes the alias, whichever of them is nearer."""
    endpoint = {"endpoint": "https://x.example"} if "endpoint" in spec.options else {}
    found, text = run(spec, **endpoint, **given)
    assert (found["failed"], found["error"]["code"]) == (True, "config_options")
    assert f"different values are set for {told}." in found["msg"]
    assert CANARY not in text


@pytest.mark.parametrize("given", [
    {"group_name": "a", "project_name": "a"}, {"group_name": "a", "project_name": " "}, {"project_name": "a"},
])  # fmt: skip
def test_two_names_of_an_option_that_say_the_same_are_no_mistake(environment, given):
    found, _text = run(OPS_MANAGER, endpoint="https://x.example", **given)
    assert (found.get("failed", False), found["params"]["group_name"]) == (False, "a")


@pytest.mark.parametrize("spec, given", [
    (XCLARITY, {"pasword": CANARY}),
    (XCLARITY, {"pasword": {"a": [CANARY]}}),
    (XCLARITY, {"username": {"password": CANARY}}),
    (XCLARITY, {"username": [CANARY]}),
    (XCLARITY, {"password": {"is": CANARY}}),
    (XCLARITY, {"ca_path": {"password": CANARY}}),
    (XCLARITY, {"auth_method": {"password": CANARY}}),
    (XCLARITY, {"validate_certs": {"password": CANARY}}),
    (XCLARITY, {"timeout": [CANARY]}),
    (XCLARITY, {"session": CANARY}),
    (OPENSTACK, {"auth": [CANARY]}),
    (OPENSTACK, {"auth": {"pasword": CANARY}}),
    (OPENSTACK, {"auth": {"username": {"password": CANARY}}}),
    (OPENSTACK, {"auth_type": {"password": CANARY}}),
])  # fmt: skip
def test_what_is_out_of_place_is_refused_and_not_shown(spec, given):
    found, text = run(spec, endpoint="https://x.example", **given) if spec is XCLARITY else run(spec, **given)
    assert found.get("failed") is True, found
    assert CANARY not in text
    assert next(iter(given)) in found["msg"]


def test_a_mapping_of_a_cloud_keeps_its_secrets():
    cloud = {"auth": {"password": CANARY, "username": "demo"}, "region_name": "R", "client_secret": "other-" + CANARY, "profile": "p"}
    found, text = run(OPENSTACK, cloud=cloud)
    assert found["failed" if "failed" in found else "changed"] is False
    assert CANARY not in text
    assert "demo" in text
    assert secrets(cloud) == {CANARY, "other-" + CANARY}


@pytest.mark.parametrize("value", [CANARY, 5, True])
def test_auth_that_is_no_mapping_at_all(value):
    found, text = run(OPENSTACK, auth=value)
    assert found["msg"] == "argument 'auth' is no dictionary"
    assert CANARY not in text


@pytest.mark.parametrize(("value", "told"), [
    ("web-02", "argument 'nodes' is no list of dictionaries"),
    ([{"node": "web-01"}, CANARY], "argument 'nodes' has an entry that is no dictionary"),
])  # fmt: skip
def test_rows_that_are_no_mappings(value, told):
    rows = Spec({"nodes": {"type": "list", "elements": "dict", "options": {"node": {"type": "str"}}}})
    found, text = run(rows, nodes=value)
    assert found["msg"] == told
    assert CANARY not in text


def test_auth_as_one_text_is_masked_part_by_part():
    found, text = run(OPENSTACK, auth=f"username=demo password={CANARY}")
    assert found["params"]["auth"]["username"] == "demo"
    assert CANARY not in text


def test_what_has_its_place_stays():
    given = {"username": "a", "timeout": "5", "session": {"id": "x"}, "_ansible_check_mode": True}
    assert out_of_place(given, XCLARITY.options) == given
