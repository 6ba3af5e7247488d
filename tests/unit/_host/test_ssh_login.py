# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which keys are shown to a server, and in which order."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._deadline import Deadline
from ansible_collections.stratum.virt.plugins.module_utils._host.base import Access
from ansible_collections.stratum.virt.plugins.module_utils._host.paramiko import paramiko
from ansible_collections.stratum.virt.plugins.module_utils._host.ssh_config import Asked, read_config
from ansible_collections.stratum.virt.plugins.module_utils._host.ssh_login import METHODS, Login


@pytest.mark.parametrize(("only", "labels"), [("no", ["the agent's key", "id_rsa"]), ("yes", ["id_rsa"])])
def test_identities_only_keeps_the_agents_other_keys_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, only: str, labels: list[str]
) -> None:
    """Also where no file is named: the default ones are the only ones then."""
    folder = tmp_path / ".ssh"
    folder.mkdir(mode=0o700)
    subprocess.run(["ssh-keygen", "-q", "-t", "rsa", "-N", "", "-f", str(folder / "id_rsa")], check=True)
    (folder / "config").write_text(f"IdentitiesOnly {only}\n")
    (folder / "config").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    config = read_config(Asked("node1"), system_file=str(tmp_path / "none"))
    login = Login(None, config, Access(), METHODS)  # type: ignore[arg-type]
    monkeypatch.setattr(login, "_agent_keys", lambda _deadline: [paramiko.ECDSAKey.generate()])
    shown = [candidate.label for candidate in login._candidates(Deadline(5))]
    assert len(shown) == len(labels)
    assert all(part in label for part, label in zip(labels, shown))
