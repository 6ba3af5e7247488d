# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""What may stand behind the question mark of a URI. Source: https://libvirt.org/uri.html."""

from __future__ import annotations

from collections.abc import Mapping

from ..._errors import InputError
from ..._uri import Uri

SSH = ("ssh", "libssh", "libssh2")
"""One implementation here, so that what libvirt has for one of them goes for all."""
EVERY = ("unix", *SSH, "tls", "tcp")
TRANSPORTS: Mapping[str, tuple[str, ...]] = {
    "name": EVERY,
    "mode": ("unix", *SSH),
    "socket": ("unix", *SSH),
    "proxy": SSH,
    "netcat": SSH,
    "command": SSH,
    "keyfile": SSH,
    "no_verify": (*SSH, "tls"),
    "no_tty": SSH,
    "known_hosts": SSH,
    "known_hosts_verify": SSH,
    "sshauth": SSH,
    "pkipath": ("tls",),
    "tls_priority": ("tls",),
}
"""By parameter, the transports that have it."""
WORDS: Mapping[str, tuple[str, ...]] = {
    "mode": ("auto", "direct", "legacy"),
    "proxy": ("auto", "netcat", "native"),
    "known_hosts_verify": ("normal", "auto", "ignore"),
}
SSHAUTH = ("agent", "privkey", "password", "keyboard-interactive")
FLAGS = ("no_verify", "no_tty")


def transport_of(uri: Uri) -> str:
    """Return the transport that a URI means. As in libvirt, another machine without one is reached by TLS."""
    return uri.transport or ("tls" if uri.host else "unix")


def check_parameters(uri: Uri) -> None:
    """Raise InputError for a parameter that is not known, that its transport does not have, or whose value is wrong."""
    transport = transport_of(uri)
    known = [name for name, transports in TRANSPORTS.items() if transport in transports]
    for name, value in uri.parameters.items():
        if name not in known:
            why = f"{transport} has none of that name" if name in TRANSPORTS else "there is none of that name"
            raise InputError(
                "uri",
                f"the parameter {name!r} is not known: {why}.",
                hint=f"Known with {transport}: {', '.join(known)}.",
            )
        if not value:
            raise InputError("uri", f"the parameter {name!r} has no value.")
        if name in WORDS and value not in WORDS[name]:
            raise InputError("uri", f"the {name} {value!r} is not known.", hint=f"Known: {', '.join(WORDS[name])}.")
        if name in FLAGS and not value.isdecimal():
            raise InputError("uri", f"{name}: {value!r} is not a number; 1 means yes.")
        if name == "name" and value.startswith("-"):
            # virt-ssh-helper would take it for one of its options.
            raise InputError("uri", f"the name {value!r} is not a URI.")
    if "tls_priority" in uri.parameters:
        raise InputError(
            "uri",
            "tls_priority is in the words of GnuTLS, and TLS is done by OpenSSL here.",
            hint="Leave it out: TLS 1.2 and newer are used.",
        )
    for method in ssh_methods(uri) or ():
        if method not in SSHAUTH:
            raise InputError("uri", f"the sshauth {method!r} is not known.", hint=f"Known: {', '.join(SSHAUTH)}.")


def is_set(uri: Uri, flag: str) -> bool:
    """Whether a flag is there and is not 0."""
    return int(uri.parameters.get(flag, "0")) != 0


def ssh_methods(uri: Uri) -> tuple[str, ...] | None:
    """Return the ways to log in that a URI allows, in their order; ``None`` when it says nothing of that."""
    value = uri.parameters.get("sshauth")
    return None if value is None else tuple(value.split(","))


def daemon_uri(uri: Uri) -> str:
    """Return the URI that the daemon at the other end gets."""
    return uri.parameters.get("name") or uri.plain()
