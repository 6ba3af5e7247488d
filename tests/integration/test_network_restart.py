# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A network restarts, and running guests don't lose it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from xml.etree import ElementTree

from tests.integration.modules import Tasks
from tests.lab import Node

MAC = "52:54:00:00:14:01"
ADDRESS = "192.168.140.11"
BOOTING = 60
"""Seconds that a guest may take to answer."""

LAB: dict[str, Any] = {
    "name": "lab",
    "forward": {"mode": "nat"},
    "bridge": {"name": "vbr-lab", "stp": False, "delay": 0},
    "ip": [
        {
            "address": "192.168.140.1",
            "prefix": 24,
            "dhcp": {
                "ranges": [{"start": "192.168.140.100", "end": "192.168.140.149"}],
                "hosts": [{"mac": MAC, "ip": ADDRESS, "name": "web1"}],
            },
        }
    ],
}


class Pings:
    """Counts of what was asked and what was answered."""

    sent = 0
    answered = 0


def answered(node: Node, address: str) -> bool:
    return node.run(["busybox", "ping", "-c", "1", "-W", "1", address], check=False).returncode == 0


@contextmanager
def pinged(node: Node, address: str) -> Iterator[Pings]:
    """Ask the guest a few times a second whether it is there."""
    pings, done = Pings(), threading.Event()

    def ask() -> None:
        while not done.wait(0.2):
            pings.answered += answered(node, address)
            pings.sent += 1

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield pings
    finally:
        done.set()
        thread.join()


def answers(node: Node, address: str, count: int = 3) -> bool:
    """Whether the guest answers so many times in a row, after a while."""
    end, row = time.monotonic() + BOOTING, 0
    while row < count and time.monotonic() < end:
        row = row + 1 if answered(node, address) else 0
        time.sleep(0.2)
    return row == count


def interface(tasks: Tasks, name: str) -> ElementTree.Element:
    """Return the interface of a running domain, less what libvirt chooses anew when it is connected."""
    found = ElementTree.fromstring(tasks.live(name)).find("devices/interface")
    assert found is not None
    source = found.find("source")
    assert source is not None
    source.attrib.pop("portid", None)
    return found


def ports(node: Node, bridge: str) -> list[str]:
    """Return which interfaces of the node are in a bridge."""
    shown = node.run(["ip", "-o", "link", "show", "master", bridge]).stdout
    return [line.split(": ")[1] for line in shown.splitlines()]


def start_guest(tasks: Tasks, bootable: dict[str, object]) -> None:
    tasks.make(
        **bootable, name="web1", state="running", interfaces=[{"network": "lab", "mac": MAC}], wait_for=["address"]
    )
    assert answers(tasks.node, ADDRESS)


def test_a_guest_keeps_answering(networks: Tasks, tasks: Tasks, bootable: dict[str, object]) -> None:
    networks.make(**LAB, state="active")
    start_guest(tasks, bootable)
    before = interface(tasks, "web1")
    with pinged(tasks.node, ADDRESS) as pings:
        done = networks.apply(name="lab", domain={"name": "lab.example"}, mtu=1400, restart="if_needed")
        assert answers(tasks.node, ADDRESS, 10)
    assert done["actions"] == ["change the configuration", "stop", "start", f"reconnect web1 ({MAC})"]
    assert done["pending"] == []
    assert pings.answered >= 10
    assert pings.sent - pings.answered <= 5
    assert ElementTree.tostring(interface(tasks, "web1")) == ElementTree.tostring(before)
    assert ports(tasks.node, "vbr-lab") == [before.find("target").get("dev")]  # type: ignore[union-attr]
    assert "lab.example" in networks.virsh("net-dumpxml", "lab")
    (found,) = networks.info(name=["lab"], gather=["domains", "leases"])
    assert [(domain["name"], domain["mac"]) for domain in found["domains"]] == [("web1", MAC)]
    assert [(lease["mac"], lease["address"]) for lease in found["leases"]] == [(MAC, ADDRESS)]
    tasks.unchanged(name="web1", interfaces=[{"network": "lab", "mac": MAC}])


def test_the_bridge_may_get_another_name(networks: Tasks, tasks: Tasks, bootable: dict[str, object]) -> None:
    networks.make(**LAB, state="active")
    start_guest(tasks, bootable)
    networks.apply(name="lab", bridge={"name": "vbr-other"}, restart="if_needed")
    assert answers(tasks.node, ADDRESS)
    assert len(ports(tasks.node, "vbr-other")) == 1
    assert interface(tasks, "web1").find("source").get("bridge") == "vbr-other"  # type: ignore[union-attr]


def test_bridges_of_the_node_keep_and_exchange_their_guests(
    networks: Tasks, tasks: Tasks, deaf: Callable[..., None]
) -> None:
    """libvirt shows the interfaces of such a network as those of a bridge."""
    bridges = ("br-one", "br-two")
    for bridge in bridges:
        tasks.node.run(["ip", "link", "add", bridge, "type", "bridge"])
    try:
        networks.make(name="lab", forward={"mode": "bridge"}, bridge={"name": "br-one"}, state="active")
        deaf(
            "deaf1", f"<interface type='network'><mac address='{MAC}'/><source network='lab'/></interface>", start=True
        )
        target = interface(tasks, "deaf1").find("target").get("dev")  # type: ignore[union-attr]
        for options, bridge in (
            ({"trust_guest_rx_filters": True}, "br-one"),
            ({"bridge": {"name": "br-two"}}, "br-two"),
        ):
            done = networks.apply(name="lab", **options, restart="if_needed")
            assert done["actions"] == ["change the configuration", "stop", "start", f"reconnect deaf1 ({MAC})"]
            assert ports(tasks.node, bridge) == [target]
            (found,) = networks.info(name=["lab"], gather=["domains"])
            assert [domain["target"] for domain in found["domains"]] == [target]
        networks.make(name="lab", state="absent", force=True)
    finally:
        for bridge in bridges:
            tasks.node.run(["ip", "link", "delete", bridge], check=False)


def test_a_direct_connection_stays_as_it_is(networks: Tasks, deaf: Callable[..., None]) -> None:
    networks.make(name="lab", forward={"mode": "private", "interfaces": ["eth0"]}, state="active")
    deaf("deaf1", f"<interface type='network'><mac address='{MAC}'/><source network='lab'/></interface>", start=True)
    (found,) = networks.info(name=["lab"], gather=["domains"])
    assert [(domain["name"], domain["target"]) for domain in found["domains"]] == [("deaf1", "macvtap0")]
    done = networks.make(name="lab", trust_guest_rx_filters=True, restart="if_needed")
    assert done["actions"] == ["change the configuration", "stop", "start"]
    assert f"deaf1 ({MAC})" in str(done["warnings"])


def test_a_network_in_use_is_not_stopped_by_accident(networks: Tasks, tasks: Tasks, deaf: Callable[..., None]) -> None:
    networks.make(**LAB, state="active")
    deaf("deaf1", f"<interface type='network'><mac address='{MAC}'/><source network='lab'/></interface>", start=True)
    for state in ("inactive", "absent"):
        refused = networks.refused(name="lab", state=state)
        assert f"deaf1 ({MAC})" in refused["msg"]
        assert refused["connected"] == ["deaf1"]
    done = networks.make(name="lab", state="inactive", force=True)
    assert done["actions"] == ["stop"]
    assert f"deaf1 ({MAC})" in str(done["warnings"])
    assert networks.info(name=["lab"], gather=["domains"])[0]["domains"] == []
    done = networks.apply(name="lab", state="active")
    assert done["actions"] == ["start", f"reconnect deaf1 ({MAC})"]
    assert len(ports(tasks.node, "vbr-lab")) == 1
    networks.make(name="lab", state="inactive", force=True)
    networks.apply(name="lab", state="absent")
    assert "lab" not in networks.virsh("net-list", "--all")


def test_a_network_that_does_not_start_is_put_back(networks: Tasks, tasks: Tasks, deaf: Callable[..., None]) -> None:
    networks.make(**LAB, state="active")
    deaf("deaf1", f"<interface type='network'><mac address='{MAC}'/><source network='lab'/></interface>", start=True)
    before = networks.virsh("net-dumpxml", "lab")
    # The name of an interface that is there, which libvirt finds out when it makes the bridge.
    done = networks.run(name="lab", bridge={"name": "lo"}, restart="if_needed")
    assert done["failed"]
    assert "active again as it was before" in done["msg"]
    assert networks.virsh("net-dumpxml", "lab") == before
    assert len(ports(tasks.node, "vbr-lab")) == 1


def test_somebody_else_is_not_cut_off(networks: Tasks, tasks: Tasks, tmp_path: Any) -> None:
    """A container of the same node cannot be connected again."""
    networks.make(**LAB, state="active")
    lxc = Tasks(tasks.node, tasks.node.lxc_uri)
    document = f"""
    <domain type='lxc'>
      <name>box</name><memory unit='MiB'>64</memory>
      <os><type>exe</type><init>/bin/busybox</init><initarg>sleep</initarg><initarg>600</initarg></os>
      <devices>
        <filesystem type='mount'><source dir='/'/><target dir='/'/></filesystem>
        <interface type='network'><mac address='{MAC}'/><source network='lab'/></interface>
        <console type='pty'/>
      </devices>
    </domain>
    """
    lxc.define(document, tmp_path)
    lxc.virsh("start", "box")
    refused = networks.refused(name="lab", mtu=1400, restart="if_needed")
    assert f"box ({MAC})" in refused["msg"]
    (found,) = networks.info(name=["lab"], gather=["domains"])
    assert [(domain["name"], domain["target"]) for domain in found["domains"]] == [("box", None)]
    done = networks.make(name="lab", mtu=1400, restart="if_needed", force=True)
    assert done["actions"] == ["change the configuration", "stop", "start"]
    assert f"box ({MAC})" in str(done["warnings"])
