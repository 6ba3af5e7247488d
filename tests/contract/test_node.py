# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a node tells of itself."""

from __future__ import annotations

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._document.capabilities import guests
from ansible_collections.stratum.virt.plugins.module_utils._document.node_capabilities import cells
from ansible_collections.stratum.virt.plugins.module_utils._document.tree import parse
from ansible_collections.stratum.virt.plugins.module_utils._driver.base import Capability, Driver
from ansible_collections.stratum.virt.plugins.module_utils._driver.node import NodePart, NodeRecord

from tests.contract.subjects import Subject


def test_who_answers(subject: Subject, driver: Driver) -> None:
    hypervisor = driver.node.describe({NodePart.HYPERVISOR}).hypervisor
    assert hypervisor is not None
    assert hypervisor.driver == ("sim" if subject.kind == "sim" else "libvirt")
    assert hypervisor.kind == subject.kind.upper()
    assert hypervisor.hostname
    assert hypervisor.encrypted is False
    if subject.kind != "sim":
        assert [len((text or "").split(".")) for text in (hypervisor.version, hypervisor.library)] == [3, 3]


def test_only_what_is_asked_for_is_told(driver: Driver) -> None:
    assert driver.node.describe(set()) == NodeRecord()
    whole = driver.node.describe(set(NodePart))
    assert whole.refusals == ()
    assert driver.node.describe({NodePart.CAPABILITIES}) == NodeRecord(capabilities=whole.capabilities)


def test_the_capabilities_are_the_same_document(driver: Driver) -> None:
    assert driver.node.describe({NodePart.CAPABILITIES}).capabilities == driver.node.capabilities()


def test_processors(driver: Driver) -> None:
    record = driver.node.describe({NodePart.PROCESSORS})
    assert record.processors is not None
    assert record.processors.arch
    for number in record.processors[1:]:
        assert number > 0
    assert record.online
    assert record.present is not None
    assert record.online == tuple(sorted(set(record.online)))
    assert max(record.online) < record.present


def test_memory(driver: Driver) -> None:
    record = driver.node.describe({NodePart.MEMORY})
    assert record.memory is not None
    assert record.free_memory is not None
    assert 0 < record.free_memory < record.memory


@pytest.mark.kinds("sim", "qemu", "lxc")  # libvirt's own simulation has no such counters
def test_what_memory_is_used_for(driver: Driver) -> None:
    use = driver.node.describe({NodePart.STATISTICS}).memory_use
    assert use is not None
    assert set(use) == {"total", "free", "buffers", "cached"}
    assert 0 < use["free"] < use["total"]


def test_processor_times_grow(driver: Driver) -> None:
    first, second = (driver.node.describe({NodePart.STATISTICS}).cpu_times for _time in range(2))
    assert first is not None
    assert second is not None
    assert {"user", "kernel", "idle", "iowait"} <= set(first)
    assert all(second[name] >= first[name] >= 0 for name in first)
    assert first["user"] > 0


@pytest.mark.needs(Capability.NODE_INTERFACES)
def test_interfaces(driver: Driver) -> None:
    interfaces = driver.node.describe({NodePart.INTERFACES}).interfaces
    assert interfaces
    assert any(each.active for each in interfaces)
    for each in interfaces:
        root = parse(each.document, each.name)
        assert (root.tag, root.get("name")) == ("interface", each.name)


@pytest.mark.needs(Capability.NODE_DEVICES)
def test_devices(driver: Driver) -> None:
    devices = driver.node.describe({NodePart.DEVICES}).devices
    assert devices
    for each in devices:
        root = parse(each.document, each.name)
        assert (root.tag, root.findtext("name")) == ("device", each.name)
        assert each.active is not False


@pytest.mark.kinds("sim")
@pytest.mark.parametrize(
    ("without", "part", "field"),
    [
        ("node_interfaces", NodePart.INTERFACES, "interfaces"),
        ("node_devices", NodePart.DEVICES, "devices"),
    ],
)
def test_what_a_node_does_not_have_is_left_out(subject: Subject, without: str, part: NodePart, field: str) -> None:
    assert getattr(subject.open().node.describe({part}), field)
    assert subject.open(f"without={without}").node.describe({part}) == NodeRecord()


def test_free_memory_of_numa_cells(driver: Driver) -> None:
    known = cells(parse(driver.node.capabilities(), "capabilities"))
    assert known
    free = driver.node.free_memory({cell["id"]: [page["size"] for page in cell["pages"]] for cell in known})
    for cell in known:
        told = free[cell["id"]]
        assert told.memory is not None
        assert 0 < told.memory < cell["memory"]
        totals = {page["size"]: page["total"] for page in cell["pages"]}
        assert set(told.pages) <= set(totals)
        assert all(0 <= count <= totals[size] for size, count in told.pages.items())
    assert driver.node.free_memory({}) == {}


@pytest.mark.kinds("sim", "qemu", "lxc")  # libvirt's own simulation refuses it without saying why
def test_free_pages_of_numa_cells(driver: Driver) -> None:
    told = driver.node.free_memory({0: [4096]})[0]
    assert set(told.pages) == {4096}
    assert told.pages[4096] > 0


def test_a_cell_that_is_not_there_has_nothing_free(driver: Driver) -> None:
    found = driver.node.free_memory({1000: [4096]}).get(1000)
    assert found is None or (not found.memory and not found.pages)


def test_what_domains_of_several_kinds_may_have(driver: Driver) -> None:
    (guest, *_others) = guests(parse(driver.node.capabilities(), "capabilities"))
    asked = [("pdp11", "qemu", None), (guest.arch, guest.virt_types[0], None)]
    told = driver.node.all_domain_capabilities(asked)
    assert told[0] is None
    if Capability.DOMAIN_CAPABILITIES in driver.capabilities:
        root = parse(told[1] or "", "domain capabilities")
        assert (root.findtext("arch"), root.findtext("domain")) == asked[1][:2]
    else:
        assert told[1] is None
    assert driver.node.all_domain_capabilities([]) == []
