# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import subprocess
from pathlib import Path

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._host.private_key import look_at


def keygen(path: Path, *options: str) -> Path:
    subprocess.run(["ssh-keygen", "-q", *options, "-f", str(path)], check=True)
    return path


def public(path: Path) -> bytes:
    return base64.b64decode(Path(f"{path}.pub").read_text().split()[1])


@pytest.mark.parametrize(
    ("options", "kind", "encrypted"),
    [
        (("-t", "ed25519", "-N", ""), "ssh-ed25519", False),
        (("-t", "ed25519", "-N", "secret"), "ssh-ed25519", True),
        (("-t", "ecdsa", "-N", "secret"), "ecdsa-sha2-nistp256", True),
        (("-t", "rsa", "-N", ""), "ssh-rsa", False),
        (("-t", "rsa", "-m", "PEM", "-N", ""), "ssh-rsa", False),
        (("-t", "rsa", "-m", "PEM", "-N", "secret"), "ssh-rsa", True),
        (("-t", "rsa", "-m", "PKCS8", "-N", "secret"), None, True),
    ],
)
def test_every_format_shows_what_is_needed(
    tmp_path: Path, options: tuple[str, ...], kind: str | None, encrypted: bool
) -> None:
    path = keygen(tmp_path / "key", *options)
    assert look_at(str(path)) == (str(path), kind, public(path), encrypted, True, False)


def test_a_file_that_others_can_read(tmp_path: Path) -> None:
    path = keygen(tmp_path / "key", "-t", "ed25519", "-N", "")
    path.chmod(0o644)
    assert look_at(str(path)).exposed


def test_only_the_public_half(tmp_path: Path) -> None:
    path = keygen(tmp_path / "key", "-t", "ed25519", "-N", "")
    half = look_at(f"{path}.pub")
    assert (half.public, half.has_private) == (public(path), False)


def test_damaged_files(tmp_path: Path) -> None:
    path = keygen(tmp_path / "key", "-t", "ed25519", "-N", "")
    whole = path.read_text().splitlines()
    for text in ("", "hello", "\n".join([whole[0], whole[-1]]), "\n".join([whole[0], whole[1][:40], whole[-1]])):
        path.write_text(text)
        with pytest.raises(ValueError, match=r"no private key|damaged"):
            look_at(str(path))
