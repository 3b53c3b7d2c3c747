"""The table of error codes: docs/error_codes.md of tools/error_codes.yml, which is held against what plugins/ and roles/ raise."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from generators import File, Generated, modules, raised, role_codes
from generators.raised import Raised

REGISTRY = Path("tools", "error_codes.yml")
PAGE = Path("docs", "error_codes.md")

# The words of ``says`` -> how the table puts them.
SAYS = {"nothing": "nothing changed", "refused": "refused", "started": "started", "unknown": "not known"}
KEYS = {"systems", "when", "do"}

BEGIN = """\
# Error codes

<!-- Written by `make fix` from tools/error_codes.yml; a change made here is lost. -->

A task that fails returns `error`. `error.code` is one word for the kind of failure. It is stable and meant for conditions; the text of
the message may change. A task about several items has the code of the first failed item there; each failed item has its own
`error` in the result, and `error.resources` names all of them.

This task deletes a backup. It fails for any reason but a server that is busy:

```yaml
- name: Delete the backup unless the server is busy
  groundwork.provision.backup:
    endpoint: https://xclarity.example.com
    username: automation
    password: "{{ xclarity_password }}"
    backup: weekly-08
    state: absent
    location: all
  register: deletion
  failed_when: deletion is failed and deletion.error.code | default('') not in ['busy', 'rate_limited']
```

In a `rescue` the result of the failed task is `ansible_failed_result`:

```yaml
- name: Activate the profile, and say what to do when its server is another one
  block:
    - name: Activate the profile
      groundwork.provision.profile_activation:
        endpoint: https://xclarity.example.com
        username: automation
        password: "{{ xclarity_password }}"
        profile: web-01
        uuid: A1B2C3D4E5F60718293A4B5C6D7E8F90
        restart: immediate
  rescue:
    - name: Fail for everything else
      ansible.builtin.assert:
        that: ansible_failed_result.error.code | default('') in ['target_mismatch', 'uuid_missing']
        fail_msg: "{{ ansible_failed_result.msg }}"
    - name: Say what to do
      ansible.builtin.debug:
        var: ansible_failed_result.error.hint
```

There is no `error` when Ansible itself refuses the task (an option that does not exist, a Python library that is missing): hence the
`default('')`.

The message of a failure has one sentence about the state of the server. Where a code always comes with the same one, or with one of
a few, the column *Server* names it:

| Server | the sentence | `outcome` |
|---|---|---|
| nothing changed | Nothing was changed. | `none` |
| refused | The server refused the request; nothing was started. | `not_started` |
| started | The job was started, or what else was accepted ("The deletion was accepted."). | `started` or `finished` |
| not known | It is not known whether the job was started, or what else was asked for. | `unknown` |

Where the column is empty, it depends on when the failure happens: a connection that is refused at the first request has changed
nothing, the same while a task waits leaves the work started.

The address of a server is `endpoint` in the modules for XClarity Administrator and Ops Manager. In the modules for OpenStack
Clustering the address of Keystone is `auth.auth_url`, `OS_AUTH_URL` or `auth_url` in `clouds.yaml`, and that of the clustering service
is in the catalog, or `endpoint_override`. The message names the option.

"""
HEAD = "| Code | When | What to do | System | Server |\n|---|---|---|---|---|\n"


def generate(root: Path) -> Generated:
    """The page, and where the registry differs from plug-ins and roles."""
    registry = modules.parsed(REGISTRY, (root / REGISTRY).read_text(encoding="utf-8"), "the registry")
    problems = malformed(registry)
    good = {code: entry for code, entry in registry.items() if not any(f" {code}: " in problem for problem in problems)}
    scan = raised.scan(root)
    for code, places in role_codes.scan(root).items():
        scan.codes[code] = [*scan.codes.get(code, []), *places]
    found = Generated(problems=problems + differences(registry, scan))
    if len(good) == len(registry):
        found.files.append(File(PAGE, page(registry), str(REGISTRY)))
    return found


def malformed(registry: Mapping[str, Any]) -> list[str]:
    """Entries that the page cannot be made of."""
    found = []
    for code, entry in registry.items():
        told = entry if isinstance(entry, dict) else {}
        systems, says = told.get("systems"), told.get("says", ["nothing"])
        if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", str(code)):
            why = "a code is of small letters, digits and underscores"
        elif set(told) - {"says"} != KEYS:
            why = f"has to have {', '.join(sorted(KEYS))}, and may have says"
        elif not isinstance(systems, list) or not systems or set(systems) - set(modules.SYSTEMS):
            why = f"systems has to be a list of {', '.join(modules.SYSTEMS)}"
        elif not isinstance(says, list) or not says or set(says) - set(SAYS):
            why = f"says has to be a list of {', '.join(SAYS)}"
        elif not all(isinstance(told[key], str) and re.match(r"[A-Z`].*\.$", told[key].strip(), re.S) for key in ("when", "do")):
            why = "when and do have to be sentences that begin with a capital letter and end with a full stop"
        else:
            continue
        found.append(f"{REGISTRY}: {code}: {why}")
    if list(registry) != sorted(registry):
        first = next(one for one, other in zip(registry, sorted(registry), strict=True) if one != other)
        found.append(f"{REGISTRY}: the codes have to stand in the order of the alphabet; the first that does not is {first}")
    return found


def differences(registry: Mapping[str, Any], scan: Raised) -> list[str]:
    """Codes that only one of the two knows, systems that the registry lacks, and what the search could not resolve."""
    found = list(scan.unresolved)
    for code, places in scan.codes.items():
        if code not in registry:
            found.append(f"{places[0]}: raises {code}, which {REGISTRY} does not have; add {code} to the registry and run `make fix`")
            continue
        told = registry[code].get("systems") if isinstance(registry[code], dict) else None
        for system in modules.SYSTEMS:
            place = next((one for one in places if f"/module_utils/{system}/" in one), None)
            if place and isinstance(told, list) and system not in told:
                found.append(f"{place}: raises {code}; add {system} to its systems in {REGISTRY} and run `make fix`")
    found += [
        f"{REGISTRY}: nothing in plugins/ or roles/ raises {code}; remove {code} from the registry and run `make fix`"
        for code in registry
        if code not in scan.codes
    ]
    return found


def page(registry: Mapping[str, Any]) -> str:
    """The whole page."""
    return BEGIN + HEAD + "".join(_row(code, entry) for code, entry in registry.items())


def _row(code: str, entry: Mapping[str, Any]) -> str:
    systems = "all" if set(entry["systems"]) == set(modules.SYSTEMS) else ", ".join(entry["systems"])
    cells = [
        f'<a id="{code}"></a>`{code}`', entry["when"], entry["do"], systems, ", ".join(SAYS[one] for one in entry.get("says", [])),
    ]  # fmt: skip
    return f"| {' | '.join(' '.join(cell.split()).replace('|', chr(92) + '|') for cell in cells)} |\n".replace("  |", " |")
