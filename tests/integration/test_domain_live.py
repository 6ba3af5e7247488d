# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changing a domain while it runs: at once where the hypervisor and the guest can, else pending, by name."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

from tests.integration.conftest import MakeDisk
from tests.integration.modules import Tasks

NEXT_START = "takes effect at the next start"

PORTS = "<controller type='pci' index='0' model='pcie-root'/>" + "<controller type='pci' model='pcie-root-port'/>" * 4


def agent(tasks: Tasks, name: str, command: str, **arguments: object) -> Any:
    """Ask the guest itself, by virsh."""
    request = {"execute": command, **({"arguments": arguments} if arguments else {})}
    return json.loads(tasks.virsh("qemu-agent-command", name, json.dumps(request)))["return"]


def in_guest(tasks: Tasks, name: str, script: str) -> str:
    """Return what a shell script prints inside the guest."""
    started = agent(
        tasks, name, "guest-exec", path="/bin/busybox", arg=["sh", "-c", script], **{"capture-output": True}
    )
    end = time.monotonic() + 60
    while not (status := agent(tasks, name, "guest-exec-status", pid=started["pid"]))["exited"]:
        assert time.monotonic() < end, f"{script} does not end"
    return base64.b64decode(status.get("out-data", "")).decode()


def until(look: Callable[[], bool], what: str) -> None:
    """Wait for what the guest does in its own time."""
    end = time.monotonic() + 60
    while not look():
        assert time.monotonic() < end, what
        time.sleep(0.2)


def devices(tasks: Tasks, name: str, path: str, *options: str) -> list[ElementTree.Element]:
    return ElementTree.fromstring(tasks.virsh("dumpxml", *options, name)).findall(f"devices/{path}")


def total_memory(tasks: Tasks, name: str) -> int:
    """Return the MiB that the guest counts."""
    lines = in_guest(tasks, name, "cat /proc/meminfo").splitlines()
    (line,) = [line for line in lines if line.startswith("MemTotal:")]
    return int(line.split()[1]) // 1024


def settled(tasks: Tasks, name: str, mebibytes: int) -> None:
    """Wait until a guest that boots has given back what it has too much."""
    wanted = f"<currentMemory unit='KiB'>{mebibytes * 1024}</currentMemory>"
    until(lambda: wanted in tasks.live(name), f"{name} keeps more memory than {mebibytes} MiB")


def test_a_running_guest_grows(tasks: Tasks, bootable: dict[str, object], disk: MakeDisk) -> None:
    first, second, data = (disk(name, format="raw") for name in ("a.iso", "b.iso", "data.img"))
    for path, content in ((first, b"first"), (second, b"second")):
        with open(path, "r+b") as file:
            file.write(content)
    options = {
        **bootable,
        "name": "grows",
        "state": "running",
        "memory_max": "256MiB",
        "vcpus": 1,
        "vcpus_max": 2,
        "wait_for": ["agent", "address"],
    }
    # The guest has drivers for virtio alone.
    drive = {"target": "sda", "device": "cdrom", "bus": "scsi", "file": first}
    options["controllers"] = [{"type": "scsi", "model": "virtio-scsi"}]
    created = tasks.make(**options, disks=[drive], interfaces=[{"network": "default"}])
    (lease,) = [entry for entry in created["addresses"] if entry["source"] == "lease"]
    assert lease["address"] in tasks.virsh("domifaddr", "grows", "--source", "lease")
    assert lease["mac"] == devices(tasks, "grows", "interface/mac")[0].get("address")
    settled(tasks, "grows", 160)
    assert len(agent(tasks, "grows", "guest-get-vcpus")) == 1
    before = total_memory(tasks, "grows")
    assert in_guest(tasks, "grows", "head -c 5 /dev/sr0") == "first"

    grown = {
        **options,
        "memory": "224MiB",
        "vcpus": 2,
        "disks": [{"target": "vdb", "file": data, "serial": "DATA"}, {"target": "sda", "file": second}],
        "interfaces": [{"network": "default"}, {"network": "default", "alias": "ua-back"}],
    }
    done = tasks.apply(**grown)

    assert done["pending"] == []
    assert not done["restart_required"]
    assert set(done["diff"]["after"]) == {"memory", "vcpus", "disks[vdb]", "disks[sda].file", "interfaces[ua-back]"}
    for option in ((), ("--inactive",)):
        sources = {
            found.find("target").get("dev"): found.find("source").get("file")  # type: ignore[union-attr]
            for found in devices(tasks, "grows", "disk", *option)
        }
        assert sources == {"sda": second, "vdb": data}
        assert len(devices(tasks, "grows", "interface", *option)) == 2
        root = ElementTree.fromstring(tasks.virsh("dumpxml", *option, "grows"))
        assert root.findtext("currentMemory") == str(224 * 1024)
        assert root.findtext("vcpu") == "2"
        assert root.find("vcpu[@current='1']") is None
    live, config = (
        [found.get("address") for found in devices(tasks, "grows", "interface/mac", *option)]
        for option in ((), ("--inactive",))
    )
    assert live == config, "the new interface has another address after the next start"

    assert total_memory(tasks, "grows") == before + 64
    until(lambda: sum(cpu["online"] for cpu in agent(tasks, "grows", "guest-get-vcpus")) == 2, "no second CPU")
    until(lambda: "DATA" in in_guest(tasks, "grows", "cat /sys/block/vd*/serial"), "no disk")
    until(lambda: "eth1" in in_guest(tasks, "grows", "ls /sys/class/net"), "no second card")
    assert in_guest(tasks, "grows", "head -c 6 /dev/sr0") == "second"

    # And it shrinks: memory, the disk and the card go, which takes the guest's help.
    shrunk = {
        **grown,
        "memory": "160MiB",
        "disks": [{"target": "sda", "file": ""}],
        "interfaces": [{"network": "default", "mac": lease["mac"]}],
        "exclusive": ["disks", "interfaces"],
    }
    done = tasks.apply(**shrunk)
    assert done["pending"] == []
    assert [found.find("target").get("dev") for found in devices(tasks, "grows", "disk")] == ["sda"]  # type: ignore[union-attr]
    assert devices(tasks, "grows", "disk/source[@file]") == []
    assert [found.get("address") for found in devices(tasks, "grows", "interface/mac")] == [lease["mac"]]
    assert total_memory(tasks, "grows") == before
    assert in_guest(tasks, "grows", "ls /sys/block | grep -c vd || true").strip() == "0"


def test_what_a_running_domain_cannot_take_is_pending_until_it_may_restart(
    tasks: Tasks, bootable: dict[str, object]
) -> None:
    tasks.make(name="waits", state="running", vcpus=1, cpu={"mode": "maximum"}, wait_for=["agent"], **bootable)
    wanted = {
        "name": "waits",
        "cpu": {"mode": "custom", "model": "Westmere"},
        "memory": "192MiB",
        "vcpus": 2,
        "title": "At once",
    }
    uuid, started, before = tasks.virsh("domuuid", "waits"), tasks.facts("waits")["Id"], total_memory(tasks, "waits")

    done = tasks.apply(**wanted)

    def waiting(result: dict[str, Any]) -> dict[str, str]:
        return {entry["field"]: entry["reason"] for entry in result["pending"]}

    assert set(waiting(done)) == {"cpu.mode", "cpu.model", "memory", "memory_max", "vcpus", "vcpus_max"}
    assert waiting(done)["cpu.mode"] == NEXT_START
    assert "memory_max of the running domain" in waiting(done)["memory"]
    assert "vcpus_max of the running domain" in waiting(done)["vcpus"]
    assert done["restart_required"]
    live, config = tasks.live("waits"), tasks.config("waits")
    assert "<title>At once</title>" in live
    assert "Westmere" not in live
    assert "<model fallback='allow'>Westmere</model>" in config
    assert "<currentMemory unit='KiB'>196608</currentMemory>" in config

    # It waits as long as nobody restarts the domain, and says so each time.
    again = tasks.unchanged(**wanted)
    assert waiting(again) == waiting(done)
    assert again["restart_required"]
    assert tasks.facts("waits")["Id"] == started

    restarted = tasks.apply(**wanted, restart="if_needed", wait_for=["agent"])
    assert restarted["actions"] == ["shut down", "start"]
    assert restarted["pending"] == []
    assert not restarted["restart_required"]
    assert tasks.virsh("domuuid", "waits") == uuid
    assert tasks.facts("waits")["Id"] != started
    assert "Westmere" in tasks.live("waits")
    assert total_memory(tasks, "waits") > before + 24
    assert "SSE4.2".lower().replace(".", "_") in in_guest(tasks, "waits", "cat /proc/cpuinfo")
    # What needs no restart gets none.
    started = tasks.facts("waits")["Id"]
    tasks.apply(name="waits", title="Still at once", restart="if_needed")
    assert tasks.facts("waits")["Id"] == started


def test_a_deaf_guest_does_not_make_a_task_say_changed_for_ever(
    tasks: Tasks, deaf: Callable[..., None], disk: MakeDisk
) -> None:
    path = disk("a.qcow2")
    deaf(
        "deaf",
        f"{PORTS}<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='{path}'/>"
        "<target dev='vda' bus='virtio'/></disk><memballoon model='virtio'/>",
        start=True,
    )
    wanted = {"name": "deaf", "disks": [], "exclusive": ["disks"], "memory": "32MiB"}

    done = tasks.make(**wanted, timeout=3)

    # The configuration is what was asked for; the guest keeps what only it can give back.
    assert done["changed"]
    assert done["actions"] == ["change the configuration"]
    assert {entry["field"] for entry in done["pending"]} == {"disks[vda]", "memory"}
    reasons = {entry["field"]: entry["reason"] for entry in done["pending"]}
    assert "the guest has not done it" in reasons["memory"]
    assert reasons["disks[vda]"] != NEXT_START
    assert "<disk " not in tasks.config("deaf")
    assert path in tasks.live("deaf")

    again = tasks.make(**wanted, timeout=3)
    assert not again["changed"]
    assert again["actions"] == []
    assert {entry["field"] for entry in again["pending"]} == {"disks[vda]", "memory"}

    # With consent, and by force, the disk goes.
    done = tasks.make(**wanted, timeout=3, restart="if_needed", force=True)
    assert done["pending"] == []
    assert path not in tasks.live("deaf")
    assert "<currentMemory unit='KiB'>32768</currentMemory>" in tasks.config("deaf")


def test_devices_are_changed_and_not_replaced(tasks: Tasks, deaf: Callable[..., None]) -> None:
    """An interface keeps its address and its place on the bus when its cable is pulled or it moves elsewhere."""
    deaf(
        "deaf",
        "<interface type='network'><mac address='52:54:00:00:00:07'/><source network='default'/>"
        "<model type='virtio'/></interface><graphics type='vnc' autoport='yes' passwd='first'/>",
        start=True,
    )
    place = devices(tasks, "deaf", "interface/address")[0].attrib
    done = tasks.apply(
        name="deaf",
        interfaces=[{"mac": "52:54:00:00:00:07", "link": False}],
        graphics=[{"type": "vnc", "password": "second"}],
        description="Told\nlive",
        tags=["one", "two"],
    )
    assert done["pending"] == []
    assert devices(tasks, "deaf", "interface/link")[0].get("state") == "down"
    assert devices(tasks, "deaf", "interface/address")[0].attrib == place
    assert "passwd='second'" in tasks.virsh("dumpxml", "--security-info", "deaf")
    for document in (tasks.live("deaf"), tasks.config("deaf")):
        assert "<description>Told\nlive</description>" in document
        assert "two</stratum:tag>" in document


def test_a_paused_domain_takes_devices_and_waits_for_its_guest(
    tasks: Tasks, deaf: Callable[..., None], disk: MakeDisk
) -> None:
    deaf("paused", PORTS, start=True)
    tasks.virsh("suspend", "paused")
    path = disk("a.qcow2")
    done = tasks.apply(name="paused", disks=[{"target": "vda", "file": path}], memory="32MiB")
    assert [entry["field"] for entry in done["pending"]] == ["memory"]
    assert "paused" in done["pending"][0]["reason"]
    assert path in tasks.live("paused")
    assert tasks.state("paused") == "paused"


def test_a_saved_domain_keeps_its_memory_and_says_what_waits(tasks: Tasks, deaf: Callable[..., None]) -> None:
    deaf("saved", start=True)
    tasks.virsh("managedsave", "saved")
    done = tasks.make(name="saved", description="New")
    assert done["changed"]
    assert [entry["field"] for entry in done["pending"]] == ["description"]
    assert tasks.state("saved") == "saved"
    assert "<description>New</description>" in tasks.config("saved")
