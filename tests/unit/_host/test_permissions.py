# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who may use a file: only the file itself is changed, and only what is asked for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._errors import Denied, StratumError
from ansible_collections.stratum.virt.plugins.module_utils._host.base import Host
from ansible_collections.stratum.virt.plugins.module_utils._host.local import LocalHost


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "disk.img"
    file.write_bytes(b"content")
    file.chmod(0o600)
    return file


def test_the_mode_is_changed_and_the_owner_stays(host: Host, file: Path) -> None:
    before = file.stat()
    host.set_permissions(str(file), mode=0o640)
    after = file.stat()
    assert (after.st_mode & 0o7777, after.st_uid, after.st_gid) == (0o640, before.st_uid, before.st_gid)


def test_owner_and_group_are_changed_by_themselves(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "fchown", lambda _handle, owner, group: asked.append((owner, group)))
    for wanted in ({"owner": 7}, {"group": 8}, {"owner": 0, "group": 0}):
        LocalHost().set_permissions(str(file), **wanted)
    assert asked == [(7, -1), (-1, 8), (0, 0)]
    assert file.stat().st_mode & 0o7777 == 0o600


def test_a_link_is_not_followed(host: Host, file: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(file)
    with pytest.raises(StratumError, match=f"changing the permissions of {link}"):
        host.set_permissions(str(link), mode=0o666)
    assert file.stat().st_mode & 0o7777 == 0o600


def test_what_is_missing_is_an_error(host: Host, file: Path) -> None:
    with pytest.raises(StratumError, match="No such file"):
        host.set_permissions(f"{file}x", mode=0o666)


def test_what_is_forbidden_is_an_error(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbid(_handle: int, _mode: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "fchmod", forbid)
    with pytest.raises(Denied, match="permission denied"):
        LocalHost().set_permissions(str(file), mode=0o666)
