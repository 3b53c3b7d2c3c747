# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Without ``ca_path`` the system's authorities count, wherever it keeps them, whatever the environment says."""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
import types
from concurrent.futures import ThreadPoolExecutor

import certifi
import pytest
import trustme

from ansible_collections.groundwork.provision.plugins.module_utils import _authorities
from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure
from ansible_collections.groundwork.provision.plugins.module_utils._transport import Endpoint, Transport

VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
PEM = "-----BEGIN CERTIFICATE-----\n"


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def put(root, *names):
    for name in names:
        path = root / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(PEM, encoding="utf-8")


SYSTEMS = {
    "Debian": (["/etc/ssl/certs/ca-certificates.crt"], "/etc/ssl/certs/ca-certificates.crt"),
    "Red Hat": (
        ["/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/pki/tls/certs/ca-bundle.crt"],
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    ),
    "Red Hat, older": (["/etc/pki/tls/certs/ca-bundle.crt"], "/etc/pki/tls/certs/ca-bundle.crt"),
    "SUSE": (["/etc/ssl/ca-bundle.pem"], "/etc/ssl/ca-bundle.pem"),
    "macOS": (["/etc/ssl/cert.pem"], "/etc/ssl/cert.pem"),
}


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_file_that_a_system_keeps(tmp_path, system):
    files, chosen = SYSTEMS[system]
    put(tmp_path, *files)
    found = _authorities.system_store(str(tmp_path))
    assert found is not None
    assert found.path == str(tmp_path / chosen.lstrip("/"))
    assert found.path in found.words


def test_an_empty_file_is_none_at_all(tmp_path):
    put(tmp_path, "/etc/pki/tls/certs/ca-bundle.crt")
    (tmp_path / "etc/ssl/certs").mkdir(parents=True)
    (tmp_path / "etc/ssl/certs/ca-certificates.crt").touch()
    found = _authorities.system_store(str(tmp_path))
    assert found is not None
    assert found.path.endswith("/etc/pki/tls/certs/ca-bundle.crt")


@pytest.fixture
def built(monkeypatch):
    """What Python's OpenSSL was built to look at."""

    def put(cafile, capath):
        # The first two follow the environment, the others do not.
        paths = types.SimpleNamespace(
            cafile="/of/the/environment", capath="/of/the/environment", openssl_cafile=cafile, openssl_capath=capath
        )
        monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: paths)

    return put


def test_the_places_that_openssl_was_built_with(tmp_path, built):
    built("/opt/ssl/cert.pem", "/opt/ssl/certs")
    put(tmp_path, "/of/the/environment", "/opt/ssl/certs/readme.txt")
    assert _authorities.system_store(str(tmp_path)) is None
    put(tmp_path, "/opt/ssl/certs/1a2b3c4d.0")
    assert _authorities.system_store(str(tmp_path)).path == str(tmp_path / "opt/ssl/certs")
    put(tmp_path, "/opt/ssl/cert.pem")
    assert _authorities.system_store(str(tmp_path)).path == str(tmp_path / "opt/ssl/cert.pem")


def test_a_machine_without_any_falls_back_to_certifi_and_says_so(monkeypatch, clock, serve):
    monkeypatch.setattr(_authorities, "system_store", lambda: None)
    found = _authorities.store(None)
    assert found.path == certifi.where()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    server = serve(lambda request, wire: wire.reply(200), context)
    with pytest.raises(Failure) as caught:
        Transport(Endpoint.parse(server.url), clock, use_proxy=False, timeout=5).send("GET", "/x")
    assert caught.value.code == "tls_untrusted"
    assert "certifi" in caught.value.why
    assert "has no bundle of its own" in caught.value.why


@pytest.fixture
def server_of(serve):
    """A server whose certificate the authority has signed."""

    def start(authority):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(context)
        return serve(lambda request, wire: wire.reply(200, b"{}"), context)

    return start


@pytest.mark.parametrize("variable", VARIABLES)
def test_the_environment_has_no_part_in_it(server_of, connect, monkeypatch, tmp_path, variable):
    system, other = trustme.CA(), trustme.CA()
    for name, authority in (("system.pem", system), ("other.pem", other)):
        authority.cert_pem.write_to_path(str(tmp_path / name))
    folder = tmp_path / "hashed"
    folder.mkdir()
    other.cert_pem.write_to_path(str(folder / "other.pem"))
    subprocess.run(["openssl", "rehash", str(folder)], check=False, capture_output=True)
    monkeypatch.setattr(_authorities, "system_store", lambda: _authorities.Store(str(tmp_path / "system.pem"), "by the system"))
    monkeypatch.setenv(variable, str(folder if variable == "SSL_CERT_DIR" else tmp_path / "other.pem"))
    assert connect(server_of(system)).send("GET", "/x").status == 200, "what the system knows is trusted"
    server = server_of(other)
    with pytest.raises(Failure) as caught:
        connect(server).send("POST", "/x", starts=True)
    assert (caught.value.code, caught.value.outcome) == ("tls_untrusted", "none")
    assert "by the system" in caught.value.why
    assert server.requests == []
    assert connect(server, ca_path=str(tmp_path / "other.pem")).send("GET", "/x").status == 200
    with pytest.raises(Failure):
        connect(server_of(system), ca_path=str(tmp_path / "other.pem")).send("GET", "/x")


def test_the_authority_that_was_asked_for_is_named(server_of, connect, tmp_path):
    other = trustme.CA()
    other.cert_pem.write_to_path(str(tmp_path / "other.pem"))
    with pytest.raises(Failure) as caught:
        connect(server_of(trustme.CA()), ca_path=str(tmp_path / "other.pem")).send("GET", "/x")
    assert f"ca_path ({tmp_path}/other.pem)" in caught.value.why


def test_this_machine_has_a_store_and_python_can_read_it():
    found = _authorities.store(None)
    assert os.path.exists(found.path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(**{"capath" if os.path.isdir(found.path) else "cafile": found.path})


def test_nothing_is_said_on_the_way_without_verification(server_of):
    """In the controller a line of a library on stderr is taken for a mistake of a worker."""
    code = (
        "import sys\n"
        "from ansible_collections.groundwork.provision.plugins.module_utils._clock import Clock\n"
        "from ansible_collections.groundwork.provision.plugins.module_utils._transport import Endpoint, Transport\n"
        "transport = Transport(Endpoint.parse(sys.argv[1]), Clock(), validate_certs=False, use_proxy=False, timeout=5)\n"
        "assert transport.send('GET', '/x').status == 200\n"
    )
    root = next(path for path in sys.path if os.path.isdir(os.path.join(path, "ansible_collections", "groundwork")))
    done = subprocess.run(
        [sys.executable, "-W", "always", "-c", code, server_of(trustme.CA()).url],
        env={"PYTHONPATH": root}, check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert done.stderr + done.stdout == ""


def test_the_certificates_are_loaded_once_for_all_connections(server_of, connect, monkeypatch, tmp_path):
    """Those of a system are some hundred, and to load them costs more than all the rest of a small task."""
    system = trustme.CA()
    system.cert_pem.write_to_path(str(tmp_path / "system.pem"))
    loaded = []
    real = _authorities.context
    monkeypatch.setattr(_authorities, "context", lambda path: (loaded.append(path), real(path))[1])
    monkeypatch.setattr(_authorities, "system_store", lambda: _authorities.Store(str(tmp_path / "system.pem"), "by the system"))
    for ca_path in (None, str(tmp_path / "system.pem")):
        transport = connect(server_of(system), ca_path=ca_path)
        with ThreadPoolExecutor(4) as pool:
            replies = list(pool.map(lambda number, send=transport.send: send("POST", "/x", starts=number % 2 == 0), range(12)))
        assert {reply.status for reply in replies} == {200}
        assert loaded == [str(tmp_path / "system.pem")]
        loaded.clear()
