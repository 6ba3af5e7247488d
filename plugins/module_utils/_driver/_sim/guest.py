# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""The simulated guests: what they do by themselves when their time has come."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ..._document.tree import parse, serialize
from ..domains import DomainState, EventKind
from .complete import write_memory
from .live import agent_channel
from .model import DUE_ACTIONS, Domain, Due, Guest, State
from .plugs import unplug

if TYPE_CHECKING:
    from collections.abc import Callable

    from lxml.etree import _Element as Element

BOOT, POWER_OFF, REBOOT, UNPLUG, BALLOON = DUE_ACTIONS


def settle(state: State, now: float) -> bool:
    """Let everything happen that was due by ``now``, in its order; return whether anything was."""
    happened = False
    while True:
        waiting = [
            (due.at, name, due)
            for name, domain in state.domains.items()
            for due in domain.due
            # A guest whose vCPUs stand still does nothing; it goes on when it is resumed.
            if due.at <= now and domain.state == DomainState.RUNNING.value
        ]
        if not waiting:
            return happened
        _at, name, due = min(waiting, key=lambda each: each[0])
        domain = state.domains[name]
        domain.due.remove(due)
        _ACTIONS[due.action](state, name, domain, due.detail)
        happened = True


def plan(domain: Domain, action: str, now: float, detail: str = "") -> None:
    """Let the guest do something after its time to react."""
    domain.due.append(Due(now + domain.guest.reaction, action, detail))


def stop(state: State, name: str, reason: str) -> None:
    """End the running instance; a transient domain is gone with it."""
    domain = state.domains[name]
    for interface in live_tree(domain, name).iterfind("devices/interface"):
        unplug(state, interface)
    domain.state, domain.reason = DomainState.STOPPED.value, reason
    domain.live, domain.identifier, domain.since = None, 0, 0.0
    domain.booted = False
    domain.due.clear()
    domain.capacities.clear()
    state.tell(EventKind.LIFECYCLE, name, "stopped")
    if domain.config is None:
        del state.domains[name]


def restart(state: State, name: str) -> None:
    """Let the guest boot again: what it was asked is forgotten, and its agent goes away for a while."""
    domain = state.domains[name]
    domain.booted = False
    domain.due.clear()
    _show_agent(state, name, domain, "disconnected")
    plan(domain, BOOT, time.time())


def behave(state: State, name: str, guest: Guest) -> None:
    """Make the guest of a domain be like this from now on."""
    domain = state.domains[name]
    domain.guest = guest
    if domain.booted:
        _connect_agent(state, name, domain)


def live_tree(domain: Domain, name: str) -> Element:
    """Return the document of a running domain as a tree."""
    return parse(domain.live or "", f"the running domain {name}")


def _boot(state: State, name: str, domain: Domain, _detail: str) -> None:
    domain.booted = True
    _connect_agent(state, name, domain)


def _connect_agent(state: State, name: str, domain: Domain) -> None:
    _show_agent(state, name, domain, "connected" if domain.guest.agent else "disconnected")


def _show_agent(state: State, name: str, domain: Domain, wanted: str) -> None:
    root = live_tree(domain, name)
    channel = agent_channel(root)
    if channel is None or channel.get("state") == wanted:
        return
    channel.set("state", wanted)
    domain.live = serialize(root)
    state.tell(EventKind.AGENT, name, wanted)


def _power_off(state: State, name: str, domain: Domain, _detail: str) -> None:
    state.tell(EventKind.LIFECYCLE, name, "shutdown")
    if live_tree(domain, name).findtext("on_poweroff") == "restart":
        restart(state, name)
        return
    stop(state, name, "shutdown")


def _reboot(state: State, name: str, _domain: Domain, _detail: str) -> None:
    restart(state, name)


def _unplug(state: State, name: str, domain: Domain, alias: str) -> None:
    root = live_tree(domain, name)
    for device in root.findall("devices/*"):
        found = device.find("alias")
        parent = device.getparent()
        if parent is not None and found is not None and found.get("name") == alias:
            parent.remove(device)
            unplug(state, device)
            domain.live = serialize(root)
            state.tell(EventKind.DEVICE_REMOVED, name, alias)
            return


def _balloon(state: State, name: str, domain: Domain, size: str) -> None:
    root = live_tree(domain, name)
    write_memory(root, "currentMemory", int(size))
    domain.live = serialize(root)
    state.tell(EventKind.BALLOON, name, size)


_ACTIONS: dict[str, Callable[[State, str, Domain, str], None]] = {
    BOOT: _boot,
    POWER_OFF: _power_off,
    UNPLUG: _unplug,
    REBOOT: _reboot,
    BALLOON: _balloon,
}
