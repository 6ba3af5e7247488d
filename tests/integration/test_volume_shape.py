# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What volumes are made of, as qemu-img and virsh see it, and what never changes of them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.integration.modules import Tasks
from tests.integration.test_volume_growth import MIB, disk_xml, image
from tests.lab import Node

SECRET = "f52a81b2-424e-490c-823d-6bd4235bc572"


def document(volumes: Tasks, name: str) -> ElementTree.Element:
    return ElementTree.fromstring(volumes.virsh("vol-dumpxml", "--pool", "default", name))


def test_a_volume_is_raw_unless_said_otherwise(volumes: Tasks, node: Node) -> None:
    done = volumes.apply(pool="default", name="plain", capacity="4MiB")
    assert done["diff"]["after"] == {"state": "present", "capacity": "4MiB", "format": "raw"}
    assert done["actions"] == ["create"]
    assert (node.images / "plain").stat().st_blocks * 512 >= 4 * MIB
    assert done["volume"]["path"] == str(node.images / "plain")


def test_a_raw_volume_can_be_sparse(volumes: Tasks, node: Node) -> None:
    volumes.apply(pool="default", name="sparse", capacity="64MiB", allocation=0)
    assert (node.images / "sparse").stat().st_blocks == 0
    # What was only asked of a new volume is no difference later.
    volumes.unchanged(pool="default", name="sparse", allocation="64MiB")


def test_qcow2_is_made_as_stated(volumes: Tasks, node: Node) -> None:
    stated = {
        "format": "qcow2",
        "capacity": "64MiB",
        "compat": "1.1",
        "cluster_size": "128KiB",
        "lazy_refcounts": True,
        "extended_l2": True,
    }
    volumes.apply(pool="default", name="tuned.qcow2", **stated)
    found = image(node, "tuned.qcow2")
    assert found["format"] == "qcow2"
    assert found["virtual-size"] == 64 * MIB
    assert found["cluster-size"] == 128 * 1024
    details = found["format-specific"]["data"]
    assert (details["compat"], details["lazy-refcounts"], details["extended-l2"]) == ("1.1", True, True)
    volumes.virsh("pool-refresh", "default")
    volumes.unchanged(pool="default", name="tuned.qcow2", **stated)


@pytest.mark.parametrize("compat", ["0.10", "1.1"])
def test_compat_is_kept(volumes: Tasks, node: Node, compat: str) -> None:
    volumes.apply(pool="default", name="age.qcow2", format="qcow2", capacity="4MiB", compat=compat)
    assert image(node, "age.qcow2")["format-specific"]["data"]["compat"] == compat
    volumes.virsh("pool-refresh", "default")
    volumes.unchanged(pool="default", name="age.qcow2", compat=compat, cluster_size="64KiB")


def test_tables_can_be_made_at_once(volumes: Tasks, node: Node) -> None:
    volumes.apply(pool="default", name="fast.qcow2", format="qcow2", capacity="8MiB", preallocate_metadata=True)
    assert (node.images / "fast.qcow2").stat().st_size >= 8 * MIB


@pytest.mark.parametrize("by", ["volume", "path"])
def test_an_overlay_knows_the_format_below(volumes: Tasks, node: Node, by: str) -> None:
    """libvirt takes raw when it is not told, and the guest then reads the image's tables as its disk."""
    volumes.make(pool="default", name="base.qcow2", format="qcow2", capacity="8MiB")
    base = str(node.images / "base.qcow2")
    backing = {"volume": "base.qcow2"} if by == "volume" else {"path": base}
    done = volumes.apply(pool="default", name="top.qcow2", format="qcow2", backing=backing)
    assert done["diff"]["after"]["backing"] == {"path": base, "format": "qcow2"}
    found = image(node, "top.qcow2")
    assert (found["backing-filename"], found["backing-filename-format"]) == (base, "qcow2")
    assert found["virtual-size"] == 8 * MIB
    assert done["volume"]["backing_path"] == base


def test_a_path_below_may_lead_there_in_another_way(volumes: Tasks, node: Node, tmp_path: Path) -> None:
    volumes.make(pool="default", name="base.qcow2", format="qcow2", capacity="8MiB")
    volumes.make(pool="default", name="top.qcow2", format="qcow2", backing={"volume": "base.qcow2"})
    (tmp_path / "link").symlink_to(node.images)
    backing = {"path": str(tmp_path / "link" / "base.qcow2"), "format": "qcow2"}
    volumes.unchanged(pool="default", name="top.qcow2", backing=backing)


def test_an_image_outside_of_pools_needs_its_format(volumes: Tasks, node: Node, tmp_path: Path) -> None:
    outside = tmp_path / "outside.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", str(outside), "8M"], check=True)
    failed = volumes.refused(pool="default", name="top", format="qcow2", backing={"path": str(outside)})
    assert failed["msg"].startswith("backing.format:")
    backing = {"path": str(outside), "format": "qcow2"}
    volumes.apply(pool="default", name="top", format="qcow2", backing=backing)
    assert image(node, "top")["backing-filename"] == str(outside)


def test_permissions_are_given_and_changed(volumes: Tasks, node: Node) -> None:
    path = node.images / "mine"
    stated = {"mode": "0640", "owner": 1234, "group": 1235}
    volumes.apply(pool="default", name="mine", capacity="1MiB", permissions=stated)
    found = path.stat()
    assert (found.st_mode & 0o777, found.st_uid, found.st_gid) == (0o640, 1234, 1235)
    done = volumes.apply(pool="default", name="mine", permissions={"mode": 0o600, "group": 0})
    assert done["actions"] == ["change the permissions"]
    found = path.stat()
    assert (found.st_mode & 0o777, found.st_uid, found.st_gid) == (0o600, 1234, 0)
    mine = document(volumes, "mine")
    assert (mine.findtext("target/permissions/mode"), mine.findtext("target/permissions/group")) == ("0600", "0")


def test_the_owner_is_left_alone_while_a_domain_runs(volumes: Tasks, node: Node, deaf: Callable[..., None]) -> None:
    volumes.make(pool="default", name="busy.img", capacity="1MiB", permissions={"owner": 0})
    deaf("busy", disk_xml(node, "busy.img", "vda"), start=True)
    volumes.unchanged(pool="default", name="busy.img", permissions={"owner": 1234, "group": 1234})
    volumes.apply(pool="default", name="busy.img", permissions={"owner": 1234, "mode": "0640"})
    found = (node.images / "busy.img").stat()
    assert (found.st_mode & 0o777, found.st_uid) == (0o640, 0)


@pytest.fixture
def secret(volumes: Tasks, tmp_path: Path) -> Iterator[str]:
    """A secret that libvirt holds."""
    file, value = tmp_path / "secret.xml", tmp_path / "value"
    file.write_text(
        f"<secret ephemeral='no' private='yes'><uuid>{SECRET}</uuid>"
        "<usage type='volume'><volume>/stratum-test</volume></usage></secret>"
    )
    value.write_text("hushhush")
    volumes.virsh("secret-define", str(file))
    volumes.virsh("secret-set-value", SECRET, "--file", str(value), "--plain")
    yield SECRET
    volumes.virsh("secret-undefine", SECRET)


def persistent(volumes: Tasks, **options: Any) -> dict[str, Any]:
    """Make an encrypted volume. QEMU measures how fast the CPU is for that, and gives up at once where other load
    makes the measurement come to nothing."""
    for _attempt in range(20):
        result = volumes.run(**options)
        if "Unable to get accurate CPU usage" not in result.get("msg", ""):
            break
    assert not result["failed"], result
    return result


def test_a_volume_is_encrypted_by_a_secret(volumes: Tasks, node: Node, secret: str) -> None:
    stated = {
        "pool": "default",
        "name": "luks.img",
        "capacity": "4MiB",
        "encryption": {"format": "luks", "secret_uuid": secret},
    }
    foretold = volumes.run(check=True, **stated)
    done = persistent(volumes, **stated)
    assert foretold["diff"] == done["diff"]
    assert (node.images / "luks.img").read_bytes()[:6] == b"LUKS\xba\xbe"
    volumes.unchanged(**stated)
    # From now on libvirt has looked into the image itself, which does not say where the passphrase is.
    volumes.virsh("pool-refresh", "default")
    volumes.unchanged(**stated)
    spec = volumes.of("volume").info(pool=["default"], name=["luks.img"], gather=["spec"])[0]["spec"]
    volumes.unchanged(**spec)
    assert "hushhush" not in json.dumps(done)


def test_a_missing_secret_leaves_nothing_behind(volumes: Tasks, node: Node) -> None:
    failed = volumes.run(
        pool="default", name="luks.img", capacity="4MiB", encryption={"format": "luks", "secret_uuid": SECRET}
    )
    assert failed["failed"]
    assert SECRET in failed["msg"]
    assert not (node.images / "luks.img").exists()
    assert "luks.img" not in volumes.virsh("vol-list", "default")


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ({"format": "raw"}, "format is qcow2 and raw is wanted"),
        ({"cluster_size": "128KiB"}, "cluster_size is 64KiB and 128KiB is wanted"),
        ({"compat": "1.1"}, "compat is 0.10 and 1.1 is wanted"),
        ({"backing": {"volume": "other.qcow2", "format": "qcow2"}}, "backing.path is not there"),
        ({"encryption": {"format": "luks", "secret_uuid": SECRET}}, "encryption.format is not there"),
    ],
)
def test_what_cannot_change_is_an_error_that_names_both(volumes: Tasks, wanted: dict[str, Any], says: str) -> None:
    for name in ("fixed.qcow2", "other.qcow2"):
        volumes.make(pool="default", name=name, format="qcow2", capacity="4MiB")
    failed = volumes.refused(pool="default", name="fixed.qcow2", **wanted)
    assert says in failed["msg"]
    failed = volumes.refused(pool="default", name="fixed.qcow2", replace=True, **wanted)
    assert failed["msg"].startswith("replace: there is nothing to replace the content by.")


def test_a_file_that_came_by_another_way_is_found(volumes: Tasks, node: Node) -> None:
    """The hypervisor does not know it before it looks again."""
    file = node.images / "foreign.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", str(file), "8M"], check=True)
    assert "foreign.qcow2" not in volumes.virsh("vol-list", "default")
    result = volumes.make(pool="default", name="foreign.qcow2", format="qcow2", capacity="8MiB")
    assert not result["changed"]
    other = node.images / "removed.img"
    other.write_bytes(bytes(1024))
    assert volumes.make(pool="default", name="removed.img", state="absent")["changed"]
    assert not other.exists()


def test_what_is_read_makes_the_same_again(volumes: Tasks, node: Node) -> None:
    volumes.make(pool="default", name="base.qcow2", format="qcow2", capacity="8MiB")
    volumes.make(
        pool="default",
        name="spec.qcow2",
        format="qcow2",
        capacity="9MiB",
        backing={"volume": "base.qcow2"},
        permissions={"mode": "0644"},
        lazy_refcounts=True,
    )
    volumes.virsh("pool-refresh", "default")
    (found,) = volumes.info(pool=["default"], name=["spec.qcow2"], gather=["spec"])
    volumes.unchanged(**found["spec"])
    before = image(node, "spec.qcow2")
    volumes.make(pool="default", name="spec.qcow2", state="absent")
    volumes.apply(**found["spec"])
    after = image(node, "spec.qcow2")
    for fact in ("virtual-size", "backing-filename", "backing-filename-format", "cluster-size", "format-specific"):
        assert before[fact] == after[fact]


def test_a_file_that_went_by_another_way_is_missed(volumes: Tasks, node: Node) -> None:
    """The hypervisor still lists it, and can say nothing about it."""
    for name in ("stays.img", "went.img"):
        volumes.make(pool="default", name=name, capacity="1MiB")
    (node.images / "went.img").unlink()
    assert [volume["name"] for volume in volumes.info(gather=["spec", "domains"])] == ["stays.img"]
    assert volumes.make(pool="default", name="stays.img", state="absent")["changed"]
    assert volumes.make(pool="default", name="went.img", capacity="1MiB")["changed"]
    assert (node.images / "went.img").exists()
    (node.images / "went.img").unlink()
    volumes.make(pool="default", name="went.img", state="absent")
    assert "went.img" not in volumes.virsh("vol-list", "default")
