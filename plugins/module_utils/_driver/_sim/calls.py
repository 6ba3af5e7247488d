# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""The calls of a simulated node: what each needs, and what its faults are."""

from __future__ import annotations

from ..._errors import (
    ConnectionFailed,
    DeadlineExceeded,
    Denied,
    DriverError,
    InputError,
    NotSupported,
    OperationInvalid,
    StratumError,
)
from ..base import Capability

CALLS: dict[str, Capability | None] = {
    "domains.names": None,
    "domains.describe": None,
    "domains.survey": None,
    "domains.find": None,
    "domains.define": None,
    "domains.undefine": None,
    "domains.start": None,
    "domains.shutdown": Capability.SHUTDOWN,
    "domains.reboot": Capability.SHUTDOWN,
    "domains.reset": None,
    "domains.destroy": None,
    "domains.suspend": Capability.SUSPEND,
    "domains.resume": Capability.SUSPEND,
    "domains.save": Capability.MANAGED_SAVE,
    "domains.discard_save": Capability.MANAGED_SAVE,
    "domains.set_autostart": Capability.AUTOSTART,
    "domains.rename": Capability.RENAME,
    "domains.attach_device": Capability.HOTPLUG,
    "domains.detach_device": Capability.HOTPLUG,
    "domains.update_device": Capability.UPDATE_DEVICE,
    "domains.set_memory": Capability.LIVE_MEMORY,
    "domains.set_vcpus": Capability.LIVE_VCPUS,
    "domains.set_title": Capability.LIVE_METADATA,
    "domains.set_description": Capability.LIVE_METADATA,
    "domains.set_metadata": Capability.LIVE_METADATA,
    "domains.resize_disk": Capability.BLOCK_RESIZE,
    "domains.addresses": Capability.GUEST_ADDRESSES,
    "domains.stats": Capability.STATS,
    "domains.agent": Capability.AGENT,
    "domains.watch": Capability.EVENTS,
    "node.capabilities": None,
    "node.domain_capabilities": Capability.DOMAIN_CAPABILITIES,
    "node.describe": None,
    "node.free_memory": None,
    "networks.names": Capability.NETWORKS,
    "networks.describe": Capability.NETWORKS,
    "networks.find": Capability.NETWORKS,
    "networks.define": Capability.NETWORKS,
    "networks.undefine": Capability.NETWORKS,
    "networks.start": Capability.NETWORKS,
    "networks.destroy": Capability.NETWORKS,
    "networks.set_autostart": Capability.NETWORKS,
    "networks.update": Capability.NETWORK_UPDATE,
    "networks.leases": Capability.NETWORK_LEASES,
    "networks.ports": Capability.NETWORK_PORTS,
    "pools.names": Capability.VOLUMES,
    "pools.describe": Capability.VOLUMES,
    "pools.find": Capability.VOLUMES,
    "pools.capabilities": Capability.POOL_CAPABILITIES,
    "pools.sources": Capability.POOL_SOURCES,
    "pools.define": Capability.VOLUMES,
    "pools.undefine": Capability.VOLUMES,
    "pools.build": Capability.VOLUMES,
    "pools.start": Capability.VOLUMES,
    "pools.destroy": Capability.VOLUMES,
    "pools.delete": Capability.VOLUMES,
    "pools.refresh": Capability.VOLUMES,
    "pools.set_autostart": Capability.VOLUMES,
    "volumes.describe": Capability.VOLUMES,
    "volumes.paths": Capability.VOLUMES,
    "volumes.find": Capability.VOLUMES,
    "volumes.create": Capability.VOLUMES,
    "volumes.delete": Capability.VOLUMES,
    "volumes.delete_path": Capability.VOLUMES,
    "volumes.rename": Capability.VOLUMES,
    "volumes.resize": Capability.VOLUME_RESIZE,
    "volumes.wipe": Capability.VOLUME_CONTENT,
    "volumes.upload": Capability.VOLUME_CONTENT,
    "volumes.download": Capability.VOLUME_CONTENT,
    "volumes.mark": Capability.VOLUMES,
    "volumes.set_mark": Capability.VOLUMES,
}
"""Every call, and the capability without which it raises NotSupported."""

READING = frozenset(
    {
        "domains.names",
        "domains.describe",
        "domains.survey",
        "domains.find",
        "domains.addresses",
        "domains.stats",
        "domains.watch",
        "node.capabilities",
        "node.domain_capabilities",
        "node.describe",
        "node.free_memory",
        "networks.names",
        "networks.describe",
        "networks.find",
        "networks.leases",
        "networks.ports",
        "pools.names",
        "pools.describe",
        "pools.find",
        "pools.capabilities",
        "pools.sources",
        "volumes.describe",
        "volumes.paths",
        "volumes.find",
        "volumes.download",
        "volumes.mark",
    }
)
"""The calls that change nothing, so that losing the answer loses nothing."""

WHEN = ("before", "after")

FAULT_ERRORS: dict[str, tuple[type[StratumError], str]] = {
    "refused": (DriverError, "the simulated node was told to refuse it"),
    "denied": (Denied, "permission denied"),
    "invalid": (OperationInvalid, "the simulated node was told to find its state wrong"),
    "unsupported": (NotSupported, "the simulated node was told not to support it"),
    "connection": (ConnectionFailed, "the connection to the simulated node was lost before the request was sent"),
    "deadline": (DeadlineExceeded, "the simulated node did not answer in time"),
}
"""What a fault before the effect raises, and why it says that it did."""


def call_name(text: str, option: str) -> str:
    """Return the full name of a call; raise InputError."""
    name = text if "." in text else f"domains.{text}"
    if name not in CALLS:
        raise InputError(option, f"fail={text}: not a call of a driver.", hint=f"Known: {', '.join(CALLS)}.")
    return name
