# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changes of a running domain: the running one changes, its configuration does not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._document.tree import parse, serialize
from ansible_collections.stratum.virt.plugins.module_utils._driver.base import Capability, Driver
from ansible_collections.stratum.virt.plugins.module_utils._driver.domains import DomainState
from ansible_collections.stratum.virt.plugins.module_utils._errors import (
    DriverError,
    InvalidDocument,
    NotFound,
    NotSupported,
)
from lxml.etree import _Element as Element

from tests.contract.subjects import MEMORY, Subject, once_up

CDROM = "<disk type='file' device='cdrom'>{source}<target dev='hdc' bus='ide'/></disk>"
DISK = (
    "<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='{path}'/>"
    "<target dev='{target}' bus='virtio'/></disk>"
)


def live(driver: Driver, name: str) -> Element:
    (found,) = driver.domains.describe([name])
    assert found.live is not None
    return parse(found.live, "live")


@contextmanager
def configuration_unchanged(driver: Driver, name: str) -> Iterator[None]:
    """Check that nothing in the block changes what the next start will bring."""
    (before,) = driver.domains.describe([name])
    yield
    (after,) = driver.domains.describe([name])
    assert after.config == before.config
    assert (after.state, after.persistent) == (before.state, before.persistent)


def macs(root: Element) -> list[str | None]:
    return [mac.get("address") for mac in root.iterfind("devices/interface/mac")]


def targets(root: Element) -> dict[str, str | None]:
    """Return the file of each disk by its target."""
    return {
        target.get("dev", ""): None if (source := disk.find("source")) is None else source.get("file")
        for disk in root.iterfind("devices/disk")
        if (target := disk.find("target")) is not None
    }


@pytest.mark.needs(Capability.HOTPLUG)
def test_an_interface_can_be_plugged_in(subject: Subject, driver: Driver, running: str) -> None:
    with configuration_unchanged(driver, running):
        once_up(lambda: driver.domains.attach_device(running, subject.device(1)))
        root = live(driver, running)
        assert macs(root) == ["52:54:00:c0:00:01"]
        assert root.find("devices/interface/target").get("dev")  # type: ignore[union-attr]
        driver.domains.attach_device(running, subject.device(2))
        assert macs(live(driver, running)) == ["52:54:00:c0:00:01", "52:54:00:c0:00:02"]
    assert "52:54:00:c0:00:02" in subject.witness.document(running)
    assert "52:54:00:c0:00:02" not in subject.witness.document(running, config=True)


@pytest.mark.needs(Capability.HOTPLUG)
@pytest.mark.kinds("sim", "qemu")  # the disks of containers are file systems
def test_a_disk_can_be_plugged_in_once(subject: Subject, driver: Driver, running: str) -> None:
    with subject.volume() as (_pool, _volume, path), configuration_unchanged(driver, running):
        disk = DISK.format(path=path, target="vdb")
        once_up(lambda: driver.domains.attach_device(running, disk))
        assert targets(live(driver, running)) == {"vdb": path}
        with pytest.raises((DriverError, InvalidDocument)):
            driver.domains.attach_device(running, disk)
        assert targets(live(driver, running)) == {"vdb": path}
        assert path in subject.witness.document(running)
        driver.domains.destroy(running)
        driver.domains.start(running)
        assert targets(live(driver, running)) == {}


@pytest.mark.needs(Capability.HOTPLUG)
def test_a_device_that_cannot_be_is_refused(driver: Driver, running: str) -> None:
    before = live(driver, running)
    for document in ("<interface", "<cheese/>", "<interface type='network'/>"):
        with pytest.raises((InvalidDocument, DriverError)):
            driver.domains.attach_device(running, document)
    assert serialize(live(driver, running)) == serialize(before)


@pytest.mark.needs(Capability.HOTPLUG)
def test_a_device_that_is_not_there_cannot_be_detached(subject: Subject, driver: Driver, running: str) -> None:
    once_up(lambda: driver.domains.attach_device(running, subject.device(1)))
    with pytest.raises(NotFound):
        driver.domains.detach_device(running, subject.device(2))
    assert macs(live(driver, running)) == ["52:54:00:c0:00:01"]


@pytest.mark.needs(Capability.UPDATE_DEVICE)
def test_a_medium_can_be_changed(subject: Subject, driver: Driver, name: str) -> None:
    subject.run_bare(name, CDROM.format(source=""))
    with subject.volume() as (_pool, _volume, path), configuration_unchanged(driver, name):
        once_up(lambda: driver.domains.update_device(name, CDROM.format(source=f"<source file='{path}'/>")))
        assert targets(live(driver, name)) == {"hdc": path}
        assert path in subject.witness.document(name)
        once_up(lambda: driver.domains.update_device(name, CDROM.format(source="")))
        assert targets(live(driver, name)) == {"hdc": None}


@pytest.mark.needs(Capability.UPDATE_DEVICE)
def test_a_cable_can_be_pulled(subject: Subject, driver: Driver, name: str) -> None:
    subject.run_bare(name, subject.device(1))
    with configuration_unchanged(driver, name):
        before = live(driver, name).find("devices/interface")
        assert before is not None
        pulled = parse(serialize(before), "an interface")
        pulled.append(parse("<link state='down'/>", "a link"))
        driver.domains.update_device(name, serialize(pulled))
        after = live(driver, name).find("devices/interface")
        assert after is not None
        assert after.find("link").get("state") == "down"  # type: ignore[union-attr]
        for tag, attribute in (("mac", "address"), ("target", "dev"), ("alias", "name"), ("model", "type")):
            assert after.find(tag).get(attribute) == before.find(tag).get(attribute)  # type: ignore[union-attr]


@pytest.mark.needs(Capability.UPDATE_DEVICE)
def test_what_a_device_is_cannot_be_changed(subject: Subject, driver: Driver, name: str) -> None:
    subject.run_bare(name, subject.device(1) + CDROM.format(source=""))
    before = serialize(live(driver, name))
    with pytest.raises(NotSupported):
        driver.domains.update_device(name, subject.device(1).replace("'virtio'", "'e1000'"))
    with pytest.raises(DriverError):
        driver.domains.update_device(name, CDROM.format(source="").replace("hdc", "hdd"))
    assert serialize(live(driver, name)) == before


@pytest.mark.needs(Capability.LIVE_MEMORY)
def test_memory_has_a_ceiling(driver: Driver, running: str) -> None:
    with configuration_unchanged(driver, running):
        with pytest.raises(DriverError):
            driver.domains.set_memory(running, 2 * MEMORY)
        assert live(driver, running).findtext("memory") == str(MEMORY)
        assert live(driver, running).findtext("currentMemory") == str(MEMORY)


@pytest.mark.needs(Capability.LIVE_MEMORY)
@pytest.mark.kinds("sim", "qemu")  # the others need no guest for it
def test_a_guest_without_a_system_keeps_its_memory(driver: Driver, running: str) -> None:
    with configuration_unchanged(driver, running):
        driver.domains.set_memory(running, MEMORY // 2)
        assert live(driver, running).findtext("currentMemory") == str(MEMORY)


@pytest.mark.needs(Capability.LIVE_MEMORY)
@pytest.mark.kinds("lxc", "test")
def test_memory_of_no_guest_changes_at_once(driver: Driver, running: str) -> None:
    driver.domains.set_memory(running, MEMORY // 2)
    assert live(driver, running).findtext("currentMemory") == str(MEMORY // 2)


@pytest.mark.needs(Capability.LIVE_VCPUS)
def test_a_vcpu_can_be_plugged_in(subject: Subject, driver: Driver, running: str) -> None:
    with configuration_unchanged(driver, running):
        assert live(driver, running).find("vcpu").get("current") == "1"  # type: ignore[union-attr]
        driver.domains.set_vcpus(running, 2)
        vcpu = live(driver, running).find("vcpu")
        assert vcpu is not None
        assert (vcpu.text, vcpu.get("current", vcpu.text)) == ("2", "2")
        for wrong in (0, 3):
            with pytest.raises(DriverError):
                driver.domains.set_vcpus(running, wrong)
        assert serialize(vcpu) == serialize(live(driver, running).find("vcpu"))  # type: ignore[arg-type]


@pytest.mark.needs(Capability.LIVE_METADATA)
def test_words_can_be_set_and_removed(subject: Subject, driver: Driver, running: str) -> None:
    with configuration_unchanged(driver, running):
        driver.domains.set_title(running, "one <line> & more")
        driver.domains.set_description(running, "two\nlines")
        root = live(driver, running)
        assert (root.findtext("title"), root.findtext("description")) == ("one <line> & more", "two\nlines")
        assert "one &lt;line&gt; &amp; more" in subject.witness.document(running)
        driver.domains.set_title(running, "another")
        assert live(driver, running).findtext("title") == "another"
        driver.domains.set_title(running, None)
        driver.domains.set_description(running, None)
        assert (live(driver, running).find("title"), live(driver, running).find("description")) == (None, None)


@pytest.mark.needs(Capability.LIVE_METADATA)
def test_a_title_has_one_line(driver: Driver, running: str) -> None:
    with pytest.raises(DriverError):
        driver.domains.set_title(running, "two\nlines")
    assert live(driver, running).find("title") is None


@pytest.mark.needs(Capability.LIVE_METADATA)
def test_metadata_is_kept_by_namespace(driver: Driver, running: str) -> None:
    with configuration_unchanged(driver, running):
        driver.domains.set_metadata(running, "<one><tag>a</tag></one>", "c", "urn:contract")
        driver.domains.set_metadata(running, "<two/>", "d", "urn:other")
        root = live(driver, running)
        assert root.findtext("metadata/{urn:contract}one/{urn:contract}tag") == "a"
        assert root.find("metadata/{urn:other}two") is not None
        driver.domains.set_metadata(running, "<three/>", "c", "urn:contract")
        root = live(driver, running)
        assert root.find("metadata/{urn:contract}one") is None
        assert root.find("metadata/{urn:contract}three") is not None
        driver.domains.set_metadata(running, None, "c", "urn:contract")
        root = live(driver, running)
        assert root.find("metadata/{urn:contract}three") is None
        assert root.find("metadata/{urn:other}two") is not None


@pytest.mark.needs(Capability.BLOCK_RESIZE)
def test_a_disk_can_grow(subject: Subject, driver: Driver, name: str) -> None:
    with subject.volume() as (_pool, _volume, path):
        subject.run_bare(name, DISK.format(path=path, target="vda"))
        driver.domains.resize_disk(name, "vda", 1024 * 1024)
        stats = driver.domains.stats([name])[name]
        assert stats["block.0.capacity"] == 1024 * 1024
        with pytest.raises(DriverError):
            driver.domains.resize_disk(name, "vdz", 1024 * 1024)
        driver.domains.destroy(name)


@pytest.mark.needs(Capability.HOTPLUG)
@pytest.mark.kinds("sim", "qemu")  # containers let go of anything at once
def test_a_guest_without_a_system_keeps_its_devices(subject: Subject, driver: Driver, name: str) -> None:
    subject.run_bare(name, subject.device(1))
    with configuration_unchanged(driver, name):
        driver.domains.detach_device(name, subject.device(1))
        assert macs(live(driver, name)) == ["52:54:00:c0:00:01"]


@pytest.mark.needs(Capability.HOTPLUG)
@pytest.mark.kinds("lxc")
def test_a_container_lets_go_at_once(subject: Subject, driver: Driver, running: str) -> None:
    once_up(lambda: driver.domains.attach_device(running, subject.device(1)))
    driver.domains.detach_device(running, subject.device(1))
    assert macs(live(driver, running)) == []
    assert driver.domains.describe([running])[0].state is DomainState.RUNNING
