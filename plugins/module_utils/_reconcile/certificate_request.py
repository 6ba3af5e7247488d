# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""What a task asks of a certificate. No I/O here."""

from __future__ import annotations

import ipaddress
import os.path
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from .._certificate.make import SIZES, USUAL_SIZES, Wanted
from .._errors import InputError, names

KEY_TYPES = tuple(SIZES)
DAYS: Mapping[str, int] = {"authority": 3650}
USUAL_DAYS = 365
MOST_DAYS = 36500
_DNS = re.compile(r"(\*\.)?[A-Za-z0-9_]([A-Za-z0-9_-]{0,62})(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,62}))*\.?")


class Places(NamedTuple):
    """Where the files of a role are."""

    authority: str | None
    """The authority's certificate; ``None`` where it is the certificate itself."""
    certificate: str
    key: str
    also: tuple[tuple[str, str], ...] = ()
    """Second names, and of which file."""

    def within(self, folder: str) -> Places:
        """Return the same names in another folder."""
        return Places(
            None if self.authority is None else os.path.join(folder, self.authority),
            os.path.join(folder, self.certificate),
            os.path.join(folder, self.key),
            tuple((os.path.join(folder, name), os.path.join(folder, target)) for name, target in self.also),
        )


class Role(NamedTuple):
    """What a certificate is for."""

    usages: frozenset[str]
    places: Places
    """Names in a folder."""
    usual: Places | None = None
    """Where libvirt looks if nothing else is said; ``None``: in ``folder``."""
    folder: str = ""


ROLES: Mapping[str, Role] = {
    "authority": Role(frozenset(), Places(None, "cacert.pem", "cakey.pem"), folder="/etc/pki/CA"),
    "server": Role(
        frozenset({"server"}),
        Places("cacert.pem", "servercert.pem", "serverkey.pem"),
        Places("/etc/pki/CA/cacert.pem", "/etc/pki/libvirt/servercert.pem", "/etc/pki/libvirt/private/serverkey.pem"),
    ),
    "client": Role(
        frozenset({"client"}),
        Places("cacert.pem", "clientcert.pem", "clientkey.pem"),
        Places("/etc/pki/CA/cacert.pem", "/etc/pki/libvirt/clientcert.pem", "/etc/pki/libvirt/private/clientkey.pem"),
    ),
    # A node takes domains in and sends them away, so QEMU is a server there and a client.
    "migration": Role(
        frozenset({"server", "client"}),
        Places(
            "ca-cert.pem",
            "server-cert.pem",
            "server-key.pem",
            (("client-cert.pem", "server-cert.pem"), ("client-key.pem", "server-key.pem")),
        ),
        folder="/etc/pki/qemu",
    ),
}
"""Sources: https://libvirt.org/kbase/tlscerts.html, and qemu.conf, default_tls_x509_cert_dir."""


class CertificateRequest(NamedTuple):
    """A task's options in canonical form. ``None``: not stated."""

    role: str
    state: str
    places: Places
    wanted: Wanted
    renew_before: int
    """Days."""
    key_type: str | None
    key_size: int | None
    authority: str | None
    """The folder of the authority, if it is on this machine."""
    is_signed_far_away: bool
    """Whether the authority is on the controller, which comes back with the certificate."""
    authority_certificate: bytes | None
    certificate: bytes | None
    """One that was signed elsewhere."""
    owner: str | None
    group: str | None
    force: bool

    @property
    def new_key(self) -> tuple[str, int]:
        """Type and size of a key that is made."""
        kind = self.key_type or "RSA"
        return kind, self.key_size or USUAL_SIZES[kind]


def load(params: Mapping[str, Any]) -> CertificateRequest:
    """Return what a task asks for; raise InputError for what cannot be right, before anything is looked at."""
    name: str = params["role"]
    role = ROLES[name]
    stated = None if params["alternative_names"] is None else _names(params["alternative_names"])
    valid_for = DAYS.get(name, USUAL_DAYS) if params["valid_for"] is None else params["valid_for"]
    _check_numbers(valid_for, params["renew_before"])
    _check_key(params["key_type"], params["key_size"])
    if name == "authority":
        for option in ("alternative_names", "authority", "authority_certificate", "certificate"):
            if params[option] is not None:
                raise InputError(option, "an authority has none.", hint="Use another role, or leave it out.")
    if params["certificate"] is not None and params["authority"] is not None and params["remote_src"]:
        raise InputError("certificate", "it comes from elsewhere, so there is no authority to sign one.")
    common_name = params["common_name"] or ""
    if params["state"] == "present":
        _check_name("common_name", common_name)
        if params["organization"] is not None:
            _check_name("organization", params["organization"])
    return CertificateRequest(
        role=name,
        state=params["state"],
        places=_places(role, params["path"]),
        wanted=Wanted(
            common_name=common_name,
            organization=params["organization"],
            names=stated if stated is not None else _usual_names(role, common_name),
            usages=role.usages,
            valid_for=valid_for,
        ),
        renew_before=params["renew_before"],
        key_type=params["key_type"],
        key_size=params["key_size"],
        authority=params["authority"] if params["remote_src"] else None,
        is_signed_far_away=params["authority"] is not None and not params["remote_src"],
        authority_certificate=_text(params["authority_certificate"]),
        certificate=_text(params["certificate"]),
        owner=params["owner"],
        group=params["group"],
        force=params["force"],
    )


def _places(role: Role, path: str | None) -> Places:
    if path is None and role.usual is not None:
        return role.usual
    folder = path or role.folder
    if not os.path.isabs(folder):
        raise InputError("path", f"{path!r} is not an absolute path.")
    return role.places.within(folder)


def _text(text: str | None) -> bytes | None:
    return None if text is None else f"{text.strip()}\n".encode()


def _check_numbers(valid_for: int, renew_before: int) -> None:
    if not 1 <= valid_for <= MOST_DAYS:
        raise InputError("valid_for", f"{valid_for} is not between 1 and {MOST_DAYS} days.")
    if not 0 <= renew_before < valid_for:
        raise InputError(
            "renew_before", f"{renew_before} days are not fewer than the {valid_for} that it is valid for."
        )


def _check_key(kind: str | None, size: int | None) -> None:
    sizes = SIZES[kind or "RSA"]
    if size is not None and size not in sizes:
        raise InputError(
            "key_size",
            f"a key of type {kind or 'RSA'} has no {size} bits.",
            hint=f"Possible: {names([*map(str, sizes)])}.",
        )


def _check_name(option: str, text: str) -> None:
    if not 1 <= len(text) <= 64 or not text.isprintable():
        raise InputError(option, "it has to have 1 to 64 characters, on one line.")


def _usual_names(role: Role, common_name: str) -> tuple[str, ...]:
    """Return what a server is called: as its common name says. A client is known by its subject."""
    if "server" not in role.usages or not common_name:
        return ()
    return _names([f"{'IP' if _is_address(common_name) else 'DNS'}:{common_name}"], "common_name")


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _names(stated: Sequence[str], option: str = "alternative_names") -> tuple[str, ...]:
    found = []
    for each in stated:
        kind, _colon, value = each.partition(":")
        if kind == "IP":
            try:
                found.append(f"IP:{ipaddress.ip_address(value)}")
            except ValueError as error:
                raise InputError(option, f"{value!r} is not an address.") from error
        elif kind == "DNS" and _is_address(value):
            raise InputError(option, f"{each!r} is an address.", hint=f"Nobody looks for it there: write IP:{value}.")
        elif kind == "DNS" and len(value) <= 253 and _DNS.fullmatch(value):
            found.append(each)
        else:
            raise InputError(
                option, f"{each!r} is no name of a machine.", hint="Write DNS:node1.example.org or IP:192.0.2.1."
            )
    return tuple(dict.fromkeys(found))
