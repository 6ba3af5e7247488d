# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Images of a CD with a few files in one folder. The same files give the same bytes, anywhere and at any time.

Linux reads the names in the Rock Ridge fields, Windows those in the Joliet folder, which is a second one with the same
files. Source: ECMA-119; IEEE P1281 and P1282 (System Use Sharing Protocol, Rock Ridge); the Joliet Specification.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

SECTOR = 2048
LONGEST_LABEL = 16
"""Characters; Joliet has room for half as many as the rest."""

_NAME = re.compile("[A-Za-z0-9._-]{1,64}", re.ASCII)
_LABEL = re.compile(f"[A-Za-z0-9_-]{{1,{LONGEST_LABEL}}}", re.ASCII)
_PLAIN, _JOLIET = 1, 2
_VERSION = ".;1"
_JOLIET_LEVEL_3 = b"%/E"
_FOLDER, _FILE = 0o040500, 0o100400
"""What root, who alone can read them, sees: an image may hold secrets."""
_DATE = bytes((100, 1, 1, 0, 0, 0, 0))
"""The first of January 2000 in UTC; a fixed one, or two images of the same files would differ."""
_NO_DATE = b"0" * 16 + b"\0"

# The place of everything before the files, in sectors. Folders come last, because their length varies.
_DESCRIPTORS = 16
_PATH_TABLES = _DESCRIPTORS + 3
_FOLDERS = _PATH_TABLES + 4
_PATH_TABLE_SIZE = 10


class _Entry(NamedTuple):
    """One line of a folder."""

    identifier: bytes
    sector: int
    size: int
    is_folder: bool = False
    system_use: bytes = b""


def image(label: str, files: Mapping[str, bytes]) -> bytes:
    """Return an image with these files, whose names have at most 64 ASCII letters, digits, dots, dashes and
    underscores; raise ValueError for other names, a label like that of more than 16, and names that look the same in
    capital letters."""
    if not _LABEL.fullmatch(label):
        raise ValueError(f"{label!r} cannot be the label of a CD")
    names = sorted(files)
    plain = _identifiers(names)
    joliet = {name: name.encode("utf-16-be") for name in names}
    # How long a folder is does not depend on where its files are.
    lengths = [len(_folder(_plain_folder(0, 0, plain, dict.fromkeys(names, (0, 0)))))]
    lengths.append(len(_folder(_joliet_folder(0, 0, joliet, dict.fromkeys(names, (0, 0))))))
    places, end = _places(files, names, _FOLDERS + sum(lengths) // SECTOR)
    starts = (_FOLDERS, _FOLDERS + lengths[0] // SECTOR)
    parts = [
        b"\0" * (_DESCRIPTORS * SECTOR),
        _descriptor(_PLAIN, label, starts[0], lengths[0], end),
        _descriptor(_JOLIET, label, starts[1], lengths[1], end),
        _sector(b"\xffCD001\x01"),
        *(_sector(_path_table(start, order)) for start in starts for order in "<>"),
        _folder(_plain_folder(starts[0], lengths[0], plain, places)),
        _folder(_joliet_folder(starts[1], lengths[1], joliet, places)),
        *(_whole_sectors(files[name]) for name in names),
    ]
    return b"".join(parts)


def _identifiers(names: Sequence[str]) -> dict[str, bytes]:
    """Return the names for readers that know nothing but ECMA-119: at most 31 characters, in capitals."""
    made: dict[str, bytes] = {}
    for name in names:
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} cannot be the name of a file on a CD")
        identifier = (re.sub("[^A-Z0-9_]", "_", name.upper())[: 31 - len(_VERSION)] + _VERSION).encode()
        if identifier in made.values():
            raise ValueError(f"{name!r} looks like the name of another file on the CD")
        made[name] = identifier
    return made


def _places(files: Mapping[str, bytes], names: Sequence[str], sector: int) -> tuple[dict[str, tuple[int, int]], int]:
    """Return each file's first sector and size, and the sector after the last."""
    places = {}
    for name in names:
        places[name] = sector, len(files[name])
        sector += _sectors(len(files[name]))
    return places, sector


def _plain_folder(
    sector: int, length: int, identifiers: Mapping[str, bytes], places: Mapping[str, tuple[int, int]]
) -> Iterator[_Entry]:
    yield _Entry(b"\0", sector, length, True, b"SP\x07\x01\xbe\xef\0" + _attributes(_FOLDER, 2) + _extension())
    yield _Entry(b"\1", sector, length, True, _attributes(_FOLDER, 2))
    for name in sorted(identifiers, key=lambda name: identifiers[name]):
        spelled = struct.pack("<2sBBB", b"NM", 5 + len(name), 1, 0) + name.encode()
        yield _Entry(identifiers[name], *places[name], False, _attributes(_FILE, 1, 0x08) + spelled)


def _joliet_folder(
    sector: int, length: int, identifiers: Mapping[str, bytes], places: Mapping[str, tuple[int, int]]
) -> Iterator[_Entry]:
    yield _Entry(b"\0", sector, length, True)
    yield _Entry(b"\1", sector, length, True)
    for name in sorted(identifiers, key=lambda name: identifiers[name]):
        yield _Entry(identifiers[name], *places[name])


def _attributes(mode: int, links: int, more: int = 0) -> bytes:
    """Return the Rock Ridge fields of a file that belongs to root. ``more`` are the flags of fields beside these."""
    has = struct.pack("<2sBBB", b"RR", 5, 1, 0x81 | more)
    owner = struct.pack("<2sBB", b"PX", 36, 1) + b"".join(map(_both, (mode, links, 0, 0)))
    modified = struct.pack("<2sBBB", b"TF", 12, 1, 0x02) + _DATE
    return has + owner + modified


def _extension() -> bytes:
    """Return the field that says that the fields are Rock Ridge's."""
    identifier = b"RRIP_1991A"
    return struct.pack("<2sBBBBBB", b"ER", 8 + len(identifier), 1, len(identifier), 0, 0, 1) + identifier


def _folder(entries: Iterator[_Entry]) -> bytes:
    """Return the sectors of a folder; no entry goes from one sector into the next."""
    done = bytearray()
    for entry in entries:
        record = _record(entry)
        if len(done) % SECTOR + len(record) > SECTOR:
            done += b"\0" * (-len(done) % SECTOR)
        done += record
    return _whole_sectors(bytes(done))


def _record(entry: _Entry) -> bytes:
    name = entry.identifier + b"\0" * (1 - len(entry.identifier) % 2)
    body = name + entry.system_use + b"\0" * (len(entry.system_use) % 2)
    return (
        struct.pack("BB", 33 + len(body), 0)
        + _both(entry.sector)
        + _both(entry.size)
        + _DATE
        + struct.pack("BBB", 0x02 if entry.is_folder else 0, 0, 0)
        + _both_short(1)
        + struct.pack("B", len(entry.identifier))
        + body
    )


def _path_table(folder: int, order: str) -> bytes:
    return struct.pack(f"{order}BBIH2s", 1, 0, folder, 1, b"\0\0")


def _descriptor(kind: int, label: str, folder: int, length: int, end: int) -> bytes:
    """Return the sector that says how the image is read: with the plain names, or with Joliet's."""
    encoding, tables, escape = (
        ("ascii", _PATH_TABLES, b"") if kind == _PLAIN else ("utf-16-be", _PATH_TABLES + 2, _JOLIET_LEVEL_3)
    )

    def text(value: str, size: int) -> bytes:
        blanks = " " * (size - len(value))
        # Half a character is left of a field of 37 bytes.
        return (value + blanks).encode(encoding)[: size - size % 2 if kind == _JOLIET else size].ljust(size, b"\0")

    return _sector(
        struct.pack("B5sBB", kind, b"CD001", 1, 0)
        + text("", 32)
        + text(label, 32)
        + b"\0" * 8
        + _both(end)
        + escape.ljust(32, b"\0")
        + _both_short(1)
        + _both_short(1)
        + _both_short(SECTOR)
        + _both(_PATH_TABLE_SIZE)
        + struct.pack("<II", tables, 0)
        + struct.pack(">II", tables + 1, 0)
        + _record(_Entry(b"\0", folder, length, True))
        + b"".join(text("", size) for size in (128, 128, 128, 128, 37, 37, 37))
        + _NO_DATE * 4
        + b"\x01\0"
    )


def _both(number: int) -> bytes:
    return struct.pack("<I", number) + struct.pack(">I", number)


def _both_short(number: int) -> bytes:
    return struct.pack("<H", number) + struct.pack(">H", number)


def _sectors(size: int) -> int:
    return -(-size // SECTOR)


def _sector(data: bytes) -> bytes:
    return data.ljust(SECTOR, b"\0")


def _whole_sectors(data: bytes) -> bytes:
    return data.ljust(_sectors(len(data)) * SECTOR, b"\0")
