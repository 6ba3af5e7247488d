# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Who we are to a daemon that speaks TLS, and whom we trust: the files, and whether they can be used."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from .._certificate.cryptography import require_cryptography
from .._certificate.files import read_regular
from .._certificate.read import (
    SOON,
    Certificate,
    Unreadable,
    certificates,
    day,
    fits,
    now,
    private_key,
    signer,
)
from .._errors import ConnectionFailed

if TYPE_CHECKING:
    from .._certificate.read import PrivateKey

Read = TypeVar("Read")
MAKE = "The module stratum.virt.tls_certificate makes it."


class Pki(NamedTuple):
    """Where the files are."""

    authority: str
    """Certificates of those who may have signed the daemon's."""
    revoked: str
    """What these have taken back; it may be missing."""
    certificate: str
    key: str


class Identity(NamedTuple):
    """What is in the files, and fits together."""

    pki: Pki
    authorities: tuple[Certificate, ...]
    """Empty where the daemon is not checked."""
    chain: tuple[Certificate, ...]
    """Our own certificate, and those that lead from it to an authority."""


SYSTEM = Pki(
    authority="/etc/pki/CA/cacert.pem",
    revoked="/etc/pki/CA/cacrl.pem",
    certificate="/etc/pki/libvirt/clientcert.pem",
    key="/etc/pki/libvirt/private/clientkey.pem",
)
"""Source: https://libvirt.org/kbase/tlscerts.html."""


def locate(folder: str | None, *, user_id: int, home: str) -> Pki:
    """Return where libvirt's client looks: in the folder that a URI names; else, unless it is root, in the user's own
    folder; for what is not there, in the system's.

    A key and a certificate belong together, and are never taken from two places.
    """
    if folder is not None:
        return _within(folder)
    if user_id == 0:
        return SYSTEM
    own = _within(f"{home}/.pki/libvirt")
    found = SYSTEM
    for together in (("authority",), ("revoked",), ("certificate", "key")):
        places = {name: getattr(own, name) for name in together}
        if all(os.path.exists(place) for place in places.values()):
            found = found._replace(**places)
    return found


def _within(folder: str) -> Pki:
    names = ("cacert.pem", "cacrl.pem", "clientcert.pem", "clientkey.pem")
    return Pki(*(os.path.join(folder, name) for name in names))


def load(pki: Pki, *, verify: bool, warn: Callable[[str], object]) -> Identity:
    """Read the files, and check all that would make a connection fail; raise ConnectionFailed, MissingLibrary.

    ``verify`` says whether the daemon is to be checked; else nobody needs an authority.
    """
    require_cryptography("reaching a node by TLS")
    authorities = _read(pki.authority, "the authority's certificate", certificates) if verify else []
    chain = _read(pki.certificate, "our certificate", certificates)
    key: PrivateKey = _read(pki.key, "our private key", private_key)
    if not fits(key, chain[0]):
        raise ConnectionFailed(
            f"our private key {pki.key} does not fit our certificate {pki.certificate}.",
            hint="Both have to be made together.",
        )
    _check_dates(chain[0], f"our certificate {pki.certificate}", warn)
    for authority in authorities:
        # Several may be in there while one takes over from another.
        if len(authorities) == 1 or signer(chain, [authority]):
            _check_dates(authority, f"the authority's certificate {pki.authority}", warn)
    if authorities and signer(chain, authorities) is None:
        raise ConnectionFailed(
            f"our certificate {pki.certificate} is not signed by our authority: it was issued by {chain[-1].issuer}, "
            f"and {pki.authority} is of {authorities[0].subject}.",
            hint="Use a certificate and an authority that belong together.",
        )
    return Identity(pki, tuple(authorities), tuple(chain))


def check_server(certificate: Certificate, server: str, warn: Callable[[str], object]) -> None:
    """Warn if the certificate of a daemon that was accepted ends soon."""
    _warn_of_end(certificate, f"the certificate of {server}", warn)


def _read(path: str, what: str, read: Callable[[bytes], Read]) -> Read:
    try:
        return read(read_regular(path))
    except FileNotFoundError as error:
        raise ConnectionFailed(
            f"{what} is missing: there is no file {path}.",
            hint=f"{MAKE} Name another folder with pkipath= in the URI.",
        ) from error
    except PermissionError as error:
        raise ConnectionFailed(
            f"{what} cannot be read: {path}: permission denied.",
            hint="Use become, or keep certificates of your own in ~/.pki/libvirt.",
        ) from error
    except OSError as error:
        raise ConnectionFailed(f"{what} cannot be read: {path}: {error.strerror}.") from error
    except Unreadable as error:
        raise ConnectionFailed(f"{what} cannot be used: {path}: {error}.", hint=MAKE) from error


def _check_dates(certificate: Certificate, what: str, warn: Callable[[str], object]) -> None:
    moment = now()
    if moment > certificate.not_after:
        raise ConnectionFailed(f"{what} has expired on {day(certificate.not_after)}.", hint="Renew it.")
    if moment < certificate.not_before:
        raise ConnectionFailed(
            f"{what} is not yet valid, but from {day(certificate.not_before)} on.", hint="Check this machine's clock."
        )
    _warn_of_end(certificate, what, warn)


def _warn_of_end(certificate: Certificate, what: str, warn: Callable[[str], object]) -> None:
    left = certificate.not_after - now()
    if left < SOON:
        warn(f"{what} ends on {day(certificate.not_after)}, in {max(left.days, 0)} days.")
