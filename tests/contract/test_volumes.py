# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Storage volumes: which there are, how they come, grow, are renamed and go."""

from __future__ import annotations

import threading

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._document.tree import parse
from ansible_collections.stratum.virt.plugins.module_utils._driver.base import Capability, Driver
from ansible_collections.stratum.virt.plugins.module_utils._driver.storage import Volumes
from ansible_collections.stratum.virt.plugins.module_utils._errors import (
    AlreadyExists,
    DriverError,
    InputError,
    InvalidDocument,
    NotFound,
    NotSupported,
    OperationInvalid,
)
from ansible_collections.stratum.virt.plugins.module_utils._host.base import Extent

from tests.contract.calls import outcomes_other_than, volume_calls
from tests.contract.subjects import Subject
from tests.contract.volumes import MIB, content, document, put, read, text

# Containers share the storage of the QEMU driver.
pytestmark = [pytest.mark.kinds("sim", "qemu", "test"), pytest.mark.needs(Capability.VOLUMES)]


def test_a_created_volume_is_there(subject: Subject, volumes: Volumes, pool: str) -> None:
    volumes.create(pool, document("a"))
    found = read(volumes, pool, "a")
    assert (found.pool, found.name) == (pool, "a")
    assert text(found, "name") == "a"
    assert text(found, "capacity") == str(MIB)
    path = text(found, "target/path")
    assert path is not None
    assert found.key == path
    assert volumes.paths([(pool, "a"), (pool, "b"), ("no-such-pool", "a")]) == {(pool, "a"): path}
    assert volumes.find(path) == (pool, "a")
    assert subject.witness.volumes(pool) == ["a"]


def test_what_is_not_there_is_not_found(volumes: Volumes, pool: str, other: str) -> None:
    assert volumes.describe({pool: None, other: None}) == []
    assert volumes.describe({pool: ["a"], other: ["a"]}) == []
    assert volumes.describe({}) == []
    assert volumes.find("/no/such/volume") is None


def test_every_call_on_a_missing_volume_says_so(driver: Driver, volumes: Volumes, pool: str, other: str) -> None:
    calls = [call for call in volume_calls(pool) if call.needs is None or call.needs in driver.capabilities]
    assert outcomes_other_than(NotFound, calls, volumes, "no-such-volume") == {}
    calls = [call for call in volume_calls(other) if call.needs is None or call.needs in driver.capabilities]
    assert outcomes_other_than(NotFound, calls, volumes, other) == {}
    with pytest.raises(NotFound, match=other):
        volumes.create(other, document("a"))
    with pytest.raises(NotFound, match="no-such-volume"):
        volumes.create(pool, document("a"), source=(pool, "no-such-volume"))


def test_describing_many_keeps_to_what_was_asked(subject: Subject, volumes: Volumes, pool: str) -> None:
    wanted = [f"v{number:02}" for number in range(12)]
    for each in wanted:
        volumes.create(pool, document(each))
    few = volumes.describe({pool: [wanted[7], "nobody", wanted[2], wanted[7]]})
    assert [record.name for record in few] == [wanted[7], wanted[2]]
    assert volumes.describe({pool: []}) == []
    everything = volumes.describe({subject.pool: None, pool: None})
    assert [record.name for record in everything if record.pool == pool] == wanted
    assert [record for record in everything if record in few] == few[::-1]
    assert volumes.describe({pool: [*wanted[::-1], "nobody"]}) == everything[: -len(wanted) - 1 : -1]


@pytest.mark.parametrize(
    ("change", "to"),
    [("<volume>", "<volume <"), ("type='raw'", "type='cheese'"), ("<target>", "<cheese/><target>")],
)
def test_a_document_that_cannot_be_is_refused(volumes: Volumes, pool: str, change: str, to: str) -> None:
    with pytest.raises((InvalidDocument, DriverError), match=pool):
        volumes.create(pool, document("a").replace(change, to))
    assert volumes.describe({pool: None}) == []


@pytest.mark.kinds("sim", "qemu")  # libvirt's own simulation takes any name
@pytest.mark.parametrize("way", ["x/y", "../x"])
def test_a_name_is_no_way(volumes: Volumes, pool: str, way: str) -> None:
    with pytest.raises((DriverError, InvalidDocument)):
        volumes.create(pool, document(way))
    assert volumes.describe({pool: None}) == []


def test_a_name_that_is_taken_cannot_be_had(volumes: Volumes, pool: str) -> None:
    volumes.create(pool, document("a"))
    volumes.create(pool, document("b", capacity=2 * MIB))
    before = volumes.describe({pool: None})
    with pytest.raises(AlreadyExists, match=r"\ba\b|exists"):
        volumes.create(pool, document("a", capacity=3 * MIB))
    with pytest.raises(AlreadyExists):
        volumes.create(pool, document("a"), source=(pool, "b"))
    assert volumes.describe({pool: None}) == before


def test_a_deleted_volume_is_gone(subject: Subject, volumes: Volumes, pool: str) -> None:
    for each in "abc":
        volumes.create(pool, document(each))
    volumes.delete(pool, "a")
    path = text(read(volumes, pool, "b"), "target/path") or ""
    assert volumes.delete_path(path) is True
    assert volumes.delete_path(path) is False
    assert [record.name for record in volumes.describe({pool: None})] == ["c"]
    assert subject.witness.volumes(pool) == ["c"]


@pytest.mark.kinds("sim", "qemu")  # libvirt's own simulation knows no formats
@pytest.mark.parametrize("kind", ["raw", "qcow2"])
def test_formats(volumes: Volumes, pool: str, kind: str) -> None:
    volumes.create(pool, document("a", kind=kind), preallocate_metadata=kind == "qcow2")
    found = read(volumes, pool, "a")
    assert parse(found.document, "a volume").find("target/format[@type]") is not None
    assert f"<format type='{kind}'/>" in found.document.replace('"', "'")
    assert text(found, "capacity") == str(MIB)


@pytest.mark.kinds("sim", "qemu")
def test_a_volume_on_another(volumes: Volumes, pool: str) -> None:
    volumes.create(pool, document("base"))
    base = text(read(volumes, pool, "base"), "target/path")
    volumes.create(pool, document("overlay", capacity=2 * MIB, kind="qcow2", backing=base))
    found = read(volumes, pool, "overlay")
    assert text(found, "backingStore/path") == base
    assert text(found, "capacity") == str(2 * MIB)


@pytest.mark.needs(Capability.VOLUME_RESIZE)
@pytest.mark.parametrize("kind", ["raw", "qcow2"])
def test_volumes_grow(volumes: Volumes, pool: str, kind: str) -> None:
    volumes.create(pool, document("a", kind=kind))
    volumes.resize(pool, "a", 3 * MIB)
    assert text(read(volumes, pool, "a"), "capacity") == str(3 * MIB)


@pytest.mark.needs(Capability.VOLUME_RESIZE)
def test_volumes_shrink_by_consent_only(volumes: Volumes, pool: str) -> None:
    volumes.create(pool, document("a", capacity=3 * MIB))
    with pytest.raises((DriverError, InputError), match=r"\ba\b"):
        volumes.resize(pool, "a", MIB)
    assert text(read(volumes, pool, "a"), "capacity") == str(3 * MIB)
    volumes.resize(pool, "a", MIB, shrink=True)
    assert text(read(volumes, pool, "a"), "capacity") == str(MIB)


@pytest.mark.needs(Capability.VOLUME_RESIZE)
def test_the_new_size_can_be_set_aside(volumes: Volumes, pool: str) -> None:
    volumes.create(pool, document("a"))
    assert int(text(read(volumes, pool, "a"), "allocation") or -1) < MIB
    volumes.resize(pool, "a", 2 * MIB, allocate=True)
    assert int(text(read(volumes, pool, "a"), "allocation") or -1) >= MIB


@pytest.mark.kinds("sim", "qemu")  # libvirt's own simulation has no files
def test_a_renamed_volume_is_itself(subject: Subject, volumes: Volumes, pool: str) -> None:
    volumes.create(pool, document("a"))
    put(volumes, pool, "a", [Extent(b"noise")])
    assert volumes.mark(pool, "a") is None
    kept = volumes.set_mark(pool, "a", "made by hand")
    volumes.rename(pool, "a", "b")
    assert subject.witness.volumes(pool) == ["b"]
    assert volumes.describe({pool: ["a"]}) == []
    assert text(read(volumes, pool, "b"), "target/path") == read(volumes, pool, "b").key
    assert content(volumes, pool, "b")[:5] == b"noise"
    assert volumes.mark(pool, "b") == ("made by hand" if kept else None)


@pytest.mark.kinds("sim", "qemu")  # libvirt's own simulation has no files
def test_renaming_replaces_what_has_the_name(volumes: Volumes, pool: str) -> None:
    volumes.create(pool, document("a", capacity=MIB))
    volumes.create(pool, document("b", capacity=2 * MIB))
    volumes.rename(pool, "a", "b")
    assert [(each.name, text(each, "capacity")) for each in volumes.describe({pool: None})] == [("b", str(MIB))]


@pytest.mark.kinds("sim", "qemu")  # libvirt's own simulation has no files
@pytest.mark.parametrize("way", ["", "../x", "x/y", "/x"])
def test_a_new_name_is_no_way(volumes: Volumes, pool: str, way: str) -> None:
    volumes.create(pool, document("a"))
    with pytest.raises((InputError, InvalidDocument)):
        volumes.rename(pool, "a", way)
    assert [each.name for each in volumes.describe({pool: None})] == ["a"]


@pytest.mark.kinds("test")  # the others can do everything
def test_what_a_driver_does_not_declare_it_refuses(driver: Driver, volumes: Volumes, pool: str) -> None:
    volumes.create(pool, document("a"))
    calls = [call for call in volume_calls(pool) if call.needs is not None and call.needs not in driver.capabilities]
    assert calls
    assert outcomes_other_than(NotSupported, calls, volumes, "a") == {}
    assert volumes.mark(pool, "a") is None
    assert volumes.set_mark(pool, "a", "x") is False
    assert [each.name for each in volumes.describe({pool: None})] == ["a"]


@pytest.mark.kinds("qemu")
def test_storage_without_marks(volumes: Volumes, small: str) -> None:
    volumes.create(small, document("a"))
    assert volumes.set_mark(small, "a", "x") is False
    assert volumes.mark(small, "a") is None


@pytest.mark.kinds("qemu")
def test_renaming_waits_for_another_task(subject: Subject, volumes: Volumes, pool: str) -> None:
    other = subject.open().volumes
    assert other is not None
    volumes.create(pool, document("a", capacity=200 * MIB))
    put(volumes, pool, "a", [Extent(b"x" * MIB)] * 200)
    volumes.create(pool, document("b"))
    copier = threading.Thread(target=lambda: other.create(pool, document("c"), source=(pool, "a")))
    copier.start()
    volumes.rename(pool, "b", "d")
    copier.join()
    assert [each.name for each in volumes.describe({pool: None})] == ["a", "c", "d"]


@pytest.mark.kinds("sim", "qemu")
def test_volumes_of_a_stopped_pool_are_out_of_reach(driver: Driver, volumes: Volumes, pool: str) -> None:
    assert driver.pools is not None
    volumes.create(pool, document("a"))
    path = text(read(volumes, pool, "a"), "target/path") or ""
    driver.pools.destroy(pool)
    assert volumes.describe({pool: None}) == []
    assert volumes.paths([(pool, "a")]) == {}
    assert volumes.find(path) is None
    with pytest.raises(OperationInvalid, match=pool):
        volumes.delete(pool, "a")
