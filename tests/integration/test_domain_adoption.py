# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Domains that somebody else made: they are taken over as they are, and what they say is understood."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.conftest import DEAF, MakeDisk
from tests.integration.modules import Tasks

DOCUMENTS = Path(__file__).parent / "documents"
FOREIGN = sorted(path.stem for path in DOCUMENTS.glob("*.xml"))


def changed_lines(before: str, after: str) -> list[str]:
    """Return the lines that two documents do not share, each with its sign."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
    return [re.sub(r"\s+", " ", line) for line in lines if not line.startswith(("---", "+++", "@@"))]


@pytest.fixture
def foreign(request: pytest.FixtureRequest, tasks: Tasks) -> str:
    """Define, by virsh, one of the documents as the domain ``foreign``."""
    tasks.virsh("define", str(DOCUMENTS / f"{request.param}.xml"))
    return str(request.param)


@pytest.mark.parametrize("foreign", FOREIGN, indirect=True)
def test_name_and_memory_change_nothing_but_the_memory(foreign: str, tasks: Tasks) -> None:
    before = tasks.config("foreign")
    done = tasks.apply(name="foreign", memory="1GiB")
    assert set(done["diff"]["after"]) == {"memory", "memory_max"}
    assert changed_lines(before, tasks.config("foreign")) == [
        *(
            re.sub(r"\s+", " ", f"-{line}")
            for line in before.splitlines()
            if re.search("<(memory|currentMemory) ", line)
        ),
        "+ <memory unit='KiB'>1048576</memory>",
        "+ <currentMemory unit='KiB'>1048576</currentMemory>",
    ]


@pytest.mark.parametrize("foreign", FOREIGN, indirect=True)
def test_the_name_alone_changes_nothing(foreign: str, tasks: Tasks) -> None:
    tasks.unchanged(name="foreign")


@pytest.mark.parametrize("foreign", FOREIGN, indirect=True)
def test_what_domain_info_prints_changes_nothing(foreign: str, tasks: Tasks) -> None:
    (domain,) = tasks.info(name=["foreign"], gather=["spec", "xml"])
    tasks.unchanged(**domain["spec"])
    tasks.unchanged(xml=domain["xml"])
    tasks.unchanged(xml=(DOCUMENTS / f"{foreign}.xml").read_text())


@pytest.mark.parametrize("foreign", ["minimal", "virt-install"], indirect=True)
def test_its_spec_recreates_it(foreign: str, tasks: Tasks) -> None:
    """On a node that does not have it, it makes a domain in which everything that it says is so."""
    (domain,) = tasks.info(name=["foreign"], gather=["spec"])
    tasks.make(name="foreign", state="absent")
    tasks.apply(**domain["spec"])
    assert tasks.virsh("domuuid", "foreign") == domain["uuid"]


@pytest.mark.parametrize("foreign", FOREIGN, indirect=True)
def test_its_xml_recreates_it(foreign: str, tasks: Tasks) -> None:
    """With what no option can say, and without its passwords."""
    before = tasks.config("foreign")
    (domain,) = tasks.info(name=["foreign"], gather=["xml"])
    assert "sesame" not in domain["xml"]
    tasks.make(name="foreign", state="absent")
    tasks.apply(xml=domain["xml"])
    assert changed_lines(before.replace(" passwd='sesame'", ""), tasks.config("foreign")) == []


def test_our_own_domains_obey_the_same_law(tasks: Tasks, disk: MakeDisk) -> None:
    tasks.make(
        name="rich",
        memory="96MiB",
        memory_max="128MiB",
        vcpus=1,
        vcpus_max=4,
        title="A title",
        description="Two\nlines",
        tags=["web", "blue"],
        firmware="uefi",
        tpm={"version": "2.0"},
        cpu={"mode": "custom", "model": "Westmere", "topology": {"sockets": 1, "cores": 4, "threads": 1}},
        disks=[
            {"target": "vda", "file": disk("a.qcow2"), "cache": "none", "discard": "unmap", "boot_order": 1},
            {"target": "sda", "device": "cdrom", "file": disk("b.iso", format="raw")},
            {"target": "sdb", "device": "cdrom"},
        ],
        interfaces=[{"network": "default", "boot_order": 2}, {"network": "default", "model": "e1000e", "link": False}],
        graphics=[{"type": "vnc", "listen": {"type": "address", "address": "127.0.0.1"}, "password": "sesame"}],
        videos=[{"model": "virtio"}],
        watchdog={"model": "i6300esb", "action": "reset"},
        autostart=True,
    )
    (domain,) = tasks.info(name=["rich"], gather=["spec", "xml"])
    tasks.unchanged(**domain["spec"])
    tasks.unchanged(xml=domain["xml"])
    tasks.unchanged(**domain["spec"], exclusive=["disks", "interfaces", "graphics", "channels"])


def test_a_running_domain_obeys_the_same_law(tasks: Tasks, disk: MakeDisk) -> None:
    """libvirt expands much in a running domain's document: that is no difference."""
    tasks.make(
        name="runs",
        state="running",
        memory="64MiB",
        disks=[{"target": "vda", "file": disk("a.qcow2")}],
        interfaces=[{"network": "default"}],
        graphics=[{"type": "vnc"}],
    )
    (domain,) = tasks.info(name=["runs"], gather=["spec", "xml"])
    assert tasks.unchanged(**domain["spec"])["pending"] == []
    assert tasks.unchanged(xml=domain["xml"])["pending"] == []


def test_xml_that_omits_what_is_the_default_is_no_difference(tasks: Tasks, tmp_path: Path) -> None:
    document = DEAF.format(name="plain", devices="<interface type='network'><source network='default'/></interface>")
    tasks.define(document, tmp_path)
    mac = re.findall("<mac address='([^']*)'", tasks.config("plain"))
    tasks.unchanged(xml=document)
    tasks.virsh("start", "plain")
    tasks.unchanged(xml=document)
    assert re.findall("<mac address='([^']*)'", tasks.config("plain")) == mac
    tasks.run(name="plain", state="stopped", force=True, timeout=3)
    # A part of a document is compared as a part.
    tasks.unchanged(
        xml="<domain><name>plain</name><devices><interface type='network'><source network='default'/></interface>"
        "</devices></domain>"
    )


def test_changed_xml_is_never_ignored(tasks: Tasks, tmp_path: Path) -> None:
    document = DEAF.format(name="plain", devices="")
    tasks.define(document, tmp_path)
    done = tasks.apply(xml=document.replace(">64<", ">96<").replace("<acpi/>", "<acpi/><apic/>"))
    assert done["diff"]["after"]["memory"] == "96MiB"
    assert "<memory unit='KiB'>98304</memory>" in tasks.config("plain")
    assert "<apic/>" in tasks.config("plain")
    # What has no option goes by the document alone.
    tasks.apply(xml="<domain><name>plain</name><devices><parallel type='null'/></devices></domain>")
    assert "<parallel type='null'>" in tasks.config("plain")


def test_an_option_wins_over_xml(tasks: Tasks) -> None:
    document = DEAF.format(name="both", devices="")
    tasks.apply(xml=document, memory="128MiB", title="Said by the option")
    assert "<memory unit='KiB'>131072</memory>" in tasks.config("both")
    assert "<title>Said by the option</title>" in tasks.config("both")


@pytest.mark.parametrize(
    ("written", "kibibytes"),
    [
        ("1GiB", 1048576),
        ("1024MiB", 1048576),
        ("1G", 1048576),
        ("1024", 1048576),
        ("1048576KiB", 1048576),
        ("2GB", 1953125),
        ("1.5GiB", 1572864),
        ("0.5TiB", 536870912),
    ],
)
def test_sizes_are_what_people_mean(written: str, kibibytes: int, tasks: Tasks) -> None:
    tasks.make(name="sized", memory=written)
    assert tasks.facts("sized")["Max memory"] == f"{kibibytes} KiB"
    assert tasks.facts("sized")["Used memory"] == f"{kibibytes} KiB"
    tasks.unchanged(name="sized", memory=f"{kibibytes}KiB")
    (domain,) = tasks.info(name=["sized"], gather=["spec"])
    tasks.unchanged(name="sized", memory=domain["spec"]["memory"])


def test_a_volume_and_its_path_are_the_same_disk(tasks: Tasks) -> None:
    tasks.virsh("vol-create-as", "default", "same.qcow2", "1M", "--format", "qcow2")
    try:
        path = tasks.virsh("vol-path", "same.qcow2", "default")
        tasks.make(name="same", memory="64MiB", disks=[{"target": "vda", "pool": "default", "volume": "same.qcow2"}])
        tasks.unchanged(name="same", disks=[{"target": "vda", "file": path}])
        tasks.make(name="same", state="absent")
        tasks.make(name="same", memory="64MiB", disks=[{"target": "vda", "file": path}])
        tasks.unchanged(name="same", disks=[{"target": "vda", "pool": "default", "volume": "same.qcow2"}])
    finally:
        tasks.virsh("vol-delete", "same.qcow2", "default")


def test_a_uuid_with_another_name_renames(tasks: Tasks, deaf: Callable[..., None]) -> None:
    deaf("old")
    uuid = tasks.virsh("domuuid", "old")
    done = tasks.apply(name="new", uuid=uuid, memory="96MiB")
    assert done["actions"][0] == "rename old to new"
    assert tasks.names() == ["new"]
    assert tasks.virsh("domuuid", "new") == uuid
    assert tasks.facts("new")["Max memory"] == "98304 KiB"


def test_a_running_domain_is_not_renamed(tasks: Tasks, deaf: Callable[..., None]) -> None:
    deaf("old", start=True)
    result = tasks.refused(name="new", uuid=tasks.virsh("domuuid", "old"))
    assert "it is active" in result["msg"]
