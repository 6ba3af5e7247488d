# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""From a URI to an open driver. Imports are literal and inside functions: only the driver in use is loaded."""

from __future__ import annotations

from .._errors import ConnectionFailed, Denied, InputError
from .._host.base import NOTHING_GIVEN, Access, Host
from .._uri import Uri, parse
from .base import Driver

LIBVIRT_SCHEMES = ("qemu", "lxc", "xen", "ch", "test", "bhyve", "vz", "hyperv", "esx", "vbox", "openvz", "vmware")
ENVIRONMENT = ("STRATUM_VIRT_URI", "LIBVIRT_DEFAULT_URI")
"""The variables that name a URI, when nobody says one; the first that is set counts."""
DEFAULTS = ("qemu:///system", "qemu:///session")
"""What is tried, in this order, when nobody says a URI."""


def open_driver(uri: str | None, host: Host, timeout: float, access: Access = NOTHING_GIVEN) -> Driver:
    """Open the driver for ``uri``; without one, what the environment names, then the first that answers.

    ``host`` is the machine that this runs on; ``timeout`` is how many seconds each request may take to be answered;
    ``access`` is for URIs that lead to another machine. Raises InputError for a URI that cannot
    be right, ConnectionFailed when nothing answers.
    """
    if uri is not None:
        return _open(parse(uri), host, timeout, access)
    for variable in ENVIRONMENT:
        value = host.environment(variable)
        if value:
            return _open(parse(value, variable), host, timeout, access)
    failures = []
    for default in DEFAULTS:
        try:
            return _open(parse(default), host, timeout, access)
        except (ConnectionFailed, Denied) as error:
            failures.append(f"{default}: {error}")
    raise ConnectionFailed(
        f"no hypervisor answers on {host.name}. {' '.join(failures)}",
        hint="Start libvirtd or virtqemud, or give the option uri.",
    )


def _open(uri: Uri, host: Host, timeout: float, access: Access) -> Driver:
    if uri.scheme == "sim":
        from ._sim.driver import SimDriver

        return SimDriver(uri, host, timeout)
    if uri.scheme in LIBVIRT_SCHEMES:
        from ._libvirt.driver import LibvirtDriver

        return LibvirtDriver(uri, host, timeout, access)
    raise InputError("uri", f"no driver for {uri.scheme!r}.", hint=f"Known: {', '.join((*LIBVIRT_SCHEMES, 'sim'))}.")
