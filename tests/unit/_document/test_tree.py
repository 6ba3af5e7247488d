# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Parsing what may come from anybody, and places within documents."""

from __future__ import annotations

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._document import tree
from ansible_collections.stratum.virt.plugins.module_utils._errors import InvalidDocument
from hypothesis import given
from hypothesis import strategies as st

LAUGHS = (
    "<!DOCTYPE lolz [<!ENTITY a0 'ha'>"
    + "".join(f"<!ENTITY a{n + 1} '{f'&a{n};' * 10}'>" for n in range(10))
    + "]><domain>&a10;</domain>"
)


@pytest.mark.parametrize(
    "text",
    [
        LAUGHS,
        "<!DOCTYPE domain><domain/>",
        "<!DOCTYPE domain [<!ENTITY e SYSTEM 'file:///etc/hostname'>]><domain>&e;</domain>",
        "<!DOCTYPE domain SYSTEM 'http://192.0.2.1/x.dtd'><domain/>",
        "<domain>&undefined;</domain>",
        "<domain>\x00</domain>",
        "<domain>\x1b[2J</domain>",
        "<domain>\ud800</domain>",
        "<domain>&#0;</domain>",
        "<domain a='1' a='2'/>",
        "<domain",
        "",
        "no document",
        "<a/><b/>",
        "<a>" * 100_000,
        "<a>" * 2000 + "</a>" * 2000,
    ],
)
def test_bad_documents_are_refused_by_name(text: str) -> None:
    with pytest.raises(InvalidDocument, match=r"^the xml option: "):
        tree.parse(text, "the xml option")


def test_five_megabytes_are_refused_before_they_are_parsed() -> None:
    with pytest.raises(InvalidDocument, match="more than a document may have"):
        tree.parse(f"<domain>{' ' * 5 * 1024 * 1024}</domain>", "xml")


def test_bytes_in_an_encoding_of_their_own() -> None:
    text = "<?xml version='1.0' encoding='iso-8859-1'?><domain>\u00e9</domain>"
    assert tree.parse(text.encode("iso-8859-1"), "xml").text == "\u00e9"
    assert tree.parse(text, "xml").text == "\u00e9"


def test_comments_instructions_and_layout_go() -> None:
    parsed = tree.parse("<a>\n  <!-- no -->\n  <?no no?>\n  <b/>\n</a>", "xml")
    assert tree.serialize(parsed) == "<a>\n  <b/>\n</a>\n"


@given(st.text(max_size=60))
def test_whatever_comes_is_parsed_or_refused(text: str) -> None:
    for candidate in (text, f"<domain>{text}</domain>"):
        try:
            tree.parse(candidate, "xml")
        except InvalidDocument:
            continue


def test_entities_of_the_language_itself_survive() -> None:
    text = '<domain><title a="&lt;&amp;&quot;">&lt;&gt;&amp; \u4e2d</title></domain>'
    parsed = tree.parse(text, "xml")
    assert parsed.findtext("title") == "<>& \u4e2d"
    assert tree.parse(tree.serialize(parsed), "xml").findtext("title") == "<>& \u4e2d"


def test_places_are_found_made_and_removed() -> None:
    root = tree.parse("<domain><a><b k='1'/><b k='2' v='x'/></a></domain>", "xml")
    place = tree.Place("a/b[@k='2']/@v")
    found = place.find(root)
    assert found is not None
    assert found.get("v") == "x"
    place.remove(root)
    assert tree.serialize(root) == '<domain>\n  <a>\n    <b k="1"/>\n  </a>\n</domain>\n'
    made = tree.Place("c/d[@e='f']/@g").make(root)
    made.set("g", "h")
    assert root.find("c/d[@e='f']").get("g") == "h"  # type: ignore[union-attr]


def test_removing_takes_along_what_holds_nothing_else() -> None:
    root = tree.parse("<domain><a><b><c/></b></a><d keep='1'><e/></d></domain>", "xml")
    tree.Place("a/b/c").remove(root)
    tree.Place("d/e").remove(root)
    tree.Place("not/there").remove(root)
    assert tree.serialize(root) == '<domain>\n  <d keep="1"/>\n</domain>\n'


def test_a_place_that_is_the_element_itself() -> None:
    root = tree.parse("<domain>text<a/></domain>", "xml")
    here = tree.Place("")
    assert here.find(root) is root
    here.remove(root)
    assert tree.serialize(root) == "<domain>\n  <a/>\n</domain>\n"


def test_namespaces_of_a_place() -> None:
    root = tree.parse("<domain/>", "xml")
    tree.Place("metadata/stratum:domain/stratum:tag").add(root).text = "web"
    assert (
        root.findtext(f"metadata/{{{tree.NAMESPACES['stratum']}}}domain/{{{tree.NAMESPACES['stratum']}}}tag") == "web"
    )


@pytest.mark.parametrize("path", ["a//b", "/a", "a b", "a[1]"])
def test_what_is_no_place(path: str) -> None:
    with pytest.raises(ValueError, match="not a step"):
        tree.Place(path)
