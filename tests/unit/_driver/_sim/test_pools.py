# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pools of a simulated node: as libvirt's storage driver would have them."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._document.tree import parse
from ansible_collections.stratum.virt.plugins.module_utils._driver._sim.control import Storage, Volume, edit
from ansible_collections.stratum.virt.plugins.module_utils._driver._sim.driver import SimDriver
from ansible_collections.stratum.virt.plugins.module_utils._driver.storage import PoolRecord, Pools, PoolState
from ansible_collections.stratum.virt.plugins.module_utils._errors import (
    AlreadyExists,
    DriverError,
    InvalidDocument,
    NotFound,
    NotSupported,
    OperationInvalid,
    OutcomeUnknown,
    StratumError,
)
from lxml.etree import _Element as Element

from .conftest import OpenSim

FOLDER = "<pool type='dir'><name>{0}</name><target><path>/srv/{0}</path></target></pool>"
DISK = "<source><device path='/dev/sdb'/></source>"
MOUNT = "<target><path>/mnt/data</path></target>"
TYPES = {
    "dir": MOUNT,
    "fs": DISK + MOUNT,
    "netfs": "<source><host name='nas'/><dir path='/export'/></source>" + MOUNT,
    "logical": DISK,
    "disk": DISK + "<target><path>/dev</path></target>",
    "iscsi": "<source><host name='nas'/><device path='iqn.2026-01.org.example:a'/></source>" + MOUNT,
    "iscsi-direct": (
        "<source><host name='nas'/><device path='iqn.2026-01.org.example:a'/>"
        "<initiator><iqn name='iqn.2026-01.org.example:b'/></initiator></source>"
    ),
    "scsi": "<source><adapter name='scsi_host0'/></source>" + MOUNT,
    "mpath": "<target><path>/dev/mapper</path></target>",
    "rbd": "<source><host name='ceph'/><name>images</name></source>",
    "gluster": "<source><host name='nas'/><name>images</name></source>",
    "zfs": DISK,
}
"""What a pool of each type has to say."""
BUILT = {"dir": None, "fs": False, "netfs": None, "logical": False, "disk": False, "zfs": None}
"""Types whose storage has to be built, and how ``overwrite`` is to be."""


@pytest.fixture
def driver(open_sim: OpenSim) -> SimDriver:
    return open_sim()


@pytest.fixture
def pools(driver: SimDriver) -> Pools:
    """The pools of a node: ``default``, which is active, and ``data``, which is not and has no folder yet."""
    assert driver.pools is not None
    driver.pools.define(FOLDER.format("data"))
    return driver.pools


def read(pools: Pools, name: str = "data") -> PoolRecord:
    (found,) = pools.describe([name])
    return found


def config(pools: Pools, name: str = "data") -> Element:
    document = read(pools, name).config
    assert document is not None
    return parse(document, "config")


def volumes(driver: SimDriver, pool: str = "data") -> list[str]:
    assert driver.volumes is not None
    return [record.name for record in driver.volumes.describe({pool: None})]


def create(driver: SimDriver, name: str, pool: str = "data", capacity: int = 4096) -> None:
    assert driver.volumes is not None
    driver.volumes.create(pool, f"<volume><name>{name}</name><capacity>{capacity}</capacity></volume>")


def test_a_new_node_has_one_pool(open_sim: OpenSim) -> None:
    pools = open_sim().pools
    assert pools is not None
    (first,) = pools.describe()
    assert (first.name, first.state, first.persistent, first.autostart) == ("default", PoolState.ACTIVE, True, True)
    assert (first.capacity, first.allocation, first.available) == (100 * 1024**3, 4096, 100 * 1024**3 - 4096)
    assert first.live is not None
    assert parse(first.live, "live").findtext("target/path") == "/var/lib/libvirt/images"
    assert pools.describe() == [first]  # there is no file yet that could keep it
    assert pools.find(first.uuid) == "default"


def test_define_fills_in_what_was_not_said(pools: Pools) -> None:
    root = config(pools)
    assert [child.tag for child in root] == ["name", "uuid", "capacity", "allocation", "available", "source", "target"]
    assert root.findtext("uuid") == read(pools).uuid
    assert root.find("target/permissions") is None
    pools.build("data")
    pools.start("data")
    assert [each.text for each in config(pools).iterfind("target/permissions/*")] == ["0711", "0", "0"]


def test_what_was_filled_in_stays(pools: Pools) -> None:
    before = read(pools).config
    assert before is not None
    pools.define(before)
    assert read(pools).config == before


def test_paths_are_written_in_one_way(pools: Pools) -> None:
    pools.define("<pool type='dir'><name>odd</name><target><path>//srv//odd/</path></target></pool>")
    assert config(pools, "odd").findtext("target/path") == "/srv/odd"


@pytest.mark.parametrize("kind", TYPES)
def test_a_pool_of_each_type_comes_and_goes(pools: Pools, kind: str) -> None:
    pools.define(f"<pool type='{kind}'><name>of-{kind}</name>{TYPES[kind]}</pool>")
    name = f"of-{kind}"
    if kind in BUILT:
        with pytest.raises(DriverError, match="has to be built"):
            pools.start(name)
    pools.build(name, overwrite=BUILT.get(kind))
    pools.start(name)
    assert read(pools, name).state is PoolState.ACTIVE
    pools.refresh(name)
    pools.destroy(name)
    if kind in BUILT:
        pools.delete(name)
    else:
        with pytest.raises(NotSupported):
            pools.delete(name)
    pools.undefine(name)
    assert pools.names() == ["data", "default"]


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        ("fs", "source/format", "auto"),
        ("netfs", "source/format", "auto"),
        ("logical", "source/format", "lvm2"),
        ("disk", "source/format", "unknown"),
        ("scsi", "source/adapter", "scsi_host"),
    ],
)
def test_each_type_has_its_defaults(pools: Pools, kind: str, path: str, value: str) -> None:
    pools.define(f"<pool type='{kind}'><name>new</name>{TYPES[kind]}</pool>")
    found = config(pools, "new").find(path)
    assert found is not None
    assert found.get("type") == value


def test_groups_have_the_name_of_their_pool(pools: Pools) -> None:
    pools.define(f"<pool type='logical'><name>vg0</name>{DISK}<target><path>/wherever</path></target></pool>")
    root = config(pools, "vg0")
    assert (root.findtext("source/name"), root.findtext("target/path")) == ("vg0", "/dev/vg0")


def test_a_disk_is_partitioned_somehow(pools: Pools) -> None:
    pools.define(f"<pool type='disk'><name>new</name>{TYPES['disk']}</pool>")
    pools.build("new")
    pools.start("new")
    found = config(pools, "new").find("source/format")
    assert found is not None
    assert found.get("type") == "dos"


def test_an_active_pool_stays_as_it_is_when_it_is_defined_again(pools: Pools, driver: SimDriver) -> None:
    pools.build("data")
    pools.start("data")
    create(driver, "a")
    before = read(pools)
    assert before.config is not None
    pools.define(before.config.replace("/srv/data", "/srv/other"))
    assert read(pools).live == before.live
    assert config(pools).findtext("target/path") == "/srv/other"
    assert volumes(driver) == ["a"]
    pools.destroy("data")
    with pytest.raises(DriverError, match="has to be built"):
        pools.start("data")
    pools.define(before.config)
    pools.start("data")
    assert volumes(driver) == ["a"]


def test_storage_outlives_its_pool(pools: Pools, driver: SimDriver) -> None:
    pools.build("data")
    pools.start("data")
    create(driver, "a")
    pools.destroy("data")
    assert volumes(driver) == []
    pools.undefine("data")
    pools.define(FOLDER.format("data"))
    pools.start("data")
    assert volumes(driver) == ["a"]


def test_what_cannot_follow_is_refused(pools: Pools) -> None:
    for call in (pools.destroy, pools.refresh):
        with pytest.raises(OperationInvalid, match="not active"):
            call("data")
    pools.build("data")
    pools.start("data")
    for call in (pools.start, pools.undefine, pools.build, pools.delete):
        with pytest.raises(OperationInvalid, match="is active"):
            call("data")
    for call in (pools.start, pools.destroy, pools.undefine, pools.build, pools.delete, pools.refresh):
        with pytest.raises(NotFound, match="'nowhere'"):
            call("nowhere")
    assert pools.describe(["nowhere", "data", "data"], documents=False) == [
        read(pools)._replace(live=None, config=None)
    ]


def test_a_transient_pool_is_gone_when_it_stops(pools: Pools, state_file: Path) -> None:
    with edit(str(state_file)) as state:
        state.pools["default"].config = None
    assert not read(pools, "default").persistent
    with pytest.raises(OperationInvalid, match="transient"):
        pools.set_autostart("default", False)
    pools.destroy("default")
    assert pools.names() == ["data"]


def test_autostart_is_remembered(pools: Pools) -> None:
    pools.set_autostart("data", True)
    assert read(pools).autostart
    pools.set_autostart("data", False)
    assert not read(pools).autostart


def test_names_uuids_and_sources_are_one_pools_only(pools: Pools) -> None:
    uuid = read(pools).uuid
    target = "<target><path>/srv/other</path></target>"
    for document in ("<name>data</name>", f"<name>other</name><uuid>{uuid}</uuid>"):
        with pytest.raises(AlreadyExists, match="'data' already exists"):
            pools.define(f"<pool type='dir'>{document}{target}</pool>")
    with pytest.raises(DriverError, match="'data' has the same source"):
        pools.define("<pool type='dir'><name>other</name><target><path>/srv/data/</path></target></pool>")


@pytest.mark.parametrize(
    ("document", "error", "says"),
    [
        ("<pool", InvalidDocument, "not well-formed"),
        ("<network/>", InvalidDocument, "not a pool"),
        ("<pool type='cheese'/>", InvalidDocument, "'cheese'"),
        ("<pool type='dir'><target><path>/a</path></target></pool>", InvalidDocument, "no name"),
        (FOLDER.format("a/b"), InvalidDocument, "'/'"),
        (FOLDER.format("a").replace("/srv", "srv"), InvalidDocument, "absolute"),
        (FOLDER.format("a").replace("<target>", "<uuid>seven</uuid><target>"), InvalidDocument, "not a UUID"),
        (FOLDER.format("a").replace("<target>", "<cheese/><target>"), InvalidDocument, "'cheese'"),
        (FOLDER.format("a").replace("<target>", "<target><cheese/>"), InvalidDocument, "'cheese'"),
        (
            FOLDER.format("a").replace("<target>", "<target><permissions><mode>9</mode></permissions>"),
            InvalidDocument,
            "octal",
        ),
        (
            FOLDER.format("a").replace("<target>", "<target><permissions><owner>me</owner></permissions>"),
            InvalidDocument,
            "'me'",
        ),
        ("<pool type='dir'><name>a</name></pool>", InvalidDocument, "target/path"),
        (f"<pool type='fs'><name>a</name>{MOUNT}</pool>", InvalidDocument, "source/device"),
        (
            f"<pool type='fs'><name>a</name><source><device path='/d'/><format type='z'/></source>{MOUNT}</pool>",
            InvalidDocument,
            "'z'",
        ),
        (
            f"<pool type='vstorage'><name>a</name><source><name>a</name></source>{MOUNT}</pool>",
            DriverError,
            "no pools of the type vstorage",
        ),
    ],
)
def test_what_libvirt_refuses_is_refused(pools: Pools, document: str, error: type[StratumError], says: str) -> None:
    with pytest.raises(error, match=says):
        pools.define(document)
    assert pools.names() == ["data", "default"]


def test_a_folder_is_made_and_never_emptied(pools: Pools, driver: SimDriver) -> None:
    for overwrite in (True, False):
        with pytest.raises(OperationInvalid, match="no source device"):
            pools.build("data", overwrite=overwrite)
    pools.build("data")
    pools.start("data")
    create(driver, "a")
    pools.destroy("data")
    pools.build("data")
    with pytest.raises(DriverError, match="not empty"):
        pools.delete("data")
    pools.start("data")
    assert volumes(driver) == ["a"]
    assert driver.volumes is not None
    driver.volumes.delete("data", "a")
    pools.destroy("data")
    pools.delete("data")
    with pytest.raises(DriverError, match="not there"):
        pools.delete("data")


@pytest.mark.parametrize("kind", ["fs", "logical", "disk"])
def test_data_is_overwritten_only_when_somebody_says_so(pools: Pools, driver: SimDriver, kind: str) -> None:
    pools.define(f"<pool type='{kind}'><name>new</name>{TYPES[kind]}</pool>")
    pools.build("new", overwrite=False)
    pools.start("new")
    create(driver, "sdb1", "new")
    pools.destroy("new")
    with pytest.raises(DriverError, match="would destroy"):
        pools.build("new", overwrite=False)
    pools.start("new")
    assert volumes(driver, "new") == ["sdb1"]
    pools.destroy("new")
    pools.build("new", overwrite=True)
    pools.start("new")
    assert volumes(driver, "new") == []


def test_what_was_on_a_device_before_is_data(pools: Pools, driver: SimDriver, state_file: Path) -> None:
    with edit(str(state_file)) as state:
        state.storages["fs /dev/sdb"] = Storage(volumes={"old": Volume("/mnt/data/old", 7)})
    pools.define(f"<pool type='fs'><name>new</name>{TYPES['fs']}</pool>")
    with pytest.raises(DriverError, match="would destroy"):
        pools.build("new", overwrite=False)
    pools.build("new")
    pools.start("new")
    assert volumes(driver, "new") == ["old"]
    pools.destroy("new")
    pools.delete("new")  # removes where it is mounted
    pools.start("new")
    assert volumes(driver, "new") == ["old"]


def test_a_group_is_deleted_with_all_that_is_in_it(pools: Pools, driver: SimDriver) -> None:
    pools.define(f"<pool type='logical'><name>vg0</name>{DISK}</pool>")
    pools.build("vg0")
    pools.start("vg0")
    create(driver, "a", "vg0")
    pools.destroy("vg0")
    pools.delete("vg0")
    with pytest.raises(DriverError, match="has to be built"):
        pools.start("vg0")
    pools.define("<pool type='logical'><name>bare</name></pool>")
    with pytest.raises(DriverError, match="no devices"):
        pools.build("bare")


def test_sizes_follow_the_volumes(pools: Pools, driver: SimDriver, state_file: Path) -> None:
    pools.build("data")
    with edit(str(state_file)) as state:
        state.storages["dir /srv/data"].capacity = 14096
    assert (read(pools).capacity, config(pools).findtext("capacity")) == (0, "0")
    pools.start("data")
    create(driver, "a", capacity=6000)
    found = read(pools)
    assert (found.capacity, found.allocation, found.available) == (14096, 10096, 4000)
    assert [config(pools).findtext(tag) for tag in ("capacity", "allocation", "available")] == [
        "14096",
        "10096",
        "4000",
    ]
    with pytest.raises(DriverError, match="not enough space"):
        create(driver, "b", capacity=4001)
    create(driver, "b", capacity=4000)
    assert read(pools).available == 0


def test_capabilities_name_every_type(pools: Pools) -> None:
    root = parse(pools.capabilities(), "capabilities")
    supported = {pool.get("type"): pool.get("supported") == "yes" for pool in root.iterchildren("pool")}
    assert supported == {**dict.fromkeys(TYPES, True), "vstorage": False, "sheepdog": False}
    formats = [value.text for value in root.iterfind("pool[@type='netfs']/poolOptions/enum/value")]
    assert formats == ["auto", "nfs", "glusterfs", "cifs"]
    default = root.find("pool[@type='dir']/volOptions/defaultFormat")
    assert default is not None
    assert default.get("type") == "raw"


@pytest.mark.parametrize(
    ("kind", "error"), [("dir", NotSupported), ("netfs", DriverError), ("cheese", DriverError), ("logical", None)]
)
def test_nothing_is_found_where_something_could_be(pools: Pools, kind: str, error: type[DriverError] | None) -> None:
    if error is None:
        assert parse(pools.sources(kind), "sources").tag == "sources"
    else:
        with pytest.raises(error):
            pools.sources(kind)
    assert pools.sources("netfs", "<source><host name='nas'/></source>")


def test_every_call_can_fail(open_sim: OpenSim, pools: Pools) -> None:
    failing = open_sim("fail=pools.start:after,pools.define").pools
    assert failing is not None
    with pytest.raises(DriverError, match="told to refuse"):
        failing.define(FOLDER.format("never"))
    failing.build("data")
    with pytest.raises(OutcomeUnknown):
        failing.start("data")
    assert read(pools).state.active
    assert pools.names() == ["data", "default"]
