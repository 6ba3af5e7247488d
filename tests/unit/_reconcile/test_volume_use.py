# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The size of a volume, whoever uses it, and who keeps it from being deleted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._driver._sim.control import Volume
from ansible_collections.stratum.virt.plugins.module_utils._errors import InputError, NotSupported, OperationInvalid
from ansible_collections.stratum.virt.plugins.module_utils._reconcile import volume_growth

from .conftest import SMALL, Node, Result

IMAGES = "/var/lib/libvirt/images"
BY_PATH = {"target": "vda", "file": f"{IMAGES}/data", "format": "raw"}
BY_VOLUME = {"target": "vda", "pool": "default", "volume": "data", "format": "raw"}


@pytest.fixture
def node(node: Node) -> Node:
    volume(node)
    return node


def volume(node: Node, **options: Any) -> Result:
    return node.manage("volume", {"pool": "default", "name": "data", "capacity": "8MiB", "allocation": 0, **options})


def domain(node: Node, disk: dict[str, Any], condition: str = "running", name: str = "web1") -> None:
    node.task({**SMALL, "name": name, "disks": [disk], "interfaces": []})
    node.put(condition, name)


def told(node: Node, name: str = "web1") -> dict[str, int]:
    """Return the sizes that a running domain was told."""
    with node.edit() as state:
        return dict(state.domains[name].capacities)


@pytest.mark.parametrize("disk", [BY_PATH, BY_VOLUME], ids=["path", "volume"])
@pytest.mark.parametrize("condition", ["running", "paused"])
def test_an_active_domain_grows_it(node: Node, disk: dict[str, Any], condition: str) -> None:
    domain(node, disk, condition)
    foretold = node.manage("volume", {"pool": "default", "name": "data", "capacity": "16MiB"}, check=True)
    done = volume(node, capacity="16MiB")
    assert done["actions"] == foretold["actions"] == ["grow to 16MiB by web1 (vda)"]
    assert done["diff"] == foretold["diff"] == {"before": {"capacity": "8MiB"}, "after": {"capacity": "16MiB"}}
    assert told(node) == {"vda": 16 * 1024**2}
    assert done["volume"]["capacity"] == 16 * 1024**2
    assert not volume(node, capacity="16MiB")["changed"]


@pytest.mark.parametrize("condition", ["stopped", "saved"])
def test_a_domain_that_is_not_active_has_no_part_in_it(node: Node, condition: str) -> None:
    domain(node, BY_PATH, condition)
    assert volume(node, capacity="16MiB")["actions"] == ["grow to 16MiB"]


def test_all_who_share_it_are_told(node: Node) -> None:
    for name in ("web1", "web2"):
        domain(node, {**BY_PATH, "shareable": True}, name=name)
    done = volume(node, capacity="16MiB")
    assert done["actions"] == ["grow to 16MiB by web1 (vda)", "tell web2 the new size of vda"]
    assert told(node, "web1") == told(node, "web2") == {"vda": 16 * 1024**2}


def test_who_only_reads_it_waits(node: Node) -> None:
    domain(node, {**BY_PATH, "read_only": True})
    for check in (True, False):
        done = node.manage("volume", {"pool": "default", "name": "data", "capacity": "16MiB"}, check=check)
        assert done["actions"] == ["grow to 16MiB"]
        (pending,) = done["pending"]
        assert pending["field"] == "capacity"
        assert pending["reason"].startswith("web1 only reads it, as vda")


def test_a_guest_is_told_whole_sectors(node: Node) -> None:
    domain(node, BY_PATH)
    done = volume(node, capacity="10000001")
    assert told(node) == {"vda": 9766 * 1024}
    assert done["volume"]["capacity"] == 9766 * 1024
    assert not volume(node, capacity="10000001")["changed"]


def test_a_driver_that_cannot_tell_says_so_before(node: Node) -> None:
    domain(node, BY_PATH)
    before = node.bytes()
    for check in (True, False):
        with pytest.raises(NotSupported, match="web1 uses data"):
            node.manage(
                "volume",
                {"pool": "default", "name": "data", "capacity": "16MiB"},
                check=check,
                parameters="without=block_resize",
            )
    assert node.bytes() == before


@pytest.mark.parametrize("capacity", ["16MiB", "4MiB"])
def test_a_driver_that_cannot_resize_says_so_before(node: Node, capacity: str) -> None:
    with pytest.raises(NotSupported, match="capacity: "):
        node.manage(
            "volume",
            {"pool": "default", "name": "data", "capacity": capacity, "allow_shrink": True},
            check=True,
            parameters="without=volume_resize",
        )


def test_what_grew_meanwhile_is_not_cut_off(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    """QEMU makes a disk smaller without being asked twice."""
    domain(node, BY_PATH)
    look_again = volume_growth.Growth._check_again

    def late(growth: volume_growth.Growth) -> None:
        with node.edit() as state:
            state.volumes("default")["data"].capacity = 1024**3
        look_again(growth)

    monkeypatch.setattr(volume_growth.Growth, "_check_again", late)
    with pytest.raises(OperationInvalid, match="it has 1GiB by now"):
        volume(node, capacity="16MiB")
    assert told(node) == {}


@pytest.mark.parametrize("condition", ["running", "paused", "saved"])
def test_an_active_domains_disk_is_never_cut_off(node: Node, condition: str) -> None:
    domain(node, BY_PATH, condition)
    with pytest.raises(InputError, match=r"a disk of web1.*Only an unused one is shrunk"):
        volume(node, capacity="4MiB", allow_shrink=True)


def test_without_consent_nothing_is_cut_off(node: Node) -> None:
    with pytest.raises(InputError, match=r"data has 8MiB, and 4MiB would cut off its end.*allow_shrink"):
        volume(node, capacity="4MiB")
    done = volume(node, capacity="4MiB", allow_shrink=True)
    assert done["volume"]["capacity"] == 4 * 1024**2


def test_what_others_are_built_on_is_never_cut_off(node: Node) -> None:
    volume(node, name="top", format="qcow2", backing={"volume": "data"})
    with pytest.raises(InputError, match=f"what {IMAGES}/top is built on"):
        volume(node, capacity="4MiB", allow_shrink=True)
    assert volume(node, capacity="16MiB")["actions"] == ["grow to 16MiB"]


def test_it_cannot_have_less_than_it_takes(node: Node) -> None:
    volume(node, name="full", allocation="8MiB")
    with pytest.raises(InputError, match="full takes 8MiB"):
        volume(node, name="full", capacity="4MiB", allow_shrink=True)


def test_what_a_running_disk_is_built_on_does_not_grow(node: Node) -> None:
    volume(node, name="top", format="qcow2", backing={"volume": "data"})
    domain(node, {"target": "vda", "file": f"{IMAGES}/top", "format": "qcow2"})
    with node.edit() as state:
        # The running document of a hypervisor that follows the chain says what is below.
        chain = f'<backingStore type="file"><format type="raw"/><source file="{IMAGES}/data"/></backingStore>'
        live = state.domains["web1"].live
        assert live is not None
        state.domains["web1"].live = live.replace("</disk>", f"{chain}</disk>", 1)
    with pytest.raises(InputError, match=r"a backing file of web1, which runs.*Grow the volume on top"):
        volume(node, capacity="16MiB")


@pytest.mark.parametrize("disk", [BY_PATH, BY_VOLUME], ids=["path", "volume"])
@pytest.mark.parametrize("condition", ["stopped", "running", "saved"])
def test_a_used_volume_is_not_deleted(node: Node, disk: dict[str, Any], condition: str) -> None:
    domain(node, disk, condition)
    before = node.bytes()
    for check in (True, False):
        with pytest.raises(InputError, match=r"data is a disk of web1, and is not deleted.*force: true"):
            node.manage("volume", {"pool": "default", "name": "data", "state": "absent"}, check=check)
    assert node.bytes() == before
    assert volume(node, state="absent", force=True)["actions"] == ["delete"]


@pytest.mark.parametrize(
    ("end", "used", "says"),
    [
        ("</disk>", "<mirror type='file' job='copy'><source file='{}'/></mirror></disk>", "the copy of a disk"),
        ("</devices>", "<filesystem type='file'><source file='{}'/></filesystem></devices>", "a file system"),
        ("</os>", "<nvram type='block'><source dev='{}'/></nvram></os>", "the firmware's memory"),
    ],
)
def test_other_ways_to_use_a_volume(node: Node, end: str, used: str, says: str) -> None:
    domain(node, {"target": "vda", "file": "/images/a", "format": "raw"})
    with node.edit() as state:
        live = state.domains["web1"].live
        assert live is not None
        state.domains["web1"].live = live.replace(end, used.format(f"{IMAGES}/data"), 1)
    with pytest.raises(InputError, match=f"data is {says} of web1, and is not deleted"):
        volume(node, state="absent")


def test_every_user_is_named_once(node: Node) -> None:
    domain(node, {**BY_PATH, "shareable": True})
    domain(node, {**BY_VOLUME, "shareable": True}, name="web2")
    volume(node, name="top", format="qcow2", backing={"volume": "data"})
    with pytest.raises(InputError) as failed:
        volume(node, state="absent")
    assert failed.value.reason == (
        f"state: data is a disk of web1, a disk of web2 and what {IMAGES}/top is built on, and is not deleted."
    )


def test_what_is_only_named_alike_is_no_use(node: Node) -> None:
    domain(node, {"target": "vda", "file": "/elsewhere/data", "format": "raw"})
    volume(node, name="data2")
    domain(node, {"target": "vda", "pool": "default", "volume": "data2", "format": "raw"}, "stopped", "web2")
    assert volume(node, state="absent")["changed"]


def test_a_file_is_known_by_any_of_its_names(node: Node, tmp_path: Path) -> None:
    """Where the files are this host's, a link to one is the same."""
    node.has_files = True
    (tmp_path / "real").write_bytes(bytes(1024))
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with node.edit() as state:
        state.volumes("default")["real"] = Volume(str(tmp_path / "real"), 1024)
    domain(node, {"target": "vda", "file": str(tmp_path / "link"), "format": "raw"}, "stopped")
    with pytest.raises(InputError, match="a disk of web1"):
        volume(node, name="real", state="absent")


def test_permissions_are_changed_on_the_host(node: Node, tmp_path: Path) -> None:
    node.has_files = True
    file = tmp_path / "mine"
    file.write_bytes(bytes(1024))
    with node.edit() as state:
        state.volumes("default")["mine"] = Volume(str(file), 1024)
    mode = {"pool": "default", "name": "mine", "permissions": {"mode": "0640"}}
    assert node.manage("volume", mode, check=True)["actions"] == ["change the permissions"]
    assert file.stat().st_mode & 0o777 != 0o640
    with pytest.raises(Exception, match="still differs"):
        # The simulated pool does not look at the file again.
        node.manage("volume", mode)
    assert file.stat().st_mode & 0o777 == 0o640
