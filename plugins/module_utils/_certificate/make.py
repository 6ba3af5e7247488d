# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Making keys and certificates. No I/O here."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from .cryptography import MALFORMED, ec, ed25519, hashes, rsa, serialization, x509
from .read import Certificate, Unreadable, now, of

if TYPE_CHECKING:
    from .read import PrivateKey

CURVES: Mapping[int, str] = {256: "SECP256R1", 384: "SECP384R1", 521: "SECP521R1"}
SIZES: Mapping[str, tuple[int, ...]] = {"RSA": (2048, 3072, 4096, 8192), "ECC": tuple(CURVES), "Ed25519": (256,)}
"""Bits that a key of each type can have."""
USUAL_SIZES: Mapping[str, int] = {"RSA": 3072, "ECC": 256, "Ed25519": 256}
_CLOCKS = timedelta(minutes=5)
"""How far the clocks of two nodes may be apart, for a certificate that is used at once."""


class Wanted(NamedTuple):
    """What a certificate has to say."""

    common_name: str
    organization: str | None
    names: tuple[str, ...]
    """As in Certificate."""
    usages: frozenset[str]
    """Some of ``server`` and ``client``; none for an authority."""
    valid_for: int
    """Days."""


class Dates(NamedTuple):
    """From when to when a certificate is valid."""

    begin: datetime
    end: datetime

    @classmethod
    def of(cls, days: int) -> Dates:
        return cls(now() - _CLOCKS, now() + timedelta(days=days))


def new_key(kind: str, size: int) -> PrivateKey:
    """Make a private key of a type and size of ``SIZES``."""
    if kind == "RSA":
        return rsa.generate_private_key(65537, size)
    if kind == "ECC":
        curve: ec.EllipticCurve = getattr(ec, CURVES[size])()
        return ec.generate_private_key(curve)
    return ed25519.Ed25519PrivateKey.generate()


def kind_of(key: PrivateKey) -> tuple[str, int]:
    """Return a key's type and size."""
    if isinstance(key, rsa.RSAPrivateKey):
        return "RSA", key.key_size
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return "ECC", key.key_size
    return "Ed25519", 256


def key_text(key: PrivateKey) -> bytes:
    """Write a private key as the text of a file that only its owner may read."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def subject(wanted: Wanted) -> x509.Name:
    parts = (
        [] if wanted.organization is None else [x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, wanted.organization)]
    )
    return x509.Name([*parts, x509.NameAttribute(x509.NameOID.COMMON_NAME, wanted.common_name)])


def make_authority(key: PrivateKey, wanted: Wanted, dates: Dates | None = None) -> Certificate:
    """Make the certificate of an authority, signed by itself."""
    builder = _begin(key.public_key(), subject(wanted), subject(wanted), dates or Dates.of(wanted.valid_for))
    for extension, critical in (
        (x509.BasicConstraints(ca=True, path_length=0), True),
        (_key_usage(key_cert_sign=True, crl_sign=True), True),
        (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
    ):
        builder = builder.add_extension(extension, critical)
    return of(builder.sign(key, _hash(key)))


def make_request(key: PrivateKey, wanted: Wanted) -> bytes:
    """Write a request for a certificate, for the one who has the authority's key."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject(wanted))
    for extension, critical in _extensions(key.public_key(), wanted):
        builder = builder.add_extension(extension, critical)
    return builder.sign(key, _hash(key)).public_bytes(serialization.Encoding.PEM)


def requested_key(request: bytes) -> object:
    """Return the public key of a request whose sender has its private key; raise Unreadable."""
    try:
        found = x509.load_pem_x509_csr(request)
        if not found.is_signature_valid:
            raise Unreadable("it is not signed with the key that it is for")
        key = found.public_key()
    except Unreadable:
        raise
    except MALFORMED as error:
        raise Unreadable("it is not a request for a certificate, or a broken one") from error
    if not isinstance(key, (rsa.RSAPublicKey, ec.EllipticCurvePublicKey, ed25519.Ed25519PublicKey)):
        raise Unreadable("it is for a key of a kind that is not known here")
    return key


def sign(
    public_key: object, wanted: Wanted, authority: Certificate, key: PrivateKey, dates: Dates | None = None
) -> Certificate:
    """Make a certificate for a public key, signed by an authority; without ``dates``, one that does not outlive it."""
    if dates is None:
        dates = Dates.of(wanted.valid_for)
        dates = dates._replace(end=min(dates.end, authority.not_after))
    builder = _begin(public_key, subject(wanted), authority.raw.subject, dates)
    for extension, critical in (*_extensions(public_key, wanted), (_authority_identifier(authority), False)):
        builder = builder.add_extension(extension, critical)
    return of(builder.sign(key, _hash(key)))


def _begin(public_key: object, name: x509.Name, issuer: x509.Name, dates: Dates) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(public_key)  # type: ignore[arg-type]  # it came out of a key or a request
        .serial_number(x509.random_serial_number())
        .not_valid_before(dates.begin)
        .not_valid_after(dates.end)
    )


def _extensions(public_key: object, wanted: Wanted) -> list[tuple[x509.ExtensionType, bool]]:
    enciphers = isinstance(public_key, rsa.RSAPublicKey)
    purposes = {"server": x509.oid.ExtendedKeyUsageOID.SERVER_AUTH, "client": x509.oid.ExtendedKeyUsageOID.CLIENT_AUTH}
    found: list[tuple[x509.ExtensionType, bool]] = [
        (x509.BasicConstraints(ca=False, path_length=None), True),
        # libvirt before 9.10 and QEMU refuse a critical one without key encipherment, which only RSA keys can do.
        (_key_usage(digital_signature=True, key_encipherment=enciphers), enciphers),
        (x509.ExtendedKeyUsage([purposes[usage] for usage in sorted(wanted.usages, reverse=True)]), False),
        (x509.SubjectKeyIdentifier.from_public_key(public_key), False),  # type: ignore[arg-type]  # as above
    ]
    if wanted.names:
        found.append((x509.SubjectAlternativeName([general_name(name) for name in wanted.names]), False))
    return found


def general_name(text: str) -> x509.GeneralName:
    """Return a name for a certificate; raise ValueError when it is none."""
    kind, _colon, value = text.partition(":")
    if kind == "IP":
        return x509.IPAddress(ipaddress.ip_address(value))
    return x509.DNSName(value)


def _authority_identifier(authority: Certificate) -> x509.AuthorityKeyIdentifier:
    try:
        found = authority.raw.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    except x509.ExtensionNotFound:
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.raw.public_key())  # type: ignore[arg-type]
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(found)


def _key_usage(**used: bool) -> x509.KeyUsage:
    every = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{name: used.get(name, False) for name in every})


def _hash(key: PrivateKey) -> hashes.SHA256 | hashes.SHA384 | None:
    """Return what is signed with a key of this type; an Ed25519 key brings its own."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return None
    return hashes.SHA384() if isinstance(key, ec.EllipticCurvePrivateKey) and key.key_size > 256 else hashes.SHA256()
