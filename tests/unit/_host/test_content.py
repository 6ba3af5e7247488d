# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._errors import Denied, StratumError
from ansible_collections.stratum.virt.plugins.module_utils._host.base import Host
from ansible_collections.stratum.virt.plugins.module_utils._host.content import ATTRIBUTE, PIECE
from ansible_collections.stratum.virt.plugins.module_utils._host.frames import WINDOW
from ansible_collections.stratum.virt.plugins.module_utils._host.local import LocalHost

MIB = 1048576
HOST = LocalHost()
"""Where the kernel is made to refuse, which it does in this process only."""


def content(host: Host, path: Path) -> bytes:
    return b"".join(extent.data or bytes(extent.hole) for extent in host.extents(str(path)))


@pytest.fixture
def sparse(tmp_path: Path) -> Path:
    """Data at 1 MiB and 5 MiB, and a hole at the end."""
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        for at in (1, 5):
            file.seek(at * MIB)
            file.write(b"x" * 100_000)
        file.truncate(9 * MIB)
    return path


def test_a_file_with_holes(host: Host, sparse: Path) -> None:
    assert content(host, sparse) == sparse.read_bytes()
    extents = list(host.extents(str(sparse)))
    assert sum(len(extent.data) for extent in extents) < MIB
    assert [bool(extent.data) for extent in extents] == [False, True, False, True, False]


def test_a_file_is_read_in_pieces(host: Host, tmp_path: Path) -> None:
    path = tmp_path / "full"
    path.write_bytes(os.urandom(2 * PIECE + 5))
    assert [len(extent.data) for extent in host.extents(str(path))] == [PIECE, PIECE, 5]
    assert content(host, path) == path.read_bytes()


@pytest.mark.parametrize("size", [0, 1])
def test_tiny_files(host: Host, tmp_path: Path, size: int) -> None:
    path = tmp_path / "tiny"
    path.write_bytes(b"x" * size)
    assert content(host, path) == b"x" * size


def test_a_file_system_that_does_not_tell_holes(sparse: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seek = os.lseek

    def refuse(handle: int, at: int, whence: int) -> int:
        if whence in (os.SEEK_DATA, os.SEEK_HOLE):
            raise OSError(errno.EINVAL, "Invalid argument")
        return seek(handle, at, whence)

    monkeypatch.setattr(os, "lseek", refuse)
    assert all(extent.data for extent in HOST.extents(str(sparse)))
    assert content(HOST, sparse) == sparse.read_bytes()


def test_what_cannot_be_read(host: Host, tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing"):
        with pytest.raises(StratumError, match=f"reading {path}"):
            list(host.extents(str(path)))


def test_a_file_that_shrinks_under_the_reader(host: Host, tmp_path: Path) -> None:
    path = tmp_path / "shrinking"
    path.write_bytes(b"x" * 2 * WINDOW)  # more than a far host reads ahead
    extents = host.extents(str(path))
    next(extents)
    os.truncate(path, PIECE)
    with pytest.raises(StratumError, match="it became shorter"):
        list(extents)


def test_a_file_is_written_with_its_holes(host: Host, sparse: Path, tmp_path: Path) -> None:
    path = tmp_path / "copy"
    with host.replace(str(path)) as writer:
        for extent in host.extents(str(sparse)):
            if extent.data:
                writer.write(extent.data)
            else:
                writer.hole(extent.hole)
        assert not path.exists()
    assert path.read_bytes() == sparse.read_bytes()
    assert list(host.extents(str(path))) == list(host.extents(str(sparse)))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted(os.listdir(tmp_path)) == ["copy", "sparse"]


def test_a_file_that_is_there_is_replaced_at_once(host: Host, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old and longer")
    with host.replace(str(path)) as writer:
        writer.write(b"new")
        assert path.read_text() == "old and longer"
    assert path.read_text() == "new"


def test_nothing_is_left_of_what_was_given_up(host: Host, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    def give_up() -> None:
        with host.replace(str(path)) as writer:
            writer.write(b"new")
            raise KeyError

    with pytest.raises(KeyError):
        give_up()
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["file"]


def test_what_cannot_be_written(host: Host, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", tmp_path / "missing" / "file"):
        with pytest.raises(StratumError, match=f"writing {path}"), host.replace(str(path)):
            pytest.fail("there is nothing to write to")
    assert os.listdir(tmp_path) == ["pipe"]


def test_renaming(host: Host, tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_text("content")
    new.write_text("replaced")
    host.rename(str(old), str(new))
    assert new.read_text() == "content"
    assert not old.exists()
    with pytest.raises(StratumError, match=f"renaming {old} to {new}: No such file"):
        host.rename(str(old), str(new))


def test_renaming_without_the_right_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(old: str, new: str) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(Denied, match="permission denied"):
        HOST.rename(str(tmp_path / "old"), str(tmp_path / "new"))


def test_marks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: dict[tuple[str, str], bytes] = {}

    def get(path: str, name: str) -> bytes:
        if (path, name) not in kept:
            raise OSError(errno.ENODATA, "No data available")
        return kept[path, name]

    monkeypatch.setattr(os, "setxattr", lambda path, name, value: kept.update({(path, name): value}))
    monkeypatch.setattr(os, "getxattr", get)
    path = str(tmp_path / "file")
    assert HOST.mark(path) is None
    assert HOST.set_mark(path, "from there, größer") is True
    assert HOST.mark(path) == "from there, größer"
    assert list(kept) == [(path, ATTRIBUTE)]


def test_a_place_that_keeps_no_marks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object) -> None:
        raise OSError(errno.ENOTSUP, "Operation not supported")

    monkeypatch.setattr(os, "setxattr", refuse)
    monkeypatch.setattr(os, "getxattr", refuse)
    assert HOST.set_mark(str(tmp_path), "x") is False
    assert HOST.mark(str(tmp_path)) is None
    monkeypatch.delattr(os, "setxattr")
    monkeypatch.delattr(os, "getxattr")
    assert HOST.set_mark(str(tmp_path), "x") is False
    assert HOST.mark(str(tmp_path)) is None
