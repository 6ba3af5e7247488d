# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The bytes of simulated volumes: sparse content, and images of the format qcow2 that QEMU reads."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._driver._sim import qcow2
from ansible_collections.stratum.virt.plugins.module_utils._driver._sim.content import Content, Upload, load, save
from ansible_collections.stratum.virt.plugins.module_utils._driver._sim.model import Volume
from ansible_collections.stratum.virt.plugins.module_utils._errors import NotSupported
from hypothesis import given
from hypothesis import strategies as st

ROOM = 40_000
CHANGES = st.lists(
    st.tuples(st.integers(0, ROOM), st.integers(0, 9000), st.sampled_from((b"\0", b"x", None))), max_size=6
)
"""Pieces that are written (bytes) or cleared (``None``): offset, size, and with what."""
KiB, MiB, GiB = 1024, 1024**2, 1024**3


def apply(content: Content, changes: list[tuple[int, int, bytes | None]]) -> bytes:
    """Make changes; return what the file has to be afterwards."""
    expected = bytearray(content.size)
    for offset, size, byte in changes:
        expected.extend(bytes(max(0, offset + size - len(expected))))
        expected[offset : offset + size] = size * (byte or b"\0")
        if byte is None:
            content.clear(offset, size)
        else:
            content.write(offset, size * byte)
    return bytes(expected)


def whole(content: Content) -> bytes:
    return b"".join(extent.data + bytes(extent.hole) for extent in content.extents())


@given(CHANGES, st.integers(0, ROOM))
def test_content_is_what_was_written(changes: list[tuple[int, int, bytes | None]], size: int) -> None:
    content = Content()
    expected = apply(content, changes)
    assert whole(content) == content.read(0, content.size) == expected
    content.resize(size)
    assert whole(content) == expected[:size].ljust(size, b"\0")
    assert content.read(size, 100) == bytes(100)
    assert not any(set(data) == {0} for _offset, data in content.runs())


@given(CHANGES, st.booleans())
def test_content_is_kept_in_the_state(changes: list[tuple[int, int, bytes | None]], image: bool) -> None:
    content = Content()
    expected = apply(content, changes)
    volume = Volume("/a", len(expected))
    save(volume, content, image=image)
    assert whole(load(volume)) == expected
    assert volume.taken == content.allocation


@given(st.lists(st.binary(max_size=6000) | st.integers(0, 6000), max_size=5), st.integers(0, ROOM), st.booleans())
def test_an_upload_overwrites_from_the_beginning(parts: list[bytes | int], size: int, half: bool) -> None:
    upload, content, written = Upload(), Content(), b""
    for part in parts:
        if isinstance(part, bytes):
            upload.write(part)
        else:
            upload.hole(part)
        written += part if isinstance(part, bytes) else bytes(part)
    content.write(0, b"x" * size)
    upload.put_into(content, half=half)
    written = written[: len(written) // 2] if half else written
    assert whole(content) == written + (b"x" * size)[len(written) :]


IMAGES = st.builds(
    qcow2.Image,
    capacity=st.integers(1, 200).map(lambda sectors: sectors * 512) | st.sampled_from((20 * GiB, 10 * 1024 * GiB)),
    version=st.sampled_from((2, 3)),
    cluster_size=st.sampled_from((512, 4 * KiB, 64 * KiB, 2 * MiB)),
    backing=st.none(),
    backing_format=st.none(),
    lazy_refcounts=st.booleans(),
).map(lambda image: image._replace(lazy_refcounts=image.lazy_refcounts and image.version == 3))


@given(IMAGES, CHANGES)
def test_an_image_is_read_as_it_was_written(image: qcow2.Image, changes: list[tuple[int, int, bytes | None]]) -> None:
    guest = Content()
    apply(guest, changes)
    guest.resize(image.capacity)
    if image.cluster_size < 64 * KiB and image.capacity > GiB:
        image = image._replace(cluster_size=64 * KiB)  # its tables would be all that there is
    file = qcow2.write(guest, image)
    assert qcow2.probe(file) == image
    found = qcow2.read(file, image, None, "reading")
    assert list(found.runs()) == list(guest.runs())
    assert found.size == image.capacity


@given(st.text(min_size=1, max_size=300).filter(lambda text: "\0" not in text), st.sampled_from(("raw", "qcow2", None)))
def test_an_image_knows_what_it_is_built_on(path: str, form: str | None) -> None:
    image = qcow2.Image(MiB, version=3, backing=path, backing_format=form, lazy_refcounts=True)
    assert qcow2.probe(qcow2.write(Content(), image)) == image


@given(st.binary(max_size=300))
def test_no_header_surprises_the_reader(data: bytes) -> None:
    for start in (b"", qcow2.MAGIC, qcow2.MAGIC + struct.pack(">I", 3)):
        content = Content()
        content.write(0, start + data)
        image = qcow2.probe(content)
        assert image is None or (image.version in (2, 3) and image.cluster_size >= 512)


def test_what_is_below_an_image_shows_through() -> None:
    below, guest = Content(), Content()
    below.write(0, b"b" * 5000)
    guest.write(4096, b"g")
    image = qcow2.Image(8192, cluster_size=4096)
    found = qcow2.read(qcow2.write(guest, image), image, below, "reading")
    assert whole(found) == b"b" * 4096 + b"g".ljust(4096, b"\0")


def test_compressed_images_are_refused() -> None:
    guest = Content()
    guest.write(0, b"g")
    image = qcow2.Image(8192, cluster_size=4096)
    file = qcow2.write(guest, image)
    ((at, entry),) = [
        (at, entry)
        for at in range(0, file.size, 8)
        for (entry,) in struct.iter_unpack(">Q", file.read(at, 8))
        if entry == (file.size - 4096) | qcow2.COPIED
    ]
    file.write(at, struct.pack(">Q", entry | qcow2.COMPRESSED))
    with pytest.raises(NotSupported, match="compressed"):
        qcow2.read(file, image, None, "reading")


@pytest.mark.parametrize(("at", "value"), [(32, b"\0\0\0\2"), (79, b"\4"), (79, b"\x10")])
def test_images_that_need_more_than_we_know_are_refused(at: int, value: bytes) -> None:
    """Encryption, data in another file, subclusters."""
    image = qcow2.Image(8192, version=3)
    file = qcow2.write(Content(), image)
    file.write(at, value)
    with pytest.raises(NotSupported, match="features"):
        qcow2.read(file, image, None, "reading")


@pytest.fixture
def qemu_img() -> str:
    program = shutil.which("qemu-img")
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("qemu-img is missing: install QEMU's tools, which have to read the simulation's images")
        pytest.skip("qemu-img is not installed")
    return program


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("cluster_size", [512, 64 * KiB, 2 * MiB])
def test_qemu_reads_what_was_written(qemu_img: str, tmp_path: Path, version: int, cluster_size: int) -> None:
    guest = Content(40 * MiB)
    for offset in (0, 700_000, 30 * MiB):
        guest.write(offset, b"guest" * 1000)
    image = qcow2.Image(guest.size, version=version, cluster_size=cluster_size)
    (tmp_path / "image").write_bytes(whole(qcow2.write(guest, image)))
    (tmp_path / "raw").write_bytes(whole(guest))
    for arguments in (["check", "-f", "qcow2", "image"], ["compare", "-f", "qcow2", "-F", "raw", "image", "raw"]):
        done = subprocess.run([qemu_img, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_what_qemu_wrote_is_read(qemu_img: str, tmp_path: Path) -> None:
    guest = Content(MiB)
    guest.write(100_000, b"guest" * 20_000)
    (tmp_path / "raw").write_bytes(whole(guest))
    command = [qemu_img, "convert", "-f", "raw", "-O", "qcow2", "-o", "lazy_refcounts=on", "raw", "image"]
    subprocess.run(command, cwd=tmp_path, check=True)
    file = Content()
    file.write(0, (tmp_path / "image").read_bytes())
    image = qcow2.probe(file)
    assert image == qcow2.Image(MiB, version=3, lazy_refcounts=True)
    assert whole(qcow2.read(file, image, None, "reading")) == whole(guest)
