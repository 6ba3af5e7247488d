# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Authorities and certificates for tests, good ones and bad ones, made by the core of the module tls_certificate."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from ansible_collections.stratum.virt.plugins.module_utils._certificate import make
from ansible_collections.stratum.virt.plugins.module_utils._certificate.read import (
    Certificate,
    certificates,
    now,
    private_key,
)
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

DAY = timedelta(days=1)


def dates(begin: float = -1, end: float = 365) -> make.Dates:
    """Return dates in days from now."""
    return make.Dates(now() + begin * DAY, now() + end * DAY)


class Authority:
    """One that signs whatever it is asked to."""

    def __init__(self, name: str = "Test authority", *, end: float = 3650) -> None:
        self.key: Any = make.new_key("ECC", 256)
        wanted = make.Wanted(name, None, (), frozenset(), 0)
        self.certificate: Certificate = make.make_authority(self.key, wanted, dates(-3650, end))

    @classmethod
    def read(cls, folder: Path) -> Authority:
        """Return one that the module has made."""
        found = cls()
        found.key = private_key((folder / "cakey.pem").read_bytes())
        (found.certificate,) = certificates((folder / "cacert.pem").read_bytes())
        return found

    def write(self, folder: Path) -> Path:
        """Place its certificate where libvirt looks for it in a folder; return the folder."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "cacert.pem").write_bytes(self.certificate.pem())
        return folder

    def write_key(self, folder: Path) -> Path:
        """Place its key beside its certificate, for the module."""
        (self.write(folder) / "cakey.pem").write_bytes(make.key_text(self.key))
        (folder / "cakey.pem").chmod(0o600)
        return folder

    def issue(
        self,
        folder: Path,
        role: str,
        names: Sequence[str] = (),
        *,
        begin: float = -1,
        end: float = 365,
        kind: str = "ECC",
        common_name: str | None = None,
    ) -> Path:
        """Place a certificate and its key for a role (``server`` or ``client``), with the authority's certificate, in
        a folder; return the folder."""
        self.write(folder)
        key = make.new_key(kind, make.USUAL_SIZES[kind])
        wanted = make.Wanted(common_name or f"test {role}", "Tests", tuple(names), frozenset({role}), 0)
        made = make.sign(key.public_key(), wanted, self.certificate, self.key, dates(begin, end))
        (folder / f"{role}cert.pem").write_bytes(made.pem())
        (folder / f"{role}key.pem").write_bytes(make.key_text(key))
        (folder / f"{role}key.pem").chmod(0o600)
        return folder

    def revoke(self, folder: Path, *revoked: int, end: float = 30) -> None:
        """Place a list of the serial numbers that are not to be trusted any more in a folder."""
        valid = dates(-10, end)
        builder = x509.CertificateRevocationListBuilder().issuer_name(self.certificate.raw.subject)
        builder = builder.last_update(valid.begin).next_update(valid.end)
        for number in revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(number).revocation_date(valid.begin).build()
            builder = builder.add_revoked_certificate(entry)
        made = builder.sign(self.key, hashes.SHA256())
        (folder / "cacrl.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
