# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""What a file with a private key shows on the outside: its type, its public half, whether it is encrypted."""

from __future__ import annotations

import base64
import os
import stat
import struct
from typing import NamedTuple

MAGIC = b"openssh-key-v1\0"
"""Source: OpenSSH's PROTOCOL.key."""
LARGEST_FILE = 1048576
_PEM_KINDS = {"RSA": "ssh-rsa", "EC": "ecdsa"}


class KeyFile(NamedTuple):
    """One file. ``kind`` and ``public`` are ``None`` where they cannot be seen."""

    path: str
    kind: str | None
    public: bytes | None
    encrypted: bool
    has_private: bool
    """Not when only the public half is there, whose other one an agent may hold."""
    exposed: bool
    """Whether others can read it; like ssh, we don't use it then."""


def look_at(path: str) -> KeyFile:
    """Describe a file; raise OSError when it cannot be read, ValueError when it holds no key that is known here."""
    with open(path, "rb") as file:
        status = os.fstat(file.fileno())
        text = file.read(LARGEST_FILE).decode("utf-8", "replace")
    exposed = status.st_uid == os.getuid() and bool(status.st_mode & (stat.S_IRWXG | stat.S_IRWXO))
    public = _public_half(text)
    if public is not None:
        return KeyFile(path, *public, encrypted=False, has_private=False, exposed=False)
    lines = [line.strip() for line in text.strip().splitlines()]
    if not lines or not lines[0].startswith("-----BEGIN ") or not lines[0].endswith("PRIVATE KEY-----"):
        raise ValueError("it holds no private key")
    if lines[0] == "-----BEGIN OPENSSH PRIVATE KEY-----":
        kind, blob, encrypted = _openssh(lines)
        return KeyFile(path, kind, blob, encrypted, True, exposed)
    word = lines[0][len("-----BEGIN ") :].partition(" ")[0]
    encrypted = word == "ENCRYPTED" or any(line.startswith("Proc-Type:") and "ENCRYPTED" in line for line in lines[:4])
    return KeyFile(path, _PEM_KINDS.get(word), _beside(path), encrypted, True, exposed)


def _openssh(lines: list[str]) -> tuple[str, bytes, bool]:
    try:
        data = base64.b64decode("".join(line for line in lines if not line.startswith("-")))
    except ValueError as error:
        raise ValueError("it is damaged") from error
    if not data.startswith(MAGIC):
        raise ValueError("it is damaged")
    at = len(MAGIC)
    strings: list[bytes] = []
    try:
        for field in ("cipher", "kdf", "kdf options", "number", "public"):
            if field == "number":
                at += 4
                continue
            (size,) = struct.unpack_from(">I", data, at)
            strings.append(data[at + 4 : at + 4 + size])
            at += 4 + size
        blob = strings[3]
        (size,) = struct.unpack_from(">I", blob)
    except struct.error as error:
        raise ValueError("it is damaged") from error
    return blob[4 : 4 + size].decode("ascii", "replace"), blob, strings[0] != b"none"


def _public_half(text: str) -> tuple[str, bytes] | None:
    fields = text.split(None, 2)
    if len(fields) < 2 or not fields[0].startswith(("ssh-", "ecdsa-", "sk-")):
        return None
    try:
        return fields[0], base64.b64decode(fields[1], validate=True)
    except ValueError:
        return None


def _beside(path: str) -> bytes | None:
    """Return the public half from the file that is beside one which doesn't show it."""
    try:
        with open(f"{path}.pub", encoding="utf-8", errors="replace") as file:
            public = _public_half(file.read(LARGEST_FILE))
    except OSError:
        return None
    return public[1] if public else None
