# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Strategies made from the tables: whatever a table declares is tried, without a word about it here."""

from __future__ import annotations

from functools import cache
from typing import Any

from ansible_collections.stratum.virt.plugins.module_utils._document import address, identifier, kind, resolved
from ansible_collections.stratum.virt.plugins.module_utils._document.field import (
    Constant,
    Field,
    Group,
    Items,
    Node,
    Single,
    Table,
    Values,
    Variants,
)
from ansible_collections.stratum.virt.plugins.module_utils._document.units import factor, format_size
from ansible_collections.stratum.virt.plugins.module_utils._errors import InputError
from hypothesis import strategies as st

from .kinds import ObjectKind

Params = dict[str, Any]

_TEXT = st.text(
    st.characters(min_codepoint=33, max_codepoint=0x2FFF, exclude_categories=("Cs", "Cc", "Zl", "Zp", "Zs")),
    min_size=1,
    max_size=8,
)
_NAMES = st.from_regex(r"[a-z][a-z0-9_.-]{0,8}[a-z0-9]", fullmatch=True)
_HEX = "0123456789abcdef"


def _integers(number: kind.Integer) -> st.SearchStrategy[int]:
    low = -1000 if number.minimum is None else number.minimum
    return st.integers(low, low + 10**6 if number.maximum is None else number.maximum)


def _sizes(size: kind.Size) -> st.SearchStrategy[str]:
    return st.integers(1, 10**6).map(lambda count: format_size(count * factor(size.unit)))


def _numbers() -> st.SearchStrategy[str]:
    return st.lists(st.integers(0, 70), min_size=1, max_size=5).map(lambda found: ",".join(map(str, found)))


def _mac() -> st.SearchStrategy[str]:
    return st.lists(st.integers(0, 255), min_size=5, max_size=5).map(
        lambda parts: ":".join(["52", *(f"{part:02X}" for part in parts)])
    )


def _pci() -> st.SearchStrategy[str]:
    parts = st.tuples(st.integers(0, 0xFFFF), st.integers(0, 255), st.integers(0, 31), st.integers(0, 7))
    return parts.map(lambda part: "{:04x}:{:02x}:{:02x}.{:x}".format(*part))


def _addresses(of: address.IpAddress) -> st.SearchStrategy[str]:
    return st.ip_addresses(v=of.version).map(lambda found: str(found).upper())  # type: ignore[arg-type]


def values(of: kind.Kind) -> st.SearchStrategy[Any]:
    """Return what a person can write for this kind."""
    if "choices" in of.argument:
        return st.sampled_from(of.argument["choices"])
    if isinstance(of, kind.Stateful):
        return values(of.kind).filter(bool)
    makers: dict[type[kind.Kind], Any] = {
        kind.Is: lambda: st.just(True),
        kind.Flag: st.booleans,
        kind.Presence: st.booleans,
        kind.Hexadecimal: lambda: _integers(of).map(hex),  # type: ignore[arg-type]
        kind.Integer: lambda: _integers(of),  # type: ignore[arg-type]
        kind.Size: lambda: _sizes(of),  # type: ignore[arg-type]
        kind.Time: lambda: st.datetimes().map(lambda when: f"{when:%Y-%m-%dT%H:%M:%S}".rjust(19, "0")),
        kind.AbsolutePath: lambda: _NAMES.map("/{}".format),
        kind.Name: lambda: _NAMES,
        address.IpAddress: lambda: _addresses(of),  # type: ignore[arg-type]
        identifier.Mac: _mac,
        identifier.Uuid: lambda: st.uuids().map(str),
        identifier.CpuSet: _numbers,
        identifier.PciAddress: _pci,
        identifier.ContextId: lambda: st.one_of(st.just("auto"), st.integers(3, 10**9).map(str)),
        resolved.Machine: lambda: st.sampled_from(["q35", "pc", "pc-q35-7.2", "virt"]),
        kind.Kind: lambda: _TEXT,
    }
    made = next(makers[base] for base in type(of).__mro__ if base in makers)
    strategy: st.SearchStrategy[Any] = made()
    return strategy


def _loads(node: Node) -> Any:
    def accepted(params: Params) -> bool:
        try:
            node.load(params, "")
        except InputError:
            return False
        return True

    return accepted


def stating(node: Node) -> st.SearchStrategy[Params]:
    """Return ways to state some of a node's options."""
    if isinstance(node, Field):
        stated = values(node.kind).map(lambda value: {node.option: value})
        return stated if node.required else st.one_of(st.just({}), stated)
    if isinstance(node, Values):
        lists = st.lists(values(node.kind), min_size=1, max_size=3, unique=True)
        return st.one_of(st.just({}), lists.map(lambda found: {node.option: found}))
    if isinstance(node, Constant):
        return st.just({})
    if isinstance(node, Variants):
        return st.one_of(*(stating(variant) for variant in node.variants.values()))
    if isinstance(node, Table):
        return _merged(*(stating(part) for part in node.nodes))
    if isinstance(node, (Group, Items)):
        within = stating(node.table)
        if isinstance(node, Items):
            within = st.lists(within, min_size=1, max_size=2)  # type: ignore[assignment]
        whole = within.map(lambda found: {node.option: found}).filter(_loads(node))
        return whole if isinstance(node, Single) else st.one_of(st.just({}), whole)
    raise TypeError(f"no strategy for {node!r}")


def _merged(*parts: st.SearchStrategy[Params]) -> st.SearchStrategy[Params]:
    return st.tuples(*parts).map(lambda stated: {name: value for part in stated for name, value in part.items()})


@cache
def _nodes(kind: ObjectKind) -> dict[str, st.SearchStrategy[Params]]:
    return {next(iter(node.argument_spec())): stating(node) for node in kind.table.nodes}


@st.composite
def tasks(draw: st.DrawFn, kind: ObjectKind) -> Params:
    """Return the options of a task, of a few corners of the table at once."""
    nodes = _nodes(kind)
    corners = [name for name in nodes if name not in kind.always]
    params: Params = {}
    for name in (*kind.always, *draw(st.lists(st.sampled_from(corners), max_size=5, unique=True))):
        params.update(draw(nodes[name]))
    return params
