# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""What makes no sense in a whole network, found before the hypervisor is asked. No I/O here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from .address import (
    Address,
    Network,
    family_of,
    network_of,
    overlap,
    parse_address,
    problem_of_range,
)
from .field import Items, Spec, join
from .network_dns import DNS_HOSTS, SRV
from .network_forward import ISOLATED, MANAGED
from .network_ip import HOSTS, IP, RANGES, ROUTES


class Problem(NamedTuple):
    """One thing that makes no sense."""

    option: str
    reason: str
    hint: str | None = None


_DIRECT = frozenset(("private", "vepa", "passthrough"))
_BRIDGED = frozenset(("bridge",))
_HOSTDEV = frozenset(("hostdev",))

_FITTING: Mapping[str, frozenset[str]] = {
    "forward.dev": frozenset(("nat", "route")) | _BRIDGED | _DIRECT,
    "forward.interfaces": frozenset(("nat", "route")) | _BRIDGED | _DIRECT,
    "forward.nat": frozenset(("nat",)),
    "forward.managed": _HOSTDEV,
    "forward.addresses": _HOSTDEV,
    "forward.driver": _HOSTDEV,
    "forward.pf": _HOSTDEV | _BRIDGED | _DIRECT,
    "bridge.name": MANAGED | _BRIDGED,
    "bridge.stp": MANAGED,
    "bridge.delay": MANAGED,
    "bridge.zone": MANAGED,
    "bridge.mac_table_manager": MANAGED | _BRIDGED,
    "mtu": MANAGED,
    "mac": MANAGED,
    "domain": MANAGED,
    "dns": MANAGED,
    "ip": MANAGED,
    "routes": MANAGED,
    "ipv6": MANAGED,
    "bandwidth": MANAGED,
}
"""The modes of forwarding in which libvirt takes an option. Source: libvirt refuses the others, most of them only when
the network starts."""


def mode_of(spec: Spec) -> str:
    """Return the mode of forwarding."""
    return str(spec["forward"].get("mode", "nat")) if "forward" in spec else ISOLATED


def problems(spec: Spec) -> Iterator[Problem]:
    """Yield what makes no sense in a network that has exactly this spec."""
    yield from _forward_problems(spec)
    yield from _ip_problems(spec)
    yield from _route_problems(spec)
    yield from _dns_problems(spec)
    defaults = [entry["name"] for entry in spec.get("portgroups", ()) if entry.get("default")]
    for name in defaults[1:]:
        yield Problem(f"portgroups[{name}].default", f"{defaults[0]} is the default already.", "One can be it.")


def _forward_problems(spec: Spec) -> Iterator[Problem]:
    mode = mode_of(spec)
    yield from misfits(spec, mode)
    forward = spec.get("forward", {})
    if mode in MANAGED and len(forward.get("interfaces", ())) > 1:
        yield Problem("forward.interfaces", f"mode: {mode} takes one interface at most.")
    if mode == "bridge" and "name" in spec.get("bridge", {}) and forward.get("interfaces", forward.get("dev")):
        yield Problem("forward.interfaces", "a network is one bridge (bridge.name) or interfaces, not both.")
    if "pf" in forward and (forward.get("interfaces") or forward.get("addresses")):
        yield Problem("forward.pf", "its functions are the interfaces then.", "State one of pf, interfaces, addresses.")
    if mode in ("nat", "route", "open") and not spec.get("ip"):
        yield Problem("ip", f"a network with forward.mode: {mode} needs an address.", "State ip with an address.")
    switched = spec.get("virtualport", {}).get("type") == "openvswitch"
    if spec.get("vlan") and not (mode in ("hostdev", "passthrough") or (mode == "bridge" and switched)):
        hint = "It fits hostdev, passthrough, and bridge with virtualport.type: openvswitch."
        yield Problem("vlan", f"a network with forward.mode: {mode} cannot have it.", hint)
    for option in ("port", "address"):
        span = forward.get("nat", {}).get(option)
        if span and _number(span["start"]) > _number(span["end"]):
            yield Problem(f"forward.nat.{option}", f"{span['start']} comes after {span['end']}.")


def misfits(spec: Spec, mode: str) -> Iterator[Problem]:
    """Yield which options do not fit a mode of forwarding."""
    for path, modes in _FITTING.items():
        if mode not in modes and _says(spec, path):
            yield Problem(path, f"a network with forward.mode: {mode} cannot have it.", f"It fits {_listed(modes)}.")


def _number(value: Any) -> int:
    address = parse_address(str(value)) if isinstance(value, str) else None
    return int(value) if address is None else int(address)


def _says(spec: Mapping[str, Any], path: str) -> bool:
    value: Any = spec
    for option in path.split("."):
        value = value.get(option) if isinstance(value, Mapping) else None
    return _is_something(value)


def _is_something(value: Any) -> bool:
    return any(map(_is_something, value.values())) if isinstance(value, Mapping) else value not in (None, False, [], "")


def _listed(modes: frozenset[str]) -> str:
    return ", ".join(sorted(modes))


def _ip_problems(spec: Spec) -> Iterator[Problem]:
    servers: dict[str, str] = {}
    addresses: dict[str, str] = {}
    for entry, path in _entries(IP, spec, ""):
        if entry["address"] in addresses:
            yield Problem(f"{path}.address", f"{entry['address']} is there twice.", "Name each one once.")
        addresses[entry["address"]] = path
        own, network = parse_address(entry["address"]), network_of(entry)
        yield from _address_problems(entry, path, network)
        family = family_of(entry["address"])
        if family == "ipv6" and "tftp" in entry:
            yield Problem(f"{path}.tftp", "only an IPv4 network has it.")
        dhcp = entry.get("dhcp", {})
        if not dhcp or own is None or network is None:
            continue
        other = servers.setdefault(family, path)
        if other != path:
            protocol = {"ipv4": "IPv4", "ipv6": "IPv6"}[family]
            yield Problem(f"{path}.dhcp", f"{other} has it already.", f"One {protocol} network can have it.")
        if network.version == 6 and network.prefixlen < 64:
            yield Problem(f"{path}.prefix", "an IPv6 network needs 64 bits or more for that.")
        yield from _range_problems(dhcp, join(path, "dhcp"), network)
        yield from _host_problems(dhcp, join(path, "dhcp"), network, own)


def _address_problems(entry: Mapping[str, Any], path: str, network: Network | None) -> Iterator[Problem]:
    family = family_of(entry["address"])
    if entry.get("family", family) != family:
        yield Problem(f"{path}.family", f"{entry['address']} is an address of {family}.", "Leave it out.")
    if network is None:
        longest = {"ipv4": 32, "ipv6": 128}[family]
        yield Problem(f"{path}.prefix", f"the prefix of an {family} address has 0 to {longest} bits.", "State prefix.")


def _range_problems(dhcp: Mapping[str, Any], path: str, network: Network) -> Iterator[Problem]:
    settled: list[tuple[tuple[Address, Address], str]] = []
    for entry, here in _entries(RANGES, dhcp, path):
        start, end = parse_address(entry.get("start", "")), parse_address(entry.get("end", ""))
        if start is None or end is None:
            continue
        reason = problem_of_range(start, end, network)
        if reason is not None:
            yield Problem(here, f"{reason}.")
        for span, other in settled:
            if overlap(span, (start, end)):
                hint = "Name the lists in exclusive to take away what is not stated."
                yield Problem(here, f"it overlaps {other}.", hint)
        settled.append(((start, end), here))


def _host_problems(dhcp: Mapping[str, Any], path: str, network: Network, own: Address) -> Iterator[Problem]:
    taken: dict[tuple[str, str], str] = {}
    for entry, here in _entries(HOSTS, dhcp, path):
        for option in ("mac", "id", "ip", "name"):
            other = taken.setdefault((option, entry[option]), here) if option in entry else here
            if other != here:
                yield Problem(f"{here}.{option}", f"{other} has {entry[option]} already.")
        address = parse_address(entry.get("ip", ""))
        if address is None:
            yield Problem(f"{here}.ip", "a host needs an address.", "State ip.")
        elif address not in network:
            yield Problem(f"{here}.ip", f"{address} is outside of {network}.")
        elif address == own:
            yield Problem(f"{here}.ip", f"{address} is the address of the node in this network.")
        if not any(option in entry for option in ("mac", "id", "name")):
            yield Problem(here, "nothing says which host it is.", "State mac, id or name.")
        wrong = "mac" if network.version == 6 else "id"
        if wrong in entry:
            right = {"mac": "id", "id": "mac"}[wrong]
            hint = f"State {right} or name."
            yield Problem(f"{here}.{wrong}", f"a host of an IPv{network.version} network is not known by it.", hint)


def _route_problems(spec: Spec) -> Iterator[Problem]:
    reached = [network for entry in spec.get("ip", ()) for network in [network_of(entry)] if network is not None]
    for entry, path in _entries(ROUTES, spec, ""):
        network = network_of(entry)
        yield from _address_problems(entry, path, network)
        gateway = parse_address(entry["gateway"])
        if gateway is None or network is None:
            continue
        if family_of(entry["gateway"]) != family_of(entry["address"]):
            yield Problem(f"{path}.gateway", f"{gateway} belongs to another protocol than {network}.")
        elif not any(gateway in other for other in reached):
            yield Problem(f"{path}.gateway", f"{gateway} is in none of this network's own (ip).")
        if network.network_address != parse_address(entry["address"]):
            yield Problem(f"{path}.address", "it is a host's.", f"State {network.network_address}.")


def _dns_problems(spec: Spec) -> Iterator[Problem]:
    dns = spec.get("dns", {})
    for entry, path in _entries(DNS_HOSTS, dns, "dns"):
        if not entry.get("hostnames"):
            yield Problem(f"{path}.hostnames", "an address without a name says nothing.", "State hostnames.")
    for index, entry in enumerate(dns.get("forwarders", ())):
        if not entry:
            yield Problem(f"dns.forwarders[{index}]", "it says nothing.", "State address, domain or both.")
    for entry, path in _entries(SRV, dns, "dns"):
        if "target" not in entry:
            for option in ("port", "priority", "weight"):
                if option in entry:
                    yield Problem(f"{path}.{option}", "a service without a target has none.", "State target.")
    if dns.get("enabled") is False:
        for option in ("forwarders", "hosts", "txt", "srv"):
            if dns.get(option):
                yield Problem(f"dns.{option}", "with enabled: false there is no name server.")
    domain = spec.get("domain", {})
    if domain and "name" not in domain:
        yield Problem("domain.name", "a domain needs a name.", "State it.")


def _entries(items: Items, spec: Mapping[str, Any], path: str) -> Iterator[tuple[Mapping[str, Any], str]]:
    here = join(path, items.option)
    for index, entry in enumerate(spec.get(items.option, ())):
        yield entry, f"{here}[{items.label(entry, index)}]"
