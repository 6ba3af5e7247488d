# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What playbooks rely on stays: no option, choice or return value goes or changes its meaning without notice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from .stability.record import COMMAND, FOLDER, PLUGINS_OF_KINDS, RECORDED, interface, recorded

BROKEN = (
    "This breaks playbooks. Keep the old name as an alias, or deprecate it first (removed_in_version in the argument "
    "spec and the documentation). If it has to be, say so in a changelog fragment under breaking_changes, and record "
    f"it: {COMMAND}"
)
NEW = f"What is new is a promise from now on. Record it: {COMMAND}"

Facts = Mapping[str, Any]


def breaks(before: Facts, now: Facts) -> list[str]:
    """Return in which way an option or return value is not what was promised."""
    found = [
        f"its {fact} was {before.get(fact)!r} and is {now.get(fact)!r}"
        for fact in ("type", "elements", "default")
        if before.get(fact) != now.get(fact)
    ]
    if now.get("required") and not before.get("required"):
        found.append("it is required now")
    if "choices" in now and "choices" not in before:
        found.append("it has choices now")
    for fact in ("choices", "aliases"):
        gone = [item for item in before.get(fact, ()) if fact in now and item not in now[fact]]
        if gone or (fact == "aliases" and before.get(fact) and fact not in now):
            found.append(f"its {fact} have lost {gone or before[fact]}")
    return found


def problems(before: Mapping[str, Facts], now: Mapping[str, Facts]) -> list[str]:
    """Return what was promised and is not kept."""
    gone = [f"{path} is gone" for path in before if path not in now]
    return gone + [f"{path}: {what}" for path in before if path in now for what in breaks(before[path], now[path])]


@pytest.mark.parametrize("name", RECORDED)
@pytest.mark.parametrize("part", ["options", "returned"])
def test_what_was_promised_is_kept(name: str, part: str) -> None:
    found = problems(recorded(name)[part], interface(name)[part])
    assert not found, f"{name}: {'; '.join(found)}. {BROKEN}"


@pytest.mark.parametrize("name", RECORDED)
@pytest.mark.parametrize("part", ["options", "returned"])
def test_everything_is_recorded(name: str, part: str) -> None:
    before, now = recorded(name)[part], interface(name)[part]
    assert now
    # Without what breaks a promise, which the other test tells.
    different = sorted(path for path in now if now[path] != before.get(path))
    assert not different, f"{name}: {', '.join(different)} is not as recorded. {NEW}"


def test_nothing_has_gone() -> None:
    assert "inventory.domains" in PLUGINS_OF_KINDS
    gone = sorted({path.stem for path in FOLDER.glob("*.json")} - set(RECORDED))
    assert not gone, f"{', '.join(gone)} is gone. {BROKEN}"


OPTION = {"type": "str", "choices": ["a", "b"], "default": "a", "aliases": ["other"]}


@pytest.mark.parametrize(
    ("now", "says"),
    [
        ({}, "x is gone"),
        ({"renamed": OPTION}, "x is gone"),
        ({"x": {**OPTION, "type": "int"}}, "x: its type was 'str' and is 'int'"),
        ({"x": {**OPTION, "default": "b"}}, "x: its default was 'a' and is 'b'"),
        ({"x": {**OPTION, "choices": ["a"]}}, "x: its choices have lost ['b']"),
        ({"x": {**OPTION, "required": True}}, "x: it is required now"),
        ({"x": {"type": "str", "choices": ["a", "b"], "default": "a"}}, "x: its aliases have lost ['other']"),
        ({"x": {**OPTION, "elements": "str"}}, "x: its elements was None and is 'str'"),
    ],
)
def test_what_would_break_playbooks_is_found(now: dict[str, Any], says: str) -> None:
    assert problems({"x": OPTION}, now) == [says]


@pytest.mark.parametrize(
    "now",
    [
        {"x": OPTION},
        {"x": OPTION, "y": {"type": "int"}},
        {"x": {**OPTION, "choices": ["a", "b", "c"], "aliases": ["other", "more"]}},
        {"x": {"type": "str", "default": "a", "aliases": ["other"]}},
    ],
)
def test_what_is_added_breaks_nothing(now: dict[str, Any]) -> None:
    assert problems({"x": OPTION}, now) == []
