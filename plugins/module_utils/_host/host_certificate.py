# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""The certificate that a host may show in place of a plain key. Source: OpenSSH's PROTOCOL.certkeys."""

from __future__ import annotations

import struct
import time
from collections.abc import Sequence
from typing import NamedTuple

from .known_hosts import fingerprint
from .last_words import last_words
from .paramiko import paramiko
from .ssh_config import match_patterns

SUFFIX = "-cert-v01@openssh.com"
FOR_A_HOST = 2
_FIELDS_OF_KEY = {
    "ssh-ed25519": 1,
    "ssh-rsa": 2,
    "ecdsa-sha2-nistp256": 2,
    "ecdsa-sha2-nistp384": 2,
    "ecdsa-sha2-nistp521": 2,
}
_SIGNED_BY = {"ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256")}
"""By type of an authority's key, how it may have signed, where that has another name. Like for ssh, SHA-1 won't do."""


class HostCertificate(NamedTuple):
    """What a certificate says, before anybody believes it."""

    kind: int
    principals: tuple[str, ...]
    """The names of the hosts that may show it; none means all."""
    valid_from: int
    """Seconds since the epoch."""
    valid_until: int
    critical: bytes
    """Options that whoever does not know them must heed by refusing."""
    authority: bytes
    """The key of who signed it."""
    signed: bytes
    signature: bytes


def read_certificate(blob: bytes) -> HostCertificate:
    """Take a certificate apart; raise ValueError when it is none."""
    fields = _Fields(blob)
    kind_of_key = fields.string().decode("ascii", "replace")
    if not kind_of_key.endswith(SUFFIX) or kind_of_key[: -len(SUFFIX)] not in _FIELDS_OF_KEY:
        raise ValueError(f"{kind_of_key!r} is no known type of certificate")
    for _nonce_and_key in range(1 + _FIELDS_OF_KEY[kind_of_key[: -len(SUFFIX)]]):
        fields.string()
    _serial, kind = fields.number(">Q"), fields.number(">I")
    _key_id, principals = fields.string(), _Fields(fields.string())
    valid_from, valid_until = fields.number(">Q"), fields.number(">Q")
    critical, _extensions, _reserved, authority = (fields.string() for _field in range(4))
    signed = blob[: fields.at]
    return HostCertificate(
        kind=kind,
        principals=tuple(name.decode("utf-8", "replace") for name in principals.strings()),
        valid_from=valid_from,
        valid_until=valid_until,
        critical=critical,
        authority=authority,
        signed=signed,
        signature=fields.string(),
    )


def why_refused(certificate: HostCertificate, name: str, authorities: Sequence[bytes]) -> str | None:
    """Return why a certificate does not show that a host is the one of this name, ``None`` when it does."""
    if certificate.authority not in authorities:
        return f"it is signed by {fingerprint(certificate.authority)}, which is no authority for this host"
    if not _is_signed(certificate):
        return "its signature is wrong"
    if certificate.kind != FOR_A_HOST:
        return "it is not for a host"
    if certificate.critical:
        return "it has a critical option that is not known here"
    now = time.time()
    if now < certificate.valid_from:
        return "it is not valid yet"
    if now >= certificate.valid_until:
        return "it has expired"
    principals = certificate.principals
    if principals and not any(match_patterns(name.lower(), [each.lower()]) for each in principals):
        return f"it is for {last_words(', '.join(principals))}, not for {name}"
    return None


def _is_signed(certificate: HostCertificate) -> bool:
    kind = _Fields(certificate.authority).string().decode("ascii", "replace")
    classes = {
        "ssh-ed25519": paramiko.Ed25519Key,
        "ssh-rsa": paramiko.RSAKey,
        "ecdsa-sha2-nistp256": paramiko.ECDSAKey,
        "ecdsa-sha2-nistp384": paramiko.ECDSAKey,
        "ecdsa-sha2-nistp521": paramiko.ECDSAKey,
    }
    if kind not in classes:
        return False
    try:
        if _Fields(certificate.signature).string().decode("ascii", "replace") not in _SIGNED_BY.get(kind, (kind,)):
            return False
        key = classes[kind](data=certificate.authority)
        return bool(key.verify_ssh_sig(certificate.signed, paramiko.Message(certificate.signature)))
    except (ValueError, TypeError, IndexError, struct.error, paramiko.SSHException):
        # Whoever is at the other end may have written anything there.
        return False


class _Fields:
    """Reads one field after the other; raises ValueError at the end of the bytes."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0

    def number(self, layout: str) -> int:
        size = struct.calcsize(layout)
        if self.at + size > len(self._data):
            raise ValueError("it ends too early")
        (value,) = struct.unpack_from(layout, self._data, self.at)
        self.at += size
        return int(value)

    def string(self) -> bytes:
        size = self.number(">I")
        if self.at + size > len(self._data):
            raise ValueError("it ends too early")
        self.at += size
        return self._data[self.at - size : self.at]

    def strings(self) -> list[bytes]:
        found = []
        while self.at < len(self._data):
            found.append(self.string())
        return found
