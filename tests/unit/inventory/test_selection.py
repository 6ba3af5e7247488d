# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which domains are in the inventory, and what is asked about the others."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._errors import InputError
from ansible_collections.stratum.virt.plugins.plugin_utils._inventory.expressions import Evaluator
from ansible_collections.stratum.virt.plugins.plugin_utils._inventory.selection import Candidate, Selection, Stage
from ansible_collections.stratum.virt.plugins.plugin_utils._inventory.templating import condition

from tests.unit.inventory.conftest import Nodes

LISTED = {"stratum_virt_name": "web", "stratum_virt_state": "running", "stratum_virt_node": "kvm1"}
READ = {**LISTED, "stratum_virt_spec": {"memory": "64MiB"}, "stratum_virt_tags": ["front"]}


def selection(asked: list[str], *filters: Any, **options: Any) -> Selection:
    """Return a selection that notes which expressions it evaluates; those are variables, or Python."""

    def compose(expression: str, variables: dict[str, Any]) -> Any:
        asked.append(expression)
        return eval(expression, {"true": True, "false": False}, variables)

    return Selection(
        Evaluator(compose, strict=False),
        filters=filters,
        **{"names": (), "states": (), "tags": (), **options},
    )


def test_a_filter_is_asked_as_soon_as_it_can_be() -> None:
    asked: list[str] = []
    early, late = "stratum_virt_name == 'db'", "stratum_virt_spec['memory'] == '64MiB'"
    chosen = selection(asked, {"exclude": early}, {"include": late}, {"exclude": "stratum_virt_state"})
    candidate = Candidate("web")
    assert chosen.wants(candidate, Stage.LISTED, LISTED)
    assert asked == [condition(early)]  # the third one could be asked, but the second one comes first
    assert chosen.wants(candidate, Stage.READ, READ)
    assert chosen.wants(candidate, Stage.KNOWN, READ)
    assert asked == [condition(early), condition(late)]


def test_what_is_excluded_early_is_out() -> None:
    asked: list[str] = []
    chosen = selection(asked, {"include": "stratum_virt_name == 'db'"}, {"exclude": True})
    assert not chosen.wants(Candidate("web"), Stage.LISTED, LISTED)
    assert chosen.wants(Candidate("db"), Stage.LISTED, {**LISTED, "stratum_virt_name": "db"})


@pytest.mark.parametrize(
    ("expression", "stage"),
    [
        ("stratum_virt_state in ('running',)", Stage.LISTED),
        ("stratum_virt_uuid and stratum_virt_persistent and stratum_virt_autostart and stratum_virt_uri", Stage.LISTED),
        ("true", Stage.LISTED),
        ("stratum_virt_tags", Stage.READ),
        ("stratum_virt_name == stratum_virt_spec.title", Stage.READ),
        ("stratum_virt_addresses", Stage.KNOWN),
        ("ansible_host is defined", Stage.KNOWN),
        ("stratum_virt_name == lookup('env', 'NAME')", Stage.KNOWN),
    ],
)
def test_when_an_expression_can_be_asked_is_seen_in_it(expression: str, stage: Stage) -> None:
    asked: list[str] = []
    chosen = selection(asked, {"exclude": expression})
    stages = []
    for each in Stage:
        with contextlib.suppress(NameError):
            chosen.wants(Candidate("web"), each, READ)
        if asked:
            stages.append(each)
    assert stages[0] is stage


@pytest.mark.parametrize(
    "entry",
    ["stratum_virt_name", {}, {"include": "a", "exclude": "b"}, {"only": "a"}, {"include": ["a"]}, {"include": "a b"}],
)
def test_what_is_no_filter_is_refused(entry: Any) -> None:
    with pytest.raises(InputError, match=r"^filters\[0\]"):
        selection([], entry)


def test_tags_need_documents_and_nothing_else_does() -> None:
    assert selection([], tags=["front"]).reads()
    assert not selection([], names=["web"], states=["running"]).reads()
    chosen = selection([], tags=["front", "back"])
    assert chosen.wants(Candidate("web"), Stage.LISTED, LISTED)
    assert not chosen.wants(Candidate("web"), Stage.READ, READ)


def test_selections_of_a_source(nodes: Nodes) -> None:
    nodes.define("kvm1", "web1", "web2", start=True, tags=("front",))
    nodes.define("kvm1", "db1", start=True)
    nodes.define("kvm1", "old", tags=("front", "back"))
    assert nodes.load("kvm1", names=["web*", "old"]).names == ["old", "web1", "web2"]
    assert nodes.load("kvm1", states=["running"]).names == ["db1", "web1", "web2"]
    assert nodes.load("kvm1", tags=["front"]).names == ["old", "web1", "web2"]
    assert nodes.load("kvm1", tags=["front", "back"]).names == ["old"]
    assert nodes.load("kvm1", names=["none"]).names == []


def test_filters_of_a_source(nodes: Nodes) -> None:
    nodes.define("kvm1", "web1", "web2", start=True, tags=("front",))
    nodes.define("kvm1", "db1", "db2", start=True)
    nodes.define("kvm1", "old")

    def names(*filters: dict[str, Any], **options: Any) -> list[str]:
        return nodes.load("kvm1", filters=list(filters), **options).names

    assert names({"exclude": "stratum_virt_name.startswith('web')"}) == ["db1", "db2", "old"]
    assert names({"include": "'front' in stratum_virt_tags"}, {"exclude": True}) == ["web1", "web2"]
    front = {"include": "stratum_virt_name in ('db1', 'old')"}
    assert names(front, {"exclude": "stratum_virt_tags | length == 0"}) == ["db1", "old", "web1", "web2"]
    assert names({"include": "stratum_virt_addresses"}, {"exclude": "true"}, states=["running"]) == [
        *("db1", "db2", "web1", "web2")
    ]
    # With a third round trip, in which only those are asked that are still wanted.
    sources = {"address_sources": ["agent"]}
    assert names({"exclude": "stratum_virt_spec.vcpus == 1 and stratum_virt_name != 'old'"}, **sources) == ["old"]
    assert names({"exclude": "ansible_host is defined"}) == ["old"]
    # What is not a truth value counts as one, in every version.
    assert names({"exclude": "stratum_virt_addresses | length"}) == ["old"]
    assert names({"exclude": "stratum_virt_tags"}) == ["db1", "db2", "old"]
    assert names({"exclude": "stratum_virt_spec.title | default('')"}) == ["db1", "db2", "old", "web1", "web2"]


def test_a_filter_that_fails(nodes: Nodes) -> None:
    nodes.define("kvm1", "web1", "web2")
    broken = [{"exclude": "stratum_virt_name.nothing.at.all"}, {"exclude": "stratum_virt_name == 'web2'"}]
    found = nodes.load("kvm1", filters=broken)
    assert found.names == ["web1"]
    (warning,) = found.warnings
    assert warning.startswith("filters[0].exclude: it could not be evaluated for 2 of the domains, first for 'web1'")
    found = nodes.load("kvm1", filters=broken, strict=True)
    assert found.names == []
    assert "filters[0].exclude: it cannot be evaluated for 'web1'" in " ".join(found.warnings)
    found = nodes.load("kvm1", filters=[{"exclude": "stratum_virt_name =="}])
    assert "filters[0].exclude: it is not an expression" in " ".join(found.warnings)
