# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replies and options that nobody meant: broken at random, always the same for the same seed."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Step, Unproven
from ansible_collections.groundwork.provision.plugins.module_utils._transport import Reply
from ansible_collections.groundwork.provision.plugins.module_utils.openstack import cluster_profiles
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import backups, jobs, os_images, profile_plans, profiles

from .lab import Lab, leaks, module_of
from .memory import Memory
from .sites import RACK, STARTS, Start

# Values that real servers, proxies and attackers put where something else was expected.
ODD: list[Any] = [
    None, True, False, 0, -1, 17, 2**63, 1e308, 0.1, "", " ", "0", "null", "None", "\x1b[2J", "a\r\nok: [localhost]", "\ud800", "\u202e",
    "x" * 3000, "../../etc/passwd", "{{ lookup('env', 'HOME') }}", [], {}, [[]], [None], {"": None}, {"id": None}, [{"id": []}], "Complete",
    "ACTIVE", "failed", "2026-13-45T99:99:99Z", "9" * 400,
]  # fmt: skip


def broken(chance: random.Random, body: bytes) -> bytes:
    """A reply with something wrong in it: most often still JSON, now and then not."""
    if chance.random() < 0.25 or not body:
        return _bytes(chance, body)
    try:
        value = json.loads(body)
    except ValueError:
        return _bytes(chance, body)
    for _number in range(chance.choice([1, 1, 1, 2, 5])):
        value = _value(chance, value)
    return json.dumps(value).encode()


def _bytes(chance: random.Random, body: bytes) -> bytes:
    data = bytearray(body or b"{}")
    for _number in range(chance.choice([1, 1, 3, 10])):
        at = chance.randrange(len(data) + 1)
        act = chance.randrange(4)
        if act == 0:
            del data[at : at + chance.choice([1, 1, 5, 50])]
        elif act == 1:
            data[at:at] = bytes(chance.randrange(256) for _byte in range(chance.choice([1, 3])))
        elif act == 2:
            data[at : at + 1] = chance.choice([b'"', b"{", b"]", b"NaN", b"\\ud800", b"\0", b"1e999", b"[" * 2000])
        else:
            data[at:at] = data[chance.randrange(len(data) + 1) :][:40]
    return bytes(data)


def _value(chance: random.Random, value: Any) -> Any:
    """The same with one place changed, taken away, or doubled."""
    if not isinstance(value, (dict, list)) or not value or chance.random() < 0.15:
        return copy.deepcopy(chance.choice(ODD))
    if isinstance(value, dict):
        value = dict(value)
        key = chance.choice(list(value))
        act = chance.random()
        if act < 0.15:
            del value[key]
        elif act < 0.2:
            value[str(chance.choice(["id", "", "x\x1b", "status"]))] = value.pop(key)
        else:
            value[key] = _value(chance, value[key])
        return value
    value = list(value)
    at = chance.randrange(len(value))
    act = chance.random()
    if act < 0.1:
        del value[at]
    elif act < 0.2:
        value.append(copy.deepcopy(value[at]))
    elif act < 0.25:
        chance.shuffle(value)
    else:
        value[at] = _value(chance, value[at])
    return value


# -- F3 ---------------------------------------------------------------------------------------------------------------

SHORT = {"wait_timeout": 12.0, "reconcile_timeout": 1.0}


def short(start: Start) -> dict[str, float]:
    return {name: value for name, value in SHORT.items() if name in module_of(start.module).SPEC.options}


class Said:
    """Stands in for a client: every reading gets this answer."""

    def __init__(self, body: bytes) -> None:
        self.reply = Reply(200, {}, body)
        self.clock = None

    def read(self, *args: Any, **options: Any) -> Any:
        return self.reply.json()

    def read_reply(self, *args: Any, **options: Any) -> Reply:
        return self.reply


STEP = Step("activate", "POST", "/profiles/71", "web-01", "why", body={"uuid": RACK, "profile": {"name": "chaos", "metadata": {}}})

# where an answer is taken from a tape -> what reads it
READERS: dict[tuple[str, str], list[Callable[[Said], Any]]] = {
    ("GET", "xclarity.memory/profiles"): [lambda said: [one.public() for one in profiles.read_all(said)]],
    ("GET", "xclarity.memory/managementServer/data"): [lambda said: [vars(one) for one in backups.read_all(said)]],
    ("GET", "xclarity.memory/osImages"): [os_images.read_all],
    ("GET", "xclarity.memory/tasks"): [
        jobs.read_all, lambda said: jobs.read(said, ["11", "12"]), lambda said: jobs.Reader(said).poll(["11"]),
    ],
    ("POST", "xclarity.memory/profiles/71"): [
        lambda said: profile_plans.accept_activation(STEP, said.read()), lambda said: profile_plans.accept_unassignment(STEP, said.read()),
    ],
    ("PUT", "xclarity.memory/managementServer/data"): [
        lambda said: backups.accept_job(STEP, said.read()), lambda said: backups.accept_done(STEP, said.read()),
    ],
    ("GET", "xclarity.memory/osImages/win2016%7Cwin2016-x86_64-install-corp_gold"): [
        lambda said: os_images.accept_export(STEP, said.read()),
    ],
    ("POST", "clustering.memory/v1/profiles"): [lambda said: cluster_profiles.accept(STEP, said.read())],
}  # fmt: skip


def samples() -> list[tuple[bytes, Callable[[Said], Any]]]:
    """Every answer on the tapes with each of its readers."""
    found = []
    for _start, lab, _count in tapes():
        for (method, url), answers in lab.memory.answers.items():
            place = url.removeprefix("https://")
            place = "xclarity.memory/tasks" if place.startswith("xclarity.memory/tasks") else place
            found += [(answers[0][2], reader) for reader in READERS.get((method, place), [])]
        lab.close()
    return found


def one_reading(sample: tuple[bytes, Callable[[Said], Any]], chance: random.Random) -> list[str]:
    """A broken answer through what parses and judges it: a value, or a failure with words; nothing else."""
    body, reader = sample
    body = broken(chance, body)
    try:
        reader(Said(body))
    except (Failure, Unproven):
        return []
    except Exception as exc:
        return [f"{exc!r} for {body[:300]!r}"]
    return []


class Tape(Memory):
    """Replays the answers of one run without the servers behind it; one of them is broken."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: dict[tuple[str, str], list[Any]] = {}
        self.recording = True
        self.chance = random.Random(0)
        self.breaks = -1
        self.count = 0
        self._turn: dict[tuple[str, str], int] = {}

    def exchange(self, method: str, url: str, headers: dict[str, str], body: bytes) -> Any:
        key = (method, url.partition("?")[0])
        if self.recording:
            answer = super().exchange(method, url, headers, body)
            self.answers.setdefault(key, []).append(answer)
            return answer
        known = self.answers.get(key) or [(404, [], b"{}")]
        turn = self._turn.get(key, 0)
        self._turn[key] = turn + 1
        status, told, text = known[min(turn, len(known) - 1)]
        self.count += 1
        if self.count - 1 == self.breaks:
            text = broken(self.chance, text)
        return status, told, text

    def play(self, chance: random.Random, breaks: int) -> None:
        self.recording, self.chance, self.breaks, self.count = False, chance, breaks, 0
        self._turn.clear()


def tapes() -> list[tuple[Start, Lab, int]]:
    """One for each start: (start, its lab, answers of an undisturbed run)."""
    made = []
    for start in STARTS:
        tape = Tape()
        lab = Lab(tape)
        lab.fresh(start)
        tape.answers.clear()
        lab.run(start, **short(start))
        made.append((start, lab, sum(len(answers) for answers in tape.answers.values())))
    return made


def one_reply(tape: tuple[Start, Lab, int], chance: random.Random) -> list[str]:
    """A run on a tape with one broken answer: what is wrong with how it ended."""
    start, lab, answers = tape
    assert isinstance(lab.memory, Tape)
    (lab.folder / "gold.tar.gz").unlink(missing_ok=True)
    for left in lab.folder.glob(".gold*"):
        left.unlink()
    lab.memory.play(chance, chance.randrange(answers))
    return _sound(lab.run(start, lock="best_effort", state_dir="/proc/no-such-place", **short(start)))


def _sound(result: Any) -> list[str]:
    wrong = [f"leaked {canary}" for canary in leaks(result)]
    if result.code == "internal_error":
        wrong.append(f"{result['msg']} {result.get('defect')}")
    text = json.dumps(result, ensure_ascii=False, default=str)
    wrong += [f"{bad!r} in the result" for bad in ("\x1b", "\ud800", "\u202e", "Traceback") if bad in text]
    return wrong


def whole_run(lab: Lab, chance: random.Random) -> list[str]:
    """A run against the servers, one of whose answers is broken on its way."""
    start = chance.choice(STARTS)
    lab.fresh(start)
    memory, at, count = lab.memory, chance.randrange(9), [0]
    real = type(memory).exchange

    def exchange(method: str, url: str, headers: dict[str, str], body: bytes) -> Any:
        status, told, text = real(memory, method, url, headers, body)
        count[0] += 1
        return status, told, broken(chance, text) if count[0] - 1 == at else text

    memory.exchange = exchange
    try:
        result = lab.run(start, **short(start))
    finally:
        del memory.exchange
    wrong = _sound(result)
    if lab.transmitted(start) > 1:
        wrong.append("DOUBLED: sent twice")
    # The broken answer itself was a refusal; that a push has ended all the same is then somebody else's doing.
    said_no = result.code in ("server_refused", "activation_refused") or (start.name == "push-cancel" and not result.failed)
    if lab.applied(start) and not result["changed"] and not said_no:
        wrong.append(f"SILENT: applied, and said to be unchanged: {result.get('msg')}")
    if result["changed"] and not lab.transmitted(start) and not result.failed:
        wrong.append("PHANTOM: changed, and nothing sent")
    return [f"{start.name}: {text}" for text in wrong]


# -- F4 ---------------------------------------------------------------------------------------------------------------

IDS = [
    "a|b", "a/b", "a%2Fb", "100%", "a?b", "a#b", "a;b", "a b", "a+b", "..", ".", "...", "../../tasks/1", "ünï", "u\u0308", "\U0001f600",
    "\u202eabc", "nul\0", "cr\r\nlf", "-rf", "x" * 1024, "x" * 1025, "", " ", "None", "null", "71 ", "\ud800", "a&b=c", "~", "%",
    "%00", "a:b@c",
]  # fmt: skip
NUMBERS: list[Any] = [0, 1, -1, 0.5, "1", "x", "", None, 1e400, float("nan"), float("inf"), True, [], {}, "0x10", 86401, 10**12]
TEXTS: list[Any] = [*IDS, None, True, 5, 1.5, [], ["a"], {}, {"a": 1}, "{{ x }}", "!!python/object:os.system"]


def options(chance: random.Random, start: Start, lab: Lab) -> dict[str, Any]:
    """Good options with one to three of them replaced by something odd."""
    params = lab.params(start, **short(start))
    spec = module_of(start.module).SPEC.options
    for _number in range(chance.choice([1, 1, 2, 3])):
        name = chance.choice(sorted(spec))
        kind = spec[name].get("type", "str")
        if name in ("state_dir", "ca_path", "spec_file", "dest"):
            continue
        if chance.random() < 0.1:
            params.pop(name, None)
        elif kind in ("float", "int"):
            # Ansible's own conversion of infinity to an integer ends in a traceback; that is not ours to mend.
            params[name] = chance.choice([n for n in NUMBERS if kind == "float" or n not in (1e400, float("inf"))])
        elif kind == "bool":
            params[name] = chance.choice([True, False, "yes", "no", "maybe", None, 1, 0, 2, []])
        elif spec[name].get("choices"):
            params[name] = chance.choice([*spec[name]["choices"], "other", None, 5])
        elif kind == "list":
            params[name] = chance.choice([[], [None], ["a"], [{}], "a,b", {}, [{"profile": chance.choice(IDS)}], [[[]]], None])
        elif kind == "dict":
            now = params.get(name)
            odd = {chance.choice(["type", "properties", "version", "Datacenter", "a.b", ""]): chance.choice(TEXTS)}
            params[name] = chance.choice([odd, {}, "a=b", [], None, {**now, **odd} if isinstance(now, dict) else odd])
        else:
            params[name] = chance.choice(TEXTS)
    return params


def one_set(lab: Lab, chance: random.Random) -> list[str]:
    """Run with odd options: no defect, and nothing sent for what is refused."""
    from .lab import drive

    start = chance.choice(STARTS)
    if lab.transmitted(start) or lab.applied(start) or chance.random() < 0.02:
        lab.fresh()
    lab.memory.world.entries.clear()
    lab.sent.clear()
    params = options(chance, start, lab)
    with lab.memory.plugged():
        result = drive(module_of(start.module), params, lab.clock, check=chance.random() < 0.2)
    wrong = _sound(result)
    code = str(result.code or "")
    if (code.startswith("config_") or code == "argument_spec") and lab.memory.changing():
        wrong.append(f"{code}, and still something was sent")
    if wrong:
        wrong.append(repr({k: v for k, v in params.items() if start.params.get(k) != v})[:600])
    return [f"{start.name}: {text}" for text in wrong]


PIECES = [*"a|/%?#;+.-&='\"\\ ", "..", "é", "\u0308", "\U0001f600", "%2F"]


def one_path(lab: Lab, chance: random.Random) -> list[str]:
    """A profile of an odd id: the path on the wire is that of the oracle, or nothing is sent at all."""
    start = STARTS[0]
    ident = "".join(chance.choice(PIECES) for _number in range(chance.randint(1, 6)))
    lab.fresh()
    lab.memory.seed(xclarity={"profiles": [{"id": ident, "name": "odd", "template": "t"}]})
    result = lab.run(start, profile="odd")
    targets = [one.target for one in lab.sent] + [
        e["path"] for e in lab.memory.world.entries if e["method"] == "POST" and e["path"] != "/sessions"
    ]
    if ident in (".", ".."):
        good = result.code == "config_id" and not targets
    else:
        good = not result.failed and set(targets) == {"/profiles/" + quote(ident, safe="")}
    return [] if good else [f"id {ident!r}: {result.code}, {targets}, {result.get('msg')}"]
