# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which wanted entry is which of those that are there."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._document.pairing import ORDER, by, known_by, like, pair
from hypothesis import given
from hypothesis import strategies as st

NICS = (by("mac"), like("network"), like("direct.dev"))


@pytest.mark.parametrize(
    ("wanted", "found", "identities", "places"),
    [
        # A strong identity takes its own before a weak one can.
        ([{"network": "a"}, {"mac": 1}], [{"mac": 1, "network": "a"}, {"mac": 2, "network": "a"}], NICS, [1, 0]),
        # What states an identity that nobody has is new, however alike the rest is.
        ([{"mac": 3, "network": "a"}], [{"mac": 1, "network": "a"}], NICS, [None]),
        # Several alike: one each.
        ([{"network": "a"}] * 3, [{"mac": 1, "network": "a"}, {"mac": 2, "network": "a"}], NICS, [0, 1, None]),
        # One option of a group.
        ([{"direct": {"dev": "e", "mode": "vepa"}}], [{"direct": {"dev": "e"}}], NICS, [0]),
        ([{"direct": {"mode": "vepa"}}], [{"direct": {"dev": "e"}}], NICS, [None]),
        # Order alone.
        ([{}, {}, {}], [{}, {}], (ORDER,), [0, 1, None]),
        # Decisive, though not unique.
        ([{"t": 1, "i": 5}, {"t": 1}], [{"t": 1, "i": 0}], (known_by("t", "i"), like("t")), [None, 0]),
    ],
)
def test_pairs(wanted: Any, found: Any, identities: Any, places: Any) -> None:
    assert pair(wanted, found, identities) == places


ENTRIES = st.lists(
    st.fixed_dictionaries({}, optional={"mac": st.integers(0, 3), "network": st.sampled_from("ab")}), max_size=5
)


@given(ENTRIES, ENTRIES)
def test_nobody_is_taken_twice(wanted: list[dict[str, Any]], found: list[dict[str, Any]]) -> None:
    places = pair(wanted, found, (*NICS, ORDER))
    taken = [place for place in places if place is not None]
    assert len(places) == len(wanted)
    assert len(set(taken)) == len(taken)
    assert all(0 <= place < len(found) for place in taken)


@given(ENTRIES)
def test_everything_is_paired_with_itself_when_order_decides_last(entries: list[dict[str, Any]]) -> None:
    places = pair(entries, entries, (like("mac", "network"), like("mac"), like("network"), ORDER))
    assert sorted(place for place in places if place is not None) == list(range(len(entries)))
