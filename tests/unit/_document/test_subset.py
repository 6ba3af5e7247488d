# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Merging one document into another, and telling what is missing: laws that hold for any two, and cases."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._document import tree
from ansible_collections.stratum.virt.plugins.module_utils._document.domain import DOMAIN
from ansible_collections.stratum.virt.plugins.module_utils._document.subset import lists_of, merge, missing
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

LISTS = lists_of(DOMAIN)

# Few names and values, so that two documents often meet.
WORDS = st.sampled_from(["a", "b", "0", "1", "0x1", "yes", "No"])
ATTRIBUTES = st.dictionaries(st.sampled_from(["x", "y", "mode"]), WORDS, max_size=2)


def _build(tag: str, attributes: dict[str, str], text: str | None, children: list[Any]) -> Any:
    made = etree.Element(tag, attributes)
    if not children:
        made.text = text
    made.extend(tree.clone(child) for child in children)
    return made


def _anything(depth: int) -> st.SearchStrategy[Any]:
    children = st.lists(_anything(depth - 1), max_size=3) if depth else st.just([])
    return st.builds(_build, st.sampled_from(["p", "q", "feature", "timer"]), ATTRIBUTES, st.none() | WORDS, children)


SIZES = st.builds(
    lambda tag, number, unit: etree.fromstring(f"<{tag}{unit}>{number}</{tag}>"),
    st.sampled_from(["memory", "currentMemory"]),
    st.integers(1, 4),
    st.sampled_from(["", " unit='KiB'", " unit='MiB'", " unit='b'"]),
)
DISKS = st.builds(
    lambda target, file, extra: etree.fromstring(
        f"<disk type='file'><source file='/{file}'/><target dev='{target}'/>{extra}</disk>"
    ),
    st.sampled_from(["vda", "vdb"]),
    WORDS,
    st.sampled_from(["", "<odd/>", "<odd x='1'/>", "<serial>a</serial>"]),
)
INTERFACES = st.builds(
    lambda mac, extra: etree.fromstring(f"<interface type='network'>{mac}<source network='n'/>{extra}</interface>"),
    st.sampled_from(["", "<mac address='52:54:00:00:00:01'/>", "<mac address='52:54:00:00:00:02'/>"]),
    st.sampled_from(["", "<odd/>", "<link state='down'/>"]),
)


def _unique(key: Any) -> Any:
    """Return whether no two devices have one identity: no document has that."""
    return lambda devices: len({key(each) for each in devices}) == len(devices)


def _target(disk: Any) -> Any:
    return disk.find("target").get("dev")


def _mac(interface: Any) -> Any:
    mac = interface.find("mac")
    return id(interface) if mac is None else mac.get("address")


DEVICES = st.builds(
    lambda disks, interfaces: _build("devices", {}, None, [*disks, *interfaces]),
    st.lists(DISKS, max_size=2).filter(_unique(_target)),
    st.lists(INTERFACES, max_size=3).filter(_unique(_mac)),
)
DOCUMENTS = st.builds(
    lambda attributes, sizes, others, devices: _build("domain", attributes, None, [*sizes, *others, devices]),
    ATTRIBUTES,
    st.lists(SIZES, max_size=2, unique_by=lambda size: size.tag),
    st.lists(_anything(2), max_size=3),
    DEVICES,
)


def text(document: Any) -> str:
    return tree.serialize(document)


@given(DOCUMENTS, DOCUMENTS)
@settings(max_examples=60, deadline=None)
def test_after_merging_nothing_is_missing(document: Any, wanted: Any) -> None:
    merge(document, wanted, LISTS)
    assert list(missing(document, wanted, LISTS)) == []


@given(DOCUMENTS, DOCUMENTS)
@settings(max_examples=60, deadline=None)
def test_merging_twice_changes_nothing(document: Any, wanted: Any) -> None:
    merge(document, wanted, LISTS)
    once = text(document)
    merge(document, wanted, LISTS)
    assert text(document) == once


@given(DOCUMENTS, DOCUMENTS)
@settings(max_examples=60, deadline=None)
def test_merging_what_is_not_missing_changes_nothing(document: Any, wanted: Any) -> None:
    before = text(document)
    something = any(True for _item in missing(document, wanted, LISTS))
    merge(document, wanted, LISTS)
    assert (text(document) != before) is something


@given(DOCUMENTS)
@settings(max_examples=40, deadline=None)
def test_a_document_has_all_of_itself(document: Any) -> None:
    assert list(missing(document, tree.clone(document), LISTS)) == []


@given(DOCUMENTS, DOCUMENTS)
@settings(max_examples=40, deadline=None)
def test_what_the_wanted_document_does_not_name_stays(document: Any, wanted: Any) -> None:
    mark = etree.SubElement(document, "{urn:other}mark", deep="1")
    etree.SubElement(mark, "below").text = "text"
    document.set("{urn:other}kept", "1")
    targets = {disk.find("target").get("dev") for disk in document.iterfind("devices/disk")}
    tags = {child.tag for child in document}
    merge(document, wanted, LISTS)
    assert document.get("{urn:other}kept") == "1"
    assert document.find("{urn:other}mark/below").text == "text"
    assert tags <= {child.tag for child in document}
    assert targets <= {disk.find("target").get("dev") for disk in document.iterfind("devices/disk")}


@given(DOCUMENTS, DOCUMENTS)
@settings(max_examples=40, deadline=None)
def test_the_wanted_document_is_only_read(document: Any, wanted: Any) -> None:
    before = text(wanted)
    merge(document, wanted, LISTS)
    assert text(wanted) == before


def paths(document: str, wanted: str) -> list[tuple[str, str | None, str | None]]:
    return [tuple(item) for item in missing(tree.parse(document, "a"), tree.parse(wanted, "b"), LISTS)]  # type: ignore[misc]


@pytest.mark.parametrize(
    ("document", "wanted"),
    [
        ("<domain><memory unit='KiB'>1048576</memory></domain>", "<domain><memory unit='GiB'>1</memory></domain>"),
        ("<domain><memory>1024</memory></domain>", "<domain><memory unit='MiB'>1</memory></domain>"),
        ("<domain><os><type machine='pc-q35-7.2'/></os></domain>", "<domain><os><type machine='q35'/></os></domain>"),
        ("<domain><os><type machine='pc-i440fx-7.2'/></os></domain>", "<domain><os><type machine='pc'/></os></domain>"),
        ("<domain><uuid>3A4A4A4A-0000-4000-8000-000000000001</uuid></domain>",
         "<domain><uuid>3a4a4a4a-0000-4000-8000-000000000001</uuid></domain>"),
        ("<domain><address slot='0x04'/></domain>", "<domain><address slot='4'/></domain>"),
        ("<domain><a>x</a></domain>", "<domain><a> x\n</a></domain>"),
        ("<domain><graphics port='5901'/></domain>", "<domain><graphics port='-1'/></domain>"),
        ("<domain><a/><b/><a k='1'/></domain>", "<domain><a/><a k='1'/></domain>"),
        ("<domain><features><pae/><acpi/></features></domain>", "<domain><features><acpi/></features></domain>"),
        ("<domain><cpu><feature name='a' policy='x'/><feature name='b' policy='y'/></cpu></domain>",
         "<domain><cpu><feature name='b' policy='y'/></cpu></domain>"),
    ],
)  # fmt: skip
def test_what_is_said_otherwise_is_not_missing(document: str, wanted: str) -> None:
    assert paths(document, wanted) == []


@pytest.mark.parametrize(
    ("document", "wanted", "found"),
    [
        ("<domain/>", "<domain type='kvm'/>", [("xml/@type", None, "kvm")]),
        ("<domain><a>x</a></domain>", "<domain><a>y</a></domain>", [("xml/a", "x", "y")]),
        ("<domain/>", "<domain><a><b/></a></domain>", [("xml/a", None, "present")]),
        ("<domain><memory>1024</memory></domain>", "<domain><memory>1025</memory></domain>",
         [("xml/memory", "1024", "1025")]),
        ("<domain><os><type machine='pc-q35-7.2'/></os></domain>", "<domain><os><type machine='pc'/></os></domain>",
         [("xml/os/type/@machine", "pc-q35-7.2", "pc")]),
        ("<domain><cpu><feature name='a' policy='x'/></cpu></domain>",
         "<domain><cpu><feature name='a' policy='y'/></cpu></domain>",
         [("xml/cpu/feature[@name='a']/@policy", "x", "y")]),
        ("<domain><a/></domain>", "<domain><a/><a/></domain>", [("xml/a", None, "present")]),
    ],
)  # fmt: skip
def test_what_is_missing_is_named(document: str, wanted: str, found: list[tuple[str, str | None, str | None]]) -> None:
    assert paths(document, wanted) == found


def test_devices_are_paired_by_what_tells_them_apart() -> None:
    document = tree.parse(
        "<domain><devices>"
        "<disk type='file'><target dev='vda'/></disk><disk type='file'><target dev='vdb'/></disk>"
        "<interface type='network'><mac address='52:54:00:00:00:01'/><source network='n'/></interface>"
        "</devices></domain>",
        "a",
    )
    wanted = tree.parse(
        "<domain><devices>"
        "<disk type='file'><target dev='vdb'/><serial>second</serial></disk>"
        "<interface type='network'><mac address='52:54:00:00:00:02'/><source network='n'/></interface>"
        "</devices></domain>",
        "b",
    )
    merge(document, wanted, LISTS)
    disks = {disk.find("target").get("dev"): disk.findtext("serial") for disk in document.iterfind("devices/disk")}
    assert disks == {"vda": None, "vdb": "second"}
    assert len(document.findall("devices/interface")) == 2


def test_a_size_takes_its_unit_with_it() -> None:
    document = tree.parse("<domain><memory unit='MiB'>1</memory></domain>", "a")
    merge(document, tree.parse("<domain><memory>4096</memory></domain>", "b"), {})
    assert (document.find("memory").text, document.find("memory").get("unit")) == ("4096", None)  # type: ignore[union-attr]
    merge(document, tree.parse("<domain><memory unit='GiB'>2</memory></domain>", "b"), {})
    assert (document.find("memory").text, document.find("memory").get("unit")) == ("2", "GiB")  # type: ignore[union-attr]
