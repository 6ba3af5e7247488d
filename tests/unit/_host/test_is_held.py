# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether the node works with a device is the kernel's to say; with a real one, that is an integration test."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._host.base import Host
from ansible_collections.stratum.virt.plugins.module_utils._host.local import LocalHost


def test_an_idle_file_is_not_held(host: Host, tmp_path: Path) -> None:
    (tmp_path / "device").write_bytes(b"")
    assert not host.is_held(str(tmp_path / "device"))


@pytest.mark.parametrize(("code", "held"), [(errno.EBUSY, True), (errno.EACCES, False), (errno.ENOENT, False)])
def test_what_the_kernel_says(code: int, held: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_path: str, flags: int) -> int:
        assert flags & os.O_EXCL
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "open", refuse)
    assert LocalHost().is_held("/dev/sdb") is held
