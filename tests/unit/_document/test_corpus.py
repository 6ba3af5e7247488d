# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every document of the corpus is what its spec makes, and stays so."""

from __future__ import annotations

from ansible_collections.stratum.virt.plugins.module_utils._document import tree

from .cases import CASES, EVERY, Case, each, every_case, option_paths, stated_paths
from .kinds import ObjectKind, every_kind


@every_kind
def test_there_are_enough_documents(kind: ObjectKind) -> None:
    assert len(CASES[kind.name]) >= kind.least


@every_kind
def test_every_option_is_exercised(kind: ObjectKind) -> None:
    options = kind.table.argument_spec()
    stated = {path for case in CASES[kind.name] for path in stated_paths(case.params, options)}
    assert set(option_paths(options)) - stated == set()


@every_case
def test_a_spec_makes_its_document(case: Case) -> None:
    assert tree.serialize(case.written()) == case.golden


@every_case
def test_nothing_differs_afterwards_and_a_second_time_changes_nothing(case: Case) -> None:
    document = case.document()
    assert list(case.kind.table.differences(document, case.spec())) == []
    case.kind.write(document, case.spec())
    assert tree.serialize(document) == case.golden


@every_case
def test_what_is_shown_makes_the_same_again(case: Case) -> None:
    table, document = case.kind.table, case.document()
    shown = table.show(table.read(document))
    assert list(table.differences(document, table.load(shown))) == []
    made = case.kind.empty()
    case.kind.write(made, table.load(shown))
    assert list(table.differences(made, table.load(shown))) == []


@each([case for case in EVERY if not len(case.start())])
def test_a_new_document_reads_as_it_was_stated(case: Case) -> None:
    table = case.kind.table
    found = table.read(case.document())
    again = case.kind.empty()
    case.kind.write(again, found)
    assert table.read(again) == found
    assert list(table.differences(again, case.spec())) == []


@every_case
def test_editing_keeps_what_it_does_not_know(case: Case) -> None:
    document = case.start()
    foreign = tree.parse('<x:thing xmlns:x="urn:example" x:a="1"><x:below>text</x:below></x:thing>', "a test")
    document.append(foreign)
    document.set("{urn:example}mark", "kept")
    case.kind.write(document, case.spec())
    assert document.get("{urn:example}mark") == "kept"
    assert document.findtext("{urn:example}thing/{urn:example}below") == "text"
