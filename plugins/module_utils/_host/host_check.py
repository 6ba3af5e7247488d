# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Whether an ssh server is the machine that it should be. This comes before a key or a password of ours is used."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from .._errors import AuthenticationFailed, StratumError
from .base import Access
from .host_certificate import SUFFIX, read_certificate, why_refused
from .known_hosts import KnownHosts, fingerprint, known_name, read_known_hosts

if TYPE_CHECKING:
    from .ssh_connection import Connection

VERIFY = ("normal", "auto", "ignore")
"""libvirt's words: refuse unknown keys, take them and remember them, look at none."""
_RSA = ("rsa-sha2-512", "rsa-sha2-256")
_OUTDATED = ("ssh-rsa", "ssh-dss")
"""They sign with SHA-1. Like ssh, we take no such signature, which older paramiko would."""


class HostIdentity(NamedTuple):
    """Who a server should be, and how sure we want to be of it."""

    name: str
    """The host's name as the files know it."""
    port: int
    files: Sequence[str]
    """The files of known hosts; a new key is written to the first one."""
    verify: str


class HostCheck:
    """Asks for the keys that are known, and looks at the one that the server shows."""

    def __init__(self, identity: HostIdentity) -> None:
        self._identity = identity
        self._called = known_name(identity.name, identity.port)
        ignored = identity.verify == "ignore"
        self._known = KnownHosts([]) if ignored else read_known_hosts(identity.files, identity.name, identity.port)

    def prefer_known(self, connection: Connection) -> None:
        """Ask for the types of key that are known: of the others the server may have some, too, which say nothing."""
        options = connection.get_security_options()
        available = [kind for kind in options.key_types if kind not in _OUTDATED]
        wanted: list[str] = []
        if self._known.authorities:
            wanted += [kind + SUFFIX for kind in available]
        for kind in self._known.kinds():
            wanted += _RSA if kind == "ssh-rsa" else [kind]
        possible = [kind for kind in wanted if kind in connection._key_info]  # type: ignore[attr-defined]
        options.key_types = tuple(dict.fromkeys([*possible, *available]))

    def check(self, connection: Connection, access: Access) -> None:
        """Raise AuthenticationFailed unless the server's key is the host's."""
        key = connection.get_remote_server_key()
        blob, kind = key.asbytes(), key.get_name()
        if self._identity.verify == "ignore":
            access.warn(
                f"ssh: nobody checked that {self._called} is the machine that it should be; "
                f"its key is {kind} {fingerprint(blob)}."
            )
            return
        certificate = getattr(key, "public_blob", None)
        if certificate is not None and self._certified(certificate.key_blob, blob):
            return
        verdict = self._known.judge(kind, blob)
        shown = f"{kind} {fingerprint(blob)}"
        if verdict.word == "revoked":
            raise AuthenticationFailed(
                f"the key of {self._called} ({shown}) is revoked in {verdict.place}.",
                hint="Somebody else may have it. Give the machine a new one.",
            )
        if verdict.word == "changed":
            raise self._changed(verdict.place, verdict.kind, kind, shown)
        if verdict.word == "unknown":
            self._unknown(shown, f"{kind} {key.get_base64()}", access)

    def _changed(self, place: str, known_kind: str, kind: str, shown: str) -> AuthenticationFailed:
        other = "another key" if known_kind == kind else f"no {known_kind} key but another one"
        return AuthenticationFailed(
            f"the host key of {self._called} has changed: it shows {other} ({shown}) than {place} has. "
            "Somebody may be in between, so nothing was sent.",
            hint="If the machine was installed anew, and the fingerprint is what its console shows, "
            f"remove that line (ssh-keygen -R '{self._called}') and add the new key.",
        )

    def _unknown(self, shown: str, line: str, access: Access) -> None:
        if self._identity.verify == "auto":
            self._remember(line)
            access.warn(f"ssh: the key of {self._called} was not known and is trusted from now on: {shown}.")
            return
        files = [file for file in self._identity.files if os.path.exists(file)] or list(self._identity.files[:1])
        place = files[0] if files else "a known_hosts file"
        raise AuthenticationFailed(
            f"the host key of {self._called} is not known: {shown}.",
            hint=f"If that is the fingerprint of the machine, add its key to {place}, "
            "for example with ssh-keyscan or the module ansible.builtin.known_hosts.",
        )

    def _certified(self, certificate: bytes, key: bytes) -> bool:
        """Whether a certificate shows who the server is; raise AuthenticationFailed when it is no good one.

        Without an authority that counts, the plain key in it still may.
        """
        try:
            read = read_certificate(certificate)
        except ValueError as error:
            raise AuthenticationFailed(f"the host certificate of {self._called} cannot be read: {error}.") from error
        for blob in (key, read.authority):
            revoked_at = self._known.revoked(blob)
            if revoked_at is not None:
                raise AuthenticationFailed(
                    f"the host certificate of {self._called} rests on {fingerprint(blob)}, "
                    f"which is revoked in {revoked_at}."
                )
        reason = why_refused(read, self._identity.name, self._known.authorities)
        if reason is None or self._known.judge("", key).word == "known":
            return True
        raise AuthenticationFailed(
            f"the host certificate of {self._called} does not count: {reason}.",
            hint="Renew the certificate of the machine, or correct the line @cert-authority in known_hosts.",
        )

    def _remember(self, line: str) -> None:
        if not self._identity.files:
            return
        path = self._identity.files[0]
        try:
            os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
            with open(path, "a+b") as file:
                # Several tasks may do this at once.
                fcntl.flock(file, fcntl.LOCK_EX)
                size = file.seek(0, os.SEEK_END)
                file.seek(max(0, size - 1))
                begin = b"" if file.read(1) in (b"", b"\n") else b"\n"
                file.write(begin + f"{self._called} {line}\n".encode("utf-8", "surrogateescape"))
        except OSError as error:
            raise StratumError(f"adding the key of {self._called} to {path}: {error.strerror}.") from error
