# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a node's documents say, as facts: of nodes that no test has, and of nodes that lie."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.stratum.virt.plugins.module_utils._document import node_capabilities, tree
from ansible_collections.stratum.virt.plugins.module_utils._document.domain_capabilities import domain_facts
from ansible_collections.stratum.virt.plugins.module_utils._document.host_interface import interface_facts
from ansible_collections.stratum.virt.plugins.module_utils._document.node_device import GROUPS, device_facts
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

SAMPLES = sorted((Path(__file__).parent / "facts").glob("*.xml"))
SCHEMAS = Path("/usr/share/libvirt/schemas")


def devices(root: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for group, facts in device_facts(root, True):
        assert group in GROUPS
        found.setdefault(group, []).append(facts)
    return found


def capabilities(root: Any) -> dict[str, Any]:
    return {
        "host": node_capabilities.host(root),
        "guests": node_capabilities.guest_facts(root),
        "cpu": node_capabilities.cpu(root),
        "cells": node_capabilities.cells(root),
    }


READERS: dict[str, tuple[Callable[[Any], dict[str, Any]], str]] = {
    "device": (devices, "nodedev"),
    "interface": (interface_facts, "interface"),
    "capabilities": (capabilities, "capability"),
    "domainCapabilities": (domain_facts, "domaincaps"),
}
"""How a document is read, and which schema of libvirt it follows, by its root."""


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.stem)
def test_a_document_as_facts(sample: Path) -> None:
    root = tree.parse(sample.read_text(), sample.stem)
    assert READERS[root.tag][0](root) == yaml.safe_load(sample.with_suffix(".yml").read_text())


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.stem)
def test_samples_are_like_libvirts(sample: Path) -> None:
    document = etree.parse(str(sample))
    path = SCHEMAS / f"{READERS[document.getroot().tag][1]}.rng"
    if not path.exists():
        assert not os.environ.get("CI"), f"{path} is missing"
        pytest.skip(f"{path} is not installed")
    schema = etree.RelaxNG(etree.parse(str(path)))
    assert schema.validate(document), schema.error_log


ODD = ("", "-1", "9" * 23, "1e9", "nan", "0x", "٣", "x" * 10000, "{{ 7 * 7 }}", "0-99999999", "yes\u0085no")
"""What a node that lies may say anywhere. Control characters cannot be in a document, but for this one."""


@st.composite
def changed(draw: st.DrawFn) -> Any:
    """A sample in which some values are odd, and some elements are gone or there twice."""
    root = tree.parse(draw(st.sampled_from(SAMPLES)).read_text(), "sample")
    for _times in range(draw(st.integers(1, 6))):
        element = draw(st.sampled_from(list(root.iter())))
        action = draw(st.integers(0, 3))
        parent = element.getparent()
        if action == 0 and element.attrib:
            element.set(draw(st.sampled_from(sorted(element.attrib))), draw(st.sampled_from(ODD)))
        elif action == 1:
            element.text = draw(st.sampled_from(ODD))
        elif parent is not None and action == 2:
            parent.remove(element)
        elif parent is not None:
            parent.append(tree.clone(element))
    return root


def check(value: Any) -> None:
    """Check that a fact is of a type that playbooks know, and within bounds."""
    if isinstance(value, dict):
        for name, each in value.items():
            assert name.isidentifier() or name == "class"
            check(each)
    elif isinstance(value, list):
        assert len(value) <= 4096
        for each in value:
            check(each)
    elif isinstance(value, str):
        assert 0 < len(value) <= 256
        assert value.isprintable()
    else:
        assert isinstance(value, (bool, int))
        assert 0 <= value < 2**63


@settings(deadline=None)  # the machine may be busy
@given(changed())
def test_facts_are_typed_and_bounded_whatever_a_node_says(root: Any) -> None:
    for reader, _schema in READERS.values():
        found = reader(root)
        check(found)
        assert json.loads(json.dumps(found)) == found


def test_what_would_take_for_ever_is_left_out() -> None:
    cpu = "<cpu id='1' siblings='{}'/>".format(",".join(["0-63"] * 1000))
    cell = f"<cell id='0'><cpus>{cpu * 1000}</cpus></cell>"
    cells = "".join(cell.replace("id='0'", f"id='{number}'", 1) for number in range(10))
    text = f"<capabilities><host><topology><cells>{cells}</cells></topology></host></capabilities>"
    root = etree.fromstring(text, etree.XMLParser(huge_tree=True))
    found = node_capabilities.cells(root)
    assert [len(cell["cpus"]) for cell in found] == [1000, 1000, 1000, 1000, 96, 0, 0, 0, 0, 0]
    assert all(cpu == {"id": 1} for cell in found for cpu in cell["cpus"])


@pytest.mark.parametrize("number", ["-1", "2147483648", "x", ""])
def test_a_cell_that_no_call_could_name_is_left_out(number: str) -> None:
    root = tree.parse(
        f"<capabilities><host><topology><cells><cell id='{number}'/></cells></topology></host></capabilities>", ""
    )
    assert node_capabilities.cells(root) == []


@pytest.mark.parametrize("part", ["<slot>32</slot>", "<slot>-1</slot>", "<slot/>", ""])
def test_a_pci_address_that_cannot_be_is_left_out(part: str) -> None:
    text = (
        f"<device><name>a</name><capability type='pci'><domain>0</domain><bus>1</bus>{part}<function>0</function>"
        "<capability type='virt_functions'><address domain='0' bus='0x100' slot='0' function='0'/></capability>"
        "</capability></device>"
    )
    assert devices(tree.parse(text, "")) == {"pci": [{"name": "a", "virtual_functions": []}]}


def test_a_device_without_a_name_is_no_device() -> None:
    assert devices(tree.parse("<device><capability type='pci'/></device>", "")) == {}


def test_a_device_can_be_several_things() -> None:
    text = "<device><name>a</name><capability type='net'/><capability type='storage'/><capability type='x'/></device>"
    assert set(devices(tree.parse(text, ""))) == {"net", "storage"}


def test_addresses_that_are_none_are_left_out() -> None:
    addresses = "".join(f"<ip address='{address}' prefix='{prefix}'/>" for address, prefix in ADDRESSES)
    root = tree.parse(f"<interface><protocol family='ipv4'>{addresses}<ip/></protocol></interface>", "")
    assert interface_facts(root)["addresses"] == [
        {"family": "ipv4", "address": "10.0.0.1"},
        {"family": "ipv6", "address": "fd00::1", "prefix": 128},
    ]


ADDRESSES = [("10.0.0.1", "33"), ("10.0.0.256", "24"), ("fd00::1", "128"), ("{{ x }}", "24"), ("", "")]
