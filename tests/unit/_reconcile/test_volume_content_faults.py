# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes wrong while a volume gets its content: nothing half ever has the wanted name."""

from __future__ import annotations

import contextlib
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._driver._sim.model import Fault
from ansible_collections.stratum.virt.plugins.module_utils._driver._sim.volumes import SimVolumes
from ansible_collections.stratum.virt.plugins.module_utils._errors import (
    InputError,
    OperationInvalid,
    OutcomeUnknown,
    StratumError,
)
from ansible_collections.stratum.virt.plugins.module_utils._reconcile.volume_request import COPYING, PARTIAL

from tests.unit._reconcile.contents import DATA, Node, qcow2

OTHER = DATA[::-1]
MIB = 1024 * 1024

POOL = """
<pool type='logical'>
  <name>vg</name><source><name>vg</name><device path='/dev/sdz'/></source><target><path>/dev/vg</path></target>
</pool>
"""


@pytest.fixture
def node(tmp_path: Path) -> Node:
    (tmp_path / "raw.img").write_bytes(DATA)
    (tmp_path / "image.qcow2").write_bytes(qcow2(MIB))
    node = Node(tmp_path / "node")
    node.task(name="base", source=of_file(node, "raw.img"))
    return node


@pytest.fixture
def block_node(node: Node) -> Node:
    """A node that has a pool of block devices, too."""
    pools = node.connect().pools
    assert pools is not None
    pools.define(POOL)
    pools.build("vg", overwrite=True)
    pools.start("vg")
    return node


def of_file(node: Node, name: str) -> dict[str, Any]:
    return {"file": str(node.path.with_name(name)), "remote_src": True}


KINDS: dict[str, dict[str, Any]] = {
    "raw": {"source": "raw.img"},
    "grown": {"source": "image.qcow2", "capacity": "4MiB"},
    "converted": {"source": "raw.img", "format": "qcow2", "capacity": "4MiB"},
    "copied": {"source": {"volume": "base"}, "format": "qcow2", "capacity": "4MiB"},
    "linked": {"source": {"volume": "base", "clone": "linked"}},
    "seed": {"cloud_init": {"user_data": "x"}},
}
FAULTS = [
    f"volumes.{call}:{when}:1"
    for call in ("create", "upload", "resize", "set_mark", "rename", "delete")
    for when in ("before", "after")
]
CASES = [*((kind, False) for kind in KINDS), ("raw", True), ("linked", True), ("seed", True)]


def options(node: Node, kind: str) -> dict[str, Any]:
    stated = dict(KINDS[kind])
    if isinstance(stated.get("source"), str):
        stated["source"] = of_file(node, stated["source"])
    return stated


@pytest.mark.parametrize(("kind", "replace"), CASES)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_call_that_fails(node: Node, tmp_path: Path, kind: str, fault: str, replace: bool) -> None:
    """Before it has its effect, or after it with the connection lost: the name is as before, or all is there."""
    if replace:
        node.task(capacity="1MiB")
    before = [entry for entry in node.truth() if entry[0] == "a"]
    stated = {**options(node, kind), **({"replace": True} if replace else {})}
    failed = None
    try:
        node.task(**stated, parameters=f"fail={fault}")
    except StratumError as error:
        failed = error
    after = [entry for entry in node.truth() if entry[0] == "a"]
    if failed is not None and after != before:
        # Only its last step can have had its effect.
        assert fault == "volumes.rename:after:1"
        assert not node.task(**options(node, kind))["changed"]
    left = [name for name in node.names() if PARTIAL in name]
    if failed is not None and fault.endswith("before:1"):
        assert not left or fault.startswith("volumes.delete")
    node.task(**stated)
    again = node.task(**options(node, kind))
    assert not again["changed"]
    assert node.names() == ["a", "base"]
    fresh = Node(tmp_path / "fresh")
    fresh.task(name="base", source=of_file(node, "raw.img"))
    fresh.task(**options(node, kind))
    assert node.content() == fresh.content()


@pytest.mark.parametrize("suffix", ["", "-source"])
def test_what_an_interrupted_task_has_left_is_removed(node: Node, suffix: str) -> None:
    volumes = node.volumes
    name = f"a{PARTIAL}{suffix}"
    volumes.create("default", f"<volume><name>{name}</name><capacity>4096</capacity></volume>")
    node.task(**options(node, "raw"))
    assert node.names() == ["a", "base"]
    assert node.content() == DATA


def test_what_somebody_else_has_in_hand_is_waited_for(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    """libvirt goes on with a copy whose task was killed, and does not delete it before it is done."""
    driver = node.connect()
    volumes = driver.volumes
    assert volumes is not None
    name = f"a{PARTIAL}"
    volumes.create("default", f"<volume><name>{name}</name><capacity>4096</capacity></volume>")
    kind, refusals = type(volumes), iter([True, True, False])
    delete = kind.delete

    def busy(self: Any, pool: str, name: str) -> None:
        if next(refusals, False):
            raise OperationInvalid(f"the volume {name} is still being allocated.")
        delete(self, pool, name)

    monkeypatch.setattr(kind, "delete", busy)
    node.task(**options(node, "raw"))
    assert node.names() == ["a", "base"]


def test_a_pool_that_is_full(node: Node) -> None:
    """The simulated node keeps at most 8 MiB of one volume that are not zeros."""
    large = node.path.with_name("large.img")
    large.write_bytes(b"x" * (9 * MIB))
    before = node.truth()
    for kind in ({}, {"format": "qcow2"}):
        with pytest.raises(StratumError, match="8388608 bytes"):
            node.task(source=of_file(node, "large.img"), **kind)
        assert node.truth() == before


def test_a_pool_that_cannot_rename(block_node: Node) -> None:
    node = block_node
    stated = {"pool": "vg", "source": of_file(node, "raw.img"), "capacity": "4MiB"}
    done = node.task(**stated)
    assert done["changed"]
    assert node.names("vg") == ["a"]
    assert node.content(pool="vg")[: len(DATA)] == DATA
    # Block devices keep no marks.
    again = node.task(**stated)
    assert not again["changed"]
    assert "nobody knows where a has its content from" in str(again["warnings"])
    node.path.with_name("other.img").write_bytes(OTHER)
    done = node.task(**{**stated, "source": of_file(node, "other.img")}, replace=True)
    assert done["changed"]
    assert node.names("vg") == ["a"]
    assert node.content(pool="vg")[: len(DATA)] == OTHER


def test_a_seed_in_a_pool_of_block_devices(block_node: Node) -> None:
    """It is compared by its own length: the device is longer."""
    node = block_node
    assert node.task(pool="vg", cloud_init={"user_data": "x"}, capacity="4MiB")["changed"]
    assert not node.task(pool="vg", cloud_init={"user_data": "x"})["changed"]
    assert node.task(pool="vg", cloud_init={"user_data": "y"}, capacity="4MiB")["changed"]
    assert node.names("vg") == ["a"]


def test_a_pool_that_cannot_look_into_images(block_node: Node) -> None:
    for extra in ({}, {"format": "raw"}):
        with pytest.raises(InputError, match=r"image.qcow2 is qcow2, and its pool only holds raw content"):
            block_node.task(pool="vg", source=of_file(block_node, "image.qcow2"), **extra)
        assert block_node.names("vg") == []


@pytest.mark.parametrize("fault", ["volumes.create:before:1", "volumes.upload:before:1", "volumes.delete:before:1"])
def test_what_fails_in_a_pool_that_cannot_rename(block_node: Node, fault: str) -> None:
    node = block_node
    stated = {"pool": "vg", "source": of_file(node, "raw.img"), "capacity": "4MiB"}
    with contextlib.suppress(StratumError):
        node.task(**stated, parameters=f"fail={fault}")
    node.task(**stated)
    assert node.names("vg") == ["a"]
    assert node.content(pool="vg")[: len(DATA)] == DATA


def fail(monkeypatch: pytest.MonkeyPatch, call: str, number: int, when: str) -> None:
    """Let one call of a kind fail, before its effect, or after it with the connection lost."""
    method, numbers = getattr(SimVolumes, call), count(1)

    def failing(self: SimVolumes, *arguments: Any, **more: Any) -> None:
        if next(numbers) == number:
            self._session._faults.append(Fault(f"volumes.{call}", when=when))
        method(self, *arguments, **more)

    monkeypatch.setattr(SimVolumes, call, failing)


@pytest.mark.parametrize("replace", [False, True])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("call", ["create", "delete"])
def test_what_has_the_name_is_whole_or_known_not_to_be(
    block_node: Node, monkeypatch: pytest.MonkeyPatch, call: str, number: int, when: str, replace: bool
) -> None:
    node = block_node
    stated = {"pool": "vg", "source": of_file(node, "raw.img"), "capacity": "4MiB", "replace": replace}
    node.path.with_name("other.img").write_bytes(OTHER)
    if replace:
        node.task(**{**stated, "source": of_file(node, "other.img")})
    with monkeypatch.context() as patch, contextlib.suppress(StratumError):
        fail(patch, call, number, when)
        node.task(**stated)
    left = node.names("vg")
    if "a" in left and f"a{COPYING}" not in left:
        assert node.content(pool="vg")[: len(DATA)] in ([OTHER, DATA] if replace else [DATA])
    if when == "before":
        assert set(left) <= {"a"}
    node.task(**{**stated, "replace": True})
    assert node.names("vg") == ["a"]
    assert node.content(pool="vg")[: len(DATA)] == DATA


@pytest.mark.parametrize("replace", [False, True])
def test_a_copy_whose_outcome_is_unknown_is_none(
    block_node: Node, monkeypatch: pytest.MonkeyPatch, replace: bool
) -> None:
    """The partial volume and the sign are made before it."""
    node = block_node
    stated = {"pool": "vg", "source": of_file(node, "raw.img"), "capacity": "4MiB", "replace": replace}
    if replace:
        node.task(**stated)
    with monkeypatch.context() as patch:
        fail(patch, "create", 3, "after")
        with pytest.raises(OutcomeUnknown, match=r"still to be done: remove the incomplete copy and create from"):
            node.task(**stated)
    assert node.names("vg") == ["a", f"a{COPYING}", f"a{PARTIAL}"]
    done = node.apply(**stated)
    assert [action.partition(" from")[0] for action in done["actions"]] == ["remove the incomplete copy", "create"]
    assert node.names("vg") == ["a"]
    assert node.content(pool="vg")[: len(DATA)] == DATA


def test_an_old_volume_that_cannot_be_deleted_stays(block_node: Node) -> None:
    node = block_node
    stated = {"pool": "vg", "capacity": "4MiB"}
    node.task(**stated, source=of_file(node, "raw.img"))
    node.path.with_name("other.img").write_bytes(OTHER)
    other = {"source": of_file(node, "other.img"), "replace": True}
    with pytest.raises(StratumError, match="delete of the volume 'a'"):
        node.task(**stated, **other, parameters="fail=volumes.delete:before:1")
    assert node.names("vg") == ["a"]
    assert node.content(pool="vg")[: len(DATA)] == DATA


@pytest.fixture(params=[("a", COPYING, PARTIAL), ("a", COPYING), (COPYING,)], ids=["all", "no-partial", "sign"])
def half(request: pytest.FixtureRequest, node: Node) -> Node:
    """A node on which a copy broke off, or its removal."""
    for part in request.param:
        name = part if part == "a" else f"a{part}"
        node.volumes.create("default", f"<volume><name>{name}</name><capacity>4096</capacity></volume>")
    return node


def test_a_volume_without_content_takes_the_place_of_a_half_one(half: Node) -> None:
    done = half.apply(capacity="1MiB")
    assert done["actions"] == ["remove the incomplete copy", "create"]
    assert half.names() == ["a", "base"]
    assert half.spec()["capacity"] == MIB


@pytest.mark.parametrize("stated", [{}, {"wipe": "zero"}])
def test_a_half_volume_is_removed(half: Node, stated: dict[str, str]) -> None:
    assert half.apply(state="absent", **stated)["actions"] == ["remove the incomplete copy"]
    assert half.names() == ["base"]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_removal_that_breaks_off_goes_on(half: Node, monkeypatch: pytest.MonkeyPatch, when: str, number: int) -> None:
    with monkeypatch.context() as patch, contextlib.suppress(StratumError):
        fail(patch, "delete", number, when)
        half.task(state="absent")
    left = half.names()
    assert "a" not in left or f"a{COPYING}" in left
    half.task(state="absent")
    assert half.names() == ["base"]


def test_a_half_volume_is_no_source(node: Node) -> None:
    node.volumes.create("default", f"<volume><name>base{COPYING}</name><capacity>4096</capacity></volume>")
    with pytest.raises(InputError, match="there is no volume base"):
        node.task(source={"volume": "base"})
