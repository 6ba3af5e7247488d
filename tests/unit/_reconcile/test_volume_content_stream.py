# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Content on its way, of any shape."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from ansible_collections.stratum.virt.plugins.module_utils._host.base import Extent
from ansible_collections.stratum.virt.plugins.module_utils._reconcile.volume_stream import BLOCK, same, sparse, watched
from hypothesis import given
from hypothesis import strategies as st

SIZES = st.sampled_from([1, 7, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 5 * BLOCK])
DATA = st.lists(st.tuples(st.sampled_from([b"\0", b"x"]), SIZES), max_size=4).map(
    lambda runs: b"".join(byte * size for byte, size in runs)
)
EXTENTS = st.lists(DATA.filter(bool).map(Extent) | SIZES.map(lambda size: Extent(b"", size)), max_size=6)


def whole(extents: Sequence[Extent]) -> bytes:
    return b"".join(extent.data or bytes(extent.hole) for extent in extents)


@given(EXTENTS)
def test_holes_change_nothing(extents: list[Extent]) -> None:
    found = list(sparse(extents))
    assert whole(found) == whole(extents)
    for extent in found:
        assert bool(extent.data) != bool(extent.hole)
        assert bytes(BLOCK) * 2 not in extent.data
    assert all(one.data or other.data for one, other in zip(found, found[1:], strict=False))


@given(EXTENTS)
def test_who_watches_sees_everything(extents: list[Extent]) -> None:
    seen = hashlib.sha256()
    assert list(watched(extents, seen.update)) == extents
    assert seen.hexdigest() == hashlib.sha256(whole(extents)).hexdigest()


@given(EXTENTS, EXTENTS)
def test_contents_are_the_same_when_their_bytes_are(one: list[Extent], other: list[Extent]) -> None:
    assert same(one, other) == (whole(one) == whole(other))
    assert same(one, sparse(one))
    assert same([Extent(whole(one))], one)


@given(EXTENTS)
def test_one_byte_more_or_another_one_makes_a_difference(extents: list[Extent]) -> None:
    data = whole(extents)
    assert not same([*extents, Extent(b"\0")], extents)
    assert not same(extents, [*extents, Extent(b"", 1)])
    if data:
        assert not same([Extent(bytes([data[0] ^ 1]) + data[1:])], extents)
        assert not same(extents, [Extent(data[:-1] + bytes([data[-1] ^ 1]))])
