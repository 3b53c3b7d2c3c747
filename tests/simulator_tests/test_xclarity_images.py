# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated XClarity's OS images: the GET that exports, downloads with ranges, remote file servers; and inventory."""

from __future__ import annotations

import io
import json
import tarfile
import zlib
from typing import Any
from urllib.parse import quote

import pytest
from xclarity_calls import BAY, CHASSIS, ESTATE, FLEX, IMAGE, OTHER_RACK, PREDEFINED, RACK, Calls

from simulator.client import Control
from simulator.xclarity.export_file import BLOCK, ExportFile

EXPORT = f"/osImages/{quote(IMAGE, safe='')}"
SERVERS = "/osImages/remoteFileServers"


@pytest.fixture
def calls(control: Control) -> Calls:
    control.seed(xclarity=ESTATE)
    control.clock(mode="manual")
    control.switches("xclarity", job_seconds=10)
    return Calls(control)


def exported(control: Control, calls: Calls) -> str:
    """Export and wait; the path of the download."""
    name = calls("GET", EXPORT).json()["filename"]
    control.clock(advance=10)
    return f"/osImages/{name}"


@pytest.mark.parametrize("size", [0, 1, 511, 512, BLOCK - 1, BLOCK, BLOCK + 1, 5 * BLOCK, 40 * BLOCK + 77])
def test_an_export_is_a_valid_tar_gz(size: int) -> None:
    file = ExportFile(IMAGE, "20260301091500", size)
    data = b"".join(file.read(0, file.length))
    assert len(data) == file.length
    decoder = zlib.decompressobj(31)
    plain = decoder.decompress(data)
    # One gzip member with its checksum and its length right, and nothing after it.
    assert (decoder.eof, decoder.unused_data) == (True, b"")
    with tarfile.open(fileobj=io.BytesIO(plain), mode="r:") as archive:
        members = {member.name: member.size for member in archive}

        def content(name: str) -> bytes:
            member = archive.extractfile(name)
            assert member is not None
            return member.read()

        sums = content("checksum.crc32").decode().splitlines()
        metadata = json.loads(content("metadata/profile.json"))
        for line in sums:
            checksum, name = line.split("  ")
            assert f"{zlib.crc32(content(name)):08x}" == checksum
    assert members["drivers/payload.bin"] == size
    assert set(members) == {"boot/boot.wim", "metadata/profile.json", "unattend/unattend.xml", "custom/postinstall.sh",
                            "checksum.crc32", "drivers/payload.bin"}
    assert metadata["id"] == IMAGE
    for start, end in ((0, 10), (5, file.length), (file.length - 3, file.length), (file.length // 2, file.length // 2 + 9)):
        assert b"".join(file.read(start, end)) == data[start:end]


def test_a_huge_export_is_cheap() -> None:
    file = ExportFile(IMAGE, "20260301091500", 20 << 30)
    assert file.length > 20 << 30
    assert len(b"".join(file.read(10 << 30, (10 << 30) + 100))) == 100


def test_export_and_download(control: Control, calls: Calls) -> None:
    reply = calls("GET", EXPORT).json()
    assert set(reply) == {"filename", "jobID", "result", "messages"}
    assert (reply["result"], reply["messages"]) == ("success", [])
    path = f"/osImages/{reply['filename']}"
    assert reply["filename"].endswith("_corp_gold.tar.gz")
    # Asking for the file before the job has ended must neither serve it nor start another export.
    assert calls("GET", path).status_code == 404
    control.clock(advance=10)
    assert calls.task(reply["jobID"])["status"] == "Complete"
    download = calls("GET", path)
    assert download.headers["Content-Type"] == "application/gzip"
    assert int(download.headers["Content-Length"]) == len(download.content)
    assert download.headers["ETag"].startswith('"')
    with tarfile.open(fileobj=io.BytesIO(download.content), mode="r:gz") as archive:
        assert "drivers/payload.bin" in archive.getnames()
    state = control.state("xclarity")["os_images"]
    assert state["profiles"][IMAGE]["exports"] == 1
    assert (state["exports"][0]["downloads"], state["exports"][0]["length"]) == (1, len(download.content))


def test_every_export_makes_another_file(control: Control, calls: Calls) -> None:
    names = {calls("GET", EXPORT).json()["filename"] for _number in range(3)}
    assert len(names) == 3
    assert control.state("xclarity")["counts"]["exports"] == 3
    assert [entry["changing"] for entry in control.log()] == [True] * 3


def test_the_log_knows_which_get_changes_something(control: Control, calls: Calls) -> None:
    path = exported(control, calls)
    for other in ("/osImages", SERVERS, f"{SERVERS}/101", path, "/osImages/none.tar.gz"):
        calls("GET", other)
    assert [entry["path"] for entry in control.log(changing=True)] == [EXPORT]


def test_ranges(control: Control, calls: Calls) -> None:
    path = exported(control, calls)
    whole = calls("GET", path)
    tag, data = whole.headers["ETag"], whole.content
    cases: list[tuple[dict[str, str], int, bytes]] = [
        ({"Range": "bytes=10-19"}, 206, data[10:20]), ({"Range": "bytes=100-"}, 206, data[100:]),
        ({"Range": "bytes=-5"}, 206, data[-5:]), ({"Range": "bytes=0-999999999"}, 206, data),
        ({"Range": "bytes=10-", "If-Range": tag}, 206, data[10:]), ({"Range": "bytes=10-", "If-Range": '"x"'}, 200, data),
        ({"Range": "bytes=1-2,5-6"}, 200, data), ({"Range": "pages=1"}, 200, data),
    ]
    for headers, code, expected in cases:
        reply = calls("GET", path, headers=headers)
        assert (reply.status_code, reply.content) == (code, expected), headers
    assert calls("GET", path, headers={"Range": "bytes=10-19"}).headers["Content-Range"] == f"bytes 10-19/{len(data)}"
    reply = calls("GET", path, headers={"Range": f"bytes={len(data)}-"})
    assert (reply.status_code, reply.headers["Content-Range"]) == (416, f"bytes */{len(data)}")


def test_open_points_of_the_download(control: Control, calls: Calls) -> None:
    path = exported(control, calls)
    data = calls("GET", path).content
    control.switches("xclarity", download_etag="weak", download_length=False)
    reply = calls("GET", path)
    assert reply.headers["ETag"].startswith('W/"')
    assert "Content-Length" not in reply.headers
    assert reply.content == data
    # A weak validator is no promise that the bytes are the same.
    headers = {"Range": "bytes=10-", "If-Range": reply.headers["ETag"]}
    assert calls("GET", path, headers=headers).status_code == 200
    control.switches("xclarity", download_etag="absent", download_ranges=False)
    reply = calls("GET", path, headers={"Range": "bytes=10-"})
    assert (reply.status_code, "ETag" in reply.headers) == (200, False)
    control.switches("xclarity", export_removed_after_download=True)
    assert calls("GET", path).content == data
    assert calls("GET", path).status_code == 404


def test_cut_download_can_be_resumed(control: Control, calls: Calls) -> None:
    path = exported(control, calls)
    data = calls("GET", path).content
    control.fault("xclarity", path="tar.gz$", truncate=5000)
    with pytest.raises(Exception, match="5000 bytes read"):
        calls("GET", path)
    reply = calls("GET", path, headers={"Range": "bytes=5000-"})
    assert reply.content == data[5000:]


@pytest.mark.parametrize("kind", ["strings", "objects"])
def test_refused_exports(control: Control, calls: Calls, kind: str) -> None:
    control.switches("xclarity", export_messages=kind)
    for path in ("/osImages/unknown", f"/osImages/{quote(PREDEFINED, safe='')}", f"{EXPORT}?serverId=999",
                 f"{EXPORT}?path=%2Fsrv"):
        reply = calls("GET", path)
        assert reply.status_code == 500
        assert reply.json()["result"] == "failed"
        assert isinstance(reply.json()["messages"][0], str) is (kind == "strings")
    assert calls("GET", "/osImages/unknown.tar.gz").status_code == 404
    assert calls("GET", f"/osImages/{quote(quote(IMAGE, safe=''), safe='')}").status_code == 500
    assert control.state("xclarity")["counts"]["exports"] == 0


def test_export_to_a_remote_file_server(control: Control, calls: Calls) -> None:
    name = calls("GET", f"{EXPORT}?serverId=101&path=%2Fsrv%2Fimages").json()["filename"]
    control.clock(advance=10)
    assert calls("GET", f"/osImages/{name}").status_code == 404
    export = control.state("xclarity")["os_images"]["exports"][0]
    assert (export["server"], export["path"], export["ready"]) == ("101", "/srv/images", True)


def test_failed_export_has_no_file(control: Control, calls: Calls) -> None:
    control.switches("xclarity", fail_next={"kind": "export", "state": "Stopped_With_Error"})
    assert calls("GET", exported(control, calls)).status_code == 404


def test_sizes_and_names_by_switch(control: Control, calls: Calls) -> None:
    control.switches("xclarity", export_size=1000000, export_filename="..%2fx")
    assert calls("GET", EXPORT).json()["filename"] == "..%2fx"
    control.clock(advance=10)
    assert control.state("xclarity")["os_images"]["exports"][0]["length"] > 1000000


def test_list_and_delete_images(control: Control, calls: Calls) -> None:
    listed = calls("GET", "/osImages").json()
    (image,) = listed["items"]
    assert [profile["id"] for profile in image["profiles"]] == [IMAGE, PREDEFINED]
    assert image["profiles"][0]["name"] == "corp_gold"
    assert image["profiles"][0]["customizationOptions"] != image["profiles"][1]["customizationOptions"] == {}
    query = f"/osImages?imageType=OSPROFILE&id={quote(IMAGE, safe='')},unknown"
    assert [one["id"] for one in calls("GET", query).json()["items"][0]["profiles"]] == [IMAGE]
    assert calls("GET", "/osImages?imageType=OSPROFILE&id=unknown").json()["items"] == []
    assert calls("GET", "/osImages?imageType=OSPROFILE").status_code == 403
    control.switches("xclarity", customized_mark="type")
    assert [one["type"] for one in calls("GET", "/osImages").json()["items"][0]["profiles"]] == ["custom", "predefined"]
    assert calls("DELETE", EXPORT).status_code == 204
    assert calls("DELETE", EXPORT).status_code == 404
    assert calls("DELETE", "/osImages/win2016").status_code == 204
    assert calls("GET", "/osImages").json()["items"] == []


SERVER: dict[str, Any] = {"address": "192.0.2.81", "displayName": "second", "port": 22, "protocol": "SFTP"}


def test_remote_file_servers(control: Control, calls: Calls) -> None:
    body = {**SERVER, "username": "u", "password": "p", "keyType": "RSA-2048", "keyPassphrase": "k"}
    created = calls("POST", SERVERS, body).json()
    assert (created["serverId"], created["result"]) == ("102", "success")
    assert created["keySignature"]
    one = calls("GET", f"{SERVERS}/102").json()
    assert (one["displayName"], one["port"], one["username"]) == ("second", 22, "u")
    assert "password" not in one
    assert [server["serverId"] for server in calls("GET", SERVERS).json()["serverList"]] == ["101", "102"]
    assert calls("PUT", f"{SERVERS}/102", {**SERVER, "port": 2222}).status_code == 200
    assert calls("POST", SERVERS, {**SERVER, "serverId": "102", "displayName": "third"}).status_code == 200
    one = calls("GET", f"{SERVERS}/102").json()
    assert (one["displayName"], one["port"], one["username"]) == ("third", 22, "u")
    control.switches("xclarity", server_id_type="integer")
    assert calls("GET", f"{SERVERS}/102").json()["serverId"] == 102
    reply = calls("DELETE", f"{SERVERS}/102")
    assert (reply.status_code, reply.content) == (204, b"")
    for method in ("GET", "PUT", "DELETE"):
        assert calls(method, f"{SERVERS}/102", SERVER).status_code == 404
    assert control.state("xclarity")["os_images"]["remote_file_servers"].keys() == {"101"}


@pytest.mark.parametrize(
    "change",
    [{"address": None}, {"displayName": ""}, {"displayName": "images"}, {"port": "22"}, {"port": 0}, {"port": True},
     {"protocol": "SCP"}, {"protocol": "sftp"}, {"keyType": "DSA"}, {"other": 1}],
)
def test_bad_remote_file_servers(calls: Calls, change: dict[str, Any]) -> None:
    assert calls("POST", SERVERS, {**SERVER, **change}).status_code == 400
    assert len(calls("GET", SERVERS).json()["serverList"]) == 1


def test_nodes(control: Control, calls: Calls) -> None:
    nodes = calls("GET", "/nodes").json()["nodeList"]
    assert [node["uuid"] for node in nodes] == [RACK, OTHER_RACK, FLEX]
    assert [node["type"] for node in nodes] == ["Rack-Tower Server", "Rack-Tower Server", "ITE"]
    assert "169.254.95.118" in nodes[0]["ipv4Addresses"]
    assert calls("GET", f"/nodes/{RACK}").json() == nodes[0]
    assert calls("GET", f"/nodes/{RACK},{FLEX}").json()["nodeList"] == [nodes[0], nodes[2]]
    assert calls("POST", "/nodes", {"uuids": f"{RACK},{FLEX}"}).json()["nodeList"] == [nodes[0], nodes[2]]
    assert calls("POST", "/nodes", {"uuids": [RACK]}).status_code == 400
    assert calls("GET", "/nodes/unknown").status_code == 404
    only = calls("GET", "/nodes?includeAttributes=name&excludeAttributes=uuid").json()["nodeList"][0]
    assert set(only) == {"uuid", "uri", "parent", "dataHandle", "name"}
    assert "name" not in calls("GET", "/nodes?excludeAttributes=name").json()["nodeList"][0]
    assert calls("GET", "/nodes?status=unmanaged").json()["nodeList"] == []
    assert calls("GET", "/nodes?mgmtProcType=FSP").json()["nodeList"] == []
    assert calls("GET", "/nodes?status=odd").status_code == 400


def test_power_and_what_else_is_in_the_racks(control: Control, calls: Calls) -> None:
    assert calls("PUT", f"/nodes/{RACK}", {"powerState": "powerOff"}).status_code == 200
    assert calls("GET", f"/nodes/{RACK}").json()["powerStatus"] == 5
    assert calls("PUT", f"/nodes/{RACK}", {"powerState": "powerOn"}).status_code == 200
    assert control.state("xclarity")["nodes"][RACK] == {"name": "web-01", "reboots": 1, "power": 8}
    assert calls("PUT", f"/nodes/{RACK}", {"powerState": "up"}).status_code == 400
    (chassis,) = calls("GET", "/chassis").json()["chassisList"]
    assert (chassis["uuid"], [node["uuid"] for node in chassis["nodes"]]) == (CHASSIS, [FLEX])
    assert calls("GET", f"/chassis/{CHASSIS}").json() == chassis
    assert calls("GET", "/chassis/unknown").status_code == 404
    cabinets = calls("GET", "/cabinet?status=includestandalone").json()["cabinetList"]
    assert sum(len(cabinet["nodeList"]) for cabinet in cabinets) == 3
    assert calls("GET", "/switches").json() == {"switchList": []}
    assert calls("GET", "/storage").json() == {"storageList": []}
    assert calls("GET", "/aicc").json()["version"]
    with pytest.raises(Exception, match="400"):
        control.seed(xclarity={"nodes": [{"uuid": "X", "chassis": "none", "bay": 1}]})
    assert BAY.startswith(CHASSIS)
