# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Reaching a daemon by mutual TLS."""

from __future__ import annotations

import contextlib
import os
import ssl

from .._certificate.files import read_regular
from .._certificate.read import Certificate, Unreadable, from_der
from .._deadline import Deadline
from .._errors import ConnectionFailed, PeerError, StratumError
from .base import Access, ByteStream
from .pki import Identity, Pki, check_server, load
from .tcp import open_socket
from .tls_errors import look, no_handshake, not_accepted, not_begun, not_trusted
from .tls_stream import TlsStream, client_context

PORT = 16514
ACCEPTED = b"\1"
"""What libvirt sends, as the first byte, to a client whose certificate it accepts."""
PARTIAL_CHAIN = 0x80000
"""OpenSSL's number for taking every certificate of an authority as it is, as GnuTLS does, even if another authority has
signed it. Python has a name for it since 3.10."""
LOOK_AGAIN = 5.0
"""Seconds that a better message is worth."""


def connect_tls(host: str, port: int, *, pki: Pki, verify: bool, deadline: Deadline, access: Access) -> ByteStream:
    """Connect to a daemon that is who it says, and that accepts who we are. Nothing is sent to any other.

    Without ``verify`` it may be anybody. Raises ConnectionFailed, AuthenticationFailed when we are not accepted,
    PeerError, DeadlineExceeded, MissingLibrary.
    """
    identity = load(pki, verify=verify, warn=access.warn)
    context = _context(identity, verify=verify)
    if not verify:
        access.warn(f"no_verify: it was not checked whether {host} is who it says. Anybody in between can read all.")
    opened = open_socket(host, port, deadline)
    stream = TlsStream(opened, context, host, f"port {port} of {host}")
    try:
        _agree(stream, host, port, identity, deadline)
        if verify:
            check_server(_shown(stream), host, access.warn)
        _wait_for_acceptance(stream, host, identity, deadline)
    except (StratumError, OSError):
        stream.close()
        raise
    return stream


def _context(identity: Identity, *, verify: bool) -> ssl.SSLContext:
    context = client_context()
    pki = identity.pki
    if verify:
        # A name in the subject says who somebody is, not which machine.
        context.hostname_checks_common_name = False
        context.verify_flags |= PARTIAL_CHAIN
        for authority in identity.authorities:
            context.load_verify_locations(cadata=authority.pem().decode())
        _load_revoked(context, pki)
    else:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    try:
        # OpenSSL would ask whoever sits at the terminal for the passphrase of a key that is encrypted.
        context.load_cert_chain(pki.certificate, pki.key, password="")
    except ssl.SSLError as error:
        reason = (error.reason or "no reason").replace("_", " ").lower()
        raise ConnectionFailed(f"our certificate {pki.certificate} cannot be used: {reason}.") from error
    except OSError as error:
        raise ConnectionFailed(f"our certificate {pki.certificate} cannot be read: {error.strerror}.") from error
    return context


def _load_revoked(context: ssl.SSLContext, pki: Pki) -> None:
    """Have what the authority took back refused, where it has said so."""
    what = f"the list of revoked certificates {pki.revoked} cannot be used"
    try:
        # OpenSSL would trust these.
        if b"CERTIFICATE-----" in read_regular(pki.revoked):
            raise ConnectionFailed(f"{what}: there are certificates in it.", hint="Authorities belong in cacert.pem.")
        context.load_verify_locations(cafile=pki.revoked)
    except ssl.SSLError as error:
        raise ConnectionFailed(f"{what}: it is no such list.") from error
    except OSError as error:
        if isinstance(error, FileNotFoundError) and not os.path.islink(pki.revoked):
            return
        raise ConnectionFailed(f"{what}: {error.strerror}.") from error
    context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF


def _agree(stream: TlsStream, host: str, port: int, identity: Identity, deadline: Deadline) -> None:
    """Do the handshake, and explain why it fails."""
    try:
        stream.handshake(deadline)
    except ssl.SSLCertVerificationError as error:
        raise not_trusted(error, host, _look_again(host, port, deadline), identity) from error
    except OSError as error:
        raise no_handshake(error, host, port, identity) from error


def _look_again(host: str, port: int, deadline: Deadline) -> Certificate | None:
    soon = deadline.sooner(LOOK_AGAIN)
    with contextlib.suppress(StratumError):
        return look(open_socket(host, port, soon), host, soon)
    return None


def _shown(stream: TlsStream) -> Certificate:
    try:
        return from_der(stream.peer_certificate() or b"")
    except Unreadable as error:
        raise PeerError(f"the daemon's certificate cannot be read: {error}.") from error


def _wait_for_acceptance(stream: TlsStream, host: str, identity: Identity, deadline: Deadline) -> None:
    try:
        answer = stream.receive(1, deadline)
    except ConnectionError as error:
        raise not_begun(error, host, identity) from error
    if not answer:
        raise not_accepted(None, host, identity)
    if answer != ACCEPTED:
        raise PeerError(f"what answers at {host} is not libvirt: it began with the byte {answer[0]}.")
