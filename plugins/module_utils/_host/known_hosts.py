# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Which keys hosts are known to have. Source: sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from .._errors import StratumError
from .ssh_config import DEFAULT_PORT, match_patterns

REVOKED = "@revoked"
AUTHORITY = "@cert-authority"
LARGEST_FILE = 16 * 1048576


class KnownKey(NamedTuple):
    """A line of such a file that is about the host in question."""

    marker: str
    kind: str
    blob: bytes
    place: str
    """``file line number``."""


class Verdict(NamedTuple):
    """What the files say about a key: ``known``, ``unknown``, ``changed`` or ``revoked``, and where they say it."""

    word: str
    place: str = ""
    kind: str = ""
    """The type of the key that stands there."""


class KnownHosts:
    """What is known of one host."""

    def __init__(self, keys: Sequence[KnownKey], without_port: Sequence[KnownKey] = ()) -> None:
        self._keys = keys
        self._without_port = without_port

    def kinds(self) -> list[str]:
        """Return the types of its keys, those first that stand first."""
        keys = [*self._keys, *self._without_port]
        return list(dict.fromkeys(key.kind for key in keys if not key.marker))

    @property
    def authorities(self) -> list[bytes]:
        """The keys of the authorities whose certificates count for the host."""
        return [key.blob for key in (*self._keys, *self._without_port) if key.marker == AUTHORITY]

    def revoked(self, blob: bytes) -> str | None:
        """Return where a key is revoked, ``None`` when it is not."""
        everywhere = (*self._keys, *self._without_port)
        return next((key.place for key in everywhere if key.marker == REVOKED and key.blob == blob), None)

    def judge(self, kind: str, blob: bytes) -> Verdict:
        """Return what is known of a plain key of the host."""
        revoked_at = self.revoked(blob)
        if revoked_at is not None:
            return Verdict("revoked", revoked_at, kind)
        plain = [key for key in self._keys if not key.marker]
        # What is known of the port itself goes before what is known of the usual one.
        for key in plain or (key for key in self._without_port if not key.marker):
            if key.blob == blob:
                return Verdict("known", key.place, kind)
        if not plain:
            return Verdict("unknown")
        # One of the same type says more than one of another type, which the server may have beside it.
        other = min(plain, key=lambda key: key.kind != kind)
        return Verdict("changed", other.place, other.kind)


def known_name(host: str, port: int) -> str:
    """Return how the files call a host."""
    return host.lower() if port == DEFAULT_PORT else f"[{host.lower()}]:{port}"


def read_known_hosts(files: Sequence[str], host: str, port: int) -> KnownHosts:
    """Return what the files know of a host; one that is not there knows nothing. Raises StratumError.

    Like ssh, accept at another port what the host has at its usual one, unless a key of that port is known.
    """
    keys = [key for path in files for key in _read(path, known_name(host, port))]
    if port == DEFAULT_PORT:
        return KnownHosts(keys)
    return KnownHosts(keys, [key for path in files for key in _read(path, host.lower())])


def fingerprint(blob: bytes) -> str:
    """Return a key's fingerprint as ssh shows it."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def _read(path: str, name: str) -> Iterator[KnownKey]:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            text = file.read(LARGEST_FILE + 1)
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise StratumError(f"reading the known host keys in {path}: {error.strerror}.") from error
    if len(text) > LARGEST_FILE:
        # The end may have what is revoked.
        raise StratumError(f"reading the known host keys in {path}: it is larger than {LARGEST_FILE} bytes.")
    for number, line in enumerate(text.split("\n"), 1):
        fields = line.split()
        marker = fields.pop(0) if fields and fields[0] in (REVOKED, AUTHORITY) else ""
        if len(fields) < 3 or fields[0].startswith(("#", "@")) or not _names(fields[0], name):
            continue
        try:
            blob = base64.b64decode(fields[2], validate=True)
        except ValueError:
            continue
        yield KnownKey(marker, fields[1], blob, f"{path} line {number}")


def _names(patterns: str, name: str) -> bool:
    """Whether the first field of a line means a host."""
    if patterns.startswith("|1|"):
        return _hashed(patterns, name)
    return match_patterns(name, patterns.lower().split(","))


def _hashed(pattern: str, name: str) -> bool:
    try:
        salt, hashed = (base64.b64decode(part, validate=True) for part in pattern[3:].split("|"))
    except ValueError:
        return False
    return hmac.compare_digest(hmac.new(salt, name.encode("utf-8", "surrogateescape"), hashlib.sha1).digest(), hashed)
