# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cases of the table, in the order in which they are sent (see clustering_table.py)."""

from __future__ import annotations

from typing import Any

from clustering_lifecycle_cases import CASES as LIFECYCLE
from clustering_table import Case

#: The body that the page "Create Profile" prints, to the letter.
SEED_SPEC: dict[str, Any] = {
    "properties": {
        "disable_rollback": False,
        "environment": {"resource_registry": {"os.heat.server": "OS::Heat::Server"}},
        "files": {"file:///usr/test_script.sh": "#!/bin/bash\n\necho \"this is a test script file\"\n"},
        "parameters": {},
        "template": {
            "heat_template_version": "2014-10-16",
            "outputs": {"result": {"value": {"get_attr": ["random", "value"]}}},
            "parameters": {"file": {"default": {"get_file": "file:///usr/test_script.sh"}, "type": "string"}},
            "resources": {"random": {"properties": {"length": 64}, "type": "OS::Heat::RandomString"}},
        },
        "timeout": 60,
    },
    "type": "os.heat.stack", "version": "1.0",
}
STACK: dict[str, Any] = {"type": "os.heat.stack", "version": "1.0", "properties": {"template": {"a": 1}}}
SERVER: dict[str, Any] = {"type": "os.nova.server", "version": "1.0", "properties": {
    "flavor": "m1.tiny", "image": "cirros", "networks": [{"network": "private"}]}}
DOCKER: dict[str, Any] = {"type": "container.dockerinc.docker", "version": "1.0", "properties": {"image": "busybox"}}


def spec(base: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A spec with properties added, replaced, or (None) taken out; `type_`, `version_` change the outer keys."""
    outer = {"type": changes.pop("type_", base["type"]), "version": changes.pop("version_", base["version"])}
    properties = {key: value for key, value in {**base["properties"], **changes}.items() if value is not None}
    return {**outer, "properties": properties}


def wrong(base: dict[str, Any], **properties: Any) -> dict[str, Any]:
    """A profile whose spec has these properties as they are, null included."""
    return {"name": "m", "spec": {**base, "properties": {**base["properties"], **properties}}}


def create(label: str, profile: Any, **options: Any) -> Case:
    return Case(f"create: {label}", "POST", "/v1/profiles", {"profile": profile}, **options)


def validate(label: str, wanted: Any, **options: Any) -> Case:
    return Case(f"validate: {label}", "POST", "/v1/profiles/validate", {"profile": {"spec": wanted}},
                **{"version": "1.2", **options})


def get(label: str, path: str, **options: Any) -> Case:
    return Case(f"get: {label}", "GET", path, **options)


def patch(label: str, path: str, changes: Any, **options: Any) -> Case:
    return Case(f"patch: {label}", "PATCH", path, {"profile": changes}, **options)


def delete(label: str, path: str, **options: Any) -> Case:
    return Case(f"delete: {label}", "DELETE", path, **options)


VERSIONS = [
    get("versions", "/", user=None),
    get("versions without Accept", "/", user=None, headers={}),
    get("v1", "/v1", user=None),
    get("v1/", "/v1/", user=None),
    get("v1/ with a token", "/v1/"),
    get("v2", "/v2", user=None),
    get("v2, any Accept", "/v2", user=None, headers={"Accept": "*/*"}),
    get("microversion 1.14", "/v1/profiles", version="1.14"),
    get("microversion latest", "/v1/profiles", version="latest"),
    get("microversion 1.15", "/v1/profiles", version="1.15"),
    get("microversion 0.9", "/v1/profiles", version="0.9"),
    get("microversion malformed", "/v1/profiles", version="one"),
    get("microversion 2", "/v1/profiles", version="2"),
    get("microversion of several services", "/v1/profiles",
        headers={"Accept": "application/json", "OpenStack-API-Version": "compute 2.1, clustering 1.5"}),
    get("microversion of another service", "/v1/profiles",
        headers={"Accept": "application/json", "OpenStack-API-Version": "compute 2.1"}),
    get("microversion malformed, any Accept", "/v1/profiles", version="<b>", headers={"Accept": "*/*"}),
    get("microversion malformed without Accept", "/v1/profiles", version="<b>", headers={}),
    get("microversion without Accept", "/v1/profiles", version="1.15", headers={}),
]

ROUTING = [
    get("unknown resource", "/v1/bogus"),
    get("unknown resource without Accept", "/v1/bogus", headers={}),
    get("unknown resource, Accept text/html", "/v1/bogus", headers={"Accept": "text/html"}),
    get("trailing slash", "/v1/profiles/"),
    get("project in the path", "/v1/{project_demo}/profiles"),
    Case("put", "PUT", "/v1/profiles/x", {"profile": {"name": "y"}}),
    Case("post to one", "POST", "/v1/profiles/x", {"profile": {"name": "y"}}),
    Case("patch the collection", "PATCH", "/v1/profiles", {"profile": {"name": "y"}}),
    get("no token", "/v1/profiles", user=None),
    get("no token without Accept", "/v1/profiles", user=None, headers={}),
    get("bogus token", "/v1/profiles", user="bogus"),
    get("no token, unknown resource", "/v1/bogus", user=None),
    get("unscoped", "/v1/profiles", user="unscoped"),
    create("unscoped", {"name": "p", "spec": STACK}, user="unscoped"),
]

TYPES = [
    get("profile types", "/v1/profile-types"),
    get("profile types at 1.5", "/v1/profile-types", version="1.5"),
    get("stack", "/v1/profile-types/os.heat.stack-1.0"),
    get("server", "/v1/profile-types/os.nova.server-1.0"),
    get("server at 1.5", "/v1/profile-types/os.nova.server-1.0", version="1.5"),
    get("docker", "/v1/profile-types/container.dockerinc.docker-1.0", version="1.5"),
    get("unknown type", "/v1/profile-types/os.bogus-1.0"),
    get("type without version", "/v1/profile-types/os.nova.server"),
    get("stack operations", "/v1/profile-types/os.heat.stack-1.0/ops", version="1.4"),
    get("server operations", "/v1/profile-types/os.nova.server-1.0/ops", version="1.4"),
    get("docker operations", "/v1/profile-types/container.dockerinc.docker-1.0/ops", version="1.4"),
    get("operations of an unknown type", "/v1/profile-types/os.bogus-1.0/ops", version="1.4"),
    get("operations at 1.0", "/v1/profile-types/os.heat.stack-1.0/ops"),
]

CREATE = [
    create("the page's body", {"metadata": {}, "name": "test_prof1", "spec": SEED_SPEC},
           capture={"seed": "profile.id"}),
    get("the page's profile", "/v1/profiles/{seed}"),
    get("the page's profile by prefix", "/v1/profiles/{seed_8}"),
    get("the page's profile by name", "/v1/profiles/test_prof1"),
    get("the page's profile at 1.14", "/v1/profiles/{seed}", version="1.14"),
    create("the same again", {"metadata": {}, "name": "test_prof1", "spec": SEED_SPEC}, capture={"twin": "profile.id"}),
    get("two of a name", "/v1/profiles/test_prof1"),
    patch("two of a name", "/v1/profiles/test_prof1", {"name": "other"}),
    delete("two of a name", "/v1/profiles/test_prof1"),
    delete("the twin", "/v1/profiles/{twin}"),
    delete("the twin again", "/v1/profiles/{twin}"),
    delete("the page's", "/v1/profiles/test_prof1"),
    create("server", {"name": "web", "spec": SERVER}, capture={"web": "profile.id"}),
    create("docker", {"name": "box", "spec": DOCKER}, capture={"box": "profile.id"}, shape_only=True),
    create("version as a number", {"name": "number", "spec": spec(STACK, version_=1.0)},
           capture={"number": "profile.id"}),
    create("metadata null", {"name": "m0", "spec": STACK, "metadata": None}, capture={"m0": "profile.id"}),
    create("metadata nested", {"name": "m1", "spec": STACK, "metadata": {"a": [1, {"b": None}], "c": 1.5, "d": True}},
           capture={"m1": "profile.id"}),
    create("metadata list", {"name": "m", "spec": STACK, "metadata": []}),
    create("metadata string", {"name": "m", "spec": STACK, "metadata": "x"}),
    create("metadata JSON string", {"name": "m", "spec": STACK, "metadata": "{}"}),
    create("metadata number", {"name": "m", "spec": STACK, "metadata": 5}),
    create("unknown key", {"name": "m", "spec": STACK, "colour": "red"}),
    create("two unknown keys", {"name": "m", "spec": STACK, "colour": "red", "size": 1}),
    create("no spec", {"name": "m"}),
    create("no name", {"spec": STACK}),
    create("null", None),
    create("empty", {}),
    create("list", []),
    create("name null", {"name": None, "spec": STACK}),
    create("name number", {"name": 5, "spec": STACK}),
    create("name empty", {"name": "", "spec": STACK}),
    create("name 255", {"name": "n" * 255, "spec": STACK}, capture={"long": "profile.id"}),
    create("name 256", {"name": "n" * 256, "spec": STACK}),
    create("name blank", {"name": "a b", "spec": STACK}),
    create("name slash", {"name": "a/b", "spec": STACK}),
    create("name umlaut", {"name": "ä", "spec": STACK}),
    create("name CJK", {"name": "\u4e2d", "spec": STACK}, capture={"cjk": "profile.id"}),
    create("name newline", {"name": "a\n", "spec": STACK}, capture={"newline": "profile.id"}),
    create("name digits and marks", {"name": "0_-.~", "spec": STACK}, capture={"marks": "profile.id"}),
    create("spec string", {"name": "m", "spec": "x"}),
    create("spec null", {"name": "m", "spec": None}),
    create("spec list", {"name": "m", "spec": []}),
    create("spec empty", {"name": "m", "spec": {}}),
    create("spec JSON text", {"name": "m", "spec": "{\"type\": \"os.heat.stack\"}"}),
    create("no type", {"name": "m", "spec": {"version": "1.0", "properties": {}}}),
    create("no version", {"name": "m", "spec": {"type": "os.heat.stack", "properties": {}}}),
    create("no properties", {"name": "m", "spec": {"type": "os.heat.stack", "version": "1.0"}}),
    create("properties null", {"name": "m", "spec": {"type": "os.heat.stack", "version": "1.0", "properties": None}}),
    create("properties list", {"name": "m", "spec": {"type": "os.heat.stack", "version": "1.0", "properties": []}}),
    create("unknown spec key", {"name": "m", "spec": {**STACK, "colour": "red"}}),
    create("unknown type", {"name": "m", "spec": spec(STACK, type_="os.bogus")}),
    create("unknown version", {"name": "m", "spec": spec(STACK, version_="9.9")}),
    create("version 1", {"name": "m", "spec": spec(STACK, version_=1)}),
    create("type number", {"name": "m", "spec": spec(STACK, type_=5)}),
    create("type null", {"name": "m", "spec": {**STACK, "type": None}}),
    create("stack without template", {"name": "m", "spec": spec(STACK, template=None)}),
    create("stack with template_url", {"name": "turl", "spec": spec(STACK, template=None, template_url="http://x/t")},
           capture={"turl": "profile.id"}),
    create("stack timeout text number", {"name": "t1", "spec": spec(STACK, timeout="60")},
           capture={"t1": "profile.id"}),
    create("stack timeout text", {"name": "m", "spec": spec(STACK, timeout="soon")}),
    create("stack timeout list", {"name": "m", "spec": spec(STACK, timeout=[1])}),
    create("stack rollback text", {"name": "m", "spec": spec(STACK, disable_rollback="maybe")}),
    create("stack rollback yes", {"name": "t2", "spec": spec(STACK, disable_rollback="yes")},
           capture={"t2": "profile.id"}),
    create("stack template text", {"name": "m", "spec": spec(STACK, template="heat")}),
    create("stack parameters list", {"name": "m", "spec": spec(STACK, parameters=[])}),
    create("stack context", {"name": "m", "spec": spec(STACK, context={"bogus": 1})}),
    create("stack context region", {"name": "ctx", "spec": spec(STACK, context={"region_name": "RegionOne"})},
           shape_only=True),
    create("stack unknown property", {"name": "m", "spec": spec(STACK, colour="red")}),
    create("server without flavor", {"name": "m", "spec": spec(SERVER, flavor=None)}),
    create("server without networks", {"name": "m", "spec": spec(SERVER, networks=None)}),
    create("server networks null", wrong(SERVER, networks=None)),
    create("server networks empty", {"name": "n1", "spec": spec(SERVER, networks=[])}, capture={"n1": "profile.id"}),
    create("server networks text", {"name": "m", "spec": spec(SERVER, networks="private")}),
    create("server networks map", {"name": "m", "spec": spec(SERVER, networks={"network": "private"})}),
    create("server network unknown key", {"name": "m", "spec": spec(SERVER, networks=[{"colour": "red"}])}),
    create("server network of nothing", {"name": "m", "spec": spec(SERVER, networks=[{}])}),
    create("server flavor number", {"name": "n2", "spec": spec(SERVER, flavor=1)}, capture={"n2": "profile.id"}),
    create("server flavor null", wrong(SERVER, flavor=None)),
    create("server personality half", {"name": "m", "spec": spec(SERVER, personality=[{"path": "/x"}])}),
    create("server block device half", {"name": "m", "spec": spec(SERVER, block_device_mapping_v2=[
        {"uuid": "x", "destination_type": "volume", "volume_size": 1}])}),
    create("server properties not a map", {"name": "m", "spec": {**SERVER, "properties": "x"}}),
    create("docker without image", {"name": "m", "spec": spec(DOCKER, image=None)}),
    create("no body", None, headers={"Accept": "application/json"}),
    Case("create: empty body", "POST", "/v1/profiles", ""),
    Case("create: not JSON", "POST", "/v1/profiles", "{"),
    Case("create: a list", "POST", "/v1/profiles", "[]"),
    Case("create: without the key", "POST", "/v1/profiles", {"name": "x"}),
    Case("create: a key too much", "POST", "/v1/profiles", {"profile": {"name": "extra", "spec": STACK}, "more": 1},
         capture={"extra": "profile.id"}),
    Case("create: form", "POST", "/v1/profiles", "a=b", headers={
        "Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}),
    Case("create: text/plain", "POST", "/v1/profiles", {"profile": {"name": "plain", "spec": STACK}},
         headers={"Accept": "application/json", "Content-Type": "text/plain"}, capture={"plain": "profile.id"}),
    Case("create: one MiB and more", "POST", "/v1/profiles",
         {"profile": {"name": "big", "spec": spec(STACK, template={"x": "y" * 1048576})}}),
    create("reader may", {"name": "readers", "spec": STACK}, user="reader", capture={"readers": "profile.id"}),
    create("alt_demo", {"name": "web", "spec": STACK}, user="alt_demo", capture={"alt": "profile.id"}),
]

VALIDATE = [
    validate("at 1.0", STACK, version=None),
    validate("at 1.1", STACK, version="1.1"),
    validate("stack", STACK),
    validate("the page's spec", SEED_SPEC, version="1.14"),
    validate("server", SERVER),
    validate("unknown type", spec(STACK, type_="os.bogus")),
    validate("no type", {"version": "1.0", "properties": {}}),
    validate("unknown property", spec(STACK, colour="red")),
    validate("wrong type", spec(STACK, timeout="soon")),
    validate("missing", spec(SERVER, flavor=None)),
    validate("networks left out", spec(SERVER, networks=None)),
    validate("no template", spec(STACK, template=None)),
    Case("validate: a name beside", "POST", "/v1/profiles/validate", {"profile": {"spec": STACK, "name": "x"}},
         version="1.2"),
    Case("validate: nothing", "POST", "/v1/profiles/validate", {"profile": {}}, version="1.2"),
    Case("validate: without the key", "POST", "/v1/profiles/validate", {"spec": STACK}, version="1.2"),
    validate("alt_demo", STACK, user="alt_demo"),
]

LOOKUP = [
    get("by id", "/v1/profiles/{web}"),
    get("by name", "/v1/profiles/web"),
    get("upper case id", "/v1/profiles/{web_upper}"),
    get("upper case prefix", "/v1/profiles/{web_8_upper}"),
    get("prefix with a dash", "/v1/profiles/{web_14}"),
    get("unknown name", "/v1/profiles/nobody"),
    get("unknown id", "/v1/profiles/00000000-0000-0000-0000-000000000000"),
    get("wildcard of several", "/v1/profiles/________"),
    get("per cent of several", "/v1/profiles/%25"),
    get("percent-encoded name", "/v1/profiles/0_%2D.~"),
    get("encoded slash", "/v1/profiles/a%2Fb"),
    get("another project's id", "/v1/profiles/{alt}"),
    patch("another project's id", "/v1/profiles/{alt}", {"name": "stolen"}),
    delete("another project's id", "/v1/profiles/{alt}"),
    get("admin sees another project's", "/v1/profiles/{alt}", user="admin"),
    patch("admin changes another project's", "/v1/profiles/{alt}", {"metadata": {"by": "admin"}}, user="admin"),
    get("admin meets two of a name", "/v1/profiles/web", user="admin"),
    delete("one prefix, by underscores", "/v1/profiles/____", user="alt_demo"),
    get("what underscores deleted", "/v1/profiles/{alt}", user="alt_demo"),
    get("no profile", "/v1/profiles/____", user="alt_demo"),
    create("a name like a UUID", {"name": "11111111-2222-3333-4444-555555555555", "spec": STACK}, user="alt_demo",
           capture={"uuidname": "profile.id"}),
    get("a name like a UUID", "/v1/profiles/11111111-2222-3333-4444-555555555555", user="alt_demo"),
    get("a name like a UUID, without dashes", "/v1/profiles/11111111222233334444555555555555", user="alt_demo"),
    delete("a name like a UUID", "/v1/profiles/11111111-2222-3333-4444-555555555555", user="alt_demo"),
]

LIST = [
    create("list z", {"name": "z", "spec": STACK}, user="alt_demo", capture={"z": "profile.id"}),
    create("list a", {"name": "a", "spec": SERVER}, user="alt_demo", capture={"a": "profile.id"}),
    create("list k", {"name": "k", "spec": STACK}, user="alt_demo", capture={"k": "profile.id"}),
    patch("list z", "/v1/profiles/{z}", {"metadata": {"x": 1}}, user="alt_demo"),
    *(get(f"list {query}", f"/v1/profiles?{query}", user="alt_demo") for query in (
        "sort=name", "sort=name:desc", "sort=type,name:desc", "sort=updated_at,name", "sort=updated_at:desc,name",
        "sort=bogus", "sort=name:up", "sort=", "sort=,name", "sort=id", "name=z", "name=z&name=a&sort=name", "name=Z",
        "name=", "name=nobody", "type=os.heat.stack-1.0&sort=name", "type=os.heat.stack",
        "type=os.nova.server-1.0&name=z",
        "limit=0", "limit=1&sort=name", "limit=-1", "limit=x", "limit=", "limit=1000&sort=name",
        "sort=name&marker={a}", "sort=name&limit=1&marker={a}", "sort=name:desc&marker={k}", "marker=x",
        "sort=name&marker=00000000-0000-0000-0000-000000000000", "bogus=1", "status=x&name=z",
        "global_project=false&name=z",
        "global_project=true", "global_project=maybe", "project_safe=false", "id={z}", "sort=type&sort=name",
        "limit=1&limit=2&sort=name")),
    get("list by the reader", "/v1/profiles?name=web", user="reader"),
    get("list as admin crosses projects", "/v1/profiles?name=z", user="admin"),
    get("list as admin, global", "/v1/profiles?name=z&global_project=true", user="admin"),
    delete("list a", "/v1/profiles/{a}", user="alt_demo"),
    delete("list k", "/v1/profiles/{k}", user="alt_demo"),
]

UPDATE = [
    patch("name", "/v1/profiles/{z}", {"name": "z2"}, user="alt_demo"),
    patch("metadata", "/v1/profiles/{z}", {"metadata": {"y": [2]}}, user="alt_demo"),
    patch("both", "/v1/profiles/{z}", {"name": "z3", "metadata": {}}, user="alt_demo"),
    patch("metadata null", "/v1/profiles/{z}", {"metadata": None}, user="alt_demo"),
    patch("metadata null again", "/v1/profiles/{z}", {"metadata": None}, user="alt_demo"),
    get("metadata null", "/v1/profiles/{z}", user="alt_demo"),
    patch("nothing", "/v1/profiles/{z}", {}, user="alt_demo"),
    patch("no change", "/v1/profiles/{z}", {"name": "z3"}, user="alt_demo"),
    patch("name null", "/v1/profiles/{z}", {"name": None}, user="alt_demo"),
    patch("name null beside metadata", "/v1/profiles/{z}", {"name": None, "metadata": {"q": 1}}, user="alt_demo"),
    patch("spec", "/v1/profiles/{z}", {"spec": STACK}, user="alt_demo"),
    patch("spec beside a name", "/v1/profiles/{z}", {"name": "z4", "spec": STACK}, user="alt_demo"),
    patch("unknown key", "/v1/profiles/{z}", {"colour": "red"}, user="alt_demo"),
    patch("id", "/v1/profiles/{z}", {"id": "x"}, user="alt_demo"),
    patch("bad name", "/v1/profiles/{z}", {"name": "a b"}, user="alt_demo"),
    patch("empty name", "/v1/profiles/{z}", {"name": ""}, user="alt_demo"),
    patch("metadata list", "/v1/profiles/{z}", {"metadata": []}, user="alt_demo"),
    patch("metadata string", "/v1/profiles/{z}", {"metadata": "x"}, user="alt_demo"),
    patch("null", "/v1/profiles/{z}", None, user="alt_demo"),
    patch("list", "/v1/profiles/{z}", [], user="alt_demo"),
    Case("patch: without the key", "PATCH", "/v1/profiles/{z}", {"name": "x"}, user="alt_demo"),
    Case("patch: no body", "PATCH", "/v1/profiles/{z}", user="alt_demo"),
    patch("unknown", "/v1/profiles/nobody", {"name": "x"}, user="alt_demo"),
    patch("by name", "/v1/profiles/z3", {"name": "z5"}, user="alt_demo"),
    patch("by the reader", "/v1/profiles/{web}", {"metadata": {"reader": "may"}}, user="reader"),
    get("unchanged by what was refused", "/v1/profiles/{z}", user="alt_demo"),
]

IN_USE = [
    Case("cluster: create", "POST", "/v1/clusters",
         {"cluster": {"name": "c1", "profile_id": "{z}", "desired_capacity": 0}},
         user="alt_demo", capture={"cluster": "cluster.id"}, shape_only=True),
    delete("in use", "/v1/profiles/{z}", user="alt_demo"),
    patch("in use", "/v1/profiles/{z}", {"name": "renamed"}, user="alt_demo"),
    Case("cluster: no action has failed", "GET", "/v1/actions?target={cluster}&status=FAILED", user="alt_demo", shape_only=True),
    Case("cluster: delete", "DELETE", "/v1/clusters/{cluster}", user="alt_demo", until=202),
    Case("cluster: gone", "GET", "/v1/clusters/{cluster}", user="alt_demo", until=404),
    delete("no longer in use", "/v1/profiles/{z}", user="alt_demo"),
    delete("as admin, another project's", "/v1/profiles/{uuidname}", user="admin"),
]


def login(label: str, auth: Any, **options: Any) -> Case:
    return Case(f"keystone: {label}", "POST", "/auth/tokens", {"auth": auth}, **{"user": None, "service": "keystone",
                                                                                 **options})


def password(user: Any, scope: Any = None) -> dict[str, Any]:
    auth: dict[str, Any] = {"identity": {"methods": ["password"], "password": {"user": user}}}
    return auth if scope is None else {**auth, "scope": scope}


DEMO = {"name": "demo", "domain": {"id": "default"}, "password": "demopw"}
DEMO_PROJECT = {"project": {"name": "demo", "domain": {"id": "default"}}}


def keystone(label: str, method: str, path: str, body: Any = None, **options: Any) -> Case:
    return Case(f"keystone: {label}", method, path, body, **{"service": "keystone", **options})


KEYSTONE = [
    keystone("version", "GET", "", user=None),
    keystone("version with a slash", "GET", "/", user=None),
    login("project scope", password(DEMO, DEMO_PROJECT), capture={"login": "header:X-Subject-Token"}),
    login("domain by name", password({**DEMO, "domain": {"name": "Default"}},
                                     {"project": {"name": "demo", "domain": {"name": "Default"}}})),
    login("by ids", password({"id": "{user_demo}", "password": "demopw"}, {"project": {"id": "{project_demo}"}})),
    login("unscoped", password(DEMO)),
    login("explicitly unscoped", password(DEMO, {"unscoped": {}})),
    login("admin", password({**DEMO, "name": "admin", "password": "adminpw"},
                            {"project": {"name": "admin", "domain": {"id": "default"}}})),
    login("reader", password({**DEMO, "name": "demo_reader"}, DEMO_PROJECT)),
    login("wrong password", password({**DEMO, "password": "x"}, DEMO_PROJECT)),
    login("unknown user", password({**DEMO, "name": "nobody"}, DEMO_PROJECT)),
    login("unknown domain", password({**DEMO, "domain": {"name": "nowhere"}}, DEMO_PROJECT)),
    login("unknown project", password(DEMO, {"project": {"name": "nothing", "domain": {"id": "default"}}})),
    login("another's project", password(DEMO, {"project": {"name": "alt_demo", "domain": {"id": "default"}}})),
    login("domain scope without a role", password(DEMO, {"domain": {"id": "default"}})),
    login("no domain", password({"name": "demo", "password": "demopw"}, DEMO_PROJECT), shape_only=True),
    login("nothing", {}, shape_only=True),
    login("no methods", {"identity": {"methods": []}}),
    login("unknown method", {"identity": {"methods": ["telepathy"], "telepathy": {}}}),
    keystone("login without auth", "POST", "/auth/tokens", {}, user=None),
    keystone("login not JSON", "POST", "/auth/tokens", "{", user=None),
    login("token method", {"identity": {"methods": ["token"], "token": {"id": "{login}"}}, "scope": DEMO_PROJECT},
          capture={"rescoped": "header:X-Subject-Token"}),
    login("token method, unscoped to project", {
        "identity": {"methods": ["token"], "token": {"id": "{token_unscoped}"}}, "scope": DEMO_PROJECT}),
    login("token method, bogus", {"identity": {"methods": ["token"], "token": {"id": "bogus"}}}),
    keystone("token", "GET", "/auth/tokens", headers={"X-Subject-Token": "{login}"}),
    keystone("token, head", "HEAD", "/auth/tokens", headers={"X-Subject-Token": "{login}"}),
    keystone("token, unscoped", "GET", "/auth/tokens",
             user="unscoped", headers={"X-Subject-Token": "{token_unscoped}"}),
    keystone("token without catalog", "GET", "/auth/tokens?nocatalog", headers={"X-Subject-Token": "{login}"}),
    keystone("token, bogus subject", "GET", "/auth/tokens", headers={"X-Subject-Token": "bogus"}),
    keystone("token, no subject", "GET", "/auth/tokens", headers={}),
    keystone("token, no token", "GET", "/auth/tokens", user=None, headers={"X-Subject-Token": "{login}"}),
    keystone("token, bogus token", "GET", "/auth/tokens", user="bogus", headers={"X-Subject-Token": "{login}"}),
    keystone("token of another", "GET", "/auth/tokens", user="alt_demo", headers={"X-Subject-Token": "{login}"}),
    keystone("token of another by admin", "GET", "/auth/tokens", user="admin", headers={"X-Subject-Token": "{login}"}),
    keystone("catalog", "GET", "/auth/catalog", headers={}),
    keystone("catalog, unscoped", "GET", "/auth/catalog", user="unscoped", headers={}),
    keystone("projects", "GET", "/auth/projects", headers={}),
    keystone("projects, no token", "GET", "/auth/projects", user=None, headers={}),
    keystone("all projects", "GET", "/projects", headers={}),
    keystone("a project by name", "GET", "/projects?name=demo&domain_id=default", user="admin", headers={}),
    keystone("own project", "GET", "/projects/{project_demo}", headers={}),
    keystone("unknown path", "GET", "/nonsense", headers={}),
    keystone("application credential", "POST", "/users/{user_demo}/application_credentials",
             {"application_credential": {"name": "table", "secret": "s3cret"}}, headers={},
             capture={"appcred": "application_credential.id"}),
    keystone("application credential twice", "POST", "/users/{user_demo}/application_credentials",
             {"application_credential": {"name": "table", "secret": "s3cret"}}, headers={}),
    keystone("application credentials", "GET", "/users/{user_demo}/application_credentials", headers={}),
    login("application credential login", {"identity": {"methods": ["application_credential"],
                                                        "application_credential": {
        "id": "{appcred}", "secret": "s3cret"}}}, capture={"apptoken": "header:X-Subject-Token"}),
    login("application credential by name", {"identity": {"methods": ["application_credential"],
                                                          "application_credential": {
        "name": "table", "user": {"name": "demo", "domain": {"id": "default"}}, "secret": "s3cret"}}}),
    login("application credential wrong secret", {"identity": {
        "methods": ["application_credential"], "application_credential": {"id": "{appcred}", "secret": "x"}}}),
    login("application credential unknown", {"identity": {
        "methods": ["application_credential"], "application_credential": {"id": "x", "secret": "x"}}}),
    login("application credential with a scope", {"identity": {
        "methods": ["application_credential"], "application_credential": {"id": "{appcred}", "secret": "s3cret"}},
        "scope": DEMO_PROJECT}),
    get("with an application credential's token", "/v1/profiles?name=nobody", user=None,
        headers={"Accept": "application/json", "X-Auth-Token": "{apptoken}"}),
    keystone("application credential gone", "DELETE", "/users/{user_demo}/application_credentials/{appcred}",
             headers={}),
    keystone("revoke", "DELETE", "/auth/tokens", headers={"X-Subject-Token": "{rescoped}"}),
    keystone("revoked token", "GET", "/auth/tokens", user=None,
             headers={"X-Auth-Token": "{rescoped}", "X-Subject-Token": "{login}"}),
    keystone("revoked subject", "GET", "/auth/tokens", headers={"X-Subject-Token": "{rescoped}"}),
    get("with a revoked token", "/v1/profiles", user=None,
        headers={"Accept": "application/json", "X-Auth-Token": "{rescoped}"}),
]

CASES = [*VERSIONS, *ROUTING, *TYPES, *CREATE, *VALIDATE, *LOOKUP, *LIST, *UPDATE, *IN_USE, *LIFECYCLE,
         *KEYSTONE]
