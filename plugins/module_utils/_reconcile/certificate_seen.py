# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""What there is of a certificate, its key and its authority."""

from __future__ import annotations

import grp
import pwd
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from .._certificate import files
from .._certificate.files import PENDING, PUBLIC, SECRET, SHARED, Permissions
from .._certificate.read import Certificate, Unreadable, certificates, fits, now, private_key
from .._errors import InputError, StratumError
from .certificate_request import ROLES, CertificateRequest

if TYPE_CHECKING:
    from .._certificate.read import PrivateKey

Read = TypeVar("Read")


class Seen(NamedTuple):
    """What the files hold. ``None``: there is no such file."""

    key: PrivateKey | None
    pending: PrivateKey | None
    """A key that waits for its certificate."""
    chain: tuple[Certificate, ...]
    """The certificate, and what else is in its file; empty when it is not there or cannot be read."""
    authorities: tuple[Certificate, ...]
    """What the file of the authority holds."""
    untidy: bool
    """Whether a replacement of key and certificate has broken off."""

    @property
    def certificate(self) -> Certificate | None:
        return self.chain[0] if self.chain else None

    @property
    def is_pair(self) -> bool:
        return self.key is not None and bool(self.chain) and fits(self.key, self.chain[0])


class Authority(NamedTuple):
    """Who signs."""

    certificate: Certificate
    key: PrivateKey


def look(request: CertificateRequest) -> Seen:
    """Read the files; raise StratumError for a key that cannot be read, because it is somebody's."""
    places = request.places
    text = files.read(places.certificate)
    return Seen(
        key=_key(places.key, request.force),
        pending=_key(places.key + PENDING, True),
        chain=_tolerant(text),
        authorities=() if places.authority is None else _tolerant(files.read(places.authority)),
        untidy=files.is_untidy(text),
    )


def _tolerant(text: bytes | None) -> tuple[Certificate, ...]:
    """Read certificates; what is none is nothing that anybody could miss."""
    try:
        return tuple(certificates(text)) if text else ()
    except Unreadable:
        return ()


def _key(path: str, force: bool) -> PrivateKey | None:
    text = files.read(path)
    if text is None:
        return None
    try:
        return private_key(text)
    except Unreadable as error:
        if force:
            return None
        raise StratumError(
            f"the private key {path} cannot be used: {error}.", hint="With force: true, a new one takes its place."
        ) from error


def load_authority(folder: str) -> Authority:
    """Read an authority that can sign; raise StratumError."""
    here = ROLES["authority"].places.within(folder)
    option = "authority"
    chain = _needed(here.certificate, certificates, option)
    key: PrivateKey = _needed(here.key, private_key, option)
    certificate = chain[0]
    if not certificate.is_authority:
        raise InputError(option, f"{here.certificate} is not the certificate of an authority.")
    if not fits(key, certificate):
        raise InputError(option, f"the key {here.key} does not fit the certificate {here.certificate}.")
    if now() > certificate.not_after:
        raise InputError(
            option, f"its certificate {here.certificate} has expired.", hint="Renew it with role: authority."
        )
    return Authority(certificate, key)


def _needed(path: str, read: Callable[[bytes], Read], option: str) -> Read:
    text = files.read(path)
    if text is None:
        raise InputError(option, f"there is no file {path}.", hint="Make an authority with role: authority.")
    return given(text, read, option, path)


def given(text: bytes, read: Callable[[bytes], Read], option: str, what: str = "") -> Read:
    """Read what an option says or names; raise InputError."""
    try:
        return read(text)
    except Unreadable as error:
        raise InputError(option, f"{what + ': ' if what else ''}{error}.") from error


def secret_permissions(request: CertificateRequest) -> Permissions:
    """Return who is to use the key. Rights that are not stated and do no harm stay."""
    owner, group = owners(request)
    found = files.permissions(request.places.key)
    if group is not None:
        mode = SHARED
    elif found is not None and not found.mode & ~SHARED and found.mode & SECRET == SECRET:
        mode = found.mode
    else:
        mode = SECRET
    return _kept(Permissions(mode, owner, group), found)


def public_permissions(request: CertificateRequest, path: str) -> Permissions:
    """Return who is to use what everybody may read."""
    owner, group = owners(request)
    return _kept(Permissions(PUBLIC, owner, group), files.permissions(path))


def _kept(wanted: Permissions, found: Permissions | None) -> Permissions:
    """Return permissions with the owner and group that a file has, where none is stated."""
    if found is None:
        return wanted
    return Permissions(
        wanted.mode,
        found.owner if wanted.owner is None else wanted.owner,
        found.group if wanted.group is None else wanted.group,
    )


def owners(request: CertificateRequest) -> tuple[int | None, int | None]:
    """Return the numbers of the stated owner and group; raise InputError for one that this machine doesn't know."""
    return (
        _number("owner", request.owner, lambda name: pwd.getpwnam(name).pw_uid),
        _number("group", request.group, lambda name: grp.getgrnam(name).gr_gid),
    )


def _number(option: str, stated: str | None, find: Callable[[str], Any]) -> int | None:
    if stated is None:
        return None
    if stated.isdecimal():
        return int(stated)
    try:
        return int(find(stated))
    except KeyError as error:
        raise InputError(option, f"there is no {stated!r} on this machine.") from error
