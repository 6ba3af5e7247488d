# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""The state rules of domains: what may follow what, as in libvirt's QEMU driver."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ..._document.tree import parse, serialize
from ..._errors import AlreadyExists, NotFound, OperationInvalid, StratumError
from ..domains import DomainState, EventKind
from . import guest
from .complete import complete_domain
from .live import make_live, taken_names, to_config
from .model import Domain, State
from .plugs import plug
from .validate import check_name, name_of, network_of, read_domain, uuid_of

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

RUNNING, PAUSED = DomainState.RUNNING.value, DomainState.PAUSED.value


def find(state: State, name: str, what: str) -> Domain:
    """Return a domain; raise NotFound."""
    if name not in state.domains:
        raise NotFound(f"{what}: there is no domain {name!r} on this simulated node.")
    return state.domains[name]


def active(state: State, name: str, what: str) -> Domain:
    """Return a domain that is not stopped; raise NotFound, OperationInvalid."""
    domain = find(state, name, what)
    if not domain.active:
        raise OperationInvalid(f"{what}: the domain {name!r} is not running.")
    return domain


def running(state: State, name: str, what: str) -> Domain:
    """Return a domain whose vCPUs run; raise NotFound, OperationInvalid."""
    domain = active(state, name, what)
    if domain.state != RUNNING:
        raise OperationInvalid(f"{what}: the domain {name!r} is {domain.state}, not running.")
    return domain


def persistent(state: State, name: str, what: str) -> Domain:
    """Return a domain that has a configuration; raise NotFound, OperationInvalid."""
    domain = find(state, name, what)
    if domain.config is None:
        raise OperationInvalid(f"{what}: the domain {name!r} is transient.")
    return domain


def define(state: State, document: str) -> None:
    """Create a domain, or replace the configuration of the one with this UUID."""
    root = read_domain(document, "defining a domain")
    name = name_of(root)
    what = f"defining the domain {name!r}"
    complete_domain(root, what)
    uuid = uuid_of(root) or ""
    for other, domain in state.domains.items():
        if (other == name) != (domain.uuid == uuid):
            raise AlreadyExists(f"{what}: the domain {other!r} already exists with the UUID {domain.uuid}.")
    if name in state.domains:
        state.domains[name].config = serialize(root)
    else:
        state.domains[name] = Domain(uuid=uuid, config=serialize(root))
    state.tell(EventKind.LIFECYCLE, name, "defined")


def undefine(state: State, name: str) -> None:
    """Remove the configuration; a running domain goes on without one."""
    domain = persistent(state, name, f"undefining the domain {name!r}")
    state.tell(EventKind.LIFECYCLE, name, "undefined")
    domain.config, domain.saved, domain.autostart = None, None, False
    if not domain.active:
        del state.domains[name]


def start(state: State, name: str, *, paused: bool, fresh: bool) -> None:
    """Start a domain, from its managed save image when there is one."""
    what = f"starting the domain {name!r}"
    domain = find(state, name, what)
    if domain.active:
        raise OperationInvalid(f"{what}: it is already active.")
    restored = domain.saved is not None and not fresh
    document = domain.saved if restored and domain.saved else domain.config or ""
    root = parse(document, what)
    _check_networks(state, root, what)
    identifier, state.next_identifier = state.next_identifier, state.next_identifier + 1
    others = [parse(other.live, what) for other in state.domains.values() if other.live is not None]
    make_live(root, identifier, taken_names(others))
    for interface in root.iterfind("devices/interface"):
        plug(state, interface)
    domain.live, domain.saved, domain.identifier = serialize(root), None, identifier
    domain.since = time.time()
    domain.state, domain.reason = (PAUSED, "user") if paused else (RUNNING, "restored" if restored else "booted")
    guest.plan(domain, guest.BOOT, domain.since)
    state.tell(EventKind.LIFECYCLE, name, "started")
    if paused:
        state.tell(EventKind.LIFECYCLE, name, "suspended")


def suspend(state: State, name: str) -> None:
    """Stop the vCPUs; those of a paused domain stand still already."""
    domain = active(state, name, f"suspending the domain {name!r}")
    if domain.state == PAUSED:
        return
    domain.state, domain.reason = PAUSED, "user"
    state.tell(EventKind.LIFECYCLE, name, "suspended")


def resume(state: State, name: str) -> None:
    """Let the vCPUs run again."""
    what = f"resuming the domain {name!r}"
    domain = active(state, name, what)
    if domain.state == RUNNING:
        raise OperationInvalid(f"{what}: it is already running.")
    domain.state, domain.reason = RUNNING, "unpaused"
    state.tell(EventKind.LIFECYCLE, name, "resumed")


def save(state: State, name: str) -> None:
    """Keep the running domain's document for the next start, and stop."""
    what = f"saving the domain {name!r}"
    active(state, name, what)
    domain = persistent(state, name, what)
    root = guest.live_tree(domain, name)
    to_config(root)
    domain.saved = serialize(root)
    guest.stop(state, name, "saved")


def rename(state: State, name: str, new_name: str) -> None:
    """Give a stopped domain another name."""
    what = f"renaming the domain {name!r} to {new_name!r}"
    domain = persistent(state, name, what)
    if domain.active:
        raise OperationInvalid(f"{what}: it is active.")
    if domain.saved is not None:
        raise OperationInvalid(f"{what}: it has a managed save image.")
    check_name(new_name, what)
    if new_name == name:
        raise OperationInvalid(f"{what}: that is its name already.")
    if new_name in state.domains:
        raise AlreadyExists(f"{what}: there is a domain of that name.")
    root = parse(domain.config or "", what)
    element = root.find("name")
    if element is None:
        raise StratumError(f"{what}: its configuration has no name.")
    element.text = new_name
    state.tell(EventKind.LIFECYCLE, name, "undefined")
    domain.config = serialize(root)
    state.domains[new_name] = state.domains.pop(name)
    state.tell(EventKind.LIFECYCLE, new_name, "defined")


def _check_networks(state: State, root: Element, what: str) -> None:
    for interface in root.iterfind("devices/interface"):
        check_network(state, interface, what)


def check_network(state: State, device: Element, what: str) -> None:
    """Raise when a device is an interface whose network is not there, or not active."""
    network = network_of(device)
    if network is None:
        return
    if network not in state.networks:
        raise NotFound(f"{what}: there is no network {network!r} on this simulated node.")
    if not state.networks[network].active:
        raise OperationInvalid(f"{what}: the network {network!r} is not active.")
