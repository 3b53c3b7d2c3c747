#!/usr/bin/env python
"""`make release`: the files of a release in build/release, made from a clean copy of the tree and verified from those files alone, by the
commands of docs/versioning.md.

    groundwork-provision-VERSION.tar.gz   the artifact, the same bytes each time (its times are those of the last commit)
    MANIFEST.json, MANIFEST.json.asc      what the artifact consists of, and the signature over it
    release-key.asc                       the public key of the signature
    sbom.cdx.json                         what a new environment gets with requirements.txt (CycloneDX)
    SHA256SUMS, SHA256SUMS.asc            over all of these

The key is GROUNDWORK_RELEASE_KEY of the user's keyring. Without it one is made that is thrown away, to try the release out: then
"trial" is in the last line. Fragments that wait become the changelog of the version, in the copy; `make changelog` does that in the tree.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import yaml

import artifact
import tree

OUT = tree.ROOT / "build" / "release"
PAGE = tree.ROOT / "docs" / "versioning.md"
TOOLS = tree.ROOT / ".cache" / "release"
VERSION = re.compile(r"\d+\.\d+\.\d+")
PROGRAMS = Path(sys.executable).parent


class Refused(Exception):
    """There is no release, and why."""


def run(*command: str | Path, cwd: Path | None = None, **extra: str | Path) -> str:
    """The output of a program that has to end well."""
    environment = tree.environment(**extra)
    done = subprocess.run(
        [*map(str, command)], cwd=cwd, env=environment, check=False, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
    )
    if done.returncode:
        raise Refused(f"{' '.join(map(str, command))} ended {done.returncode}:\n{done.stdout}")
    return done.stdout


# -- the parts --------------------------------------------------------------------------------------------------------


def version() -> str:
    """Of galaxy.yml; a final one."""
    told = str(yaml.safe_load((tree.ROOT / "galaxy.yml").read_text(encoding="utf-8"))["version"])
    if not VERSION.fullmatch(told):
        raise Refused(f"galaxy.yml has the version {told}: a release has three numbers and nothing else.")
    return told


def moment() -> int:
    """Of the last commit, in seconds since 1970: the time of all files in the artifact."""
    with contextlib.suppress(Refused, ValueError):
        return int(run("git", "-C", tree.ROOT, "log", "-1", "--format=%ct"))
    return int(time.time())


def write_changelog(source: Path, wanted: str) -> None:
    """In the copy: the fragments become the entry of this version, which then has to be there."""
    folder = source / "changelogs"
    if any(path.suffix in (".yml", ".yaml") for path in (folder / "fragments").glob("*")):
        run(PROGRAMS / "antsibull-changelog", "release", "--version", wanted, "--reload-plugins", cwd=source)
    released = yaml.safe_load((folder / "changelog.yaml").read_text(encoding="utf-8"))["releases"]
    if wanted not in released:
        raise Refused(f"changelogs/changelog.yaml says nothing of {wanted}, and no fragment waits.")


def repack(made: Path, target: Path, when: int) -> None:
    """The same files with one time, one owner and one order, so that the same sources give the same bytes."""
    with (
        tarfile.open(made) as old,
        open(target, "wb") as raw,
        gzip.GzipFile("", "wb", fileobj=raw, mtime=when) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT) as new,
    ):
        for member in sorted(old.getmembers(), key=lambda one: one.name):
            member.mtime, member.uid, member.gid, member.uname, member.gname = when, 0, 0, "", ""
            new.addfile(member, old.extractfile(member) if member.isfile() else None)


@contextlib.contextmanager
def signer() -> Iterator[tuple[str, str, bool]]:
    """(home of gpg, name of the key, whether it is thrown away)."""
    if not shutil.which("gpg"):
        raise Refused("gpg is missing (Debian and Ubuntu: apt-get install gnupg).")
    named = os.environ.get("GROUNDWORK_RELEASE_KEY", "").strip()
    if named:
        yield os.environ.get("GNUPGHOME") or str(Path("~/.gnupg").expanduser()), named, False
        return
    with tempfile.TemporaryDirectory(prefix="gw-") as home:  # short: the socket of the agent lies in it
        key = "trial@example.com"
        run("gpg", "--batch", "--passphrase", "", "--quick-gen-key", f"trial of a release <{key}>", "ed25519", "sign", "1d", GNUPGHOME=home)
        try:
            yield home, key, True
        finally:
            subprocess.run(["gpgconf", "--kill", "all"], env=tree.environment(GNUPGHOME=home), check=False)


def bill_of_materials(target: Path) -> None:
    """What requirements.txt brings into an environment that has nothing else."""
    programs = own_tools()
    with tempfile.TemporaryDirectory() as folder:
        bare = Path(folder, "environment")
        run(sys.executable, "-m", "venv", bare)
        pip = (bare / "bin" / "python", "-m", "pip", "--quiet", "--disable-pip-version-check")
        run(*pip, "install", "-r", tree.ROOT / "requirements.txt")
        run(*pip, "uninstall", "--yes", "setuptools", "pip")
        run(programs / "cyclonedx-py", "environment", bare, "--of", "JSON", "--output-reproducible", "-o", target)


def own_tools() -> Path:
    """The programs that only a release needs, in an environment of their own, since galaxy-importer wants older libraries."""
    wanted = (tree.ROOT / "requirements-release.txt").read_bytes()
    stamp = TOOLS / "stamp"
    want = hashlib.sha256(wanted + sys.version.encode()).hexdigest()
    if not stamp.exists() or stamp.read_text() != want:
        shutil.rmtree(TOOLS, ignore_errors=True)
        TOOLS.parent.mkdir(exist_ok=True)
        run(sys.executable, "-m", "venv", TOOLS)
        requirements = tree.ROOT / "requirements-release.txt"
        run(TOOLS / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirements)
        stamp.write_text(want)
    return TOOLS / "bin"


def import_as_galaxy_does(made: Path) -> None:
    """The check that Galaxy and Automation Hub make of what is uploaded. It ends 0 whatever it finds, so its words count.

    Without ansible-lint and ansible-test, which `make gates` runs."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(made, folder)
        settings = Path(folder, "importer.cfg")
        told = ("[galaxy-importer]", "CHECK_REQUIRED_TAGS=True", "RUN_ANSIBLE_LINT=False", "RUN_ANSIBLE_TEST=False", "")
        settings.write_text("\n".join(told), encoding="utf-8")
        programs = own_tools()
        path = f"{programs}{os.pathsep}{tree.environment()['PATH']}"
        told = run(
            programs / "python", "-m", "galaxy_importer.main", made.name,
            cwd=Path(folder), GALAXY_IMPORTER_CONFIG=settings, PATH=path, HOME=folder,
        )
    wrong = [line for line in told.splitlines() if re.search(r"\b(WARNING|ERROR)\b", line)]
    if wrong or "processing completed successfully" not in told:
        raise Refused("galaxy-importer is not content:\n" + ("\n".join(wrong) or told[-4000:]))


# -- verified as by whoever gets it -----------------------------------------------------------------------------------


def documented() -> str:
    """The commands of the page docs/versioning.md, as a script for this version."""
    (block,) = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.M | re.S)
    return "set -euo pipefail\n" + re.sub(r"provision-\d+\.\d+\.\d+\.tar", f"provision-{version()}.tar", block)


def verify(folder: Path, script: str) -> None:
    """Raises when the commands do not take what lies in ``folder``. They have a home of their own."""
    with tempfile.TemporaryDirectory(prefix="gw-") as home:
        copy = Path(home, "release")
        shutil.copytree(folder, copy)
        gpg = Path(home, "gnupg")
        gpg.mkdir(mode=0o700)
        run("bash", "-c", script, cwd=copy, HOME=home, GNUPGHOME=gpg, ANSIBLE_HOME=f"{home}/.ansible", ANSIBLE_NOCOLOR="1")


def forge(made: Path, target: Path) -> None:
    """An artifact with a changed file, whose lists of files agree with it: what only the signature gives away."""
    with tarfile.open(made) as old:
        contents = {member.name: (member, old.extractfile(member).read() if member.isfile() else b"") for member in old.getmembers()}

    def put(name: str, data: bytes) -> str:
        member, _before = contents[name]
        member.size = len(data)
        contents[name] = (member, data)
        return hashlib.sha256(data).hexdigest()

    files = json.loads(contents["FILES.json"][1])
    changed = put("README.md", contents["README.md"][1] + b"\nforged\n")
    next(one for one in files["files"] if one["name"] == "README.md")["chksum_sha256"] = changed
    manifest = json.loads(contents["MANIFEST.json"][1])
    manifest["file_manifest_file"]["chksum_sha256"] = put("FILES.json", json.dumps(files, indent=1).encode())
    put("MANIFEST.json", json.dumps(manifest, indent=1).encode())
    with tarfile.open(target, "w:gz") as new:
        for member, data in contents.values():
            new.addfile(member, io.BytesIO(data) if member.isfile() else None)


def sums(folder: Path) -> None:
    """SHA256SUMS over all files of the folder that it does not sign itself."""
    names = sorted(path.name for path in folder.iterdir() if not path.name.startswith("SHA256SUMS"))
    text = "".join(f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in names)
    (folder / "SHA256SUMS").write_text(text, encoding="utf-8")


def refuse_forgeries(folder: Path, script: str) -> None:
    """The verification is worth something: a forgery is refused by SHA256SUMS, by its signature when the sums are made anew, and by
    that of MANIFEST.json, while without a signature Ansible takes it."""
    without = re.sub(r"^(gpg .*--verify|sha256sum) .*\n", "", script, flags=re.M)
    unsigned = re.sub(r" --keyring \"\$PWD.*\\\n.*", "", without)
    with tempfile.TemporaryDirectory() as other:
        copy = Path(other, "release")
        shutil.copytree(folder, copy)
        (made,) = copy.glob("*.tar.gz")
        forge(made, made)
        verify(copy, unsigned)  # it is consistent in itself
        for steps, word in ((script, "FAILED"), (without, "successful signatures")):
            _refuse(copy, steps, word)
        sums(copy)
        _refuse(copy, script, "BAD signature")


def _refuse(folder: Path, script: str, word: str) -> None:
    try:
        verify(folder, script)
    except Refused as refused:
        if word not in str(refused):
            raise
        return
    raise Refused(f"a forgery was accepted that should have been refused with {word!r}.")


def main() -> int:
    """Ends 0 when the files are there and verified."""
    began = time.monotonic()
    wanted, when = version(), moment()
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as folder:
        source = tree.copy(Path(folder).resolve())
        write_changelog(source, wanted)
        artifact.galaxy("build", "--force", "--output-path", folder, str(source))
        name = f"{tree.NAMESPACE}-{tree.NAME}-{wanted}.tar.gz"
        repack(Path(folder, name), OUT / name, when)
    import_as_galaxy_does(OUT / name)
    with tarfile.open(OUT / name) as made:
        (OUT / "MANIFEST.json").write_bytes(_read(made, "MANIFEST.json"))
    bill_of_materials(OUT / "sbom.cdx.json")
    with signer() as (home, key, thrown_away):
        gpg = ("gpg", "--batch", "--yes", "--homedir", home, "--local-user", key, "--armor")
        sign = (*gpg, "--detach-sign", "--output")
        run(*sign, OUT / "MANIFEST.json.asc", OUT / "MANIFEST.json")
        run("gpg", "--batch", "--homedir", home, "--armor", "--output", OUT / "release-key.asc", "--export", key)
        sums(OUT)
        run(*sign, OUT / "SHA256SUMS.asc", OUT / "SHA256SUMS")
    script = documented()
    verify(OUT, script)
    refuse_forgeries(OUT, script)
    for path in sorted(OUT.iterdir()):
        print(f"{path.stat().st_size:>9} {path.relative_to(tree.ROOT)}")
    kind = "trial: signed with a key that was thrown away (GROUNDWORK_RELEASE_KEY names yours)" if thrown_away else f"signed with {key}"
    print(f"release {wanted}, verified from these files alone, a forgery refused; {kind}; {time.monotonic() - began:.0f} s")
    return 0


def _read(made: tarfile.TarFile, name: str) -> bytes:
    found = made.extractfile(name)
    if found is None:
        raise Refused(f"the artifact has no {name}.")
    return found.read()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Refused as refused:
        sys.exit(f"No release: {refused}")
