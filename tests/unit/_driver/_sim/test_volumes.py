# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Volumes of a simulated node: as libvirt's storage driver would have them."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._document.tree import parse
from ansible_collections.stratum.virt.plugins.module_utils._driver._sim.content import CONTENT_LIMIT
from ansible_collections.stratum.virt.plugins.module_utils._driver._sim.control import Storage, Volume, edit
from ansible_collections.stratum.virt.plugins.module_utils._driver._sim.driver import SimDriver
from ansible_collections.stratum.virt.plugins.module_utils._driver.storage import Volumes
from ansible_collections.stratum.virt.plugins.module_utils._errors import (
    AlreadyExists,
    ConnectionFailed,
    DriverError,
    InputError,
    InvalidDocument,
    NotFound,
    NotSupported,
    OperationInvalid,
    OutcomeUnknown,
    StratumError,
)
from lxml.etree import _Element as Element

from .conftest import OpenSim

MIB = 1024 * 1024
POOL = "default"
FOLDER = "/var/lib/libvirt/images"


@pytest.fixture
def driver(open_sim: OpenSim) -> SimDriver:
    return open_sim()


@pytest.fixture
def volumes(driver: SimDriver) -> Volumes:
    assert driver.volumes is not None
    return driver.volumes


def document(name: str, capacity: int | None = MIB, form: str = "raw", more: str = "", target: str = "") -> str:
    size = "" if capacity is None else f"<capacity>{capacity}</capacity>"
    return f"<volume><name>{name}</name>{size}{more}<target><format type='{form}'/>{target}</target></volume>"


def backing(path: str) -> str:
    return f"<backingStore><path>{path}</path><format type='qcow2'/></backingStore>"


def read(volumes: Volumes, name: str) -> Element:
    (found,) = volumes.describe({POOL: [name]})
    return parse(found.document, name)


def facts(volumes: Volumes, name: str) -> tuple[str | None, int, int]:
    """Return format, capacity and allocation."""
    root = read(volumes, name)
    form = root.find("target/format")
    return (
        None if form is None else form.get("type"),
        int(root.findtext("capacity") or "-1"),
        int(root.findtext("allocation") or "-1"),
    )


def put(volumes: Volumes, name: str, *parts: bytes | int) -> None:
    with volumes.upload(POOL, name) as writer:
        for part in parts:
            if isinstance(part, int):
                writer.hole(part)
            else:
                writer.write(part)


def get(volumes: Volumes, name: str, pool: str = POOL) -> bytes:
    with volumes.download(pool, name) as extents:
        return b"".join(extent.data + bytes(extent.hole) for extent in extents)


def test_a_raw_volume_takes_all_its_space_unless_told(volumes: Volumes) -> None:
    volumes.create(POOL, "<volume><name>a</name><capacity unit='MiB'>2</capacity></volume>")
    volumes.create(POOL, document("b", more="<allocation>0</allocation>"))
    assert facts(volumes, "a") == ("raw", 2 * MIB, 2 * MIB)
    assert facts(volumes, "b") == ("raw", MIB, 0)
    root = read(volumes, "a")
    assert [child.tag for child in root] == ["name", "key", "capacity", "allocation", "physical", "target"]
    assert root.findtext("target/path") == root.findtext("key") == f"{FOLDER}/a"
    assert [each.text for each in root.iterfind("target/permissions/*")] == ["0600", "0", "0"]
    (record,) = volumes.describe({POOL: ["a"]})
    assert (record.pool, record.name, record.key) == (POOL, "a", f"{FOLDER}/a")


def test_a_qcow2_volume_says_what_its_header_says(volumes: Volumes) -> None:
    volumes.create(POOL, document("a", 1000, "qcow2"))
    modern = "<compat>1.1</compat><clusterSize unit='KiB'>128</clusterSize><features><lazy_refcounts/></features>"
    volumes.create(POOL, document("b", MIB, "qcow2", target=modern))
    form, capacity, allocation = facts(volumes, "a")
    assert (form, capacity) == ("qcow2", 1024)  # whole sectors
    assert 0 < allocation < MIB
    old, new = read(volumes, "a"), read(volumes, "b")
    assert (old.findtext("target/clusterSize"), old.find("target/compat")) == ("65536", None)
    assert (new.findtext("target/clusterSize"), new.findtext("target/compat")) == ("131072", "1.1")
    assert new.find("target/features/lazy_refcounts") is not None


def test_a_volume_can_be_built_on_another_one(volumes: Volumes) -> None:
    volumes.create(POOL, document("base", 2 * MIB, "qcow2"))
    volumes.create(POOL, document("small", None, "qcow2", more=backing(f"{FOLDER}/base")))
    volumes.create(POOL, document("large", 4 * MIB, "qcow2", more=backing(f"{FOLDER}/base")))
    assert [facts(volumes, name)[1] for name in ("small", "large")] == [2 * MIB, 4 * MIB]
    assert read(volumes, "large").findtext("backingStore/path") == f"{FOLDER}/base"
    found = read(volumes, "large").find("backingStore/format")
    assert found is not None
    assert found.get("type") == "qcow2"
    volumes.delete(POOL, "base")  # as libvirt does, whoever is built on it


@pytest.mark.parametrize(
    ("text", "error", "says"),
    [
        ("<volume", InvalidDocument, "not well-formed"),
        ("<pool/>", InvalidDocument, "not a volume"),
        ("<volume><capacity>1</capacity></volume>", InvalidDocument, "no name"),
        (document("a/b"), InvalidDocument, "'/'"),
        (document(""), InvalidDocument, "empty"),
        (document(".."), InvalidDocument, "folder"),
        (document("a", None), InvalidDocument, "no capacity"),
        (document("a", -7), InvalidDocument, "'-7'"),
        (document("a", 2**63), DriverError, "too large"),
        (document("a").replace("<capacity>", "<capacity unit='stone'>"), InvalidDocument, "'stone'"),
        (document("a", form="cheese"), InvalidDocument, "'cheese'"),
        (document("a", more="<cheese/>"), InvalidDocument, "'cheese'"),
        (document("a", target="<cheese/>"), InvalidDocument, "'cheese'"),
        (document("a", target="<permissions><mode>888</mode></permissions>"), InvalidDocument, "octal"),
        (document("a", form="qcow2", target="<compat>7</compat>"), InvalidDocument, "'7'"),
        (document("a", form="qcow2", target="<clusterSize>1000</clusterSize>"), DriverError, "power of two"),
        (document("a", 2**50, form="qcow2", target="<clusterSize>512</clusterSize>"), DriverError, "too small"),
        (document("a", form="qcow2", target="<encryption format='luks'/>"), DriverError, "one secret"),
        (document("a", more=backing("/elsewhere")), NotSupported, "raw"),
        (document("a", form="qcow2", more=backing(f"{FOLDER}/none")), DriverError, "not there"),
        (document("a", None, form="qcow2", more=backing("/elsewhere")), DriverError, "no volume"),
        (document("a", 200 * 1024**3), DriverError, "not enough space"),
    ],
)
def test_what_libvirt_refuses_is_refused(volumes: Volumes, text: str, error: type[StratumError], says: str) -> None:
    with pytest.raises(error, match=says):
        volumes.create(POOL, text)
    assert volumes.describe({POOL: None}) == []


def test_what_cannot_be_created_is_refused(volumes: Volumes) -> None:
    volumes.create(POOL, document("a"))
    with pytest.raises(AlreadyExists, match="'a'"):
        volumes.create(POOL, document("a"))
    with pytest.raises(NotFound, match="'b'"):
        volumes.create(POOL, document("c"), source=(POOL, "b"))
    with pytest.raises(NotSupported, match="metadata"):
        volumes.create(POOL, document("c"), preallocate_metadata=True)
    for source in (None, (POOL, "a")):
        with pytest.raises(NotSupported, match="share"):
            volumes.create(POOL, document("c", form="qcow2"), source=source, reflink=True)
    with pytest.raises(NotSupported, match="vmdk"):
        volumes.create(POOL, document("c", form="vmdk"), source=(POOL, "a"))
    volumes.create(POOL, document("c", form="vmdk"))
    assert facts(volumes, "c")[:2] == ("vmdk", MIB)


def test_metadata_is_preallocated_with_the_space(volumes: Volumes) -> None:
    volumes.create(POOL, document("a", form="qcow2"), preallocate_metadata=True)
    assert facts(volumes, "a") == ("qcow2", MIB, MIB)


def test_volumes_need_their_pool(driver: SimDriver, volumes: Volumes) -> None:
    volumes.create(POOL, document("a"))
    assert driver.pools is not None
    driver.pools.destroy(POOL)
    assert volumes.describe({POOL: None, "nowhere": None}) == []
    assert volumes.paths([(POOL, "a")]) == {}
    assert volumes.find(f"{FOLDER}/a") is None
    assert volumes.delete_path(f"{FOLDER}/a") is False
    for pool, error in ((POOL, OperationInvalid), ("nowhere", NotFound)):
        for call in (
            lambda: volumes.create(pool, document("b")),  # noqa: B023
            lambda: volumes.delete(pool, "a"),  # noqa: B023
            lambda: volumes.mark(pool, "a"),  # noqa: B023
        ):
            with pytest.raises(error, match=pool):
                call()
    driver.pools.start(POOL)
    assert volumes.paths([(POOL, "a"), (POOL, "b")]) == {(POOL, "a"): f"{FOLDER}/a"}
    assert volumes.find(f"{FOLDER}/a") == (POOL, "a")
    assert volumes.delete_path(f"{FOLDER}/a") is True
    with pytest.raises(NotFound, match="no volume 'a'"):
        volumes.delete(POOL, "a")


@pytest.mark.parametrize("kind", ["scsi", "logical"])
def test_pools_differ_in_what_they_can(driver: SimDriver, volumes: Volumes, state_file: Path, kind: str) -> None:
    assert driver.pools is not None
    source = {"scsi": "<adapter name='scsi_host0'/>", "logical": "<device path='/dev/sdb'/>"}[kind]
    driver.pools.define(
        f"<pool type='{kind}'><name>x</name><source>{source}</source><target><path>/dev/x</path></target></pool>"
    )
    driver.pools.build("x")
    driver.pools.start("x")
    with edit(str(state_file)) as state:
        state.volumes("x")["a"] = Volume("/dev/x/a", 4096)
    text = "<volume><name>b</name><capacity>4096</capacity></volume>"
    if kind == "scsi":
        with pytest.raises(NotSupported, match="made elsewhere"):
            volumes.create("x", text)
        with pytest.raises(NotSupported, match="keep their size"):
            volumes.resize("x", "a", 8192)
    else:
        # libvirt's logical volumes have no format, whatever a document says.
        volumes.create("x", text.replace("</volume>", "<target><format type='qcow2'/></target></volume>"))
        volumes.resize("x", "b", 8192)
        assert driver.pools.describe(["x"])[0].allocation == 8192
        with pytest.raises(DriverError, match="room for 8192"), volumes.upload("x", "b") as writer:
            writer.write(b"x" * 8193)
    (record,) = volumes.describe({"x": ["a"]})
    assert parse(record.document, "a").get("type") == "block"
    assert volumes.set_mark("x", "a", "of a block device") is False
    assert volumes.mark("x", "a") is None
    with pytest.raises(NotSupported, match="no files"):
        volumes.rename("x", "a", "c")


def test_a_volume_takes_the_place_of_another_one(volumes: Volumes) -> None:
    for name in "ab":
        volumes.create(POOL, document(name))
        put(volumes, name, name.encode())
    assert volumes.set_mark(POOL, "a", "made of a") is True
    volumes.rename(POOL, "a", "b")
    assert [record.name for record in volumes.describe({POOL: None})] == ["b"]
    assert volumes.paths([(POOL, "b")]) == {(POOL, "b"): f"{FOLDER}/b"}
    assert get(volumes, "b").rstrip(b"\0") == b"a"
    assert volumes.mark(POOL, "b") == "made of a"
    for name in ("", ".", "..", "../b"):
        with pytest.raises(InputError, match="name of a file"):
            volumes.rename(POOL, "b", name)
    with pytest.raises(NotFound):
        volumes.rename(POOL, "a", "c")


@pytest.mark.parametrize("form", ["raw", "qcow2"])
def test_volumes_grow_and_shrink(volumes: Volumes, form: str) -> None:
    volumes.create(POOL, document("source", more="<allocation>0</allocation>"))
    put(volumes, "source", b"head", 500_000, b"middle")
    volumes.create(POOL, document("a", form=form), source=(POOL, "source"))
    volumes.resize(POOL, "a", 3 * MIB)
    assert facts(volumes, "a")[1] == 3 * MIB
    with pytest.raises(DriverError, match="smaller"):
        volumes.resize(POOL, "a", 2 * MIB)
    volumes.resize(POOL, "a", 4096, shrink=True)
    assert facts(volumes, "a")[1] == 4096
    volumes.resize(POOL, "a", MIB)
    volumes.create(POOL, document("b"), source=(POOL, "a"))
    assert get(volumes, "b") == b"head".ljust(MIB, b"\0")


def test_an_overlay_keeps_what_it_is_built_on_when_it_grows(volumes: Volumes) -> None:
    volumes.create(POOL, document("raw"))
    put(volumes, "raw", b"below")
    volumes.create(POOL, document("base", form="qcow2"), source=(POOL, "raw"))
    volumes.create(POOL, document("top", form="qcow2", more=backing(f"{FOLDER}/base")))
    volumes.resize(POOL, "top", 2 * MIB)
    assert read(volumes, "top").findtext("backingStore/path") == f"{FOLDER}/base"
    volumes.create(POOL, document("flat"), source=(POOL, "top"))
    assert get(volumes, "flat") == b"below".ljust(2 * MIB, b"\0")


DISKS = f"""\
<domain type='qemu'>
  <name>web</name><memory>65536</memory><os><type>hvm</type></os>
  <devices>
    <disk type='file'><driver name='qemu' type='qcow2'/><source file='{FOLDER}/image'/><target dev='vda'/></disk>
    <disk type='volume'><source pool='{POOL}' volume='raw'/><target dev='vdb'/></disk>
    <disk type='file'><source file='{FOLDER}/shared'/><target dev='vdc'/><readonly/></disk>
  </devices>
</domain>
"""


def test_running_domains_lock_their_volumes(driver: SimDriver, volumes: Volumes) -> None:
    for name, form in (("image", "qcow2"), ("raw", "raw"), ("shared", "qcow2")):
        volumes.create(POOL, document(name, form=form))
    driver.domains.define(DISKS)
    driver.domains.start("web")
    with pytest.raises(DriverError, match="'web' has locked"):
        volumes.resize(POOL, "image", 2 * MIB)
    for name, form in (("image", "raw"), ("image", "qcow2"), ("raw", "qcow2")):
        with pytest.raises(DriverError, match="'web' has locked"):
            volumes.create(POOL, document("copy", form=form), source=(POOL, name))
    volumes.resize(POOL, "raw", 2 * MIB)
    volumes.create(POOL, document("a"), source=(POOL, "raw"))
    volumes.create(POOL, document("b"), source=(POOL, "shared"))
    for target, name in (("vda", "image"), ("vdb", "raw")):
        driver.domains.resize_disk("web", target, 3 * MIB)
        assert facts(volumes, name)[1] == 3 * MIB
    driver.domains.destroy("web")
    volumes.resize(POOL, "image", 4 * MIB)


def test_space_is_set_aside_for_raw_volumes_only(volumes: Volumes, state_file: Path) -> None:
    volumes.create(POOL, document("a", more="<allocation>0</allocation>"))
    volumes.resize(POOL, "a", 3 * MIB, allocate=True)
    assert facts(volumes, "a") == ("raw", 3 * MIB, 2 * MIB)
    with edit(str(state_file)) as state:
        state.storages[f"dir {FOLDER}"].capacity = 4 * MIB + 4096
    with pytest.raises(DriverError, match="not enough space"):
        volumes.resize(POOL, "a", 6 * MIB, allocate=True)
    volumes.resize(POOL, "a", 6 * MIB)
    volumes.create(POOL, document("b", form="qcow2"))
    with pytest.raises(NotSupported, match="raw"):
        volumes.resize(POOL, "b", 2 * MIB, allocate=True)


def test_content_is_written_over_what_was_there(volumes: Volumes) -> None:
    volumes.create(POOL, document("a", 20_000, more="<allocation>0</allocation>"))
    put(volumes, "a", b"1" * 15_000)
    put(volumes, "a", b"2" * 10, 5000, b"3" * 10)
    assert get(volumes, "a") == b"2" * 10 + bytes(5000) + b"3" * 10 + b"1" * 9980 + bytes(5000)
    put(volumes, "a", b"4" * 30_000)
    assert facts(volumes, "a") == ("raw", 30_000, 32768)  # files grow


def test_holes_stay_holes(volumes: Volumes) -> None:
    volumes.create(POOL, document("a", 0, more="<allocation>0</allocation>"))
    put(volumes, "a", 1 << 40, b"end", bytes(50_000))
    assert facts(volumes, "a") == ("raw", (1 << 40) + 50_003, 4096)
    with volumes.download(POOL, "a") as extents:
        assert [(len(extent.data), extent.hole) for extent in extents] == [(0, 1 << 40), (4096, 0), (0, 45_907)]


def test_a_volume_is_what_its_content_says(volumes: Volumes) -> None:
    volumes.create(POOL, document("image", 3 * MIB, "qcow2", target="<compat>1.1</compat>"))
    image = get(volumes, "image")
    volumes.create(POOL, document("a", 7))
    put(volumes, "a", image)
    assert facts(volumes, "a")[:2] == ("qcow2", 3 * MIB)
    assert read(volumes, "a").findtext("target/compat") == "1.1"
    put(volumes, "a", b"something else")
    assert facts(volumes, "a")[:2] == ("raw", len(image))
    assert read(volumes, "a").find("target/compat") is None
    volumes.create(POOL, document("seed", 0))
    put(volumes, "seed", 32768, b"\1CD001\1")
    assert facts(volumes, "seed")[:2] == ("iso", 32775)
    put(volumes, "seed", 40_000)
    assert facts(volumes, "seed")[:2] == ("raw", 40_000)


@pytest.mark.parametrize(("before", "after"), [("raw", "qcow2"), ("qcow2", "raw"), ("qcow2", "qcow2"), ("raw", "raw")])
def test_clones_are_converted(volumes: Volumes, before: str, after: str) -> None:
    content = b"head" + bytes(200_000) + b"tail"
    volumes.create(POOL, document("file", 0))
    put(volumes, "file", content)
    volumes.create(POOL, document("a", form=before, capacity=None), source=(POOL, "file"))
    volumes.create(POOL, document("b", form=after, capacity=None), source=(POOL, "a"))
    assert facts(volumes, "b")[0] == after
    volumes.create(POOL, document("back", None), source=(POOL, "b"))
    assert get(volumes, "back").rstrip(b"\0") == content


def test_a_clone_is_as_large_as_its_source_at_least(volumes: Volumes) -> None:
    volumes.create(POOL, document("a", 2 * MIB))
    for name, capacity, form in (("less", MIB, "raw"), ("more", 3 * MIB, "raw"), ("image", 3 * MIB, "qcow2")):
        volumes.create(POOL, document(name, capacity, form), source=(POOL, "a"))
    found = [facts(volumes, name)[1] // MIB for name in ("less", "more", "image")]
    assert found == [2, 3, 2]  # qemu-img convert takes no size, and libvirt 9.0.0 does not mind


def test_a_clone_may_share_its_blocks(volumes: Volumes, driver: SimDriver, state_file: Path) -> None:
    volumes.create(POOL, document("a"))
    put(volumes, "a", b"shared")
    with edit(str(state_file)) as state:
        state.storages[f"dir {FOLDER}"].capacity = MIB + 8192
    with pytest.raises(DriverError, match="not enough space"):
        volumes.create(POOL, document("b"), source=(POOL, "a"))
    volumes.create(POOL, document("b"), source=(POOL, "a"), reflink=True)
    assert get(volumes, "b")[:6] == b"shared"


def test_images_that_end_nowhere_are_refused(volumes: Volumes) -> None:
    volumes.create(POOL, document("a", form="qcow2"))
    volumes.create(POOL, document("b", form="qcow2", more=backing(f"{FOLDER}/a")))
    volumes.rename(POOL, "b", "a")
    with pytest.raises(DriverError, match="without an end"):
        volumes.create(POOL, document("c"), source=(POOL, "a"))
    volumes.create(POOL, document("v", form="vmdk"))
    put(volumes, "v", b"KDMV")
    with pytest.raises(NotSupported, match="vmdk"):
        volumes.create(POOL, document("d"), source=(POOL, "v"))
    with pytest.raises(DriverError, match="vmdk"):
        volumes.resize(POOL, "v", 2 * MIB)


def test_wiping_leaves_nothing(volumes: Volumes) -> None:
    volumes.create(POOL, document("a", more="<allocation>0</allocation>"))
    put(volumes, "a", b"secret")
    volumes.wipe(POOL, "a", "zero")
    assert get(volumes, "a") == bytes(MIB)
    assert facts(volumes, "a") == ("raw", MIB, 4096)
    volumes.create(POOL, document("q", form="qcow2", target="<compat>1.1</compat>"))
    size = int(read(volumes, "q").findtext("physical") or "")
    volumes.wipe(POOL, "q", "dod")
    assert facts(volumes, "q")[:2] == ("raw", size)
    with pytest.raises(NotSupported, match="trim"):
        volumes.wipe(POOL, "a", "trim")
    with pytest.raises(InputError, match="'spell'"):
        volumes.wipe(POOL, "a", "spell")


def test_more_than_the_state_file_can_hold_is_refused(volumes: Volumes) -> None:
    volumes.create(POOL, document("a", more="<allocation>0</allocation>"))
    with pytest.raises(DriverError, match="not zeros"):
        put(volumes, "a", *[b"x" * MIB] * (CONTENT_LIMIT // MIB + 1))
    put(volumes, "a", bytes(2 * CONTENT_LIMIT))
    assert facts(volumes, "a") == ("raw", 2 * CONTENT_LIMIT, 0)


def test_an_upload_that_is_given_up_leaves_what_was_written(volumes: Volumes) -> None:
    volumes.create(POOL, document("a", 10))
    with pytest.raises(TypeError):
        put(volumes, "a", b"12345", None)  # type: ignore[arg-type]
    assert get(volumes, "a") == b"12345" + bytes(5)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("before", DriverError),
        ("before:1:connection", OutcomeUnknown),
        ("before:1:deadline", StratumError),
    ],
)
def test_an_upload_that_breaks_off_leaves_the_half(
    open_sim: OpenSim, volumes: Volumes, fault: str, error: type[StratumError]
) -> None:
    volumes.create(POOL, document("a", 10))
    failing = open_sim(f"fail=volumes.upload:{fault}").volumes
    assert failing is not None
    with pytest.raises(error), failing.upload(POOL, "a") as writer:
        writer.write(b"12345678")
    assert get(volumes, "a") == b"1234" + bytes(6)


def test_an_upload_may_be_complete_although_nobody_said_so(open_sim: OpenSim, volumes: Volumes) -> None:
    volumes.create(POOL, document("a", 8))
    failing = open_sim("fail=volumes.upload:after").volumes
    assert failing is not None
    with pytest.raises(OutcomeUnknown), failing.upload(POOL, "a") as writer:
        writer.write(b"12345678")
    assert get(volumes, "a") == b"12345678"
    failing = open_sim("fail=volumes.download:after").volumes
    assert failing is not None
    with pytest.raises(ConnectionFailed), failing.download(POOL, "a"):
        pass


def test_a_connection_does_one_thing_at_a_time(volumes: Volumes, driver: SimDriver, open_sim: OpenSim) -> None:
    volumes.create(POOL, document("a", 8))
    with volumes.upload(POOL, "a"):
        with pytest.raises(StratumError, match="nothing else"):
            driver.domains.names()
        assert open_sim().domains.names() == []
    with volumes.download(POOL, "a"), pytest.raises(StratumError, match="nothing else"):
        driver.domains.names()
    assert driver.domains.names() == []
    for attempt in (volumes.upload, volumes.download):
        with pytest.raises(NotFound), attempt(POOL, "nothing"):
            pass


def test_a_node_may_be_unable_to(open_sim: OpenSim, volumes: Volumes) -> None:
    volumes.create(POOL, document("a", 8))
    plain = open_sim("without=volume_content,volume_resize").volumes
    assert plain is not None
    for content in (plain.upload, plain.download):
        with pytest.raises(NotSupported), content(POOL, "a"):
            pass
    for attempt in (lambda: plain.wipe(POOL, "a", "zero"), lambda: plain.resize(POOL, "a", 9)):
        with pytest.raises(NotSupported):
            attempt()
    assert get(volumes, "a") == bytes(8)


def test_volumes_can_be_put_into_the_file_by_hand(volumes: Volumes, state_file: Path) -> None:
    with edit(str(state_file)) as state:
        state.volumes(POOL)["a"] = Volume("/images/a", 4096)
        state.storages["dir /srv/unused"] = Storage(volumes={"b": Volume("/srv/unused/b")})
    assert facts(volumes, "a") == ("raw", 4096, 0)
    assert volumes.find("/images/a") == (POOL, "a")
    assert volumes.find("/srv/unused/b") is None
