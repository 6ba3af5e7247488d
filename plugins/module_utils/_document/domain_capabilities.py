# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""What domains of one kind may have, as facts. Source: https://libvirt.org/formatdomaincaps.html.

New libvirts add devices, features and properties of them. They all have one form, so the words of the document become
the names of the facts.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import TYPE_CHECKING, Any

from .untrusted import LIST_LIMIT, flag, known, name, number, size, text, texts

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

Facts = dict[str, Any]

ENTRIES_LIMIT = 256
"""Devices, features, and properties of one."""


def domain_facts(root: Element) -> Facts:
    """Return what domains of this kind may have."""
    vcpu = root.find("vcpu")
    backing = root.find("memoryBacking")
    return known(
        arch=text(root.findtext("arch")),
        domain_type=text(root.findtext("domain")),
        machine=text(root.findtext("machine")),
        emulator=text(root.findtext("path")),
        vcpus_max=None if vcpu is None else number(vcpu.get("max")),
        firmware=_values(root.find("os"), "firmware"),
        loaders=_loaders(root.find("os/loader")),
        cpu_modes=_cpu_modes(root.find("cpu")),
        memory_backing=None if backing is None else _supported(backing),
        devices=_all_supported(root.find("devices")),
        features=_all_supported(root.find("features")),
    )


def _values(element: Element | None, enumeration: str) -> list[str]:
    found = None if element is None else element.find(f"enum[@name='{enumeration}']")
    return [] if found is None else texts(value.text for value in found.iterfind("value"))


def _loaders(loader: Element | None) -> Facts | None:
    if loader is None:
        return None
    return known(
        supported=flag(loader.get("supported")),
        paths=texts(value.text for value in loader.iterfind("value")),
        types=_values(loader, "type"),
        secure_boot="yes" in _values(loader, "secure"),
    )


def _cpu_modes(cpu: Element | None) -> Facts | None:
    if cpu is None:
        return None
    found: Facts = {}
    for mode in islice(cpu.iterfind("mode"), ENTRIES_LIMIT):
        label = name(mode.get("name"))
        if label is not None:
            found[label] = {"supported": flag(mode.get("supported")) or False, **_MODES.get(label, _no_more)(mode)}
    return found


def _no_more(_mode: Element) -> Facts:
    return {}


def _host_model(mode: Element) -> Facts:
    policies: dict[str, list[str]] = {"require": [], "disable": []}
    for feature in islice(mode.iterfind("feature"), LIST_LIMIT):
        policies.get(feature.get("policy", ""), []).extend(texts([feature.get("name")]))
    return known(
        model=text(mode.findtext("model")),
        vendor=text(mode.findtext("vendor")),
        required_features=sorted(policies["require"]),
        disabled_features=sorted(policies["disable"]),
    )


def _custom(mode: Element) -> Facts:
    models = [
        known(
            name=text(model.text),
            usable=flag(model.get("usable")),
            vendor=text(model.get("vendor")),
            deprecated=flag(model.get("deprecated")),
        )
        for model in islice(mode.iterfind("model"), LIST_LIMIT)
        if text(model.text) is not None
    ]
    return {"models": sorted(models, key=lambda model: str(model["name"]))}


_MODES: dict[str, Callable[[Element], Facts]] = {"host_model": _host_model, "custom": _custom}


def _all_supported(element: Element | None) -> Facts | None:
    if element is None:
        return None
    found: Facts = {}
    for child in islice(element, ENTRIES_LIMIT):
        label = name(child.tag)
        if label is not None:
            found[label] = _supported(child)
    return found


def _supported(element: Element) -> Facts:
    """Return whether it is there, the values of its properties, and the numbers that it says beside them."""
    facts: Facts = {"supported": flag(element.get("supported")) or False}
    for child in islice(element, ENTRIES_LIMIT):
        if child.tag == "enum":
            label, value = name(child.get("name")), texts(each.text for each in child.iterfind("value"))
        elif not len(child):
            label, value = name(child.tag), _single(child)
        else:
            continue
        if label is not None and label != "supported" and value is not None:
            facts[label] = value
    return facts


def _single(element: Element) -> Any:
    """Return the one value of an element: a size where it has a unit, a truth, a number or a text."""
    if element.get("unit") is not None:
        return size(element.text, element.get("unit"))
    for read in (flag, number, text):
        value = read((element.text or "").strip())
        if value is not None:
            return value
    return None
