# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Where the sockets of libvirt's daemons are on a machine."""

from __future__ import annotations

from collections.abc import Iterator

from ..._host.base import Host
from ..._uri import Uri

DAEMONS = {scheme: f"virt{scheme}d" for scheme in ("bhyve", "ch", "lxc", "qemu", "vbox", "vz", "xen")}
"""The daemon of its own that a hypervisor has where libvirt is modular; the others are served by the proxy alone."""
SYSTEM_FOLDERS = ("/run/libvirt", "/var/run/libvirt")


def socket_paths(uri: Uri, host: Host) -> Iterator[str]:
    """Yield the sockets that may be the one of a URI, in libvirt's own order.

    The hypervisor's daemon comes first, then the monolithic one (or the proxy, which has its name).
    """
    if "socket" in uri.parameters:
        yield uri.parameters["socket"]
        return
    mode = uri.parameters.get("mode", "auto")
    daemons = [DAEMONS[uri.scheme]] if uri.scheme in DAEMONS and mode != "legacy" else []
    if mode != "direct":
        daemons.append("libvirt")
    for folder in _folders(uri, host):
        for daemon in daemons:
            yield f"{folder}/{daemon}-sock"


def _folders(uri: Uri, host: Host) -> tuple[str, ...]:
    """Return where sockets may lie. As in libvirt, root has no daemons of its own beside the system's."""
    own = uri.path == "/session" or uri.scheme == "test"
    if not own or host.user_id() == 0:
        return SYSTEM_FOLDERS
    runtime = host.environment("XDG_RUNTIME_DIR")
    cache = host.environment("XDG_CACHE_HOME") or f"{host.environment('HOME') or ''}/.cache"
    return (f"{runtime or cache}/libvirt",)
