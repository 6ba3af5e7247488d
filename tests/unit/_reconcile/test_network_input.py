# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What makes no sense, or is taken already, is refused before anything changes, by the full path of its option."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible_collections.stratum.virt.plugins.module_utils._driver.base import Capability, Driver
from ansible_collections.stratum.virt.plugins.module_utils._errors import InputError, NotSupported, PeerError
from ansible_collections.stratum.virt.plugins.module_utils._host.base import FileStatus
from ansible_collections.stratum.virt.plugins.module_utils._host.local import LocalHost

from .conftest import Node
from .networks import LAB, both, refused, task

ROUTES = """\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t0100000A\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t0000000A\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
eth0\t0000090A\t0100000A\t0003\t0\t0\t0\t0000FFFF\t0\t0\t0
vbr-lab\t0002010A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
wg0\t000010AC\t00000000\t0001\t0\t0\t0\t0000F0FF\t0\t0\t0
"""
"""10.0.0.0/16 at eth0, 10.9.0.0/16 behind a gateway there, 10.1.2.0/24 at the network's own bridge, and 172.16.0.0/12
at the other end of wg0."""

TRIE = """\
Local:
  +-- 0.0.0.0/0 3 0 5
     +-- 127.0.0.0/8 2 0 2
           |-- 127.0.0.1
              /32 host LOCAL
     |-- {}
        /32 host LOCAL
     |-- 10.8.8.255
        /32 link BROADCAST
"""

ROUTES_6 = "\n".join(
    " ".join(fields)
    for fields in (
        ("fd000099" + "0" * 24, "40", "0" * 32, "00", "0" * 32, "00000100", "00000001", "00000000", "00000001", "eth0"),
        ("fe800000" + "0" * 24, "40", "0" * 32, "00", "0" * 32, "00000100", "00000001", "00000000", "00000001", "eth0"),
        ("0" * 32, "00", "0" * 32, "00", "0" * 32, "ffffffff", "00000001", "00000000", "00200200", "lo"),
    )
)


class Host(LocalHost):
    """A host with routes of its own."""

    def __init__(self, address: str = "10.8.8.8") -> None:
        self.files = {
            "/proc/net/route": ROUTES,
            "/proc/net/ipv6_route": ROUTES_6,
            "/proc/net/fib_trie": TRIE.format(address),
            "/sys/class/net/wg0/flags": "0x10d1\n",
            "/proc/self/exe": "\x7fELF\2\1",
        }

    def status(self, path: str) -> FileStatus | None:
        return super().status(__file__) if path in self.files else None

    def read(self, path: str, size: int, *, offset: int = 0) -> bytes:
        return self.files[path].encode()


def ip(text: str) -> str:
    return f"ip: [{{address: 10.1.2.1, prefix: 24, {text}}}]"


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ("name", "name: a/b"),
        ("name", 'name: ""'),
        ("xml", "xml: <network>"),
        ("xml", "xml: <domain/>"),
        ("xml", "xml: \"<network><name>lab</name><ip address='10.1.2.1' netmask='255.0.255.0'/></network>\""),
        ("name", "xml: <network><name>other</name></network>"),
        ("timeout", "timeout: 0"),
        ("exclusive", "exclusive: [ip.dhcp.hosts]"),
        ("exclusive", "{ip: [{address: 10.1.2.1}], exclusive: [ip.dhcp.hosts]}"),
        ("mac", "mac: '01:00:5e:00:00:01'"),
        ("mtu", "mtu: 10"),
        ("bridge.name", "bridge: {name: a/b}"),
        ("bridge.delay", "bridge: {delay: -1}"),
        ("ip[0].address", "ip: [{address: 10.1.2.256}]"),
        ("ip[0].address", "ip: [{address: 'fe80::1%eth0'}]"),
        ("ip[0].prefix", "ip: [{address: 10.1.2.1, prefix: 129}]"),
        ("ip[10.1.2.1].prefix", "ip: [{address: 10.1.2.1, prefix: 33}]"),
        ("ip[224.0.0.1].prefix", "ip: [{address: 224.0.0.1}]"),
        ("ip[10.1.2.1].family", "ip: [{address: 10.1.2.1, family: ipv6}]"),
        ("ip[10.1.2.1].address", "ip: [{address: 10.1.2.1}, {address: 10.1.2.1}]"),
        ("ip[fd00::1].tftp", "ip: [{address: 'fd00::1', tftp: /srv}]"),
        (
            "ip[fd00::1].prefix",
            "ip: [{address: 'fd00::1', prefix: 48, dhcp: {ranges: [{start: 'fd00::2', end: 'fd00::9'}]}}]",
        ),
        ("ip[0].tftp", ip("tftp: srv")),
        ("ip[10.1.2.1].dhcp.ranges[10.1.2.9,10.1.2.2]", ip("dhcp: {ranges: [{start: 10.1.2.9, end: 10.1.2.2}]}")),
        ("ip[10.1.2.1].dhcp.ranges[10.1.2.0,10.1.2.9]", ip("dhcp: {ranges: [{start: 10.1.2.0, end: 10.1.2.9}]}")),
        ("ip[10.1.2.1].dhcp.ranges[10.1.2.9,10.1.2.255]", ip("dhcp: {ranges: [{start: 10.1.2.9, end: 10.1.2.255}]}")),
        ("ip[10.1.2.1].dhcp.ranges[10.1.3.1,10.1.3.9]", ip("dhcp: {ranges: [{start: 10.1.3.1, end: 10.1.3.9}]}")),
        ("ip[10.1.2.1].dhcp.ranges[10.1.2.9,fd00::1]", ip("dhcp: {ranges: [{start: 10.1.2.9, end: 'fd00::1'}]}")),
        (
            "ip[10.1.2.1].dhcp.ranges[10.1.2.9,10.1.2.20]",
            ip("dhcp: {ranges: [{start: 10.1.2.2, end: 10.1.2.9}, {start: 10.1.2.9, end: 10.1.2.20}]}"),
        ),
        (
            "ip[0].dhcp.ranges[1]",
            ip("dhcp: {ranges: [{start: 10.1.2.2, end: 10.1.2.9}, {start: 10.1.2.2, end: 10.1.2.9}]}"),
        ),
        ("ip[10.1.2.1].dhcp.hosts[a].ip", ip("dhcp: {hosts: [{name: a, ip: 10.1.3.5}]}")),
        ("ip[10.1.2.1].dhcp.hosts[a].ip", ip("dhcp: {hosts: [{name: a, ip: 10.1.2.1}]}")),
        ("ip[10.1.2.1].dhcp.hosts[a].ip", ip("dhcp: {hosts: [{name: a}]}")),
        ("ip[10.1.2.1].dhcp.hosts[10.1.2.5]", ip("dhcp: {hosts: [{ip: 10.1.2.5}]}")),
        ("ip[0].dhcp.hosts[0]", ip("dhcp: {hosts: [{}]}")),
        ("ip[0].dhcp.hosts[1]", ip("dhcp: {hosts: [{name: a, ip: 10.1.2.5}, {name: b, ip: 10.1.2.5}]}")),
        ("ip[0].dhcp.hosts[1]", ip("dhcp: {hosts: [{name: a, ip: 10.1.2.5}, {name: a, ip: 10.1.2.6}]}")),
        (
            "ip[0].dhcp.hosts[1]",
            ip("dhcp: {hosts: [{mac: '52:54:00:00:00:01', ip: 10.1.2.5}, {mac: '52:54:00:00:00:01', ip: 10.1.2.6}]}"),
        ),
        ("ip[10.1.2.1].dhcp.hosts[0:1].id", ip("dhcp: {hosts: [{id: '0:1', ip: 10.1.2.5}]}")),
        (
            "ip[fd00::1].dhcp.hosts[52:54:00:00:00:01].mac",
            "ip: [{address: 'fd00::1', dhcp: {hosts: [{mac: '52:54:00:00:00:01', ip: 'fd00::5'}]}}]",
        ),
        (
            "ip[10.1.3.1].dhcp",
            "ip: [{address: 10.1.2.1, dhcp: {hosts: [{name: a, ip: 10.1.2.2}]}},"
            " {address: 10.1.3.1, dhcp: {hosts: [{name: b, ip: 10.1.3.2}]}}]",
        ),
        ("ip", "forward: {mode: nat}"),
        ("ip", "forward: {mode: open}"),
        ("forward.nat", f"{{forward: {{mode: route, nat: {{ipv6: true}}}}, {ip('')}}}"),
        ("forward.nat.port", f"{{forward: {{nat: {{port: {{start: 2000, end: 1024}}}}}}, {ip('')}}}"),
        ("forward.nat.address", f"{{forward: {{nat: {{address: {{start: 192.0.2.9, end: 192.0.2.1}}}}}}, {ip('')}}}"),
        ("forward.nat.address.start", "forward: {nat: {address: {start: 'fd00::1', end: 192.0.2.1}}}"),
        ("forward.dev", "forward: {mode: none, dev: eth0}"),
        ("forward.dev", "forward: {mode: private, dev: eth0, interfaces: [eth1]}"),
        ("forward.interfaces", f"{{forward: {{mode: nat, interfaces: [eth0, eth1]}}, {ip('')}}}"),
        ("forward.interfaces", "{forward: {mode: bridge, interfaces: [eth0]}, bridge: {name: br0}}"),
        ("forward.interfaces", "forward: {mode: hostdev, interfaces: [eth0]}"),
        ("forward.addresses", "forward: {mode: private, addresses: ['3:0.1']}"),
        ("forward.managed", "forward: {mode: bridge, managed: true}"),
        ("forward.pf", "forward: {mode: private, pf: eth0, interfaces: [eth1]}"),
        ("bridge.name", "{forward: {mode: vepa, dev: eth0}, bridge: {name: br0}}"),
        ("bridge.stp", "{forward: {mode: bridge}, bridge: {name: br0, stp: true}}"),
        ("ip", f"{{forward: {{mode: bridge}}, bridge: {{name: br0}}, {ip('')}}}"),
        (
            "ip",
            f"{{forward: {{mode: bridge}}, bridge: {{name: br0}}, {ip('dhcp: {hosts: [{name: a, ip: 10.1.2.2}]}')}}}",
        ),
        ("dns", "{forward: {mode: private, dev: eth0}, dns: {enabled: true}}"),
        ("mtu", "{forward: {mode: private, dev: eth0}, mtu: 1400}"),
        ("bandwidth", "{forward: {mode: private, dev: eth0}, bandwidth: {inbound: {average: 5}}}"),
        ("vlan", "vlan: {tags: [{id: 5}]}"),
        ("vlan.tags[0].id", "vlan: {tags: [{id: 4096}]}"),
        ("portgroups[b].default", "portgroups: [{name: a, default: true}, {name: b, default: true}]"),
        ("portgroups[1]", "portgroups: [{name: a}, {name: a}]"),
        ("domain.name", "domain: {local_only: true}"),
        ("dns.hosts[1]", "dns: {hosts: [{ip: 10.1.2.5, hostnames: [a]}, {ip: 10.1.2.5, hostnames: [b]}]}"),
        ("dns.hosts[10.1.2.5].hostnames", "dns: {hosts: [{ip: 10.1.2.5}]}"),
        ("dns.hosts", "dns: {enabled: false, hosts: [{ip: 10.1.2.5, hostnames: [a]}]}"),
        ("dns.forwarders[0]", "dns: {forwarders: [{}]}"),
        ("dns.forwarders[0].address", "dns: {forwarders: [{address: a.example}]}"),
        ("dns.srv[a,tcp,,,5].port", "dns: {srv: [{service: a, protocol: tcp, port: 5}]}"),
        ("dns.srv[1]", "dns: {srv: [{service: a, protocol: tcp}, {service: a, protocol: tcp, weight: 5}]}"),
        (
            "routes[10.9.0.0,16].gateway",
            f"{{{ip('')}, routes: [{{address: 10.9.0.0, prefix: 16, gateway: 10.1.3.1}}]}}",
        ),
        (
            "routes[10.9.0.1,16].address",
            f"{{{ip('')}, routes: [{{address: 10.9.0.1, prefix: 16, gateway: 10.1.2.2}}]}}",
        ),
        (
            "routes[10.9.0.0,16].gateway",
            f"{{{ip('')}, routes: [{{address: 10.9.0.0, prefix: 16, gateway: 'fd00::1'}}]}}",
        ),
    ],
)  # fmt: skip
def test_bad_input_is_named(node: Node, option: str, text: str) -> None:
    stated: dict[str, Any] = yaml.safe_load(text)
    error = refused(node, InputError, **{"name": "lab", **stated})
    assert error.facts["option"] == option
    assert str(error).startswith(f"{option}: ")


def test_the_whole_network_has_to_make_sense(node: Node) -> None:
    """What a task states is wrong by what it does not state."""
    task(node, **LAB)
    for option, parts in {
        "ip[10.1.2.1].dhcp.ranges[10.1.2.140,10.1.2.160]": {"ranges": [{"start": "10.1.2.140", "end": "10.1.2.160"}]},
        "ip[10.1.2.1].dhcp.hosts[three].ip": {"hosts": [{"name": "three", "ip": "10.1.2.11"}]},
        "ip[10.1.2.1].dhcp.hosts[52:54:00:00:00:03].name": {
            "hosts": [{"mac": "52:54:00:00:00:03", "ip": "10.1.2.13", "name": "one"}]
        },
    }.items():
        error = refused(node, InputError, ip=[{"address": "10.1.2.1", "dhcp": parts}])
        assert error.facts["option"] == option
    error = refused(node, InputError, ip=[{"address": "10.5.2.1"}])
    assert error.facts["option"] == "ip[10.5.2.1].dhcp.ranges[10.1.2.100,10.1.2.149]"


def test_what_made_no_sense_before_is_not_this_tasks_business(node: Node) -> None:
    with node.connect() as driver:
        assert driver.networks is not None
        driver.networks.define(
            "<network><name>lab</name><ip address='10.1.2.1' prefix='24'><dhcp>"
            "<range start='10.1.2.2' end='10.1.2.20'/><range start='10.1.2.10' end='10.1.2.30'/></dhcp></ip></network>"
        )
    assert both(node, mtu=9000)["changed"]


@pytest.mark.parametrize(
    ("option", "options"),
    [
        ("ip[192.168.122.129]", {"ip": [{"address": "192.168.122.129", "prefix": 25}]}),
        ("ip[192.168.0.1]", {"ip": [{"address": "192.168.0.1", "prefix": 16}]}),
        ("ip[10.0.5.1]", {"ip": [{"address": "10.0.5.1", "prefix": 24}]}),
        ("ip[10.0.0.1]", {"ip": [{"address": "10.0.0.1"}]}),
        ("ip[10.9.0.1]", {"ip": [{"address": "10.9.0.1", "prefix": 16}]}),
        ("ip[10.8.8.1]", {"ip": [{"address": "10.8.8.1", "prefix": 24}]}),
        ("ip[172.16.0.1]", {"ip": [{"address": "172.16.0.1", "prefix": 12}]}),
        ("ip[fd00:99::5]", {"ip": [{"address": "fd00:99::5", "prefix": 64}]}),
        ("bridge.name", {"bridge": {"name": "virbr0"}}),
    ],
)
def test_what_the_node_has_already_is_refused(node: Node, option: str, options: dict[str, Any]) -> None:
    with_files(node)
    error = refused(node, InputError, **options, state="active", host=Host())
    assert error.facts["option"] == option
    # Without the wish to be active it takes nothing from anybody.
    if option != "bridge.name":
        task(node, **options, state="present", host=Host())
        error = refused(node, InputError, state="active", host=Host())
        assert error.facts["option"] == option


def with_files(node: Node) -> None:
    """Let the node's files be those of the host."""
    node.has_files = True


@pytest.mark.parametrize("address", ["10.9.5.1", "10.1.2.1", "172.17.1.1", "fe80::1", "192.168.123.1"])
def test_what_others_have_elsewhere_is_free(node: Node, address: str) -> None:
    with_files(node)
    prefix = 64 if ":" in address else 24
    options = {"bridge": {"name": "vbr-lab"}, "ip": [{"address": address, "prefix": prefix}]}
    assert task(node, **options, state="active", host=Host())["changed"]
    assert not task(node, **options, state="active", host=Host())["changed"]


def test_a_node_with_another_byte_order(node: Node) -> None:
    with_files(node)
    host = Host()
    host.files["/proc/self/exe"] = "\x7fELF\2\2"
    numbers = (("eth0", "0A000000", "FFFF0000"), ("eth1", "0A090000", "FFFF0000"))
    host.files["/proc/net/route"] = "".join(
        f"{name}\t{destination}\t00000000\t0001\t0\t0\t0\t{mask}\t0\t0\t0\n" for name, destination, mask in numbers
    )
    error = refused(node, InputError, ip=[{"address": "10.0.5.1", "prefix": 24}], state="active", host=host)
    assert "10.0.5.0/24 overlaps 10.0.0.0/16 at eth0 of" in str(error)
    assert task(node, ip=[{"address": "10.1.5.1", "prefix": 24}], state="active", host=host)["changed"]


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("/proc/net/route", "eth0 a b c d e f g h\n"),
        ("/proc/net/route", f"eth0 {'F' * 20} 0 1 0 0 0 FF 0\n"),
        ("/proc/net/route", f"eth0 0 0 1 0 0 0 {'F' * 20} 0\n"),
        ("/proc/net/ipv6_route", "x 40 0 0 0 0 0 0 1 eth0\n"),
        ("/proc/net/ipv6_route", f"{'f' * 40} 40 0 0 0 0 0 0 1 eth0\n"),
        ("/proc/net/ipv6_route", "0 fff 0 0 0 0 0 0 1 eth0\n"),
        ("/proc/net/fib_trie", "|--\n"),
        ("/proc/net/fib_trie", "|-- {{ x }}\n /32 host LOCAL\n"),
        ("/sys/class/net/wg0/flags", "up\n"),
    ],
)
def test_a_node_that_says_what_no_kernel_says(node: Node, path: str, content: str) -> None:
    with_files(node)
    host = Host()
    host.files[path] = content
    error = refused(node, PeerError, ip=[{"address": "10.99.5.1", "prefix": 24}], state="active", host=host)
    assert error.reason == f"{path} of this node is not what a kernel says there."


def test_the_networks_own_address_is_its_own(node: Node) -> None:
    with_files(node)
    options = {"bridge": {"name": "vbr-lab"}, "ip": [{"address": "10.1.2.1", "prefix": 24}]}
    task(node, **options, state="active", host=Host())
    assert not task(node, **options, state="active", host=Host("10.1.2.1"))["changed"]


def test_an_active_network_moves_only_to_what_is_free(node: Node) -> None:
    with_files(node)
    task(node, bridge={"name": "vbr-lab"}, ip=[{"address": "10.1.2.1", "prefix": 24}], state="active", host=Host())
    error = refused(node, InputError, ip=[{"address": "10.0.2.1"}], host=Host())
    assert error.facts["option"] == "ip[10.0.2.1]"
    assert task(node, ip=[{"address": "10.1.2.129", "prefix": 25}], host=Host())["restart_required"]


def test_a_driver_without_networks(node: Node) -> None:
    with pytest.raises(NotSupported, match="has no virtual networks"):
        task(node, parameters="without=networks")


def test_far_away_nodes_show_no_files(node: Node) -> None:
    def capabilities(driver: Driver) -> frozenset[Capability]:
        return driver.capabilities

    with node.connect() as driver:
        assert Capability.NODE_FILES not in capabilities(driver)
    assert task(node, ip=[{"address": "10.0.5.1", "prefix": 24}], state="active", host=Host())["changed"]
