# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every call about one domain, so that what holds for all of them is tested on all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from ansible_collections.stratum.virt.plugins.module_utils._deadline import Deadline
from ansible_collections.stratum.virt.plugins.module_utils._driver.base import Capability, Domains, Shutdown
from ansible_collections.stratum.virt.plugins.module_utils._errors import StratumError

DEVICE = "<interface type='network'><mac address='52:54:00:c0:00:99'/><source network='default'/></interface>"
PING = '{"execute": "guest-ping"}'


class Call(NamedTuple):
    """One call with arguments that are right for any domain."""

    name: str
    needs: Capability | None
    make: Callable[[Domains, str], object]
    live: bool = False
    """Whether it is about a running domain only."""

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


def needs_of(capability: Capability) -> list[Call]:
    """Return the calls that need a capability."""
    return [call for call in DOMAIN_CALLS if call.needs is capability]


def outcomes_other_than(
    error: type[StratumError], calls: Iterable[Call], domains: Domains, name: str
) -> dict[str, str]:
    """Make calls that must all raise this error about this domain; return what else happened, by call."""
    wrong = {}
    for call in calls:
        try:
            call.make(domains, name)
        except error as raised:
            if name not in str(raised):
                wrong[call.name] = f"does not name the domain: {raised}"
        except StratumError as raised:
            wrong[call.name] = repr(raised)
        else:
            wrong[call.name] = "nothing was raised"
    return wrong
