# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""What has to become of a certificate and its key, and why. No I/O here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from .._certificate.make import kind_of
from .._certificate.read import Certificate, fits, now, signer
from .._errors import InputError, StratumError

if TYPE_CHECKING:
    from .certificate_request import CertificateRequest
    from .certificate_seen import Seen


class Need(NamedTuple):
    """What has to be made. Empty texts: nothing."""

    key: str
    """Why a new key is needed."""
    certificate: str
    """Why a new certificate is needed."""


def needed(
    request: CertificateRequest, seen: Seen, authorities: Sequence[Certificate], given: Sequence[Certificate]
) -> Need:
    """Compare what there is with what is asked for.

    ``authorities`` are those of whom one has to have signed it, ``given`` a certificate that was signed elsewhere
    and those that lead from it to an authority. Raises InputError.
    """
    if request.role == "authority":
        return _authority(request, seen)
    key = next(_key_problems(request, seen), "")
    need = Need(key, next(_problems(request, seen, authorities), key))
    return _given(seen, authorities, given, need) if given else need


def _given(seen: Seen, authorities: Sequence[Certificate], given: Sequence[Certificate], need: Need) -> Need:
    """Compare with a certificate that is there as it was signed, whatever it says."""
    if authorities and signer(given, authorities) is None:
        raise InputError("certificate", f"it is signed by {given[-1].issuer}, which is not the authority.")
    if seen.certificate is not None and seen.certificate.raw == given[0].raw and seen.is_pair:
        return Need("", "")
    if seen.pending is not None and fits(seen.pending, given[0]):
        return Need(need.key or "another one waits", need.certificate or "another one is given")
    if seen.key is not None and fits(seen.key, given[0]):
        return Need("", need.certificate or "another one is given")
    raise InputError(
        "certificate", "it fits no key that is here.", hint="Have the request of this module signed, as it returns it."
    )


def _key_problems(request: CertificateRequest, seen: Seen) -> Iterator[str]:
    if seen.key is None:
        yield "there is none"
        return
    kind, size = kind_of(seen.key)
    if request.key_type not in (None, kind):
        yield f"its type is {kind}"
    if request.key_size not in (None, size):
        yield f"it has {size} bits"


def _problems(request: CertificateRequest, seen: Seen, authorities: Sequence[Certificate]) -> Iterator[str]:
    found, wanted = seen.certificate, request.wanted
    if found is None:
        yield "there is none"
        return
    if not seen.is_pair:
        yield "it does not fit its key"
    yield from _subject_problems(request, found)
    if sorted(wanted.names) != sorted(found.names):
        yield "its names differ"
    if not wanted.usages <= found.usages():
        yield "it is for something else"
    authority = signer(seen.chain, authorities)
    if authorities and authority is None:
        yield "another authority has signed it"
    yield from _date_problems(request, found, authority)


def _subject_problems(request: CertificateRequest, found: Certificate) -> Iterator[str]:
    if found.common_name != request.wanted.common_name:
        yield f"its common name is {found.common_name}"
    if request.wanted.organization not in (None, found.organization):
        yield f"its organization is {found.organization}"


def _date_problems(
    request: CertificateRequest, found: Certificate, authority: Certificate | None = None
) -> Iterator[str]:
    if now() < found.not_before:
        yield "it is not yet valid"
    renewed = now() + timedelta(days=request.wanted.valid_for)
    if authority is not None:
        renewed = min(renewed, authority.not_after)
    # A new one that would not be valid for longer is no help.
    if now() + timedelta(days=request.renew_before) >= found.not_after and renewed > found.not_after:
        yield f"it ends on {found.not_after:%Y-%m-%d}"


def _authority(request: CertificateRequest, seen: Seen) -> Need:
    """Compare an authority. What others were signed with is not replaced, but renewed: same key, same name."""
    found = seen.certificate
    if found is None:
        return Need("" if seen.key else "there is none", "there is none")
    why = next(_authority_problems(request, seen, found), "")
    if why and not request.force and now() <= found.not_after:
        raise StratumError(
            f"the authority {request.places.certificate} is not as it is wanted: {why}.",
            hint="What it has signed would not be accepted any more. With force: true, a new one takes its place.",
        )
    return Need(why, why or next(_date_problems(request, found), ""))


def _authority_problems(request: CertificateRequest, seen: Seen, found: Certificate) -> Iterator[str]:
    if seen.key is None:
        yield "its key is missing"
        return
    if not seen.is_pair:
        yield "its key does not fit it"
    if not found.is_authority:
        yield "it is not the certificate of an authority"
    yield from _key_problems(request, seen)
    yield from _subject_problems(request, found)
