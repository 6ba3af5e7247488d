# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The content of volumes: from files, volumes and servers, and into files."""

from __future__ import annotations

import hashlib
import os
import random
import ssl
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.modules import Tasks
from tests.integration.test_volume_growth import image
from tests.lab import Node
from tests.unit._reconcile.contents import Server

MIB = 1024**2
NOISE = random.Random(7).randbytes(MIB)


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with images of one disk, 64 MiB with 2 MiB of noise at both ends of it, in some formats."""
    folder = tmp_path_factory.mktemp("images")
    with (folder / "disk.raw").open("wb") as file:
        file.write(NOISE)
        file.seek(63 * MIB)
        file.write(NOISE)
    for options in (["qcow2", "disk.qcow2"], ["qcow2", "packed.qcow2", "-c"], ["vmdk", "disk.vmdk"]):
        kind, name, *more = options
        subprocess.run(
            ["qemu-img", "convert", "-q", "-f", "raw", "-O", kind, *more, "disk.raw", name], cwd=folder, check=True
        )
    return folder


@pytest.fixture
def server(images: Path) -> Iterator[Server]:
    server = Server()
    for path in images.iterdir():
        server.files[f"/{path.name}"] = path.read_bytes()
    yield server
    server.close()


def of_file(path: Path, **more: Any) -> dict[str, Any]:
    return {"file": str(path), "remote_src": True, **more}


def same_disk(images: Path, node: Node, name: str) -> bool:
    """Whether a guest would read the same from a volume as from the image, beyond whose end there are zeros."""
    argv = ["qemu-img", "compare", "-q", str(images / "disk.raw"), str(node.images / name)]
    return subprocess.run(argv, check=False).returncode == 0


def left(volumes: Tasks) -> list[str]:
    """Return the volumes of the pool, and the files in its folder, by name."""
    listed = [line.split()[0] for line in volumes.virsh("vol-list", "default").splitlines() if line.strip()]
    return sorted({*listed, *os.listdir(volumes.node.images)})


@pytest.mark.parametrize("name", ["disk.raw", "disk.qcow2", "packed.qcow2"])
@pytest.mark.parametrize("options", [{}, {"capacity": "80MiB"}, {"format": "raw"}, {"format": "qcow2"}], ids=str)
def test_a_file(volumes: Tasks, node: Node, images: Path, name: str, options: dict[str, Any]) -> None:
    stated = {"pool": "default", "name": "a.img", "source": of_file(images / name), **options}
    done = volumes.apply(**stated)
    assert done["actions"] == [f"create from the file {images / name}"]
    kind = options.get("format") or name.rpartition(".")[2]
    assert image(node, "a.img")["format"] == done["volume"]["format"] == kind
    assert image(node, "a.img")["virtual-size"] == (80 if "capacity" in options else 64) * MIB
    assert same_disk(images, node, "a.img")
    assert (node.images / "a.img").stat().st_blocks * 512 < 4 * MIB
    assert left(volumes) == ["a.img"]
    if not options:
        assert (node.images / "a.img").read_bytes() == (images / name).read_bytes()


def test_features_that_only_a_conversion_gives(volumes: Tasks, node: Node, images: Path) -> None:
    features = {"compat": "1.1", "cluster_size": "128KiB", "lazy_refcounts": True}
    volumes.apply(pool="default", name="a", format="qcow2", source=of_file(images / "disk.qcow2"), **features)
    found = image(node, "a")
    assert found["cluster-size"] == 131072
    assert found["format-specific"]["data"]["lazy-refcounts"]
    assert same_disk(images, node, "a")
    assert left(volumes) == ["a"]


def test_a_file_that_is_not_sparse_becomes_so(volumes: Tasks, node: Node, tmp_path: Path) -> None:
    full = tmp_path / "full"
    full.write_bytes(NOISE + bytes(63 * MIB))
    volumes.apply(pool="default", name="a", source=of_file(full))
    assert (node.images / "a").stat().st_blocks * 512 < 2 * MIB
    volumes.apply(pool="default", name="b", source=of_file(full), allocation="64MiB")
    assert (node.images / "b").stat().st_blocks * 512 >= 64 * MIB
    assert (node.images / "b").read_bytes() == full.read_bytes()


def test_other_content_needs_consent(volumes: Tasks, images: Path, node: Node) -> None:
    stated = {"pool": "default", "name": "a"}
    volumes.apply(**stated, source=of_file(images / "disk.raw"), permissions={"mode": "0640"})
    refused = volumes.refused(**stated, source=of_file(images / "disk.qcow2"))
    assert f"a has its content from the file {images}/disk.raw, not from the file {images}/disk.qcow2" in refused["msg"]
    done = volumes.make(**stated, source=of_file(images / "disk.qcow2"), replace=True)
    assert done["actions"] == [f"replace the content by the file {images}/disk.qcow2"]
    assert image(node, "a")["format"] == "qcow2"
    assert (node.images / "a").stat().st_mode & 0o777 == 0o640
    volumes.unchanged(**stated, source=of_file(images / "disk.qcow2"), replace=True)
    assert left(volumes) == ["a"]


def test_a_guest_s_disk_is_not_replaced_under_it(
    volumes: Tasks, images: Path, node: Node, deaf: Callable[..., None]
) -> None:
    volumes.make(pool="default", name="a", source=of_file(images / "disk.raw"))
    disk = f"<disk type='file' device='disk'><source file='{node.images}/a'/><target dev='vda' bus='virtio'/></disk>"
    deaf("uses", disk, start=True)
    refused = volumes.refused(pool="default", name="a", source=of_file(images / "disk.qcow2"), replace=True)
    assert "uses" in refused["msg"]
    volumes.unchanged(pool="default", name="a", source=of_file(images / "disk.raw"))


@pytest.mark.parametrize("kind", ["raw", "qcow2"])
def test_copies_of_a_volume(volumes: Tasks, images: Path, node: Node, kind: str) -> None:
    volumes.make(pool="default", name="base", source=of_file(images / f"disk.{kind}"))
    source = {"volume": "base"}
    volumes.apply(pool="default", name="full", source=source)
    volumes.apply(pool="default", name="grown", source=source, capacity="80MiB")
    volumes.apply(pool="default", name="converted", source=source, format="qcow2", capacity="80MiB")
    volumes.apply(pool="default", name="linked", source={**source, "clone": "linked"}, capacity="80MiB")
    for name, size in (("full", 64), ("grown", 80), ("converted", 80), ("linked", 80)):
        assert same_disk(images, node, name), name
        assert image(node, name)["virtual-size"] == size * MIB
        assert (node.images / name).stat().st_blocks * 512 < 4 * MIB, name
    assert image(node, "converted")["format"] == "qcow2"
    assert image(node, "linked")["backing-filename"] == str(node.images / "base")
    assert image(node, "linked")["backing-filename-format"] == kind
    assert (node.images / "linked").stat().st_size < MIB
    assert left(volumes) == ["base", "converted", "full", "grown", "linked"]


def test_a_disk_that_a_guest_writes_to_is_not_copied(
    volumes: Tasks, images: Path, node: Node, deaf: Callable[..., None]
) -> None:
    volumes.make(pool="default", name="base", source=of_file(images / "disk.raw"))
    disk = "<disk type='file' device='disk'><source file='{0}/base'/><target dev='vda' bus='virtio'/>{1}</disk>"
    deaf("reads", disk.format(node.images, "<readonly/>"), start=True)
    volumes.apply(pool="default", name="copy", source={"volume": "base"})
    volumes.virsh("destroy", "reads")
    deaf("writes", disk.format(node.images, ""), start=True)
    for clone in ("full", "linked"):
        refused = volumes.refused(pool="default", name="a", source={"volume": "base", "clone": clone})
        assert "base is a disk of writes" in refused["msg"]
    volumes.unchanged(pool="default", name="copy", source={"volume": "base"})


def test_a_copy_that_shares_its_blocks_or_says_why_not(volumes: Tasks, images: Path, node: Node) -> None:
    volumes.make(pool="default", name="base", source=of_file(images / "disk.raw"))
    result = volumes.run(pool="default", name="a", source={"volume": "base", "clone": "reflink"})
    if result["failed"]:
        assert "reflink" in result["msg"] or "clone" in result["msg"], result["msg"]
        assert left(volumes) == ["base"]
    else:
        assert same_disk(images, node, "a")


@pytest.mark.parametrize("name", ["disk.raw", "disk.qcow2"])
@pytest.mark.parametrize("length", [None, 0], ids=["length", "no length"])
def test_a_url(volumes: Tasks, images: Path, node: Node, server: Server, name: str, length: int | None) -> None:
    server.told_length = length
    digest = hashlib.sha256((images / name).read_bytes()).hexdigest()
    server.redirections["/latest"] = f"/{name}"
    source = {"url": server.url("/latest", "http"), "checksum": f"sha256:{digest}"}
    done = volumes.apply(pool="default", name="a", source=source)
    assert done["actions"] == [f"create from {server.url('/latest', 'http')}"]
    assert (node.images / "a").read_bytes() == (images / name).read_bytes()
    volumes.apply(pool="default", name="b", source=source, format="raw", capacity="80MiB")
    assert same_disk(images, node, "b")
    assert left(volumes) == ["a", "b"]


def test_a_url_by_https(
    volumes: Tasks, images: Path, node: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The node's certificates decide: of a server that nobody has vouched for nothing is taken."""
    words = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -keyout key -out cert -subj /CN=127.0.0.1"
    argv = [*words.split(), "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(argv, cwd=tmp_path, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert", tmp_path / "key")
    server = Server(context)
    digest = hashlib.sha256((images / "disk.raw").read_bytes()).hexdigest()
    server.files = {
        "/disk.raw": (images / "disk.raw").read_bytes(),
        "/SHA256SUMS": f"{digest}  disk.raw\n".encode(),
    }
    source = {"url": server.url("/disk.raw"), "checksum": f"sha256:{server.url('/SHA256SUMS')}"}
    result = volumes.run(pool="default", name="a", source=source)
    assert "certificate verify failed" in result["msg"]
    assert left(volumes) == []
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert"))
    volumes.apply(pool="default", name="a", source=source)
    assert (node.images / "a").read_bytes() == (images / "disk.raw").read_bytes()
    server.redirections["/plain"] = "http://127.0.0.1:1/disk.raw"
    result = volumes.run(pool="default", name="b", source={"url": server.url("/plain")})
    assert "which is not safe" in result["msg"]
    server.close()
    assert left(volumes) == ["a"]


def test_a_password_in_a_url_is_nowhere(volumes: Tasks, server: Server) -> None:
    url = server.url("/missing?signature=hunter2", "http").replace("http://", "http://me:hunter3@")
    for checksum in ({"checksum": f"sha256:{'0' * 64}"}, {}):
        result = volumes.run(
            pool="default", name="a", source={"url": url, "headers": {"X-Token": "hunter4"}, **checksum}
        )
        assert result["failed"]
        assert "hunter3" not in str(result)
        assert "hunter4" not in str(result)
        assert "hunter2" not in result["msg"]


def wrong(images: Path, server: Server) -> Iterator[tuple[str, dict[str, Any], str]]:
    none = "sha256:" + "0" * 64
    yield "checksum of a file", of_file(images / "disk.raw", checksum=none), "disk.raw has the checksum sha256:"
    yield "checksum of a URL", {"url": server.url("/disk.raw", "http"), "checksum": none}, "has the checksum sha256:"
    yield "unknown format", of_file(images / "disk.vmdk"), "it is an image of the format vmdk, neither raw nor qcow2"
    yield "no such file", of_file(images / "none"), f"there is no file {images}/none"
    yield "a folder", of_file(images), "is a directory, not a file"
    yield "no such URL", {"url": server.url("/none", "http"), "checksum": none}, "the server answered 404"
    yield "nobody answers", {"url": "http://127.0.0.1:1/a", "checksum": none}, "Connection refused"
    yield "no such volume", {"volume": "none"}, "there is no volume none in the pool default"
    yield "no such pool", {"volume": "none", "pool": "none"}, "there is no volume none in the pool none"
    yield "path tricks", {"volume": "../../etc/passwd"}, "cannot be a name"


def test_bad_sources_leave_nothing_behind(volumes: Tasks, images: Path, server: Server) -> None:
    for what, source, says in wrong(images, server):
        result = volumes.run(pool="default", name="a", source=source, timeout=10)
        assert result["failed"], what
        assert says in result["msg"], what
        assert left(volumes) == [], what


def test_an_image_that_would_read_other_files_of_the_node(volumes: Tasks, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(NOISE)
    for name, options in (("backed", ["-b", str(secret), "-F", "raw"]), ("outside", ["-o", f"data_file={secret}2"])):
        size = ["1M"] if name == "outside" else []
        argv = ["qemu-img", "create", "-q", "-f", "qcow2", *options, str(tmp_path / name), *size]
        subprocess.run(argv, check=True)
        refused = volumes.refused(pool="default", name="a", source=of_file(tmp_path / name))
        assert "which could be any file of the node" in refused["msg"]
    assert left(volumes) == []


def test_a_download(volumes: Tasks, images: Path, tmp_path: Path) -> None:
    for name in ("disk.raw", "disk.qcow2"):
        target = tmp_path / f"copy-{name}"
        volumes.make(pool="default", name=name, source=of_file(images / name))
        done = volumes.apply(pool="default", name=name, download={"path": str(target)})
        assert done["actions"] == [f"download to {target}"]
        assert target.read_bytes() == (images / name).read_bytes()
        assert target.stat().st_mode & 0o777 == 0o600
        assert target.stat().st_blocks * 512 < 4 * MIB
        target.write_bytes(target.read_bytes()[:-1])
        volumes.apply(pool="default", name=name, download={"path": str(target)})
    assert sorted(os.listdir(tmp_path)) == ["copy-disk.qcow2", "copy-disk.raw"]


def test_a_download_replaces_no_storage(
    volumes: Tasks, images: Path, node: Node, tmp_path: Path, deaf: Callable[..., None]
) -> None:
    disk = tmp_path / "disk"
    disk.write_bytes(b"the guest's")
    deaf("web1", f"<disk type='file'><source file='{disk}'/><target dev='vda' bus='virtio'/></disk>")
    volumes.make(pool="default", name="a", source=of_file(images / "disk.raw"))
    volumes.make(pool="default", name="b", capacity="1MiB")
    refused = volumes.refused(pool="default", name="a", download={"path": str(disk)})
    assert refused["msg"] == f"download.path: {disk} is a disk of web1."
    refused = volumes.refused(pool="default", name="a", download={"path": f"{node.images}/b"})
    assert refused["msg"] == f"download.path: {node.images}/b is the volume b of the pool default."


def test_a_disk_that_a_guest_writes_to_is_not_downloaded_by_mistake(
    volumes: Tasks, images: Path, node: Node, tmp_path: Path, deaf: Callable[..., None]
) -> None:
    volumes.make(pool="default", name="a", source=of_file(images / "disk.raw"))
    disk = f"<disk type='file' device='disk'><source file='{node.images}/a'/><target dev='vda' bus='virtio'/></disk>"
    deaf("writes", disk, start=True)
    target = tmp_path / "copy"
    refused = volumes.refused(pool="default", name="a", download={"path": str(target)})
    assert "may write to it" in refused["msg"]
    assert not target.exists()
    volumes.make(pool="default", name="a", download={"path": str(target)}, force=True)
    assert target.read_bytes() == (images / "disk.raw").read_bytes()
