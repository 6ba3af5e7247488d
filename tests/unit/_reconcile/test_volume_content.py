# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Volumes with content from volumes and files: what they become, and what they remember."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._document.iso9660 import image
from ansible_collections.stratum.virt.plugins.module_utils._errors import InputError, StratumError
from ansible_collections.stratum.virt.plugins.module_utils._host.base import Extent
from ansible_collections.stratum.virt.plugins.module_utils._host.local import LocalHost
from ansible_collections.stratum.virt.plugins.module_utils._reconcile.volume_content import read_mark

from tests.unit._reconcile.contents import DATA, Node, qcow2

SHA256 = hashlib.sha256(DATA).hexdigest()
OTHER = DATA[::-1]
MIB = 1024 * 1024


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path / "node")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "disk.img"
    file.write_bytes(DATA)
    return file


def of_file(path: Path, **more: Any) -> dict[str, Any]:
    return {"file": str(path), "remote_src": True, **more}


def test_a_raw_file(node: Node, file: Path) -> None:
    done = node.apply(source=of_file(file))
    assert done["actions"] == [f"create from the file {file}"]
    assert done["content_needed"]
    assert (node.names(), node.content()) == (["a"], DATA)
    assert node.spec()["format"] == "raw"
    assert node.spec()["capacity"] == len(DATA)


def test_a_file_grows_to_the_wanted_capacity(node: Node, file: Path) -> None:
    node.apply(source=of_file(file), capacity="1MiB")
    assert node.content() == DATA + bytes(MIB - len(DATA))
    assert node.spec()["capacity"] == MIB


def test_a_qcow2_file_stays_what_it_is(node: Node, tmp_path: Path) -> None:
    image = tmp_path / "disk.qcow2"
    image.write_bytes(qcow2(3 * MIB))
    done = node.apply(source=of_file(image))
    assert done["diff"]["after"]["format"] == "qcow2"
    assert done["diff"]["after"]["capacity"] == "3MiB"
    assert node.content() == qcow2(3 * MIB)
    node.apply(name="b", source=of_file(image), capacity="5MiB")
    assert node.spec("b")["capacity"] == 5 * MIB
    assert node.names() == ["a", "b"]


def test_the_image_of_a_cd_is_raw(node: Node, tmp_path: Path) -> None:
    """libvirt tells it from other raw content, and can make no volume of its format."""
    cd = tmp_path / "cd.iso"
    cd.write_bytes(image("install", {"a": DATA}))
    node.apply(source=of_file(cd))
    assert node.content() == cd.read_bytes()
    node.apply(name="b", source=of_file(cd), format="iso")
    node.apply(name="c", source={"volume": "a"})
    node.apply(name="d", source={"volume": "a", "clone": "linked"})
    assert [node.spec(name)["format"] for name in "abcd"] == ["iso", "iso", "raw", "qcow2"]
    assert node.spec("d")["backing"]["format"] == "raw"


@pytest.mark.parametrize(("begin", "end"), [("raw", "qcow2"), ("qcow2", "raw")])
def test_a_file_is_converted(node: Node, tmp_path: Path, begin: str, end: str) -> None:
    image = tmp_path / "image"
    image.write_bytes({"raw": DATA * 8, "qcow2": qcow2(MIB)}[begin])
    node.apply(source=of_file(image), format=end, capacity="2MiB")
    assert (node.spec()["format"], node.spec()["capacity"]) == (end, 2 * MIB)
    assert node.names() == ["a"]


def test_other_features_of_qcow2_are_made_by_a_conversion(node: Node, tmp_path: Path) -> None:
    image = tmp_path / "image"
    image.write_bytes(qcow2(MIB))
    node.apply(source=of_file(image), format="qcow2", cluster_size="128KiB")
    assert node.spec()["cluster_size"] == 128 * 1024


def test_zeros_take_no_space(node: Node, tmp_path: Path) -> None:
    """In a file without holes, too. The simulated node refuses more than 8 MiB that are not zeros."""
    image = tmp_path / "image"
    image.write_bytes(DATA + bytes(20 * MIB) + DATA)
    node.apply(source=of_file(image))
    (record,) = node.volumes.describe({"default": ["a"]})
    assert f'<allocation unit="bytes">{2 * len(DATA)}</allocation>' in record.document.replace("'", '"')


def test_a_file_without_a_checksum_is_known_by_its_size_and_time(node: Node, file: Path, tmp_path: Path) -> None:
    node.apply(source=of_file(file))
    os.utime(file, ns=(1, 1))
    with pytest.raises(InputError, match=r"has its content from the file .*disk.img as it was before, not from the"):
        node.task(source=of_file(file))
    file.write_bytes(OTHER)
    done = node.apply(source=of_file(file), replace=True)
    assert done["actions"] == [f"replace the content by the file {file}"]
    assert node.content() == OTHER
    file.unlink()
    with pytest.raises(InputError, match=f"source.file: there is no file {file} on this node"):
        node.task(source=of_file(file))


def test_a_file_with_a_checksum_is_known_by_that(node: Node, file: Path) -> None:
    source = of_file(file, checksum=f"sha256:{SHA256.upper()}")
    node.apply(source=source)
    os.utime(file, ns=(1, 1))
    assert not node.task(source=source)["changed"]
    file.unlink()
    assert not node.task(source=source)["changed"]


@pytest.mark.parametrize("algorithm", ["sha256", "sha384", "sha512"])
def test_a_checksum_is_compared_with_all_of_the_content(node: Node, file: Path, algorithm: str) -> None:
    with file.open("r+b") as writing:
        writing.truncate(3 * MIB)
    digest = hashlib.new(algorithm, file.read_bytes()).hexdigest()
    node.apply(source=of_file(file, checksum=f"{algorithm}:{digest}"))
    wrong = digest.translate(str.maketrans("0123456789abcdef", "123456789abcdef0"))
    before = node.names()
    with pytest.raises(StratumError, match=f"disk.img has the checksum {algorithm}:{digest}, not {algorithm}:{wrong}"):
        node.task(name="b", source=of_file(file, checksum=f"{algorithm}:{wrong}"))
    assert node.names() == before


def test_another_source_is_refused_by_both_names(node: Node, file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.img"
    other.write_bytes(OTHER)
    node.apply(source=of_file(file))
    before = node.truth()
    for check in (True, False):
        with pytest.raises(InputError) as raised:
            node.task(source=of_file(other), check=check)
        assert f"a has its content from the file {file}, not from the file {other}" in str(raised.value)
    assert node.truth() == before
    done = node.apply(source=of_file(other), replace=True)
    assert done["diff"]["before"]["source"] == f"the file {file}"
    assert done["diff"]["after"]["source"] == f"the file {other}"
    assert node.content() == OTHER


def test_a_volume_that_somebody_else_made_is_left_alone(node: Node, file: Path) -> None:
    node.task(capacity="1MiB")
    done = node.task(source=of_file(file))
    assert (done["changed"], done["content_needed"]) == (False, False)
    assert "nobody knows where a has its content from" in str(done["warnings"])
    assert node.content() == bytes(MIB)
    node.apply(source=of_file(file), replace=True)
    assert node.content() == DATA


@pytest.mark.parametrize("mark", ["", "{", "[]", '"is"', "7", '{"is": 7}', '{"from": "a"}', '{"is": []}'])
def test_a_mark_of_somebody_else_means_nothing(node: Node, file: Path, mark: str) -> None:
    node.task(capacity="1MiB")
    node.volumes.set_mark("default", "a", mark)
    assert "nobody knows" in str(node.task(source=of_file(file))["warnings"])


def test_a_mark_is_not_believed_to_be_a_text_for_a_person(node: Node, file: Path) -> None:
    node.task(capacity="1MiB")
    node.volumes.set_mark("default", "a", '{"from": "\\u001b[2J", "is": [{"a": null}]}')
    with pytest.raises(InputError, match="a has its content from another source, not from the file"):
        node.task(source=of_file(file))


def test_a_file_of_the_controller_is_known_by_its_checksum_alone(node: Node, tmp_path: Path) -> None:
    source = {"file": "/home/me/disk.img", "checksum": f"sha256:{SHA256}", "format": "raw"}
    foretold = node.task(check=True, source=source)
    assert (foretold["changed"], foretold["content_needed"]) == (True, True)
    assert foretold["actions"] == ["create from the file disk.img"]
    brought = tmp_path / "disk.img"
    brought.write_bytes(DATA)
    done = node.task(source={**source, "file": str(brought)})
    assert done["actions"] == foretold["actions"]
    assert done["diff"] == foretold["diff"]
    brought.unlink()
    assert not node.task(source=source)["changed"]
    with pytest.raises(InputError, match=r"there is no file /home/me/disk.img on this node"):
        node.task(name="b", source=source)


@pytest.mark.parametrize("clone", ["full", "linked", "reflink"])
def test_a_volume_of_a_volume(node: Node, file: Path, clone: str) -> None:
    node.task(name="base", source=of_file(file))
    done = node.apply(source={"volume": "base", "clone": clone})
    words = "an image built on" if clone == "linked" else "a copy of"
    assert done["actions"] == [f"create from {words} the volume base of the pool default"]
    spec = node.spec()
    if clone == "linked":
        assert spec["format"] == "qcow2"
        assert spec["backing"] == {"path": "/var/lib/libvirt/images/base", "format": "raw"}
    else:
        assert node.content() == DATA
        assert "backing" not in spec
    assert spec["capacity"] == len(DATA)
    assert node.names() == ["a", "base"]


def test_a_copy_is_converted_and_grows(node: Node, file: Path) -> None:
    node.task(name="base", source=of_file(file))
    node.apply(source={"volume": "base", "pool": "default"}, format="qcow2", capacity="4MiB")
    assert (node.spec()["format"], node.spec()["capacity"]) == ("qcow2", 4 * MIB)


def test_a_source_whose_own_content_was_replaced_is_another_one(node: Node, file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.img"
    other.write_bytes(DATA * 2)
    node.task(name="base", source=of_file(file))
    node.apply(source={"volume": "base"})
    node.task(name="base", source=of_file(other), replace=True)
    with pytest.raises(InputError, match="from a copy of the volume base of the pool default as it was before"):
        node.task(source={"volume": "base"})
    node.apply(source={"volume": "base"}, replace=True)
    assert node.content() == DATA * 2


def test_a_long_name_is_remembered_all_the_same(node: Node, file: Path) -> None:
    node.task(name="b" * 200, source=of_file(file))
    source = {"volume": "b" * 200, "clone": "linked"}
    node.task(name="a" * 200, source=source)
    node.volumes.delete("default", "b" * 200)
    assert not node.task(name="a" * 200, source=source)["changed"]


def test_a_source_that_is_gone_has_done_its_work(node: Node, file: Path) -> None:
    node.task(name="base", source=of_file(file))
    node.task(source={"volume": "base"})
    node.task(name="base", state="absent")
    assert not node.task(source={"volume": "base"})["changed"]
    for check in (True, False):
        with pytest.raises(InputError, match=r"source.volume: there is no volume base in the pool default"):
            node.task(name="b", source={"volume": "base"}, check=check)
        with pytest.raises(InputError, match=r"source.volume: there is no volume other in the pool default"):
            node.task(source={"volume": "other"}, check=check)


BAD_SOURCES = [
    ({}, "source: it names one volume, one file or one URL"),
    ({"volume": "b", "url": "https://e.org/a"}, "source: it names one volume, one file or one URL"),
    ({"volume": "a"}, "source.volume: a cannot be its own source"),
    ({"volume": "../etc"}, "name: '../etc' cannot be a name"),
    ({"volume": "b", "format": "raw"}, "source.format: a volume has none"),
    ({"volume": "b", "checksum": "sha256:" + "0" * 64}, "source.checksum: a volume has none"),
    ({"volume": "b", "remote_src": True}, "source.remote_src: a volume has none"),
    ({"url": "https://e.org/a", "pool": "b"}, "source.pool: a url has none"),
    ({"file": "/a", "remote_src": True, "clone": "linked"}, "source.clone: a file has none"),
    ({"file": "/a", "remote_src": True, "headers": {"a": "b"}}, "source.headers: a file has none"),
    ({"file": "a/b", "remote_src": True}, "source.file: 'a/b' is not an absolute path"),
    ({"file": "/a/", "remote_src": True}, "source.file: '/a/' is not an absolute path"),
    ({"file": "/a\0b", "remote_src": True}, r"source.file: '/a\\x00b' is not an absolute path"),
    ({"file": "/a"}, "source.checksum: a file of the controller needs one"),
    ({"file": "/a", "checksum": "0" * 64}, "source.checksum: .* is none that can be relied on"),
    ({"file": "/a", "checksum": "md5:" + "0" * 32}, "source.checksum: .* is none that can be relied on"),
    ({"file": "/a", "checksum": "sha256:abc"}, "source.checksum: 'sha256:abc' is no sha256. It has 64 digits"),
    ({"file": "/a", "checksum": "sha256:" + "g" * 64}, "source.checksum: .* is no sha256"),
    ({"url": "file:///etc/passwd"}, "source.url: file:///etc/passwd is not an http:// or https:// URL"),
    ({"url": "ftp://e.org/a"}, "source.url: ftp://e.org/a is not an http:// or https:// URL"),
    ({"url": "https:///a"}, "source.url: https:///a is not an http:// or https:// URL"),
    ({"url": "https://[::1/a"}, "source.url: it is no URL"),
    ({"url": "https://e.org:hunter2/a"}, "source.url: it is no URL"),
    ({"url": "https://e.org/a b?hunter2"}, "source.url: https://e.org/a b has a character that URLs cannot have"),
    ({"url": "https://e.org/ä"}, "source.url: https://e.org/ä has a character that URLs cannot have"),
    ({"url": "https://e.org/a", "headers": {"X-Token": "hunter2\n"}}, "source.headers: one of them has a character"),
    ({"url": "https://e.org/a", "headers": {"X-Token": "hunter2€"}}, "source.headers: one of them has a character"),
    ({"url": "https://e.org/a", "headers": {"hunter2:": "b"}}, "source.headers: one of them has a character"),
    ({"url": "https://e.org/a", "checksum": "md5:https://me:hunter2@e.org/a"}, "source.checksum: 'md5' is none"),
    ({"url": "http://me:hunter2@e.org/a?b"}, "source.url: what comes by http can be anybody's, and http://e.org/a has"),
    (
        {"url": "https://e.org/a", "checksum": "sha256:http://e.org/SUMS"},
        "source.checksum: a list of checksums is only",
    ),
]


@pytest.mark.parametrize(("source", "says"), BAD_SOURCES, ids=[says for _source, says in BAD_SOURCES])
def test_sources_that_make_no_sense(node: Node, source: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=f"^{says}") as raised:
        node.task(source=source)
    assert "hunter2" not in str(raised.value)
    assert not node.path.exists()


def test_a_volume_has_one_content(node: Node) -> None:
    with pytest.raises(InputError, match="cloud_init: a volume with a seed has no other source"):
        node.task(source={"volume": "b"}, cloud_init={})


def test_names_leave_room_for_what_is_not_complete(node: Node, file: Path) -> None:
    with pytest.raises(InputError, match="name: a volume that gets content has a name of at most 232 bytes"):
        node.task(name="a" * 233, source=of_file(file))
    node.task(name="ä" * 116, source=of_file(file))


BAD_FILES = [
    (Path.mkdir, "is a directory, not a file"),
    (os.mkfifo, "is a fifo, not a file"),
    (
        lambda path: path.write_bytes(b"\x1f\x8b\x08"),
        "cannot be used: it is a file compressed by gzip, neither raw nor",
    ),
    (
        lambda path: path.write_bytes(b"KDMV"),
        "cannot be used: it is an image of the format vmdk, neither raw nor qcow2",
    ),
    (lambda path: path.write_bytes(qcow2(MIB)[:60]), "cannot be used: it is a qcow2 image that ends within its header"),
    (lambda path: path.write_bytes(qcow2(MIB, backing="/etc/shadow")), "cannot be used: .* is built on another file"),
    (lambda path: path.write_bytes(qcow2(MIB, features=4)), "cannot be used: .* with its data in another file"),
    (lambda path: path.write_bytes(b"QFI\xfb" + bytes(100)), "cannot be used: it is a qcow2 image of version 0"),
]


@pytest.mark.parametrize(("make", "says"), BAD_FILES, ids=[says for _make, says in BAD_FILES])
def test_files_that_cannot_be_used(node: Node, tmp_path: Path, make: Any, says: str) -> None:
    path = tmp_path / "image"
    make(path)
    for check in (True, False):
        with pytest.raises(InputError, match=f"{path} {says}"):
            node.task(source=of_file(path), check=check)
    assert node.names() == []


def test_a_file_that_is_exchanged_while_it_is_opened(node: Node, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is looked at is what is uploaded, although its path leads to another file by then."""
    other = qcow2(MIB, backing="/etc/shadow")
    monkeypatch.setattr(LocalHost, "extents", lambda _host, _path: iter([Extent(other)]))
    with pytest.raises(InputError, match="is built on another file"):
        node.task(source=of_file(file))
    assert node.names() == []


@pytest.mark.parametrize("mark", ["[" * 4000, "{", "1", '{"is": []}'])
def test_a_mark_that_makes_no_sense_is_none(mark: str) -> None:
    assert read_mark(mark) is None


@pytest.mark.parametrize(
    ("stated", "content", "says"),
    [
        ("raw", qcow2(MIB), "it is stated to be raw, and begins like a qcow2 image"),
        ("qcow2", DATA, "it is stated to be qcow2, and does not begin like that"),
    ],
)
def test_a_format_that_is_not_the_file_s(node: Node, file: Path, stated: str, content: bytes, says: str) -> None:
    file.write_bytes(content)
    with pytest.raises(InputError, match=says):
        node.task(source=of_file(file, format=stated))
    assert node.names() == []


@pytest.mark.parametrize("source", ["file", "volume", "linked"])
def test_a_capacity_that_is_too_small(node: Node, file: Path, source: str) -> None:
    node.task(name="base", source=of_file(file))
    options = {
        "file": of_file(file),
        "volume": {"volume": "base"},
        "linked": {"volume": "base", "clone": "linked"},
    }
    for check in (True, False):
        with pytest.raises(InputError, match=r"capacity: 4096 bytes are less than the 131072 of"):
            node.task(source=options[source], capacity="4KiB", check=check)
    assert node.names() == ["base"]


def test_what_contradicts_a_source(node: Node, file: Path) -> None:
    node.task(name="base", source=of_file(file))
    for source in (of_file(file), {"volume": "base"}):
        with pytest.raises(InputError, match="backing: "):
            node.task(source=source, format="qcow2", backing={"volume": "base"})
    with pytest.raises(InputError, match="format: an image built on another one is qcow2, not raw"):
        node.task(source={"volume": "base", "clone": "linked"}, format="raw")
    with pytest.raises(InputError, match="format: a copy that shares its blocks is raw like its source"):
        node.task(source={"volume": "base", "clone": "reflink"}, format="qcow2")
    assert node.names() == ["base"]


def test_a_driver_that_reaches_no_content(node: Node, file: Path) -> None:
    with pytest.raises(InputError, match=r"source: the driver of sim://.* cannot write, read and wipe the content"):
        node.task(source=of_file(file), parameters="without=volume_content")
    with pytest.raises(InputError, match=r"cloud_init: the driver of sim://.* cannot write, read and wipe the content"):
        node.task(cloud_init={}, parameters="without=volume_content")
    assert node.names() == []
