# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every call about one object, so that what holds for all of them is tested on all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from ansible_collections.stratum.virt.plugins.module_utils._deadline import Deadline
from ansible_collections.stratum.virt.plugins.module_utils._driver.base import Capability
from ansible_collections.stratum.virt.plugins.module_utils._driver.domains import Domains, Shutdown
from ansible_collections.stratum.virt.plugins.module_utils._driver.networks import NetworkSection, NetworkUpdate
from ansible_collections.stratum.virt.plugins.module_utils._errors import StratumError

DEVICE = "<interface type='network'><mac address='52:54:00:c0:00:99'/><source network='default'/></interface>"
PING = '{"execute": "guest-ping"}'


class Call(NamedTuple):
    """One call with arguments that are right for any object of its kind."""

    name: str
    needs: Capability | None
    make: Callable[[Any, str], object]
    """Gets the driver's interface for that kind, and the object's name."""
    live: bool = False
    """Whether it is about an active object only."""

    def __str__(self) -> str:
        return self.name


def _watch(domains: Domains, name: str) -> None:
    with domains.watch(name):
        pass


DOMAIN_CALLS = (
    Call("undefine", None, lambda domains, name: domains.undefine(name)),
    Call("start", None, lambda domains, name: domains.start(name)),
    Call("start paused", Capability.START_PAUSED, lambda domains, name: domains.start(name, paused=True)),
    Call("shutdown", Capability.SHUTDOWN, lambda domains, name: domains.shutdown(name, Shutdown.ACPI), live=True),
    Call("shutdown by agent", Capability.AGENT, lambda domains, name: domains.shutdown(name, Shutdown.AGENT), True),
    Call("reboot", Capability.SHUTDOWN, lambda domains, name: domains.reboot(name, Shutdown.ACPI), live=True),
    Call("destroy", None, lambda domains, name: domains.destroy(name), live=True),
    Call("suspend", Capability.SUSPEND, lambda domains, name: domains.suspend(name), live=True),
    Call("resume", Capability.SUSPEND, lambda domains, name: domains.resume(name), live=True),
    Call("save", Capability.MANAGED_SAVE, lambda domains, name: domains.save(name), live=True),
    Call("discard_save", Capability.MANAGED_SAVE, lambda domains, name: domains.discard_save(name)),
    Call("set_autostart", Capability.AUTOSTART, lambda domains, name: domains.set_autostart(name, True)),
    Call("rename", Capability.RENAME, lambda domains, name: domains.rename(name, f"{name}-new")),
    Call("attach_device", Capability.HOTPLUG, lambda domains, name: domains.attach_device(name, DEVICE), live=True),
    Call("detach_device", Capability.HOTPLUG, lambda domains, name: domains.detach_device(name, DEVICE), live=True),
    Call("update_device", Capability.UPDATE_DEVICE, lambda domains, name: domains.update_device(name, DEVICE), True),
    Call("set_memory", Capability.LIVE_MEMORY, lambda domains, name: domains.set_memory(name, 32768), live=True),
    Call("set_vcpus", Capability.LIVE_VCPUS, lambda domains, name: domains.set_vcpus(name, 1), live=True),
    Call("set_title", Capability.LIVE_METADATA, lambda domains, name: domains.set_title(name, "a title"), live=True),
    Call(
        "set_description",
        Capability.LIVE_METADATA,
        lambda domains, name: domains.set_description(name, "some words"),
        live=True,
    ),
    Call(
        "set_metadata",
        Capability.LIVE_METADATA,
        lambda domains, name: domains.set_metadata(name, "<a/>", "c", "urn:contract"),
        live=True,
    ),
    Call("resize_disk", Capability.BLOCK_RESIZE, lambda domains, name: domains.resize_disk(name, "vda", 65536), True),
    Call("agent", Capability.AGENT, lambda domains, name: domains.agent(name, PING, Deadline(5)), live=True),
    Call("watch", Capability.EVENTS, _watch),
)


NETWORK_CALLS = (
    Call("undefine", None, lambda networks, name: networks.undefine(name)),
    Call("start", None, lambda networks, name: networks.start(name)),
    Call("destroy", None, lambda networks, name: networks.destroy(name), live=True),
    Call("set_autostart", None, lambda networks, name: networks.set_autostart(name, True)),
    Call(
        "update",
        Capability.NETWORK_UPDATE,
        lambda networks, name: networks.update(
            name, NetworkSection.DNS_TXT, NetworkUpdate.ADD, "<txt name='a' value='b'/>"
        ),
        live=True,
    ),
)
POOL_CALLS = (
    Call("undefine", None, lambda pools, name: pools.undefine(name)),
    Call("build", None, lambda pools, name: pools.build(name)),
    Call("start", None, lambda pools, name: pools.start(name)),
    Call("destroy", None, lambda pools, name: pools.destroy(name), live=True),
    Call("delete", None, lambda pools, name: pools.delete(name)),
    Call("refresh", None, lambda pools, name: pools.refresh(name), live=True),
    Call("set_autostart", None, lambda pools, name: pools.set_autostart(name, True)),
)


def volume_calls(pool: str) -> tuple[Call, ...]:
    """Return the calls about a volume of one pool."""

    def upload(volumes: Any, name: str) -> None:
        with volumes.upload(pool, name):
            pass

    def download(volumes: Any, name: str) -> None:
        with volumes.download(pool, name) as extents:
            list(extents)

    return (
        Call("delete", None, lambda volumes, name: volumes.delete(pool, name)),
        Call("rename", Capability.VOLUME_CONTENT, lambda volumes, name: volumes.rename(pool, name, f"{name}-new")),
        Call("resize", Capability.VOLUME_RESIZE, lambda volumes, name: volumes.resize(pool, name, 2**21)),
        Call("wipe", Capability.VOLUME_CONTENT, lambda volumes, name: volumes.wipe(pool, name, "zero")),
        Call("upload", Capability.VOLUME_CONTENT, upload),
        Call("download", Capability.VOLUME_CONTENT, download),
        Call("mark", None, lambda volumes, name: volumes.mark(pool, name)),
        Call("set_mark", None, lambda volumes, name: volumes.set_mark(pool, name, "x")),
    )


def needs_of(capability: Capability) -> list[Call]:
    """Return the calls that need a capability."""
    return [call for call in DOMAIN_CALLS if call.needs is capability]


def outcomes_other_than(error: type[StratumError], calls: Iterable[Call], objects: Any, name: str) -> dict[str, str]:
    """Make calls that must all raise this error about this object; return what else happened, by call."""
    wrong = {}
    for call in calls:
        try:
            call.make(objects, name)
        except error as raised:
            if name not in str(raised):
                wrong[call.name] = f"does not name the object: {raised}"
        except StratumError as raised:
            wrong[call.name] = repr(raised)
        else:
            wrong[call.name] = "nothing was raised"
    return wrong
