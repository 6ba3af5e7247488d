# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""The guarded import of cryptography, which is needed where certificates are read or made, and nowhere else."""

from __future__ import annotations

import traceback

from .._errors import MissingLibrary

CRYPTOGRAPHY_TRACEBACK: str | None = None

try:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
except ImportError:
    CRYPTOGRAPHY_TRACEBACK = traceback.format_exc()
    x509 = hashes = serialization = ec = ed25519 = padding = rsa = None  # type: ignore[assignment]
    InvalidSignature = UnsupportedAlgorithm = ValueError  # type: ignore[misc,assignment]
    MALFORMED: tuple[type[Exception], ...] = (ValueError,)
else:
    MALFORMED = (
        ValueError,
        UnsupportedAlgorithm,
        x509.DuplicateExtension,
        x509.InvalidVersion,
        x509.UnsupportedGeneralNameType,
    )


def require_cryptography(needed_for: str) -> None:
    """Raise MissingLibrary when cryptography is not installed; whoever comes from outside begins with this."""
    if CRYPTOGRAPHY_TRACEBACK is not None:
        raise MissingLibrary("cryptography", needed_for=needed_for, traceback=CRYPTOGRAPHY_TRACEBACK)


__all__ = [
    "MALFORMED",
    "InvalidSignature",
    "UnsupportedAlgorithm",
    "ec",
    "ed25519",
    "hashes",
    "padding",
    "require_cryptography",
    "rsa",
    "serialization",
    "x509",
]
