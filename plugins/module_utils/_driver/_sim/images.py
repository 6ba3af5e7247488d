# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""What a guest sees of a simulated volume, and what its bytes make of the volume."""

from __future__ import annotations

from ..._errors import DriverError, NotSupported
from . import qcow2
from .complete_volume import describe_image, image_of, keep, tree_of
from .content import Content, load, save
from .model import BLOCK, State, Volume
from .pool_types import PARTITIONS
from .validate_volume import QCOW2, RAW, format_of, size_at

PLAIN = frozenset({RAW, "iso", *PARTITIONS})
"""Formats whose bytes are what a guest sees."""
ISO = (32769, b"CD001")
"""Where an image of a CD says that it is one."""
CHAIN_LIMIT = 200
"""Images that are built on each other; as many as QEMU's tools open."""
OTHER_LENGTH = 65536
"""Bytes of a new image in a format whose content the simulation does not make."""


def guest_of(state: State, volume: Volume, what: str, depth: int = 0) -> Content:
    """Return what a guest sees of a volume; raise DriverError, NotSupported."""
    form = format_of(tree_of(volume))
    content = load(volume)
    image = qcow2.probe(content) if form == QCOW2 else None
    if image is None:
        if form in PLAIN or not volume.content:
            content.resize(volume.capacity)
            return content
        raise NotSupported(f"{what}: the simulated node cannot read images of the format {form}.")
    if depth > CHAIN_LIMIT:
        raise DriverError(f"{what}: the volumes are built on each other without an end.")
    below = at_path(state, image.backing) if image.backing else None
    return qcow2.read(content, image, guest_of(state, below, what, depth + 1) if below else None, what)


def make(volume: Volume, guest: Content | None, what: str) -> None:
    """Make the bytes of a new volume, out of what a guest is to see in it."""
    root = tree_of(volume)
    form = format_of(root)
    if form == QCOW2:
        image = image_of(root, volume.capacity, size_at(root, "target/clusterSize", what))
        volume.capacity = image.capacity
        save(volume, qcow2.write(guest or Content(), image), image=True)
        adopt(volume)
    elif form in PLAIN:
        guest = guest or Content()
        guest.resize(volume.capacity)
        save(volume, guest, image=False)
    elif guest is not None:
        raise NotSupported(f"{what}: the simulated node cannot make images of the format {form}.")
    else:
        volume.length = OTHER_LENGTH


def adopt(volume: Volume) -> None:
    """Let a volume be what its bytes say, as libvirt does after somebody wrote to it."""
    content = load(volume)
    image = qcow2.probe(content)
    root = tree_of(volume)
    form = _recognised(content, format_of(root)) if image is None else QCOW2
    describe_image(root, form, image)
    volume.capacity = image.capacity if image is not None else content.size
    save(volume, content, image=image is not None)
    keep(volume, root)


def resize(volume: Volume, capacity: int, what: str) -> None:
    """Give a volume another capacity."""
    form = format_of(tree_of(volume))
    content = load(volume)
    image = qcow2.probe(content) if form == QCOW2 else None
    if image is not None:
        grown = image._replace(capacity=-(-capacity // 512) * 512)
        save(volume, qcow2.write(qcow2.read(content, grown, None, what), grown), image=True)
        capacity = grown.capacity
    elif form in PLAIN:
        content.resize(capacity)
        save(volume, content, image=False)
    elif form != QCOW2 or volume.content:
        raise DriverError(f"{what}: images of the format {form} cannot be resized.")
    volume.capacity = capacity


def wipe(volume: Volume) -> None:
    """Overwrite the file of a volume with zeros. What was an image is a raw volume then, of the file's size."""
    length = volume.capacity if volume.length is None else volume.length
    if volume.length is not None:
        length = -(-length // BLOCK) * BLOCK
    volume.allocation = max(volume.allocation, volume.taken)
    volume.content, volume.length = [], length
    adopt(volume)


def _recognised(content: Content, before: str) -> str:
    """Return the format of bytes that are no qcow2 image; of other formats we only know what they were before."""
    if content.read(ISO[0], len(ISO[1])) == ISO[1]:
        return "iso"
    other = content.allocation > 0 and before not in (QCOW2, "iso")
    return before if other or before in PARTITIONS else RAW


def at_path(state: State, path: str) -> Volume | None:
    """Return the volume that has this path, of whichever storage."""
    for storage in state.storages.values():
        for volume in storage.volumes.values():
            if volume.path == path:
                return volume
    return None
