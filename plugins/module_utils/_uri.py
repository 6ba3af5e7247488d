# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Connection URIs: ``driver[+transport]://[user@][host][:port]/path[?parameter=value…]``."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from ._errors import InputError

TRANSPORTS = ("unix", "ssh", "libssh", "libssh2", "tls", "tcp")


class Uri(NamedTuple):
    """One parsed connection URI. Source: https://libvirt.org/uri.html."""

    scheme: str
    """The hypervisor's word, without the transport: ``qemu``, ``lxc``, ``test``, ``sim``…"""
    transport: str | None
    """``None`` when the URI does not say one."""
    user: str | None
    host: str | None
    port: int | None
    path: str
    parameters: dict[str, str]

    def plain(self) -> str:
        """Return the URI as the daemon at its end knows it: without transport, user, host and our parameters."""
        return f"{self.scheme}://{self.path}"

    def __str__(self) -> str:
        transport = f"+{self.transport}" if self.transport else ""
        user = f"{self.user}@" if self.user else ""
        host = f"[{self.host}]" if self.host and ":" in self.host else self.host or ""
        port = f":{self.port}" if self.port else ""
        query = "&".join(f"{name}={value}" for name, value in self.parameters.items())
        return f"{self.scheme}{transport}://{user}{host}{port}{self.path}{'?' + query if query else ''}"


def parse(text: str, option: str = "uri") -> Uri:
    """Parse a URI; raise InputError that names ``option``."""
    hint = "Write it like qemu:///system, qemu+ssh://user@host/system or sim:///path."
    # It may hold a password, and be none because of that.
    shown = re.sub("(?s)/.*@", "/…@", text)
    try:
        split = urlsplit(text)
        port = split.port
    except ValueError as error:
        reason = f" ({error})" if shown == text else ""
        raise InputError(option, f"{shown!r} is not a URI{reason}.", hint=hint) from None
    scheme, _plus, transport = split.scheme.partition("+")
    if not scheme or "://" not in text:
        raise InputError(option, f"{shown!r} is not a URI.", hint=hint)
    if transport and transport not in TRANSPORTS:
        raise InputError(option, f"the transport {transport!r} is not known.", hint=f"Known: {', '.join(TRANSPORTS)}.")
    if split.password is not None:
        raise InputError(option, "it holds a password, and a URI is printed in results and logs.", hint="Use a key.")
    return Uri(
        scheme=scheme,
        transport=transport or None,
        user=unquote(split.username) if split.username else None,
        host=split.hostname,
        port=port,
        path=unquote(split.path),
        parameters=dict(parse_qsl(split.query, keep_blank_values=True)),
    )
