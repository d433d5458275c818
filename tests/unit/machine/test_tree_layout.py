"""The file tree becomes the same archive every time, and one that the usual tools unpack."""

from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path

import pytest

from rknn_validation.common.errors import HarnessError
from rknn_validation.machine.tree import Directory, File, Link, Tree, cpio, digest, tar

TREE: Tree = {
    "/etc/udev/rules.d/99-npu.rules": File(b'KERNEL=="rknpu"\n'),
    "/usr/bin/tool": File(b"#!/bin/sh\n", 0o755),
    "/usr/lib/librknnrt.so": Link("/nix/store/x/lib/librknnrt.so"),
    "/var/empty": Directory(0o555),
}


@pytest.mark.unit
def test_same_tree_same_bytes() -> None:
    """Order of insertion does not matter; content, modes and targets do."""
    shuffled = dict(reversed(TREE.items()))
    assert tar(TREE) == tar(shuffled)
    assert cpio(TREE) == cpio(shuffled)
    assert digest(TREE) == digest(shuffled)
    for change in ({"/usr/bin/tool": File(b"#!/bin/sh\n")}, {"/usr/lib/librknnrt.so": Link("/x")}):
        assert digest({**TREE, **change}) != digest(TREE)


@pytest.mark.unit
def test_tar_holds_what_was_asked_for_and_no_parents() -> None:
    """A parent in the archive would overwrite the mode of a directory that is already there."""
    with tarfile.open(fileobj=io.BytesIO(tar(TREE))) as archive:
        members = {member.name: member for member in archive}
        assert sorted(members) == sorted(path[1:] for path in TREE)
        assert members["usr/bin/tool"].mode == 0o755
        assert members["var/empty"].mode == 0o555
        assert members["usr/lib/librknnrt.so"].linkname == "/nix/store/x/lib/librknnrt.so"
        assert {(member.uid, member.gid) for member in members.values()} == {(0, 0)}


@pytest.mark.integration
def test_cpio_unpacks_with_cpio(tmp_path: Path) -> None:
    """Parents are included, contents and links survive."""
    subprocess.run(["cpio", "-idm", "--quiet"], input=cpio(TREE), cwd=tmp_path, check=True, timeout=30)
    assert (tmp_path / "etc/udev/rules.d/99-npu.rules").read_bytes() == b'KERNEL=="rknpu"\n'
    assert (tmp_path / "usr/bin/tool").stat().st_mode & 0o7777 == 0o755
    assert str((tmp_path / "usr/lib/librknnrt.so").readlink()) == "/nix/store/x/lib/librknnrt.so"
    assert (tmp_path / "var/empty").is_dir()


@pytest.mark.unit
@pytest.mark.parametrize("path", ["relative", "/", "/a//b", "/a/../b", "/a/", "/a/./b"])
def test_impossible_paths_are_refused(path: str) -> None:
    """A path that would land somewhere else is an error, not a surprise."""
    with pytest.raises(HarnessError, match="cannot be laid out"):
        tar({path: File(b"")})


@pytest.mark.unit
def test_a_file_cannot_be_a_parent() -> None:
    """Two entries that exclude each other are an error here and not in the guest."""
    with pytest.raises(HarnessError, match="/a/b cannot be laid out"):
        tar({"/a": File(b""), "/a/b": File(b"")})
