#!/usr/bin/env python
"""`make record`: record how a real server answers, without what it says, to be sent to the collection's maintainers.

Usage: record.py [--dest FILE] [MODULE [ARGUMENTS]]
    record.py                                        every module that only reads, for each system whose variables are set
    record.py job_info                               one module, with the connection of the environment
    record.py profile_activation '{"profile": "web-01", "restart": "defer"}'    also one that changes something

The connection comes from the environment (XCLARITY_ENDPOINT, OPS_MANAGER_ENDPOINT, OS_CLOUD or OS_AUTH_URL and their
likes). FILE (default build/recordings/TIME.jsonl, readable by its owner only) gets a line for each exchange: method,
path, status, names of headers, and the bodies with their keys and types. What stays of the values: booleans, small
numbers, and the words of a few keys such as profileStatus. Every other text is replaced by its kind and a number, the
same text by the same number. "differs" tells where a reply is not as tests/schemas has it. Read the file before you send it.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import re
import sys
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import tree

COLLECTIONS = Path(os.environ.get("GROUNDWORK_COLLECTIONS") or tree.ROOT / "build" / "collections").resolve()
sys.path[:0] = [str(COLLECTIONS), str(tree.ROOT / "tests")]
PLUGINS = "ansible_collections.groundwork.provision.plugins"

from schemas import shapes  # noqa: E402  (found by the path set above)

READERS = {
    "xclarity": (
        "profile_info", "backup_info", "osimage_info", "job_info", "node_info", "remote_file_server_info", "xclarity_info", "pattern_info",
        "firmware_info", "chassis_info", "switch_info", "storage_info", "event_info",
    ),
    "ops_manager": ("server_pool_info", "server_pool_request_info"),
    "clustering": ("cluster_profile_info", "cluster_profile_type_info"),
}
SET_BY = {"xclarity": ("XCLARITY_ENDPOINT",), "ops_manager": ("OPS_MANAGER_ENDPOINT",), "clustering": ("OS_CLOUD", "OS_AUTH_URL")}

# Parts of a path that are literals of the API; any other part is data.
PATH_WORDS = {
    "sessions", "userAccountSettings", "aicc", "profiles", "status", "unassign", "tasks", "jobs", "managementServer", "data",
    "repository", "quiesce", "files", "osImages", "remoteFileServers", "nodes", "bmc", "notificationsLicense", "patterns",
    "includeSettings", "compliancePolicies", "persistedResult", "compareResult", "updatableComponents", "chassis", "switches", "storage",
    "events", "audit", "activeAlerts", "discovery", "discoverRequest", "manageRequest", "unmanageRequest", "storedCredentials",
    "hostPlatforms", "api", "public", "v1.0", "groups", "byName",
    "serverPool", "requests", "servers", "properties", "agents", "AUTOMATION", "hosts", "v1", "v3", "auth", "tokens", "catalog", "validate",
    "profile-types", "clusters", "",
}  # fmt: skip
# Keys whose values are words of the API, as far as they look like such words.
WORD_KEYS = {
    "profileStatus", "complianceStatus", "activationStatus", "configStatus", "status", "state", "statusName", "result",
    "operation", "action", "restart", "protocol", "keyType", "accessState", "overallHealthState", "errorCode", "reason",
    "deployStatus", "compliant", "endpointCompliant", "deviceCompliant", "supported", "packageExistence", "State", "Status", "Phase",
    "powerState", "category", "identifier", "typeName", "stateName",
}  # fmt: skip
WORD = re.compile(r"[A-Za-z][A-Za-z_ -]{0,39}")
# What the keys below these are is the user's choice.
USERS_KEYS = {"metadata", "properties", "template", "dynamicProperties", "attributes"}
KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,60}")
REPLY_HEADERS = ("Content-Type", "Content-Encoding", "Transfer-Encoding", "Retry-After", "OpenStack-API-Version", "Accept-Ranges")
KINDS = (
    ("uuid", r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"), ("HEX32", r"[0-9A-F]{32}"), ("hex32", r"[0-9a-f]{32}"),
    ("bay", r"[0-9A-F]{32}_bay\d+"), ("hex24", r"[0-9a-f]{24}"), ("digits", r"\d+"), ("ipv4", r"\d+\.\d+\.\d+\.\d+"),
    ("ipv6", r"[0-9a-fA-F:]*:[0-9a-fA-F:]+"), ("time", r"\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:?\d\d)"), ("message id", r"FQX\w+"),
    ("url", r"https?://.*"), ("path", r"/.*"), ("archive name", r"[^/]+\.tar(\.gz)?"),
)  # fmt: skip
KEPT_ENTRIES = 5
LARGEST_NUMBER = 10_000


class Masker:
    """Replaces values by their kind and a number, and remembers which is which until the program ends."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._lock = threading.Lock()
        self._sounds_secret = importlib.import_module(f"{PLUGINS}.module_utils._secret_names").sounds_secret

    def text(self, text: str) -> str:
        if not text:
            return ""
        kind = next((name for name, pattern in KINDS if re.fullmatch(pattern, text, re.DOTALL)), "text")
        with self._lock:
            return self._names.setdefault(text, f"<{kind} {len(self._names) + 1}>")

    def value(self, value: Any, key: str = "", secret: bool = False) -> Any:
        """A JSON value with its keys and types; of a long list the first entries. secret: it stands below the name of one."""
        secret = secret or self._sounds_secret(key)
        if isinstance(value, dict):
            names = (self.text if secret or key in USERS_KEYS else self._key) if value else str
            return {names(str(name)): self.value(one, "" if key in USERS_KEYS else str(name), secret) for name, one in value.items()}
        if isinstance(value, list):
            more = len(value) - KEPT_ENTRIES
            return [self.value(one, key, secret) for one in value[:KEPT_ENTRIES]] + ([f"<{more} more>"] if more > 0 else [])
        if isinstance(value, str):
            return value if key in WORD_KEYS and not secret and WORD.fullmatch(value) else self.text(value)
        if isinstance(value, bool) or value is None:
            return value
        if secret:
            return self.text(str(value))
        return value if abs(value) < LARGEST_NUMBER else f"<{type(value).__name__} of {len(str(value))} digits>"

    def target(self, path: str, query: Iterable[tuple[str, str]]) -> str:
        """Path and query with the literals of the API only."""
        parts = [part if part in PATH_WORDS else self.text(part) for part in path.split("/")]
        asked = [f"{name}={self.text(str(value))}" for name, value in query]
        return "/".join(parts) + ("?" + "&".join(asked) if asked else "")

    def _key(self, name: str) -> str:
        return name if KEY.fullmatch(name) else self.text(name)


class Recorder:
    """Writes a line for each exchange of the transport, once :meth:`install` was called."""

    def __init__(self, path: Path, secrets: Iterable[str]) -> None:
        text = importlib.import_module(f"{PLUGINS}.module_utils._text")
        self.path, self.system, self.lines, self.different = path, "", 0, 0
        self._masker, self._redactor = Masker(), text.Redactor()
        self._redactor.add(*secrets)
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8")

    def install(self) -> None:
        transport = importlib.import_module(f"{PLUGINS}.module_utils._transport")
        failure = importlib.import_module(f"{PLUGINS}.module_utils._errors").Failure
        send, stream, inside = transport.Transport.send, transport.Transport.stream, threading.local()

        def recorded_send(own: Any, method: str, path: str, **options: Any) -> Any:
            inside.send = True
            try:
                reply = send(own, method, path, **options)
            except failure as lost:
                self._note(method, path, options, {"failure": lost.code})
                raise
            finally:
                inside.send = False
            self._note(method, path, options, self._told(method, path, reply, reply.body))
            return reply

        def recorded_stream(own: Any, method: str, path: str, **options: Any) -> Any:
            answer = stream(own, method, path, **options)
            if not getattr(inside, "send", False):
                self._note(method, path, options, self._told(method, path, answer, None))
            return answer

        transport.Transport.send, transport.Transport.stream = recorded_send, recorded_stream

    def close(self) -> None:
        self._file.close()

    def _told(self, method: str, path: str, reply: Any, body: bytes | None) -> dict[str, Any]:
        headers = {name: reply.headers[name] for name in REPLY_HEADERS if name in reply.headers}
        told: dict[str, Any] = {"status": reply.status, "headers": headers, "header_names": sorted(reply.headers)}
        if body is None:
            return {**told, "body": "<a file, not recorded>"}
        if path.startswith(("/v3", "/auth")) or "auth/tokens" in path:
            return {**told, "body": "<of Keystone, not recorded>"}
        try:
            data = json.loads(body) if body.strip() else None
        except ValueError:
            return {**told, "body": f"<{len(body)} bytes that are not JSON>"}
        shape = shapes.find(self.system, method, path, reply.status)
        differs = shapes.differences(shape, data) if shape else ["no shape is known for this reply"]
        self.different += bool(differs)
        return {**told, "body": self._masker.value(data), "differs": differs}

    def _note(self, method: str, path: str, options: dict[str, Any], reply: dict[str, Any]) -> None:
        sent = options.get("body")
        line = {
            "system": self.system, "method": method, "path": self._masker.target(path, options.get("query") or ()),
            "request_headers": sorted(options.get("headers") or {}),
            "request_body": None if sent is None else "<bytes>" if isinstance(sent, bytes) else self._masker.value(sent), **reply,
        }  # fmt: skip
        # What is left is keys and words. Should one of them be a secret all the same, it goes out here.
        text = self._redactor.text(json.dumps(line, ensure_ascii=False), shortest=4)
        with self._lock:
            self._file.write(text + "\n")
            self._file.flush()
            self.lines += 1


def system_of(module: str) -> str:
    """The system that a module talks to, by its options."""
    options = importlib.import_module(f"{PLUGINS}.modules.{module}").SPEC.options
    return "ops_manager" if "private_key" in options else "clustering" if "auth_type" in options else "xclarity"


def run(module: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """The module's result."""
    main = importlib.import_module(f"{PLUGINS}.modules.{module}").main
    text = importlib.import_module(f"{PLUGINS}.plugin_utils.in_process").run_here(main, {**arguments, "_ansible_no_log": True})
    result: dict[str, Any] = json.loads(text)
    return result


def main() -> int:
    """Returns 0 when every module ended well."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dest", type=Path, default=tree.ROOT / "build" / "recordings" / time.strftime("%Y%m%d-%H%M%S.jsonl"))
    parser.add_argument("module", nargs="?")
    parser.add_argument("arguments", nargs="?", type=json.loads, default={})
    options = parser.parse_args()
    present = [system for system, names in SET_BY.items() if any(os.environ.get(name) for name in names)]
    modules = [options.module] if options.module else [module for system in present for module in READERS[system]]
    if not modules:
        parser.error("no server is named: set XCLARITY_ENDPOINT, OPS_MANAGER_ENDPOINT, OS_CLOUD or OS_AUTH_URL")
    secrets = importlib.import_module(f"{PLUGINS}.module_utils._secret_names").secrets
    recorder = Recorder(options.dest, secrets(dict(os.environ)) | secrets(options.arguments))
    recorder.install()
    failed = False
    for module in modules:
        recorder.system = system_of(module)
        result = run(module, options.arguments)
        failed |= bool(result.get("failed"))
        print(f"{module}: {'failed: ' + str(result.get('msg')) if result.get('failed') else 'ok'}", flush=True)
    recorder.close()
    print(f"{recorder.lines} exchanges in {recorder.path}; {recorder.different} replies are not as we know them.")
    print("Read it before you send it.")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
