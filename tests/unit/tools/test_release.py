# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of a release that need no key and no network; `make release` itself verifies what it made and tries a forgery."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile

import pytest
import release


def artifact_of(path, contents, mtime=1):
    with tarfile.open(path, "w:gz") as made:
        for name, data in contents.items():
            member = tarfile.TarInfo(name)
            member.size, member.mtime, member.uid = len(data), mtime, mtime
            made.addfile(member, io.BytesIO(data))


def small(path, mtime=1):
    readme = b"hello\n"
    files = json.dumps({"files": [{"name": "README.md", "chksum_sha256": hashlib.sha256(readme).hexdigest()}]}).encode()
    manifest = json.dumps({"file_manifest_file": {"chksum_sha256": hashlib.sha256(files).hexdigest()}}).encode()
    artifact_of(path, {"MANIFEST.json": manifest, "FILES.json": files, "README.md": readme}, mtime)


def read(path):
    with tarfile.open(path) as made:
        return {member.name: made.extractfile(member).read() for member in made.getmembers()}


def test_the_same_files_make_the_same_bytes(tmp_path):
    for number in (1, 2):
        small(tmp_path / f"{number}.tar.gz", mtime=number)
        release.repack(tmp_path / f"{number}.tar.gz", tmp_path / f"{number}.again", 1_700_000_000)
    assert (tmp_path / "1.tar.gz").read_bytes() != (tmp_path / "2.tar.gz").read_bytes()
    assert (tmp_path / "1.again").read_bytes() == (tmp_path / "2.again").read_bytes()
    assert read(tmp_path / "1.again") == read(tmp_path / "1.tar.gz")


def test_the_forgery_that_is_tried_is_consistent(tmp_path):
    """Else it would be refused for its sums, and would prove nothing of the signature."""
    small(tmp_path / "true.tar.gz")
    release.forge(tmp_path / "true.tar.gz", tmp_path / "forged.tar.gz")
    before, after = read(tmp_path / "true.tar.gz"), read(tmp_path / "forged.tar.gz")
    assert before.keys() == after.keys()
    assert all(before[name] != after[name] for name in before)
    files = json.loads(after["FILES.json"])["files"]
    assert files[0]["chksum_sha256"] == hashlib.sha256(after["README.md"]).hexdigest()
    manifest = json.loads(after["MANIFEST.json"])
    assert manifest["file_manifest_file"]["chksum_sha256"] == hashlib.sha256(after["FILES.json"]).hexdigest()


def test_the_sums_are_of_all_that_they_do_not_sign_themselves(tmp_path):
    (tmp_path / "a").write_text("one")
    for _time in range(2):
        release.sums(tmp_path)
        assert (tmp_path / "SHA256SUMS").read_text() == f"{hashlib.sha256(b'one').hexdigest()}  a\n"


def test_the_steps_of_the_page_are_what_verifies(tmp_path, monkeypatch):
    """A command that ends badly refuses the files; the forgeries leave out exactly the steps that are about signatures."""
    script = release.documented()
    assert [script.count(word) for word in ("sha256sum --check", "--verify SHA256SUMS.asc", "collection verify --offline")] == [1, 1, 1]
    (tmp_path / "SHA256SUMS").write_text(f"{'0' * 64}  a\n")
    (tmp_path / "a").write_text("one")
    with pytest.raises(release.Refused, match="a: FAILED"):
        release.verify(tmp_path, script)
    ran = []
    monkeypatch.setattr(release, "verify", lambda _folder, steps: ran.append(steps))
    monkeypatch.setattr(release, "_refuse", lambda _folder, steps, word: ran.append((steps, word)))
    small(tmp_path / "one.tar.gz")
    release.refuse_forgeries(tmp_path, script)
    assert not any(word in ran[0] for word in ("sha256sum", "--verify", "--signature"))
    assert "collection verify --offline groundwork.provision" in ran[0]
    assert [word for _steps, word in ran[1:]] == ["FAILED", "successful signatures", "BAD signature"]
    assert [("sha256sum" in steps, "--signature" in steps) for steps, _word in ran[1:]] == [(True, True), (False, True), (True, True)]


@pytest.mark.parametrize("told", ["1.0.0-rc.1", "1.0", "1.0.0-dev0"])
def test_only_a_final_version_is_released(tmp_path, monkeypatch, told):
    (tmp_path / "galaxy.yml").write_text(f"version: {told}\n")
    monkeypatch.setattr(release.tree, "ROOT", tmp_path)
    with pytest.raises(release.Refused, match="three numbers"):
        release.version()


def test_a_version_without_a_changelog_is_not_released(tmp_path):
    (tmp_path / "changelogs" / "fragments").mkdir(parents=True)
    (tmp_path / "changelogs" / "changelog.yaml").write_text("releases: {0.9.0: {}}\n")
    release.write_changelog(tmp_path, "0.9.0")
    with pytest.raises(release.Refused, match=r"says nothing of 1\.0\.0"):
        release.write_changelog(tmp_path, "1.0.0")
