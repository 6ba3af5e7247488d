# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is left of a document without what options say."""

from __future__ import annotations

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._document import tree
from ansible_collections.stratum.virt.plugins.module_utils._document.pool import POOL
from ansible_collections.stratum.virt.plugins.module_utils._document.remainder import remainder

from .cases import CASES, Case, each

POOLS = [case for case in CASES["pool"] if not case.name.startswith("edit-")]


@each(POOLS)
def test_nothing_is_left_of_what_options_made(case: Case) -> None:
    assert tree.serialize(remainder(POOL, case.document())) == "<pool/>\n"


@each(POOLS)
def test_what_no_option_says_is_left(case: Case) -> None:
    document = case.document()
    document.set("odd", "1")
    for element in list(document.iter()):
        # What is one value as a whole goes as a whole.
        if not (element.text or "").strip() and element.tag != "address":
            element.append(tree.parse("<unknown a='1'>text</unknown>", "a test"))
    left = remainder(POOL, document)
    assert left.get("odd") == "1"
    assert len(list(left.iter("unknown"))) == len(list(document.iter("unknown")))


@pytest.mark.parametrize(
    ("document", "left"),
    [
        ("<pool type='dir'><target><path>/a//</path></target></pool>", "<pool/>"),
        (
            "<pool><source><vendor name='A' more='B'/></source></pool>",
            "<pool><source><vendor more='B'/></source></pool>",
        ),
        (
            "<pool><source><device path='/a'><part n='1'/></device></source></pool>",
            "<pool><source><device><part n='1'/></device></source></pool>",
        ),
        ("<pool><empty/></pool>", "<pool><empty/></pool>"),
    ],
)
def test_documents(document: str, left: str) -> None:
    found = remainder(POOL, tree.parse(document, "a test"))
    assert tree.serialize(found) == tree.serialize(tree.parse(left, "a test"))
