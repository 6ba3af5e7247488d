# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""What is in certificates and keys. No I/O here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, NamedTuple, Union

from .cryptography import (
    MALFORMED,
    InvalidSignature,
    UnsupportedAlgorithm,
    ec,
    ed25519,
    hashes,
    padding,
    rsa,
    serialization,
    x509,
)

if TYPE_CHECKING:
    PrivateKey = Union[rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey, ed25519.Ed25519PrivateKey]

_CERTIFICATE = re.compile(
    rb"-----BEGIN (X509 |TRUSTED )?CERTIFICATE-----.+?-----END (X509 |TRUSTED )?CERTIFICATE-----", re.S
)
LARGEST = 1048576
"""Bytes of a file of certificates or of a key that are read at most."""
_NOT_VERIFIED: tuple[type[Exception], ...] = (InvalidSignature, TypeError, *MALFORMED)
_SHOWN = 200
SOON = timedelta(days=30)
"""How long before its end a certificate is worth a warning."""


class Unreadable(ValueError):
    """A text is not what it should be; the message says what it is instead, and nothing of the text."""


class Certificate(NamedTuple):
    """What a certificate says, whoever may have signed it. Texts are fit to be printed."""

    subject: str
    issuer: str
    names: tuple[str, ...]
    """For whom it is, in the words of OpenSSL: ``DNS:node1``, ``IP:192.0.2.7``."""
    not_before: datetime
    not_after: datetime
    serial_number: int
    fingerprint: str
    """SHA-256 of the whole certificate, in pairs of digits."""
    is_authority: bool
    raw: x509.Certificate

    @property
    def organization(self) -> str | None:
        return _attribute(self.raw, x509.NameOID.ORGANIZATION_NAME)

    @property
    def common_name(self) -> str | None:
        return _attribute(self.raw, x509.NameOID.COMMON_NAME)

    def usages(self) -> frozenset[str]:
        """Return what it may be used for: ``server``, ``client``, the dotted numbers of other purposes."""
        try:
            found = self.raw.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        except (x509.ExtensionNotFound, ValueError):
            return frozenset()
        known = {x509.oid.ExtendedKeyUsageOID.SERVER_AUTH: "server", x509.oid.ExtendedKeyUsageOID.CLIENT_AUTH: "client"}
        return frozenset(known.get(usage, usage.dotted_string) for usage in found)

    def pem(self) -> bytes:
        return self.raw.public_bytes(serialization.Encoding.PEM)


def now() -> datetime:
    return datetime.now(timezone.utc)


def day(moment: datetime) -> str:
    """Write a date as a person reads it."""
    return moment.strftime("%Y-%m-%d %H:%M UTC")


def printable(text: str) -> str:
    """Return a text of somebody else, such that it can be printed: on one line, and not for ever."""
    clean = "".join(letter if letter.isprintable() else "?" for letter in text)
    return clean if len(clean) <= _SHOWN else f"{clean[:_SHOWN]}…"


def certificates(text: bytes) -> list[Certificate]:
    """Read all certificates of a PEM text, in their order; raise Unreadable when there is none, or a broken one."""
    found = [match.group() for match in _CERTIFICATE.finditer(text)]
    if not found:
        raise Unreadable("there is no PEM certificate in it")
    try:
        return [of(x509.load_pem_x509_certificate(_plain(each))) for each in found]
    except MALFORMED as error:
        raise Unreadable("it is not a certificate, or a broken one") from error


def _plain(text: bytes) -> bytes:
    """Give an old header the name that is usual now."""
    return text.replace(b"BEGIN X509 ", b"BEGIN ").replace(b"END X509 ", b"END ")


def from_der(text: bytes) -> Certificate:
    """Read a certificate in the form in which a peer sends it; raise Unreadable."""
    try:
        return of(x509.load_der_x509_certificate(text))
    except MALFORMED as error:
        raise Unreadable("it is not a certificate, or a broken one") from error


def of(raw: x509.Certificate) -> Certificate:
    """Describe a certificate; raise one of MALFORMED when its parts cannot be read."""
    return Certificate(
        subject=printable(raw.subject.rfc4514_string()),
        issuer=printable(raw.issuer.rfc4514_string()),
        names=tuple(_names(raw)),
        not_before=_utc(raw, "not_valid_before"),
        not_after=_utc(raw, "not_valid_after"),
        serial_number=raw.serial_number,
        fingerprint=raw.fingerprint(hashes.SHA256()).hex(":").upper(),
        is_authority=_is_authority(raw),
        raw=raw,
    )


def _utc(raw: x509.Certificate, name: str) -> datetime:
    """Return a date of a certificate. Before cryptography 42 it comes without its time zone."""
    aware = getattr(raw, f"{name}_utc", None)
    found: datetime = getattr(raw, name).replace(tzinfo=timezone.utc) if aware is None else aware
    return found


def _names(raw: x509.Certificate) -> Iterable[str]:
    try:
        names = raw.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return
    for name in names:
        if isinstance(name, x509.DNSName):
            yield printable(f"DNS:{name.value}")
        elif isinstance(name, x509.IPAddress):
            yield f"IP:{name.value}"


def _is_authority(raw: x509.Certificate) -> bool:
    try:
        return bool(raw.extensions.get_extension_for_class(x509.BasicConstraints).value.ca)
    except x509.ExtensionNotFound:
        return False


def _attribute(raw: x509.Certificate, kind: x509.ObjectIdentifier) -> str | None:
    found = raw.subject.get_attributes_for_oid(kind)
    return str(found[0].value) if found else None


def private_key(text: bytes) -> PrivateKey:
    """Read a private key; raise Unreadable when it is none, is encrypted or of a kind that is not known here."""
    try:
        key = serialization.load_pem_private_key(text, None)
    except TypeError as error:
        raise Unreadable("it is encrypted, and nobody can be asked for its passphrase") from error
    except (UnsupportedAlgorithm, ValueError) as error:
        if isinstance(error, UnsupportedAlgorithm):
            raise Unreadable("it is a key of a kind that is not known here") from error
        if b"ENCRYPTED" in text:
            raise Unreadable("it is encrypted, and nobody can be asked for its passphrase") from error
        raise Unreadable("it is not a private key in PEM form, or a broken one") from error
    if not isinstance(key, (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey, ed25519.Ed25519PrivateKey)):
        raise Unreadable("it is a key of a kind that is not known here")
    return key


def fits(key: PrivateKey, certificate: Certificate) -> bool:
    """Say whether a private key is that of a certificate."""
    form = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    try:
        certified = certificate.raw.public_key()
    except MALFORMED:
        return False
    return key.public_key().public_bytes(*form) == certified.public_bytes(*form)


def is_signed_by(certificate: Certificate, authority: Certificate) -> bool:
    """Say whether an authority's key has signed a certificate in its name."""
    raw = certificate.raw
    if raw.issuer != authority.raw.subject or not authority.is_authority:
        return False
    try:
        key = authority.raw.public_key()
        if hasattr(raw, "verify_directly_issued_by"):
            raw.verify_directly_issued_by(authority.raw)
        elif isinstance(key, rsa.RSAPublicKey) and raw.signature_hash_algorithm:
            key.verify(raw.signature, raw.tbs_certificate_bytes, padding.PKCS1v15(), raw.signature_hash_algorithm)
        elif isinstance(key, ec.EllipticCurvePublicKey) and raw.signature_hash_algorithm:
            key.verify(raw.signature, raw.tbs_certificate_bytes, ec.ECDSA(raw.signature_hash_algorithm))
        elif isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(raw.signature, raw.tbs_certificate_bytes)
        else:
            return False
    except _NOT_VERIFIED:
        return False
    return True


def signer(chain: Sequence[Certificate], authorities: Sequence[Certificate]) -> Certificate | None:
    """Return the authority that stands at the end of a chain, whose first certificate is the one in question."""
    for position, certificate in enumerate(chain):
        for authority in authorities:
            if is_signed_by(certificate, authority):
                return authority
        following = chain[position + 1 : position + 2]
        if not following or not is_signed_by(certificate, following[0]):
            return None
    return None
