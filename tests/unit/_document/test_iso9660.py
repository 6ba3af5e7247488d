# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Images of CDs, read by somebody else's reader."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._document.iso9660 import SECTOR, image
from hypothesis import given
from hypothesis import strategies as st
from pycdlib import PyCdlib

SEED = {"user-data": b"#cloud-config\n{}\n", "meta-data": b"instance-id: a\n", "network-config": b"x" * 5000}
DIGEST = "d5efa7b6d83437a5032737b12a018982fcb1ea99efc873f2cc08a731a7475eba"

NAMES = st.text("abcXYZ019._-", min_size=1, max_size=64).filter(lambda name: name.strip("."))
LABELS = st.text("abcXYZ019_-", min_size=1, max_size=16)


def distinct(names: list[str]) -> bool:
    """Whether the names can be told apart by a reader that knows only capital letters."""
    plain = ["".join(letter if letter.isalnum() else "_" for letter in name.upper())[:28] for name in names]
    return len(set(plain)) == len(plain)


def read(data: bytes, way: str) -> dict[str, bytes]:
    """Return the files of an image by name, as the reader sees them by Rock Ridge (``rr``) or Joliet."""
    iso = PyCdlib()
    iso.open_fp(io.BytesIO(data))
    try:
        return dict(_files(iso, way))
    finally:
        iso.close()


def _files(iso: Any, way: str) -> Any:
    for child in iso.list_children(**{f"{way}_path": "/"}):
        if child.is_file():
            name = child.rock_ridge.name().decode() if way == "rr" else child.file_identifier().decode("utf-16-be")
            content = io.BytesIO()
            iso.get_file_from_iso_fp(content, **{f"{way}_path": f"/{name}"})
            yield name, content.getvalue()


def test_an_image_has_the_bytes_that_it_always_had() -> None:
    assert hashlib.sha256(image("cidata", SEED)).hexdigest() == DIGEST


def test_an_image_does_not_tell_where_and_when_it_was_made(tmp_path: Path) -> None:
    script = (
        "import sys; from ansible_collections.stratum.virt.plugins.module_utils._document.iso9660 import image;"
        f"sys.stdout.buffer.write(image('cidata', {dict(reversed(SEED.items()))!r}))"
    )
    environment = {"PYTHONPATH": os.pathsep.join(sys.path), "TZ": "Asia/Tokyo", "PYTHONHASHSEED": "7"}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, cwd=tmp_path, stdout=subprocess.PIPE, check=True
    )
    assert done.stdout == image("cidata", SEED)


@given(LABELS, st.dictionaries(NAMES, st.binary(max_size=3 * SECTOR), max_size=70))
def test_what_goes_in_comes_out(label: str, files: dict[str, bytes]) -> None:
    if not distinct(list(files)):
        with pytest.raises(ValueError, match="looks like the name of another"):
            image(label, files)
        return
    data = image(label, files)
    assert len(data) % SECTOR == 0
    assert read(data, "rr") == read(data, "joliet") == files
    iso = PyCdlib()
    iso.open_fp(io.BytesIO(data))
    assert iso.pvd.volume_identifier.decode().rstrip() == label
    assert iso.joliet_vd.volume_identifier.decode("utf-16-be").rstrip() == label
    assert iso.pvd.space_size * SECTOR == len(data)
    iso.close()


@pytest.mark.parametrize("name", ["", "a/b", "ä", "a" * 65, "a\n", "a b", "a;1"])
def test_names_that_no_cd_has(name: str) -> None:
    with pytest.raises(ValueError, match="cannot be the name of a file"):
        image("cidata", {name: b""})


@pytest.mark.parametrize("label", ["", "a" * 17, "ä", "a b"])
def test_labels_that_no_cd_has(label: str) -> None:
    with pytest.raises(ValueError, match="cannot be the label"):
        image(label, {})


def test_libblkid_knows_the_label(tmp_path: Path) -> None:
    """It is what makes the guest's /dev/disk/by-label, where cloud-init looks."""
    file = tmp_path / "seed"
    file.write_bytes(image("cidata", SEED))
    done = subprocess.run(
        ["blkid", "--probe", "--output", "export", str(file)], capture_output=True, text=True, check=True
    )
    assert {"LABEL=cidata", "TYPE=iso9660"} <= set(done.stdout.split())
