# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Laws that hold for every spec that the tables allow."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._document import tree
from ansible_collections.stratum.virt.plugins.module_utils._document.field import (
    Field,
    Group,
    Items,
    Node,
    Single,
    Spec,
    Table,
    Values,
    Variants,
)
from ansible_collections.stratum.virt.plugins.module_utils._document.node import nothing
from ansible_collections.stratum.virt.plugins.module_utils._document.resolved import Firmware, FirmwareFeature, Port
from ansible_collections.stratum.virt.plugins.module_utils._errors import InputError
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from .cases import CASES
from .kinds import KINDS, ObjectKind, every_kind
from .strategies import Params, stating, tasks

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

laws = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)

MARK = "{urn:example}mark"


def loaded(kind: ObjectKind, params: Params, current: Spec | None = None) -> Spec:
    try:
        return kind.complete(kind.table.load(params), current)
    except InputError:
        assume(False)
        raise


def made(kind: ObjectKind, spec: Spec) -> Element:
    document = kind.empty()
    kind.write(document, spec)
    return document


def unsaid(node: Node, element: Element, spec: Spec, path: str = "") -> Iterator[str]:
    """Yield what is stated, and a document does not say in its own words."""
    if isinstance(node, (Field, Values)):
        wanted, found = spec.get(node.option), node.read(element).get(node.option)
        if wanted is None or wanted == found:
            return
        if isinstance(node, Values):
            if sorted(wanted) != sorted(found or []):
                yield f"{path}{node.option}"
        elif found is not None or not (
            node.kind.removes(wanted)
            or wanted == node.kind.absent
            or wanted is False
            or isinstance(node.kind, (Port, Firmware, FirmwareFeature))
        ):
            yield f"{path}{node.option}"
    elif isinstance(node, Items):
        entries = spec.get(node.option, [])
        pairs = zip_longest(entries, node.elements(element)) if node.whole else node.pairs(element, entries)[0]
        for entry, there in pairs if entries else ():
            if there is None:
                yield f"{path}{node.option}"
            else:
                yield from unsaid(node.table, there, entry, f"{path}{node.option}.")
    elif isinstance(node, Group):
        within = spec.get(node.option, {})
        if isinstance(node, Single) and within.get("model") == "none":
            return
        there = node.place.find(element)
        yield from unsaid(node.table, nothing() if there is None else there, within, f"{path}{node.option}.")
    else:
        parts = node.nodes if isinstance(node, Table) else node.variants.values() if isinstance(node, Variants) else ()
        for part in parts:
            yield from unsaid(part, element, spec, path)


@every_kind
@laws
@given(data=st.data())
def test_a_document_says_what_was_stated(kind: ObjectKind, data: st.DataObject) -> None:
    spec = loaded(kind, data.draw(tasks(kind)))
    document = made(kind, spec)
    assert list(kind.table.differences(document, spec)) == []
    assert list(unsaid(kind.table, document, spec)) == []


def nodes() -> Iterator[Any]:
    for kind in KINDS:
        for node in kind.table.nodes:
            yield pytest.param(kind, node, id=f"{kind.name}-{min(node.argument_spec())}")


@pytest.mark.parametrize(("kind", "node"), list(nodes()))
def test_every_option_by_itself(kind: ObjectKind, node: Node) -> None:
    """Every corner of the table is tried, however the dice fall above."""

    @settings(laws, max_examples=6)
    @given(stating(node))
    def law(params: Params) -> None:
        spec = loaded(kind, params)
        document = made(kind, spec)
        once = tree.serialize(document)
        assert list(kind.table.differences(document, spec)) == []
        assert list(unsaid(kind.table, document, spec)) == []
        kind.write(document, spec)
        assert tree.serialize(document) == once

    law()


@every_kind
@laws
@given(data=st.data())
def test_a_second_time_changes_nothing(kind: ObjectKind, data: st.DataObject) -> None:
    spec = loaded(kind, data.draw(tasks(kind)))
    document = made(kind, spec)
    once = tree.serialize(document)
    kind.write(document, spec)
    assert tree.serialize(document) == once


@every_kind
@laws
@given(data=st.data())
def test_applying_what_is_shown_changes_nothing(kind: ObjectKind, data: st.DataObject) -> None:
    document = made(kind, loaded(kind, data.draw(tasks(kind))))
    once = tree.serialize(document)
    again = kind.table.load(kind.table.show(kind.table.read(document)))
    assert list(kind.table.differences(document, again)) == []
    kind.write(document, again)
    assert tree.serialize(document) == once


@every_kind
@laws
@given(data=st.data())
def test_a_document_survives_being_written_down(kind: ObjectKind, data: st.DataObject) -> None:
    spec = loaded(kind, data.draw(tasks(kind)))
    again = tree.parse(tree.serialize(made(kind, spec)), "a test")
    assert list(kind.table.differences(again, spec)) == []


def edited(kind: ObjectKind, data: st.DataObject) -> tuple[Element, Spec]:
    """Return a document of the corpus, and what a task states of it."""
    case = data.draw(st.sampled_from(CASES[kind.name]))
    document = case.document()
    params = {**data.draw(tasks(kind)), "name": case.name}
    return document, loaded(kind, params, kind.table.read(document))


@every_kind
@laws
@given(data=st.data())
def test_editing_reaches_what_is_stated(kind: ObjectKind, data: st.DataObject) -> None:
    document, spec = edited(kind, data)
    kind.write(document, spec)
    assert [difference.path for difference in kind.table.differences(document, spec)] == []
    once = tree.serialize(document)
    kind.write(document, spec)
    assert tree.serialize(document) == once


def _children(document: Element) -> Iterator[tuple[str, list[Element]]]:
    for path in (".", "devices", "os", "features"):
        found = document.find(path)
        if found is not None:
            yield path, list(found)


@every_kind
@laws
@given(data=st.data())
def test_editing_keeps_what_it_does_not_know(kind: ObjectKind, data: st.DataObject) -> None:
    document, spec = edited(kind, data)
    gone = {name for name, value in spec.items() if isinstance(value, dict) and value.get("model") == "none"}
    entries = {element for place in kind.entries for element in document.iterfind(place)}
    marked = [element for element in document.iter() if element in entries and element.tag not in gone]
    for number, element in enumerate([document, *marked]):
        element.set(MARK, str(number))
        element.append(tree.parse(f'<unknown number="{number}"><deeper>text</deeper></unknown>', "a test"))
    before = dict(_children(document))
    kind.write(document, spec)
    marks = [element.get(MARK) for element in document.iter() if element.get(MARK) is not None]
    assert marks == [str(number) for number in range(len(marked) + 1)]
    unknown = sorted(int(element.get("number", "")) for element in document.iter("unknown"))
    assert unknown == list(range(len(marked) + 1))
    for path, children in before.items():
        found = document.find(path)
        there = [] if found is None else list(found)
        kept = [child for child in children if child in there]
        assert [child for child in there if child in kept] == kept, f"the order in {path}"


@every_kind
@laws
@given(data=st.data())
def test_what_is_canonical_can_be_shown_and_loaded(kind: ObjectKind, data: st.DataObject) -> None:
    spec = kind.table.load(data.draw(tasks(kind)))
    again: Any = kind.table.load(kind.table.show(spec))
    for entry in spec.get("graphics", []):
        entry.pop("password", None)
    assert again == spec
