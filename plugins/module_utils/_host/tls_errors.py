# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Why a TLS connection came to nothing, in words that say what to do."""

from __future__ import annotations

import contextlib
import socket
import ssl

from .._certificate.read import Certificate, Unreadable, day, from_der, now
from .._deadline import Deadline
from .._errors import AuthenticationFailed, ConnectionFailed, StratumError, names
from .pki import Identity
from .tls_stream import TlsStream, client_context, has_ended

EXPIRED, NOT_YET, REVOKED, PURPOSE = 10, 9, 23, 26
NAME = (62, 64)
NO_LIST, LIST_EXPIRED, LIST_NOT_YET = 3, 12, 11
UNKNOWN = (2, 18, 19, 20, 21, 24, 7)
"""OpenSSL's numbers for what is wrong with a certificate. Source: x509_vfy.h."""
TOO_OLD = ("UNSUPPORTED_PROTOCOL", "TLSV1_ALERT_PROTOCOL_VERSION", "WRONG_SSL_VERSION")
OF_CERTIFICATES = ("CERTIFICATE", "UNKNOWN_CA", "ACCESS_DENIED")
NO_TLS = (
    "WRONG_VERSION_NUMBER",
    "HTTP_REQUEST",
    "HTTPS_PROXY_REQUEST",
    "PACKET_LENGTH_TOO_LONG",
    "RECORD_LAYER_FAILURE",
)


def no_handshake(error: OSError, server: str, port: int, identity: Identity) -> ConnectionFailed:
    """Explain a handshake that failed for another reason than the server's certificate."""
    what = f"port {port} of {server}"
    reason = getattr(error, "reason", None) or ""
    if reason in TOO_OLD:
        return ConnectionFailed(
            f"{what} speaks only versions of TLS that are too old to be safe.", hint="At least TLS 1.2 is needed."
        )
    if reason in NO_TLS:
        return ConnectionFailed(
            f"{what} does not speak TLS: something else answers there.",
            hint="libvirt's port for TLS is 16514, unless tls_port in libvirtd.conf says another one.",
        )
    if "ALERT" in reason and any(word in reason for word in OF_CERTIFICATES):
        return not_accepted(error, server, identity)
    if "ALERT" in reason:
        return AuthenticationFailed(f"{what} ended the handshake: {_words(reason)}.")
    if has_ended(error):
        return ConnectionFailed(
            f"{what} closed the connection in the middle of the handshake.",
            hint="Check that it is libvirt's port for TLS that listens there; the daemon's log may say more.",
        )
    return ConnectionFailed(f"the TLS handshake with {what} failed: {_words(reason) or error.strerror or 'no reason'}.")


def _words(reason: str) -> str:
    return reason.replace("_", " ").lower()


def not_trusted(
    error: ssl.SSLCertVerificationError, server: str, seen: Certificate | None, identity: Identity
) -> ConnectionFailed:
    """Explain why the server was not accepted. ``seen`` is what it shows when asked again; it is believed nothing."""
    code = error.verify_code
    who = f"the certificate of {server}"
    if code == EXPIRED:
        return _expired(who, seen, identity)
    if code == NOT_YET:
        since = f", but from {day(seen.not_before)} on" if seen else ""
        return ConnectionFailed(f"{who} is not yet valid{since}.", hint="Check the clocks of both machines.")
    if code in NAME:
        has = names(seen.names[:20]) if seen and seen.names else f"none but its subject, {seen.subject}" if seen else ""
        return ConnectionFailed(
            f"{who} is for other names, so this may be another machine{f': it has {has}' if has else ''}.",
            hint="Use one of these names in the URI, or make a certificate with this name.",
        )
    if code == REVOKED:
        return ConnectionFailed(f"{who} has been revoked by {identity.pki.revoked}.", hint="Do not trust this machine.")
    if code == PURPOSE:
        return ConnectionFailed(f"{who} is not one for a server.", hint="Make one with role=server.")
    if code in (NO_LIST, LIST_EXPIRED, LIST_NOT_YET):
        return ConnectionFailed(
            f"{who} cannot be checked: {identity.pki.revoked} is no list of the authority's that is valid now.",
            hint="Renew the list of revoked certificates.",
        )
    if code in UNKNOWN:
        issuer = f": it was issued by {seen.issuer}" if seen else ""
        return ConnectionFailed(
            f"{who} is signed by an authority that is not known here{issuer}, and {identity.pki.authority} is of "
            f"{names([each.subject for each in identity.authorities[:5]])}.",
            hint="Somebody may be in between. If not, use the authority's certificate that the node has.",
        )
    return ConnectionFailed(f"{who} was not accepted: {error.verify_message}.")


def _expired(who: str, seen: Certificate | None, identity: Identity) -> ConnectionFailed:
    """Tell whose certificate it is: OpenSSL doesn't."""
    if seen and now() <= seen.not_after:
        ended = [f" on {day(each.not_after)}" for each in identity.authorities if now() > each.not_after]
        return ConnectionFailed(
            f"{who} is signed by an authority whose certificate has expired{''.join(ended[:1])}.",
            hint=f"Renew it, and {identity.pki.authority} with it.",
        )
    return ConnectionFailed(f"{who} has expired{f' on {day(seen.not_after)}' if seen else ''}.", hint="Renew it there.")


def not_begun(error: ConnectionError, server: str, identity: Identity) -> ConnectionFailed | AuthenticationFailed:
    """Explain an end between the handshake and what the server says to those that it accepts: nothing but libvirt's
    saying no ends it properly, by an alert or by closing."""
    cause = error.__cause__
    if isinstance(error, ConnectionResetError) or (isinstance(cause, ssl.SSLError) and "ALERT" in (cause.reason or "")):
        return not_accepted(error, server, identity)
    return ConnectionFailed(
        f"the connection to {server} broke off before it was accepted: {error.strerror}.",
        hint="Check the network between the machines.",
    )


def not_accepted(error: OSError | None, server: str, identity: Identity) -> AuthenticationFailed:
    """Explain that the server knows who we are, and ends the connection."""
    own = identity.chain[0]
    cause = error if isinstance(error, ssl.SSLError) else error and error.__cause__
    told = f" ({_words(cause.reason)})" if isinstance(cause, ssl.SSLError) and "ALERT" in (cause.reason or "") else ""
    return AuthenticationFailed(
        f"{server} does not accept our certificate {identity.pki.certificate}{told}. It is of {own.subject}, issued by "
        f"{own.issuer}.",
        hint="Its authority has to be the one of the node, and tls_allowed_dn_list in libvirtd.conf has to allow it.",
    )


def look(opened: socket.socket, server: str, deadline: Deadline) -> Certificate | None:
    """Ask a server once more for its certificate, for a message, telling it nothing; ``None`` when it can't be had."""
    context = client_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    stream = TlsStream(opened, context, server, server)
    try:
        with contextlib.suppress(OSError, StratumError, Unreadable):
            stream.handshake(deadline)
            shown = stream.peer_certificate()
            return from_der(shown) if shown else None
        return None
    finally:
        stream.close()
