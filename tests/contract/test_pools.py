# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Storage pools: which there are, what they are made of, and what they do with what is there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._document.tree import parse
from ansible_collections.stratum.virt.plugins.module_utils._driver.base import Capability, Driver
from ansible_collections.stratum.virt.plugins.module_utils._driver.storage import PoolRecord, Pools, PoolState, Volumes
from ansible_collections.stratum.virt.plugins.module_utils._errors import (
    AlreadyExists,
    DriverError,
    InputError,
    InvalidDocument,
    NotFound,
    NotSupported,
    OperationInvalid,
)

from tests.contract.calls import POOL_CALLS, outcomes_other_than
from tests.contract.subjects import QemuSubject, Subject, new_uuid

# Containers share the storage of the QEMU driver.
pytestmark = [pytest.mark.kinds("sim", "qemu", "test"), pytest.mark.needs(Capability.VOLUMES)]

VOLUME = "<volume><name>a</name><capacity unit='bytes'>65536</capacity><target><format type='raw'/></target></volume>"


def document(name: str, path: Path, uuid: str | None = None) -> str:
    identity = f"<name>{name}</name>{f'<uuid>{uuid}</uuid>' if uuid else ''}"
    return f"<pool type='dir'>{identity}<target><path>{path}</path></target></pool>"


@pytest.fixture
def pools(driver: Driver) -> Pools:
    assert driver.pools is not None
    return driver.pools


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder that is not there yet."""
    return tmp_path / "pool"


@pytest.fixture
def inactive(pools: Pools, name: str, place: Path) -> str:
    """A pool that is defined and built."""
    pools.define(document(name, place))
    pools.build(name)
    return name


@pytest.fixture
def active(pools: Pools, inactive: str) -> str:
    """A pool that is active, and has no volume."""
    pools.start(inactive)
    return inactive


def read(pools: Pools, name: str) -> PoolRecord:
    (found,) = pools.describe([name])
    return found


def path_of(document: str | None) -> str | None:
    assert document is not None
    return parse(document, "a pool").findtext("target/path")


def test_a_defined_pool_is_there(subject: Subject, pools: Pools, name: str, place: Path) -> None:
    pools.define(document(name, place))
    assert name in pools.names()
    found = read(pools, name)
    assert (found.name, found.state, found.persistent, found.autostart) == (name, PoolState.INACTIVE, True, False)
    assert (found.live, found.capacity, found.allocation, found.available) == (None, 0, 0, 0)
    assert path_of(found.config) == str(place)
    assert parse(found.config or "", "config").findtext("uuid") == found.uuid
    assert pools.find(found.uuid) == name
    assert subject.witness.pool(name) == "inactive"


def test_a_stated_uuid_is_kept(pools: Pools, name: str, place: Path) -> None:
    uuid = new_uuid()
    pools.define(document(name, place, uuid))
    assert read(pools, name).uuid == uuid
    assert pools.find(uuid.upper()) == name


def test_what_is_not_there_is_not_found(pools: Pools, name: str) -> None:
    assert pools.find(new_uuid()) is None
    assert pools.describe([name]) == []
    assert name not in pools.names()
    with pytest.raises(InputError):
        pools.find("not a UUID")


def test_every_call_on_a_missing_pool_says_so(pools: Pools, name: str) -> None:
    assert outcomes_other_than(NotFound, POOL_CALLS, pools, name) == {}


def test_describing_many_keeps_to_what_was_asked(pools: Pools, name: str, other: str, place: Path) -> None:
    wanted = [f"{name}-{number}" for number in range(12)]
    for each in wanted:
        pools.define(document(each, place / each))
    assert [record.name for record in pools.describe([wanted[7], other, wanted[2], wanted[7]])] == [
        wanted[7],
        wanted[2],
    ]
    assert [record.name for record in pools.describe([*wanted, other])] == wanted
    assert pools.describe([]) == []
    everything = pools.describe()
    assert [record.name for record in everything] == pools.names() == sorted(pools.names())
    few = {record.name: record for record in pools.describe(wanted[:3])}
    assert {record.name: record for record in everything if record.name in few} == few


def test_documents_are_left_out_when_nobody_wants_them(pools: Pools, active: str) -> None:
    (found,) = pools.describe([active], documents=False)
    assert (found.live, found.config, found.state, found.persistent) == (None, None, PoolState.ACTIVE, True)
    (from_all,) = [each for each in pools.describe(documents=False) if each.name == active]
    assert from_all._replace(allocation=0, available=0) == found._replace(allocation=0, available=0)


def test_a_name_belongs_to_one_uuid(pools: Pools, inactive: str, other: str, place: Path) -> None:
    before = read(pools, inactive)
    with pytest.raises(AlreadyExists, match=inactive):
        pools.define(document(inactive, place, new_uuid()))
    with pytest.raises(AlreadyExists, match=inactive):
        pools.define(document(other, place / "other", before.uuid))
    assert read(pools, inactive) == before
    assert other not in pools.names()


@pytest.mark.parametrize(
    ("change", "to"),
    [
        ("<pool ", "<pool <"),
        ("type='dir'", "type='sieve'"),
        ("<target>", "<cheese/><target>"),
        ("<name>", "<name>a/b"),
    ],
)
def test_a_document_that_cannot_be_is_refused(pools: Pools, name: str, place: Path, change: str, to: str) -> None:
    before = pools.names()
    with pytest.raises(InvalidDocument):
        pools.define(document(name, place).replace(change, to))
    assert pools.names() == before


def test_defining_what_was_read_changes_nothing(pools: Pools, inactive: str) -> None:
    before = read(pools, inactive)
    pools.define(before.config or "")
    assert read(pools, inactive) == before


@pytest.mark.kinds("sim", "qemu")  # libvirt's own simulation has one document for both
def test_an_active_pool_goes_on_as_it_is(pools: Pools, volumes: Volumes, active: str, place: Path) -> None:
    volumes.create(active, VOLUME)
    before = read(pools, active)
    pools.define(document(active, place.with_name("moved"), before.uuid))
    found = read(pools, active)
    assert (found.state, path_of(found.live)) == (PoolState.ACTIVE, str(place))
    assert path_of(found.config) == str(place.with_name("moved"))
    assert len(volumes.describe({active: None})) == 1
    pools.destroy(active)
    pools.build(active)
    pools.start(active)
    assert path_of(read(pools, active).live) == str(place.with_name("moved"))
    assert volumes.describe({active: None}) == []


def test_a_pool_starts_and_stops(subject: Subject, pools: Pools, volumes: Volumes, inactive: str, place: Path) -> None:
    pools.start(inactive)
    found = read(pools, inactive)
    assert (found.state, found.persistent, path_of(found.live)) == (PoolState.ACTIVE, True, str(place))
    assert found.capacity >= found.available > 0
    assert found.state.active
    assert subject.witness.pool(inactive) == "active"
    with pytest.raises(OperationInvalid, match=inactive):
        pools.start(inactive)
    volumes.create(inactive, VOLUME)
    pools.destroy(inactive)
    assert read(pools, inactive).state is PoolState.INACTIVE
    assert subject.witness.pool(inactive) == "inactive"
    with pytest.raises(OperationInvalid, match=inactive):
        pools.destroy(inactive)
    assert volumes.describe({inactive: None}) == volumes.describe({inactive: ["a"]}) == []
    if subject.kind != "test":  # it forgets its volumes
        pools.start(inactive)
        assert [each.name for each in volumes.describe({inactive: None})] == ["a"]


@pytest.mark.kinds("sim", "qemu")  # libvirt's own simulation has no storage that could be missing
def test_a_pool_without_its_storage_does_not_start(pools: Pools, name: str, place: Path) -> None:
    pools.define(document(name, place))
    with pytest.raises(DriverError, match=name):
        pools.start(name)
    pools.build(name)
    pools.build(name)  # a folder that is there is fine
    pools.start(name)
    pools.destroy(name)
    pools.delete(name)
    with pytest.raises(DriverError, match=name):
        pools.start(name)
    assert read(pools, name).state is PoolState.INACTIVE


@pytest.mark.kinds("sim", "qemu")
def test_a_folder_that_is_not_empty_stays(pools: Pools, volumes: Volumes, active: str) -> None:
    volumes.create(active, VOLUME)
    pools.destroy(active)
    with pytest.raises(DriverError, match=active):
        pools.delete(active)
    pools.start(active)
    assert [each.name for each in volumes.describe({active: None})] == ["a"]


def test_an_active_pool_is_neither_deleted_nor_forgotten(pools: Pools, active: str) -> None:
    for refused in (pools.delete, pools.undefine):
        with pytest.raises(OperationInvalid, match=active):
            refused(active)
    assert read(pools, active).state is PoolState.ACTIVE


def test_an_undefined_pool_is_gone(subject: Subject, pools: Pools, inactive: str) -> None:
    uuid = read(pools, inactive).uuid
    pools.undefine(inactive)
    assert pools.describe([inactive]) == []
    assert pools.find(uuid) is None
    assert subject.witness.pool(inactive) is None


def test_what_is_for_active_pools_only(pools: Pools, volumes: Volumes, inactive: str) -> None:
    before = read(pools, inactive)
    calls = [call for call in POOL_CALLS if call.live]
    assert outcomes_other_than(OperationInvalid, calls, pools, inactive) == {}
    with pytest.raises(OperationInvalid, match=inactive):
        volumes.create(inactive, VOLUME)
    assert read(pools, inactive) == before


def test_autostart_stays_as_it_was_set(pools: Pools, active: str) -> None:
    for enabled in (True, True, False, False, True):
        pools.set_autostart(active, enabled)
        assert read(pools, active).autostart is enabled
        (from_all,) = [each for each in pools.describe() if each.name == active]
        assert from_all.autostart is enabled


@pytest.mark.kinds("qemu")  # the others have no real folder
def test_refreshing_finds_what_came_and_went(pools: Pools, volumes: Volumes, active: str, place: Path) -> None:
    volumes.create(active, VOLUME)
    (place / "new").write_bytes(b"x" * 1000)
    (place / "a").unlink()
    assert volumes.describe({active: ["new"]}) == []
    # It is known, and yet not there.
    assert volumes.describe({active: None}) == volumes.describe({active: ["a"]}) == []
    pools.refresh(active)
    assert [each.name for each in volumes.describe({active: None})] == ["new"]


@pytest.mark.needs(Capability.POOL_CAPABILITIES)
def test_the_node_says_which_pools_it_can_have(pools: Pools) -> None:
    root = parse(pools.capabilities(), "pool capabilities")
    assert root.tag == "storagepoolCapabilities"
    supported = {pool.get("type"): pool.get("supported") for pool in root.iterfind("pool")}
    assert supported["dir"] == "yes"
    formats = [value.text for value in root.iterfind("pool[@type='dir']/volOptions/enum/value")]
    assert {"raw", "qcow2"} <= set(formats)


@pytest.mark.kinds("test")
@pytest.mark.needs(Capability.POOL_SOURCES)
def test_what_pools_could_be_made_of(pools: Pools) -> None:
    found = parse(pools.sources("netfs", "<source><host name='server'/></source>"), "sources")
    assert [source.find("host") is not None for source in found.iterfind("source")] == [True]
    assert parse(pools.sources("logical"), "sources").tag == "sources"


@pytest.mark.kinds("sim", "qemu")
@pytest.mark.needs(Capability.POOL_SOURCES)
def test_there_are_types_of_which_sources_cannot_be_looked_for(pools: Pools) -> None:
    with pytest.raises(NotSupported, match="dir"):
        pools.sources("dir")


@pytest.mark.kinds("test")
def test_what_a_driver_does_not_declare_it_refuses(driver: Driver, pools: Pools) -> None:
    assert Capability.POOL_CAPABILITIES not in driver.capabilities
    with pytest.raises(NotSupported):
        pools.capabilities()


@pytest.fixture
def device(subject: Subject, tmp_path: Path) -> Iterator[str]:
    """A block device of 64 MiB with nothing on it."""
    assert isinstance(subject, QemuSubject)
    image = tmp_path / "device"
    with image.open("wb") as file:
        file.truncate(64 * 1024**2)
    device = subject.node.run(["losetup", "--find", "--show", str(image)]).stdout.strip()
    try:
        yield device
    finally:
        subject.node.run(["losetup", "--detach", device])


@pytest.mark.kinds("qemu")
def test_data_is_not_overwritten_unasked(pools: Pools, volumes: Volumes, name: str, place: Path, device: str) -> None:
    pools.define(
        f"<pool type='fs'><name>{name}</name><source><device path='{device}'/><format type='ext4'/></source>"
        f"<target><path>{place}</path></target></pool>"
    )
    pools.build(name, overwrite=False)
    pools.start(name)
    volumes.create(name, VOLUME)
    pools.destroy(name)
    with pytest.raises(AlreadyExists, match=name):
        pools.build(name, overwrite=False)
    pools.start(name)
    assert [each.name for each in volumes.describe({name: ["a"]})] == ["a"]
    pools.destroy(name)
    pools.build(name, overwrite=True)
    pools.start(name)
    assert volumes.describe({name: ["a"]}) == []
    pools.destroy(name)
