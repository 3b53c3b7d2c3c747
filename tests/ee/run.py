#!/usr/bin/env python
"""`make ee`: what an execution environment needs is declared, enough, and works; then one is built and a play is run in it.

1. `ansible-builder introspect` finds in the installed collection the lines of requirements.txt, and nothing of the system.
2. An environment with ansible-core and these lines alone imports every file of plugins/.
3. Where buildah, podman and debootstrap are there, or can be installed (root, Debian): a base image without a registry, the definition of
   this folder built on it, and look.yml run twice in the container as uid 1000 against the simulator. Else it says why not, and ends 0.

--no-image leaves the third out. Kept for the next time: .cache/ee. Nothing is read from a registry or from Galaxy.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "tests")]

import yaml  # noqa: E402
from harness import Harness  # noqa: E402

import tree  # noqa: E402  (found by the path set above)
from simulator.client import SimulatorProcess  # noqa: E402

CACHE = ROOT / ".cache" / "ee"
PROGRAMS = Path(sys.executable).parent
TOOLS = ("buildah", "podman", "runc", "debootstrap")
BASE, IMAGE = "localhost/groundwork-base:latest", "groundwork-ee"
SUITE, MIRROR = "bookworm", "http://deb.debian.org/debian"
AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
IMPORT = """
import importlib, pathlib, sys
root = pathlib.Path(sys.argv[1], "ansible_collections/groundwork/provision")
names = sorted(".".join(path.relative_to(sys.argv[1]).with_suffix("").parts) for path in root.glob("plugins/**/*.py"))
sys.path.insert(0, sys.argv[1])
for name in names:
    importlib.import_module(name)
print(len(names))
"""


class Wrong(Exception):
    """What is not as it has to be."""


def run(*command: str | Path, cwd: Path | None = None, **extra: str | Path) -> str:
    """The output of a program that has to end well."""
    done = subprocess.run(
        [*map(str, command)], cwd=cwd, env=tree.environment(**extra), check=False, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
    )
    if done.returncode:
        raise Wrong(f"{' '.join(map(str, command))} ended {done.returncode}:\n{done.stdout[-8000:]}")
    return done.stdout


def declared() -> list[str]:
    """requirements.txt without comments and blanks."""
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return sorted(filter(None, (line.partition("#")[0].strip() for line in lines)))


def check_introspection(collections: Path) -> None:
    """What ansible-builder finds is what is declared."""
    found = yaml.safe_load(run(PROGRAMS / "ansible-builder", "introspect", "--sanitize", collections))
    python = sorted(line.partition("#")[0].strip() for line in found["python"])
    if python != declared() or found["system"]:
        raise Wrong(f"ansible-builder finds {found}, and requirements.txt has {declared()}.")
    print(f"introspect: {', '.join(python)}; no packages of the system", flush=True)


def check_imports(collections: Path) -> None:
    """Nothing that is not declared is imported when a plugin is loaded."""
    with tempfile.TemporaryDirectory() as folder:
        bare = Path(folder, "environment")
        run(sys.executable, "-m", "venv", bare)
        pip = (bare / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
        run(*pip, "ansible-core==2.19.*" if sys.version_info < (3, 12) else "ansible-core", "-r", ROOT / "requirements.txt")
        count = run(bare / "bin" / "python", "-c", IMPORT, collections).strip()
    print(f"imports: {count} files of plugins/ with the declared requirements alone", flush=True)


# -- the container ----------------------------------------------------------------------------------------------------


def missing() -> str:
    """Why no image can be built here; empty when it can."""
    absent = [name for name in TOOLS if not shutil.which(name)]
    if absent and os.geteuid() == 0 and shutil.which("apt-get"):
        install = "apt-get install --yes --no-install-recommends " + " ".join(TOOLS)
        script = f"{install} || {{ apt-get update && {install}; }}"
        subprocess.run(["sh", "-c", script], check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        absent = [name for name in TOOLS if not shutil.which(name)]
    if absent:
        return f"{', '.join(absent)} missing (Debian, as root: apt-get install {' '.join(TOOLS)})"
    return "" if os.geteuid() == 0 else "debootstrap needs root"


class Images:
    """A store of images of our own."""

    def __init__(self) -> None:
        self.policy = CACHE / "policy.json"
        self.policy.write_text('{"default": [{"type": "insecureAcceptAnything"}]}\n', encoding="utf-8")  # all are made here
        self.store = ("--root", CACHE / "store", "--runroot", CACHE / "run", "--storage-driver", "vfs")

    def buildah(self, *arguments: str | Path) -> str:
        return run("buildah", *self.store, *arguments).strip()

    def base(self) -> None:
        """Debian with Python, once."""
        root = CACHE / "rootfs"
        if not (root / "done").exists():
            shutil.rmtree(root, ignore_errors=True)
            packages = "python3,python3-pip,ca-certificates,openssh-client"
            run("debootstrap", "--variant=minbase", f"--include={packages}", SUITE, root, os.environ.get("DEBIAN_MIRROR", MIRROR))
            if AUTHORITIES.exists():  # of this machine, so that pip in the image gets through a proxy that has its own
                shutil.copy(AUTHORITIES, root / AUTHORITIES.relative_to("/"))
            (root / "done").touch()
        if BASE in self.buildah("images", "--format", "{{.Name}}:{{.Tag}}").split():
            return
        container = self.buildah("from", "scratch")
        self.buildah("add", "-q", container, root, "/")
        self.buildah("config", "--env", f"PIP_CERT={AUTHORITIES}", container)
        self.buildah("commit", "--signature-policy", self.policy, "-q", container, BASE)
        self.buildah("rm", container)

    def build(self, artifact: Path) -> None:
        """The definition of this folder with this artifact."""
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy(HERE / "execution-environment.yml", folder)
            shutil.copy(artifact, Path(folder, "groundwork-provision.tar.gz"))
            create = ("create", "-f", "execution-environment.yml", "--output-filename", "Containerfile")
            run(PROGRAMS / "ansible-builder", *create, cwd=Path(folder))
            context = Path(folder, "context")
            pip = ("-v", "/etc/pip.conf:/etc/pip.conf:ro") if Path("/etc/pip.conf").exists() else ()
            isolation = ("--isolation", "chroot", "--network", "host")
            tag = ("-t", IMAGE, "-f", context / "Containerfile", context)
            self.buildah("bud", "--signature-policy", self.policy, *isolation, *pip, *tag)

    def run(self, runner: Path, variables: dict[str, str]) -> str:
        """look.yml in the container, by ansible-runner as a controller calls it, as uid 1000."""
        quiet = ("--cgroup-manager", "cgroupfs", "--events-backend", "none", "--runtime", "runc")
        limits = ("--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024")
        named = [part for name, value in variables.items() for part in ("-e", f"{name}={value}")]
        command = ("ansible-runner", "run", "/runner", "-p", "look.yml")
        return run(
            "podman", *self.store, *quiet, "run", "--rm", "--network", "host", *limits, "--user", "1000:0",
            *named, "-v", f"{runner}:/runner", IMAGE, *command,
        )


def play(images: Images) -> None:
    """Twice: the second run changes nothing."""
    with tempfile.TemporaryDirectory() as folder, SimulatorProcess(Path(folder, "servers")) as control:
        control.seed(**yaml.safe_load((ROOT / "tests" / "simulator" / "estate.yml").read_text(encoding="utf-8")))
        runner = Path(folder, "runner")
        (runner / "project").mkdir(parents=True)
        shutil.copy(HERE / "look.yml", runner / "project")
        shutil.copy(control.ready["ca"], runner / "ca.pem")
        harness = Harness(control, Path(folder), Path(folder))
        wanted = {name: value for name, value in harness.environment().items() if name.startswith(("XCLARITY_", "OPS_MANAGER_", "OS_"))}
        variables = {name: "/runner/ca.pem" if value == control.ready["ca"] else value for name, value in wanted.items()}
        variables |= {"ANSIBLE_NOCOLOR": "1", "ANSIBLE_LOCALHOST_WARNING": "false", "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false"}
        for path in (Path(folder), *runner.rglob("*"), runner):
            os.chmod(path, 0o777 if path.is_dir() else 0o644)
        for number, changed in ((1, "True"), (2, "False")):
            output = images.run(runner, variables)
            told = re.search(r"uid 1000, profiles (\d+), changed (\w+),\s+servers \d+, cluster profiles \d+", output)
            if not told or told[2] != changed or "[WARNING]" in output:
                raise Wrong(f"run {number} in the container:\n{output}")
            print(f"container, run {number}: {told[0]}", flush=True)


def main() -> int:
    """Ends 0 when all that can be tried here is right."""
    began = time.monotonic()
    collections = Path(os.environ["GROUNDWORK_COLLECTIONS"])
    CACHE.mkdir(parents=True, exist_ok=True)
    check_introspection(collections)
    check_imports(collections)
    why = "as asked (--no-image)" if sys.argv[1:] == ["--no-image"] else missing()
    if why:
        print(f"no image is built: {why}")
        return 0
    (artifact,) = (ROOT / "build").glob("groundwork-provision-*.tar.gz")
    images = Images()
    images.base()
    images.build(artifact)
    play(images)
    print(f"execution environment built and run in {time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Wrong as wrong:
        sys.exit(f"ee: {wrong}")
