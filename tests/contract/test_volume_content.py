# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is in volumes: writing and reading it, holes, and what interrupts that."""

from __future__ import annotations

import os
import threading

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._driver.base import Capability
from ansible_collections.stratum.virt.plugins.module_utils._driver.storage import Volumes
from ansible_collections.stratum.virt.plugins.module_utils._errors import (
    ConnectionFailed,
    DriverError,
    InputError,
    OutcomeUnknown,
)
from ansible_collections.stratum.virt.plugins.module_utils._host.base import Extent

from tests.contract.subjects import QemuSubject, Subject
from tests.contract.volumes import MIB, content, document, joined, put, read, text

# Containers share the storage of the QEMU driver. libvirt's own simulation keeps no content.
pytestmark = [pytest.mark.kinds("sim", "qemu"), pytest.mark.needs(Capability.VOLUME_CONTENT)]

NOISE = os.urandom(70_000)
PICTURE = (Extent(NOISE), Extent(b"", 300_000), Extent(b"\0" * 5000 + b"middle"), Extent(b"", 200_000), Extent(b"end"))


def test_what_was_written_is_read(volumes: Volumes, pool: str) -> None:
    whole = joined(PICTURE)
    volumes.create(pool, document("a", capacity=len(whole)))
    put(volumes, pool, "a", PICTURE)
    assert content(volumes, pool, "a") == whole
    found = read(volumes, pool, "a")
    assert int(text(found, "allocation") or -1) < len(whole) / 2
    assert text(found, "capacity") == str(len(whole))


def test_a_hole_at_the_end(volumes: Volumes, pool: str) -> None:
    volumes.create(pool, document("a", capacity=MIB))
    put(volumes, pool, "a", [Extent(b"start"), Extent(b"", MIB - 5)])
    assert content(volumes, pool, "a") == b"start" + bytes(MIB - 5)


def test_what_was_there_does_not_shine_through_holes(volumes: Volumes, pool: str) -> None:
    whole = joined(PICTURE)
    volumes.create(pool, document("a", capacity=len(whole)))
    put(volumes, pool, "a", [Extent(b"old" * (len(whole) // 3 + 1))])
    put(volumes, pool, "a", PICTURE)
    assert content(volumes, pool, "a")[: len(whole)] == whole


def test_what_the_hypervisor_put_there_does_not_shine_through_holes(volumes: Volumes, pool: str) -> None:
    volumes.create(pool, document("a", kind="qcow2"))
    put(volumes, pool, "a", [Extent(b"QFI?"), Extent(b"", 400_000), Extent(b"end")])
    assert content(volumes, pool, "a") == b"QFI?" + bytes(400_000) + b"end"


@pytest.mark.kinds("qemu")  # it takes larger content than fits into the simulated node's file
def test_much_content(volumes: Volumes, pool: str) -> None:
    piece = os.urandom(MIB)
    extents = [each for number in range(20) for each in (Extent(piece[number:]), Extent(b"", 3 * MIB + number))]
    whole = joined(extents)
    volumes.create(pool, document("a", capacity=len(whole)))
    put(volumes, pool, "a", extents)
    assert content(volumes, pool, "a") == whole
    assert int(text(read(volumes, pool, "a"), "allocation") or 0) < 25 * MIB


@pytest.mark.parametrize("kind", ["raw", "qcow2"])
def test_a_copy_has_the_content(volumes: Volumes, pool: str, kind: str) -> None:
    volumes.create(pool, document("a"))
    put(volumes, pool, "a", [Extent(NOISE), Extent(b"", MIB - len(NOISE))])
    volumes.create(pool, document("b", kind=kind), source=(pool, "a"))
    volumes.create(pool, document("c"), source=(pool, "b"))
    assert content(volumes, pool, "c") == NOISE + bytes(MIB - len(NOISE))
    assert content(volumes, pool, "a") == NOISE + bytes(MIB - len(NOISE))


def test_a_download_can_be_left_early(volumes: Volumes, pool: str) -> None:
    volumes.create(pool, document("a"))
    put(volumes, pool, "a", [Extent(NOISE), Extent(b"", MIB - len(NOISE))])
    with volumes.download(pool, "a") as extents:
        assert joined([next(extents)])[:100] == NOISE[:100]
    assert read(volumes, pool, "a").name == "a"


def test_an_upload_that_is_given_up_leaves_the_connection_usable(volumes: Volumes, pool: str) -> None:
    volumes.create(pool, document("a"))

    def give_up() -> None:
        with volumes.upload(pool, "a") as writer:
            writer.write(NOISE)
            raise KeyError

    with pytest.raises(KeyError):
        give_up()
    put(volumes, pool, "a", [Extent(b"again")])
    assert content(volumes, pool, "a")[:5] == b"again"
    volumes.delete(pool, "a")


def test_a_wiped_volume_is_empty(volumes: Volumes, pool: str) -> None:
    volumes.create(pool, document("a"))
    put(volumes, pool, "a", [Extent(NOISE), Extent(b"", MIB - len(NOISE))])
    volumes.wipe(pool, "a", "zero")
    assert content(volumes, pool, "a") == bytes(MIB)
    with pytest.raises(InputError, match="fire"):
        volumes.wipe(pool, "a", "fire")


@pytest.mark.kinds("qemu")
@pytest.mark.parametrize("beyond", [4096, 100_000, 600_000, 4 * MIB])
def test_a_full_disk_is_noticed(volumes: Volumes, small: str, beyond: int) -> None:
    size = 4 * MIB + beyond
    volumes.create(small, document("a", capacity=size))
    with pytest.raises(DriverError, match="writing the volume a"):
        put(volumes, small, "a", [Extent(b"x" * size)])
    volumes.delete(small, "a")
    volumes.create(small, document("a"))
    put(volumes, small, "a", [Extent(b"x" * MIB)])


@pytest.mark.kinds("qemu")
def test_a_daemon_that_dies_in_the_middle_of_an_upload(subject: Subject, volumes: Volumes, pool: str) -> None:
    assert isinstance(subject, QemuSubject)
    node = subject.node
    volumes.create(pool, document("a", capacity=400 * MIB))

    def upload() -> None:
        with volumes.upload(pool, "a") as writer:
            writer.write(b"x" * 8 * MIB)
            killer = threading.Thread(target=node.daemon_kill)
            killer.start()
            try:
                for _times in range(392):
                    writer.write(b"x" * MIB)
            finally:
                killer.join()

    try:
        with pytest.raises((OutcomeUnknown, ConnectionFailed), match="writing the volume a"):
            upload()
    finally:
        node.daemon_start()
    with pytest.raises(ConnectionFailed):
        volumes.delete(pool, "a")
