# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What becomes of a removed domain's disks: only what was asked for by name goes, and nothing that anybody needs."""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._driver._sim.control import Volume
from ansible_collections.stratum.virt.plugins.module_utils._errors import DriverError, InputError, StratumError

from .conftest import SMALL, Node


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "images"
    made.mkdir()
    return made


@pytest.fixture
def files(node: Node) -> Node:
    """A node whose domains' files are real."""
    node.has_files = True
    return node


def raw(path: Path) -> str:
    path.write_bytes(bytes(512))
    return str(path)


def qcow2(path: Path, backing: str | None = None, *, offset: int = 0x70, length: int | None = None) -> str:
    """Make the header of an image that is built on another one. Source: QEMU's docs/interop/qcow2.txt."""
    name = (backing or "").encode()
    header = struct.pack(">4sIQI", b"QFI\xfb", 3, offset if backing else 0, len(name) if length is None else length)
    path.write_bytes(header.ljust(offset, b"\0") + name)
    return str(path)


def create(node: Node, name: str, *disks: dict[str, Any]) -> None:
    node.task({**SMALL, "name": name, "disks": list(disks)})


def remove(node: Node, *targets: str, name: str = "web1", check: bool = False) -> dict[str, Any]:
    return node.task({"name": name}, state="absent", remove_storage=list(targets), check=check)


def test_disks_stay_unless_they_are_named(files: Node, folder: Path) -> None:
    path = raw(folder / "a")
    create(files, "web1", {"target": "vda", "file": path})
    done = files.task({"name": "web1"}, state="absent")
    assert done["actions"] == ["undefine"]
    assert Path(path).exists()


def test_only_the_named_disk_goes_and_last(files: Node, folder: Path) -> None:
    first, second = raw(folder / "a"), raw(folder / "b")
    create(files, "web1", {"target": "vda", "file": first}, {"target": "vdb", "file": second})
    foretold = remove(files, "vdb", check=True)
    assert Path(second).exists()
    done = remove(files, "vdb")
    assert done["actions"] == foretold["actions"] == ["undefine", f"delete {second} (vdb)"]
    assert done["diff"] == foretold["diff"]
    assert done["diff"]["before"] == {"state": "stopped", "disks[vdb]": second}
    assert Path(first).exists()
    assert not Path(second).exists()


def test_a_running_domain_is_shut_down_first(files: Node, folder: Path) -> None:
    path = raw(folder / "a")
    create(files, "web1", {"target": "vda", "file": path})
    files.put("running")
    assert remove(files, "vda")["actions"] == ["shut down", "undefine", f"delete {path} (vda)"]


def test_naming_a_disk_twice_is_once(files: Node, folder: Path) -> None:
    path = raw(folder / "a")
    create(files, "web1", {"target": "vda", "file": path})
    assert remove(files, "vda", "vda")["actions"] == ["undefine", f"delete {path} (vda)"]


def test_a_file_that_is_gone_already_is_no_error(files: Node, folder: Path) -> None:
    path = raw(folder / "a")
    create(files, "web1", {"target": "vda", "file": path})
    Path(path).unlink()
    assert remove(files, "vda")["changed"]


@pytest.mark.parametrize("call", ["undefine", "shutdown"])
def test_nothing_is_deleted_when_the_removal_fails(files: Node, folder: Path, call: str) -> None:
    path = raw(folder / "a")
    create(files, "web1", {"target": "vda", "file": path})
    files.put("running")
    with pytest.raises(DriverError, match="told to refuse"):
        files.task(
            {"name": "web1"}, state="absent", remove_storage=["vda"], parameters=f"fail={call}:before:9", patience=0.3
        )
    assert Path(path).exists()
    assert files.info()[0]["name"] == "web1"


def test_a_disk_of_a_pool_goes_through_the_pool(node: Node) -> None:
    with node.edit() as state:
        state.volumes("default").update({"a.qcow2": Volume("/images/a.qcow2"), "b.qcow2": Volume("/images/b.qcow2")})
    disks = [
        {"target": "vda", "pool": "default", "volume": "a.qcow2"},
        {"target": "vdb", "file": "/images/b.qcow2"},
    ]
    create(node, "web1", *disks)
    remove(node, "vda", "vdb")
    with node.edit() as state:
        assert state.volumes("default") == {}


def test_a_disk_outside_any_pool_does_not_stop_the_removal(files: Node, folder: Path) -> None:
    path = raw(folder / "a")
    create(files, "web1", {"target": "vda", "file": path})
    assert remove(files, "owned")["actions"] == ["undefine", f"delete {path} (vda)"]
    assert not Path(path).exists()


def test_files_of_a_simulated_node_are_words_and_none_of_this_host(node: Node, folder: Path) -> None:
    path = raw(folder / "a")
    create(node, "web1", {"target": "vda", "file": path})
    foretold = remove(node, "vda", check=True)
    done = remove(node, "vda")
    assert done["actions"] == foretold["actions"] == ["undefine"]
    assert done["diff"] == foretold["diff"]
    kept = [{"target": "vda", "path": path, "obstacle": "no pool of the node knows it"}]
    assert done["kept_storage"] == foretold["kept_storage"] == kept
    (warning,) = done["warnings"]
    assert warning.startswith(
        f"{path} (vda) stays: no pool of the node knows it, and files are not reached through sim:"
    )
    assert Path(path).exists()


PROTECTED: dict[str, tuple[dict[str, Any], str]] = {
    "a CD-ROM": ({"device": "cdrom", "target": "sda"}, "it is a cdrom"),
    "a floppy": ({"device": "floppy", "target": "fda"}, "it is a floppy"),
    "read-only": ({"read_only": True}, "it is read-only"),
    "shareable": ({"shareable": True}, "it is shareable"),
}


@pytest.mark.parametrize("what", list(PROTECTED))
def test_what_may_never_be_deleted(files: Node, folder: Path, what: str) -> None:
    disk, obstacle = PROTECTED[what]
    path, other = raw(folder / "a"), raw(folder / "b")
    disk = {"target": "vdb", "file": path, **disk}
    create(files, "web1", {"target": "vda", "file": other}, disk)
    before = files.bytes()
    for check in (True, False):
        with pytest.raises(InputError, match=f"remove_storage: {disk['target']} of web1 is not removed: {obstacle}"):
            remove(files, "vda", disk["target"], check=check)
    # Nothing was removed, not even what could have been.
    assert files.bytes() == before
    assert Path(other).exists()

    foretold = remove(files, "owned", check=True)
    done = remove(files, "owned")
    kept = [{"target": disk["target"], "path": path, "obstacle": obstacle}]
    assert done["kept_storage"] == foretold["kept_storage"] == kept
    assert done["actions"] == foretold["actions"] == ["undefine", f"delete {other} (vda)"]
    assert Path(path).exists()
    assert not Path(other).exists()


def test_a_network_disk_is_no_file_of_the_node(node: Node) -> None:
    disk = {"target": "vda", "network": {"protocol": "nbd", "name": "x", "hosts": [{"name": "far", "port": 10809}]}}
    create(node, "web1", disk)
    done = remove(node, "owned")
    assert done["kept_storage"] == [
        {"target": "vda", "path": None, "obstacle": "its storage (network) is no file of this node"}
    ]


def test_a_directory_is_never_removed(files: Node, folder: Path) -> None:
    path = folder / "a"
    raw(path)
    create(files, "web1", {"target": "vda", "file": str(path)})
    path.unlink()
    path.mkdir()
    with pytest.raises(InputError, match="is not a regular file"):
        remove(files, "vda")
    assert path.is_dir()


def test_a_disk_that_is_not_there(files: Node, folder: Path) -> None:
    create(files, "web1", {"target": "vda", "file": raw(folder / "a")})
    with pytest.raises(InputError, match=r"remove_storage: web1 has no disk vdz\. Its disks: vda\."):
        remove(files, "vda", "vdz")
    assert files.info()[0]["name"] == "web1"
    assert (folder / "a").exists()


# What other domains use


def test_a_disk_of_another_domain_too(files: Node, folder: Path) -> None:
    path = raw(folder / "a")
    create(files, "web1", {"target": "vda", "file": path})
    create(files, "web2", {"target": "vdb", "file": path})
    with pytest.raises(InputError, match=f"{path} is a disk of web2"):
        remove(files, "vda")
    assert remove(files, "owned")["kept_storage"][0]["obstacle"] == f"{path} is a disk of web2"
    assert Path(path).exists()
    # The last one that uses it may take it along.
    remove(files, "vdb", name="web2")
    assert not Path(path).exists()


def test_a_disk_that_only_the_other_s_running_instance_has(files: Node, folder: Path) -> None:
    path = raw(folder / "a")
    create(files, "web1", {"target": "vda", "file": path})
    create(files, "web2", {"target": "vda", "file": raw(folder / "b")}, {"target": "vdb", "file": path})
    with files.connect() as driver:
        driver.domains.start("web2")
    files.task({"name": "web2", "disks": [{"target": "vda"}]}, exclusive=["disks"], parameters="without=hotplug")
    with pytest.raises(InputError, match="is a disk of web2"):
        remove(files, "vda")


@pytest.mark.parametrize("relative", [False, True])
def test_the_file_that_another_domain_s_image_is_built_on(files: Node, folder: Path, relative: bool) -> None:
    base = qcow2(folder / "base.qcow2")
    middle = qcow2(folder / "middle.qcow2", "base.qcow2" if relative else base)
    top = qcow2(folder / "top.qcow2", "middle.qcow2" if relative else middle)
    create(files, "web1", {"target": "vda", "file": base}, {"target": "vdb", "file": middle})
    create(files, "web2", {"target": "vda", "file": top})
    for target, path in (("vda", base), ("vdb", middle)):
        with pytest.raises(InputError, match=f"{path} is a backing file of web2"):
            remove(files, target)
    done = remove(files, "owned")
    assert [each["target"] for each in done["kept_storage"]] == ["vda", "vdb"]
    assert all(Path(path).exists() for path in (base, middle, top))


def test_a_backing_file_that_the_document_names(files: Node, folder: Path) -> None:
    base, top = raw(folder / "base"), raw(folder / "top")
    create(files, "web1", {"target": "vda", "file": base})
    backing = f"<backingStore type='file'><format type='raw'/><source file='{base}'/></backingStore>"
    disk = f"<disk type='file'><source file='{top}'/>{backing}<target dev='vda'/></disk>"
    files.task({"name": "web2", "memory": "64MiB", "xml": f"<domain><devices>{disk}</devices></domain>"})
    with pytest.raises(InputError, match="is a backing file of web2"):
        remove(files, "vda")


def test_an_own_image_goes_and_what_it_is_built_on_stays(files: Node, folder: Path) -> None:
    base = qcow2(folder / "base.qcow2")
    top = qcow2(folder / "top.qcow2", base)
    create(files, "web1", {"target": "vda", "file": top})
    remove(files, "owned")
    assert Path(base).exists()
    assert not Path(top).exists()


def test_a_chain_that_bites_its_tail_ends(files: Node, folder: Path) -> None:
    path = folder / "loop.qcow2"
    qcow2(path, str(path))
    create(files, "web1", {"target": "vda", "file": raw(folder / "a")})
    create(files, "web2", {"target": "vda", "file": str(path)})
    assert remove(files, "vda")["changed"]


@pytest.mark.parametrize("length", [0, 1024, 0xFFFFFFFF])
def test_a_header_that_makes_no_sense_names_nothing(files: Node, folder: Path, length: int) -> None:
    odd = qcow2(folder / "odd.qcow2", "/etc/passwd", length=length)
    create(files, "web1", {"target": "vda", "file": raw(folder / "a")})
    create(files, "web2", {"target": "vda", "file": odd})
    assert remove(files, "vda")["changed"]


def test_a_header_that_ends_early_names_nothing(files: Node, folder: Path) -> None:
    (folder / "short.qcow2").write_bytes(b"QFI\xfb\0\0")
    create(files, "web1", {"target": "vda", "file": raw(folder / "a")})
    create(files, "web2", {"target": "vda", "file": str(folder / "short.qcow2")})
    assert remove(files, "vda")["changed"]


@pytest.mark.parametrize("other", ["link/real", "./real", "hard"])
def test_another_path_of_a_file_that_another_domain_uses(files: Node, folder: Path, other: str) -> None:
    real = raw(folder / "real")
    (folder / "link").symlink_to(folder)
    (folder / "hard").hardlink_to(real)
    create(files, "web1", {"target": "vda", "file": f"{folder}/{other}"})
    create(files, "web2", {"target": "vda", "file": real})
    with pytest.raises(InputError, match="is a disk of web2"):
        remove(files, "vda")


def test_a_file_that_cannot_be_removed_says_what_was_done(
    files: Node, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    def refuse(path: str) -> None:
        raise PermissionError(13, "Permission denied", path)

    path = raw(folder / "a")
    create(files, "web1", {"target": "vda", "file": path})
    monkeypatch.setattr(os, "unlink", refuse)
    with pytest.raises(StratumError, match=f"removing {path}: Permission denied") as told:
        remove(files, "vda")
    monkeypatch.undo()
    assert told.value.facts["actions"] == ["undefine"]
    assert told.value.facts["failed_action"] == f"delete {path} (vda)"
    assert told.value.facts["changed"] is True


@pytest.mark.parametrize(
    "name",
    [
        "file:{}",
        'json:{{"driver": "qcow2", "file": {{"driver": "file", "filename": "{}"}}}}',
        'json:{{"driver": "quorum", "vote-threshold": 1, "children": [{{"driver": "file", "filename": "{}"}}]}}',
    ],
)
def test_a_backing_file_in_qemu_s_other_forms(files: Node, folder: Path, name: str) -> None:
    base = raw(folder / "base")
    top = qcow2(folder / "top.qcow2", name.format(base))
    create(files, "web1", {"target": "vda", "file": base})
    create(files, "web2", {"target": "vda", "file": top})
    with pytest.raises(InputError, match=f"{base} is a backing file of web2"):
        remove(files, "vda")


@pytest.mark.parametrize("name", ["{}", "data", "file:{}"])
def test_a_file_with_the_data_of_an_image(files: Node, folder: Path, name: str) -> None:
    data, victim = qcow2(folder / "data", str(folder / "victim")), raw(folder / "victim")
    stated = name.format(data).encode()
    # Two extensions, of which the first has a length that is not whole.
    extensions = struct.pack(">II8s", 0x6803F857, 3, b"abc") + struct.pack(">II", 0x44415441, len(stated)) + stated
    header = struct.pack(">4sI", b"QFI\xfb", 3).ljust(100, b"\0") + struct.pack(">I", 104)
    (folder / "top.qcow2").write_bytes(header + extensions)
    create(files, "web1", {"target": "vda", "file": data}, {"target": "vdb", "file": victim})
    create(files, "web2", {"target": "vda", "file": str(folder / "top.qcow2")})
    with pytest.raises(InputError, match=f"{data} is a backing file of web2"):
        remove(files, "vda")
    # What the guest has written to it names nothing.
    assert remove(files, "vdb")["changed"]


def test_what_a_guest_writes_to_a_raw_image_names_nothing(files: Node, folder: Path) -> None:
    victim, other = raw(folder / "victim"), qcow2(folder / "disk.raw", str(folder / "victim"))
    create(files, "web1", {"target": "vda", "file": victim})
    create(files, "web2", {"target": "vda", "file": other})
    assert remove(files, "vda")["changed"]


@pytest.mark.parametrize("name", ["/a\0b", "json:" + "[" * 1000])
def test_a_backing_name_that_is_no_path(files: Node, folder: Path, name: str) -> None:
    odd = qcow2(folder / "odd.qcow2", name)
    create(files, "web1", {"target": "vda", "file": raw(folder / "a")})
    create(files, "web2", {"target": "vda", "file": odd})
    assert remove(files, "vda")["changed"]


def test_a_backing_file_whose_name_is_no_text(files: Node, folder: Path) -> None:
    base = os.fsencode(folder) + b"/b\xe4se"
    Path(os.fsdecode(base)).write_bytes(bytes(512))
    (folder / "link").symlink_to(os.fsdecode(base))
    overlay = Path(qcow2(folder / "overlay", "x" * len(base)))
    overlay.write_bytes(overlay.read_bytes()[: -len(base)] + base)
    create(files, "web1", {"target": "vda", "file": str(folder / "link")})
    create(files, "web2", {"target": "vda", "file": str(overlay), "format": "qcow2"})
    with pytest.raises(InputError, match="is a backing file of web2"):
        remove(files, "vda")


@pytest.mark.parametrize("name", ['json:{"filename": "\\ud800"}', "x" * 300, f"/tmp/{'y' * 300}/z"])
def test_a_backing_file_whose_name_no_file_has(files: Node, folder: Path, name: str) -> None:
    """Whoever made the image would keep everybody from removing anything."""
    create(files, "web1", {"target": "vda", "file": raw(folder / "a")})
    create(files, "web2", {"target": "vda", "file": qcow2(folder / "overlay", name), "format": "qcow2"})
    assert remove(files, "vda")["changed"]
