# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kinds of values: what people may write, and when two are the same."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._document import identifier, kind, resolved, tree
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("of", "written", "canonical"),
    [
        (kind.Kind(), " two\nlines \n", "two\nlines"),
        (kind.Integer(0, 5), "5", 5),
        (kind.Hexadecimal(4), "0x46d", 0x46D),
        (kind.Size("KiB"), "1", 1024**2),
        (kind.Flag(), True, True),
        (kind.Time(), "2027-01-01 00:00:00", "2027-01-01T00:00:00"),
        (identifier.Mac(), "52-54-00-AB-CD-EF", "52:54:00:ab:cd:ef"),
        # What YAML 1.1 makes of 52:54:00:00:00:01 and 0000:03:10.1 when they have no quotes.
        (identifier.Mac(), 41135040001, "52:54:00:00:00:01"),
        (identifier.PciAddress(), 190.1, "0000:03:10.1"),
        (identifier.PciAddress(), "03:00.0", "0000:03:00.0"),
        (identifier.PciAddress(), "0000:AF:1f.7", "0000:af:1f.7"),
        (identifier.Uuid(), "6B3FD0F26B5C4C4A9A0E0E2C4F5D7A11", "6b3fd0f2-6b5c-4c4a-9a0e-0e2c4f5d7a11"),
        (identifier.CpuSet(), "0,2-3,1", "0-3"),
        (identifier.CpuSet(), "0-7,^2", "0-1,3-7"),
        (identifier.CpuSet(), 3, "3"),
        (identifier.ContextId(), "42", "42"),
        (identifier.ContextId(), "auto", "auto"),
    ],
)
def test_what_people_may_write(of: kind.Kind, written: Any, canonical: Any) -> None:
    assert of.parse(written) == canonical
    assert of.parse(of.show(canonical)) == canonical


@pytest.mark.parametrize(
    ("of", "written"),
    [
        (kind.Kind(), "a\x00b"),
        (kind.Kind(), "\x1b[31m"),
        (kind.Kind(), "a\rb"),
        (kind.Kind(), "\ud800"),
        (kind.Kind(), "\uffff"),
        (kind.Line(), "a\nb"),
        (kind.Name(), ""),
        (kind.Name(), "a/b"),
        (kind.Name(), ".."),
        (kind.Name(), "a\nb"),
        (kind.Name(), "n" * 256),
        (kind.AbsolutePath(), "relative"),
        (kind.AbsolutePath(), "http://example.com/"),
        (kind.Integer(1), 0),
        (kind.Integer(0, 5), 6),
        (kind.Hexadecimal(4), "0x10000"),
        (kind.Hexadecimal(4), "mouse"),
        (kind.Size("KiB"), "100B"),
        (kind.Size("KiB"), "much"),
        (kind.Is("user"), False),
        (kind.Time(), "tomorrow"),
        (identifier.Mac(), "52:54:00:12:34"),
        (identifier.Mac(), "53:54:00:12:34:56"),
        (identifier.Mac(), "52:54:00:12:34:56\n"),
        (identifier.PciAddress(), "0000:03:00.8"),
        (identifier.PciAddress(), "eth0"),
        (identifier.Uuid(), "1234"),
        (identifier.CpuSet(), ""),
        (identifier.CpuSet(), "3-1"),
        (identifier.CpuSet(), "^1"),
        (identifier.CpuSet(), "0-99999999999"),
        (identifier.ContextId(), "2"),
        (identifier.ContextId(), "host"),
    ],
)
def test_what_makes_no_sense(of: kind.Kind, written: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        of.parse(written)


@given(st.lists(st.tuples(st.integers(0, 59), st.integers(0, 59), st.integers(0, 59)), min_size=1, max_size=1))
def test_a_mac_address_that_yaml_counted_comes_back(parts: list[tuple[int, int, int]]) -> None:
    numbers = [52, 54, 0, *parts[0]]
    counted = 0
    for number in numbers:
        counted = counted * 60 + number
    assert identifier.Mac().parse(counted) == ":".join(f"{number:02}" for number in numbers)


@given(st.integers(0, 3), st.integers(0, 59), st.integers(0, 31), st.integers(0, 7))
def test_a_pci_address_that_yaml_counted_comes_back(domain: int, bus: int, slot: int, function: int) -> None:
    counted = f"{(domain * 60 + bus) * 60 + slot}.{function}"
    assert identifier.PciAddress().parse(counted) == f"{domain:04}:{bus:02}:{slot:02}.{function}"


@given(st.sets(st.integers(0, 300), min_size=1))
def test_sets_of_numbers_are_compared_as_sets(numbers: set[int]) -> None:
    of = identifier.CpuSet()
    assert of.parse(",".join(map(str, sorted(numbers)))) == of.parse(",".join(map(str, sorted(numbers, reverse=True))))
    assert identifier.members(of.parse(",".join(map(str, numbers)))) == numbers


@pytest.mark.parametrize(
    ("wanted", "found", "same"),
    [
        ("q35", "pc-q35-7.2", True),
        ("pc", "pc-i440fx-9.0", True),
        ("virt", "virt-7.2", True),
        ("q35", "pc-i440fx-7.2", False),
        ("pc-q35-7.2", "pc-q35-8.0", False),
        ("virt", "virtual", False),
    ],
)
def test_an_alias_of_a_machine_is_every_version_of_it(wanted: str, found: str, same: bool) -> None:
    assert resolved.Machine().same(wanted, found, None) is same


def test_a_size_in_a_unit_of_the_document() -> None:
    size = kind.Size("KiB")
    assert size.read(tree.parse("<memory unit='GiB'>1</memory>", "a test"), None) == 1024**3
    assert size.read(tree.parse("<memory>1048576</memory>", "a test"), None) == 1024**3


def test_switches_as_documents_write_them() -> None:
    assert kind.Presence().read(tree.parse("<apic/>", "a test"), None) is True
    assert kind.Presence().read(tree.parse("<apic state='off'/>", "a test"), None) is False
    assert kind.Switch().read(tree.parse("<smm/>", "a test"), None) is True
    assert kind.Stateful("retries", kind.Integer()).read(tree.parse("<s state='off' retries='1'/>", "a"), None) is None
