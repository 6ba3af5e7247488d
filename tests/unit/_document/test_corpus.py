# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every document of the corpus is what its spec makes, and stays so."""

from __future__ import annotations

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._document import tree
from ansible_collections.stratum.virt.plugins.module_utils._document.domain import DOMAIN, write

from .cases import CASES, Case, empty, option_paths, stated_paths

OPTIONS = DOMAIN.argument_spec()

NEW = [case for case in CASES if not len(case.start())]

every_case = pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])


def test_there_are_at_least_sixty_documents() -> None:
    assert len(CASES) >= 60


def test_every_option_is_exercised() -> None:
    stated = {path for case in CASES for path in stated_paths(case.params, OPTIONS)}
    assert set(option_paths(OPTIONS)) - stated == set()


@every_case
def test_a_spec_makes_its_document(case: Case) -> None:
    assert tree.serialize(case.written()) == case.golden


@every_case
def test_nothing_differs_afterwards_and_a_second_time_changes_nothing(case: Case) -> None:
    document = case.document()
    assert list(DOMAIN.differences(document, case.spec())) == []
    write(document, case.spec())
    assert tree.serialize(document) == case.golden


@every_case
def test_what_is_shown_makes_the_same_again(case: Case) -> None:
    document = case.document()
    shown = DOMAIN.show(DOMAIN.read(document))
    assert list(DOMAIN.differences(document, DOMAIN.load(shown))) == []
    made = empty()
    write(made, DOMAIN.load(shown))
    assert list(DOMAIN.differences(made, DOMAIN.load(shown))) == []


@pytest.mark.parametrize("case", NEW, ids=[case.name for case in NEW])
def test_a_new_document_reads_as_it_was_stated(case: Case) -> None:
    found = DOMAIN.read(case.document())
    again = empty()
    write(again, found)
    assert DOMAIN.read(again) == found
    assert list(DOMAIN.differences(again, case.spec())) == []


@every_case
def test_editing_keeps_what_it_does_not_know(case: Case) -> None:
    document = case.start()
    foreign = tree.parse('<x:thing xmlns:x="urn:example" x:a="1"><x:below>text</x:below></x:thing>', "a test")
    document.append(foreign)
    document.set("{urn:example}mark", "kept")
    write(document, case.spec())
    assert document.get("{urn:example}mark") == "kept"
    assert document.findtext("{urn:example}thing/{urn:example}below") == "text"
