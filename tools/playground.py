#!/usr/bin/env python
"""`make playground`: leave the simulated servers running, with an inventory and an environment to try the collection on them.

Usage: playground.py [--folder build/playground]
Writes FOLDER anew, prints what to try, and serves until Ctrl-C or SIGTERM. A second one in FOLDER is refused.
FOLDER/environment is for `source`; nothing outside of FOLDER is read or written by what it prints.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import shlex
import shutil
import signal
import sys
import threading
from pathlib import Path

import tree

TESTS = tree.ROOT / "tests"
sys.path.insert(0, str(TESTS))

import yaml  # noqa: E402  (with the simulator it is found by the path set above)
from harness import Harness  # noqa: E402

from simulator.client import Control, SimulatorProcess  # noqa: E402

ESTATE = TESTS / "simulator" / "estate.yml"
SOURCES = {
    "servers.xclarity.yml": "plugin: groundwork.provision.xclarity\nprofiles_by_name: true\n",
    "pool.server_pool.yml": "plugin: groundwork.provision.server_pool\n",
}
LOCK = "lock"  # of the one that runs in the folder
# What is printed: a sentence, and the command. tests/integration/test_playground.py runs each, in this order.
TRY = (
    ("The servers, with the profiles that belong to them", "ansible-inventory -i servers.xclarity.yml --graph --vars"),
    ("What is where, and changes nothing", "ansible localhost -m groundwork.provision.backup_info"),
    ("What would happen", "ansible-playbook -i inventory groundwork.provision.activate_profiles --check --diff"),
    ("Do it: the simulated servers restart", "ansible-playbook -i inventory groundwork.provision.activate_profiles"),
    ("The same again changes nothing", "ansible-playbook -i inventory groundwork.provision.activate_profiles"),
    ("A first failure, with its code and what to do",
     "ansible localhost -m groundwork.provision.profile_activation -a 'profile=web-99 restart=defer'"),
    ("Servers from the pool, then the servers that the group holds",
     "ansible-playbook -i inventory groundwork.provision.acquire_servers && ansible-inventory -i pool.server_pool.yml --graph"),
    ("What two new servers would get from the rack to a profile, then do it",
     "ansible-playbook -i inventory new_servers.yml --check --diff && ansible-playbook -i inventory new_servers.yml"),
    ("A cluster, and a report of the run as a page",
     ("ANSIBLE_CALLBACKS_ENABLED=groundwork.provision.report"
      " ansible-playbook -i inventory groundwork.provision.define_cluster_profiles groundwork.provision.run_cluster"
      " -e run_cluster_name=web-servers -e run_cluster_profile=web -e run_cluster_desired_capacity=2")),
    ("The playbook of the roles", "ansible-playbook -i inventory groundwork.provision.provision"),
    ("What the servers were asked, by the log of the simulator",
     'curl --silent --cacert "$XCLARITY_CA_PATH" "$XCLARITY_ENDPOINT/_control/log?system=xclarity&changing=1"'),
)  # fmt: skip


def write(control: Control, folder: Path, collections: Path) -> None:
    """Inventory, sources and environment."""
    shutil.copytree(TESTS / "demo", folder, dirs_exist_ok=True)
    (folder / "images").mkdir()
    for name, text in SOURCES.items():
        (folder / name).write_text(text, encoding="utf-8")
    variables = Harness(control, folder, collections).environment(
        DEMO_FOLDER=str(folder / "images"), DEMO_PASSPHRASE="a passphrase of the playground",
        ANSIBLE_HOME=str(folder / ".ansible"), ANSIBLE_PYTHON_INTERPRETER=sys.executable,
    )
    for name in ("HOME", "LC_ALL", "ANSIBLE_NOCOLOR"):
        del variables[name]
    variables["PATH"] = str(Path(sys.executable).parent)
    lines = [f"export {name}={shlex.quote(value)}" for name, value in sorted(variables.items()) if name != "PATH"]
    lines += [f"export PATH={shlex.quote(variables['PATH'])}:\"$PATH\"", f"cd {shlex.quote(str(folder))}"]
    (folder / "environment").write_text("\n".join(lines) + "\n", encoding="utf-8")


def told(folder: Path) -> str:
    """What is printed."""
    lines = ["Simulated servers are running: two XClarity Administrators, Ops Manager, Keystone and OpenStack Clustering.", "",
             "In another terminal:", "", f"  source {shlex.quote(str(folder / 'environment'))}", ""]  # fmt: skip
    for sentence, command in TRY:
        lines += [f"  # {sentence}", f"  {command}", ""]
    return "\n".join([*lines, "Ctrl-C ends the servers and deletes this folder with all that is in it: keep your own plays elsewhere."])


def runs(folder: Path) -> bool:
    """Whether a playground serves from this folder. The lock goes with its process, however that ends."""
    try:
        with (folder / LOCK).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def main() -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(description="Leave the simulated servers running, to try the collection on them.")
    parser.add_argument("--folder", type=Path, default=tree.ROOT / "build" / "playground", help="made anew (build/playground)")
    folder = parser.parse_args().folder.resolve()
    root = Path(os.environ.get("GROUNDWORK_COLLECTIONS") or tree.ROOT / "build" / "collections").resolve()
    if not (root / "ansible_collections" / tree.NAMESPACE / tree.NAME).is_dir():
        sys.exit(f"The collection is not installed in {root}: run make playground.")
    if folder.exists() and any(folder.iterdir()) and not (folder / "environment").exists():
        sys.exit(f"{folder} was not made by make playground and is left alone; name another folder with --folder.")
    if runs(folder):
        sys.exit(f"A playground runs in {folder}. End it with Ctrl-C where it runs, or name another folder with --folder.")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    end = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: end.set())
    with (folder / LOCK).open("w") as lock, SimulatorProcess(folder / "servers") as control:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        control.seed(**yaml.safe_load(ESTATE.read_text(encoding="utf-8")))
        write(control, folder, root)
        print(told(folder), flush=True)
        end.wait()
    (folder / "environment").unlink()
    shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
