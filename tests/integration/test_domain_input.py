# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Input that cannot be right fails before anything is changed, and the message names the option."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.integration.ansible import module
from tests.integration.conftest import DEAF, MakeDisk
from tests.integration.modules import Tasks

HUGE = f"<domain><name>a</name><description>{'x' * (5 * 1024 * 1024)}</description></domain>"
ENTITIES = (
    "<!DOCTYPE domain [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'><!ENTITY file SYSTEM 'file:///etc/passwd'>]>"
    "<domain><name>a</name><title>&b;&file;</title></domain>"
)

# What a task says beside `name: a`, the option that the message must name, and a word of the reason.
BAD: dict[str, tuple[dict[str, Any], str, str]] = {
    "unknown option": ({"memroy": "1GiB"}, "memroy", "Unsupported parameters"),
    "unknown option of a disk": ({"disks": [{"target": "vdb", "fiel": "/x"}]}, "disks.fiel", "Unsupported parameters"),
    "unknown state": ({"state": "started"}, "state", "running"),
    "size without sense": ({"memory": "much"}, "memory", "much"),
    "size of an unknown unit": ({"memory": "1ZB"}, "memory", "ZB"),
    "negative size": ({"memory": "-1GiB"}, "memory", "-1GiB"),
    "more than the ceiling": ({"memory": "2GiB", "memory_max": "1GiB"}, "memory", "memory_max"),
    "more vCPUs than the ceiling": ({"vcpus": 4, "vcpus_max": 2}, "vcpus", "vcpus_max"),
    "no vCPU": ({"vcpus": 0}, "vcpus", "less than 1"),
    "two disks with one target": (
        {"disks": [{"target": "vdb", "file": "/x"}, {"target": "vdb", "file": "/y"}]},
        "disks[1]",
        "target vdb",
    ),
    "two interfaces with one address": (
        {"interfaces": [{"network": "default", "mac": "52:54:00:00:00:01"}] * 2},
        "interfaces[1]",
        "52:54:00:00:00:01",
    ),
    "new disk without a source": ({"disks": [{"target": "vdb"}]}, "disks[0]", "no disk vdb"),
    "pool without volume": ({"disks": [{"target": "vdb", "pool": "default"}]}, "disks[0]", "volume"),
    "missing file": ({"disks": [{"target": "vdb", "file": "/nowhere/a.img"}]}, "disks[vdb].file", "/nowhere/a.img"),
    "missing volume": (
        {"disks": [{"target": "vdb", "pool": "default", "volume": "none.img"}]},
        "disks[vdb].volume",
        "none.img",
    ),
    "missing kernel": ({"kernel": "/nowhere/vmlinuz"}, "kernel", "/nowhere/vmlinuz"),
    "missing initrd": ({"initrd": "/nowhere/initrd"}, "initrd", "/nowhere/initrd"),
    "relative path": ({"kernel": "vmlinuz"}, "kernel", "absolute"),
    "unknown network": ({"interfaces": [{"network": "nowhere"}]}, "interfaces[nowhere].network", "no network nowhere"),
    "MAC address without sense": (
        {"interfaces": [{"network": "default", "mac": "52:54"}]},
        "interfaces[0].mac",
        "52:54",
    ),
    "UUID without sense": ({"uuid": "1234"}, "uuid", "1234"),
    "another UUID": ({"uuid": "00000000-0000-4000-8000-000000000001"}, "uuid", "never changes"),
    "name with a slash": ({"name": "../a"}, "name", "slash"),
    "name with a newline": ({"name": "a\nb"}, "name", ""),
    "empty name": ({"name": ""}, "name", "empty"),
    "title with a control character": ({"title": "a\x1bb"}, "title", "characters"),
    "XML that is none": ({"xml": "<domain>"}, "xml", "not well-formed"),
    "XML of something else": ({"xml": "<network><name>a</name></network>"}, "xml", "<network>"),
    "XML of another name": ({"xml": "<domain><name>b</name></domain>"}, "name", "xml says b"),
    "5 MB of XML": ({"xml": HUGE}, "xml", "more than a document may have"),
    "XML with entities": ({"xml": ENTITIES}, "xml", "entities"),
    "XML with a number without sense": ({"xml": "<domain><vcpu>many</vcpu></domain>"}, "xml", "many"),
    "XML with a slash in the name": ({"name": None, "xml": "<domain><name>../a</name></domain>"}, "name", "slash"),
    "XML with a size without sense": ({"xml": "<domain><memory unit='ells'>1</memory></domain>"}, "xml", "ells"),
    "exclusive of no list": ({"exclusive": ["memory"]}, "exclusive", "disks"),
    "storage to remove from a domain that stays": ({"remove_storage": ["vda"]}, "remove_storage", "absent"),
    "waiting for a stopped guest": ({"state": "stopped", "wait_for": ["agent"]}, "wait_for", "stopped"),
    "no time": ({"timeout": 0}, "timeout", "above zero"),
    "URI without sense": ({"uri": "nonsense"}, "uri", "nonsense"),
    "URI of an unknown driver": ({"uri": "warp:///system"}, "uri", "warp"),
    "URI with a password": ({"uri": "qemu+ssh://me:secret@there/system"}, "uri", "password"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_changes_nothing(case: str, tasks: Tasks, tmp_path: Path) -> None:
    options, option, reason = BAD[case]
    tasks.define(DEAF.format(name="a", devices=""), tmp_path)
    result = tasks.refused(**{"name": "a", "title": "New", **options})
    assert option in result["msg"]
    assert reason in result["msg"]
    assert "secret" not in result["msg"]
    assert "root:" not in result["msg"]


def test_a_new_domain_needs_memory(tasks: Tasks) -> None:
    assert tasks.refused(name="new", vcpus=1)["msg"].startswith("memory: ")
    assert tasks.names() == []


def test_nobody_says_a_name(tasks: Tasks) -> None:
    assert "name" in tasks.refused(memory="64MiB")["msg"]
    assert tasks.refused(xml="<domain><memory>65536</memory></domain>")["msg"].startswith("name: ")


def test_two_disks_are_one_mistake_in_a_new_domain_too(tasks: Tasks, disk: MakeDisk) -> None:
    path = disk("a.qcow2")
    result = tasks.refused(name="new", memory="64MiB", disks=[{"target": "vda", "file": path}] * 2)
    assert "disks[1]" in result["msg"]
    assert tasks.names() == []


def test_what_only_the_hypervisor_can_refuse_changes_nothing(tasks: Tasks, tmp_path: Path) -> None:
    tasks.define(DEAF.format(name="a", devices=""), tmp_path)
    before = tasks.truth()
    result = tasks.run(name="a", machine="pc-from-the-future", memory="128MiB")
    assert result["failed"]
    assert "pc-from-the-future" in result["msg"]
    assert result["failed_action"] == "change the configuration"
    assert tasks.truth() == before


def test_ansible_shows_the_same(tasks: Tasks) -> None:
    result = module("domain", {"uri": tasks.uri, "name": "a", "memory": "much"})
    assert result["failed"]
    assert result["msg"] == tasks.refused(name="a", memory="much")["msg"]
    assert result["option"] == "memory"
