# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the inventory plugin documents is what it does."""

from __future__ import annotations

import ast
import inspect
from typing import Any

import pytest
import yaml
from ansible.plugins.doc_fragments.constructed import ModuleDocFragment as Constructed
from ansible.plugins.doc_fragments.inventory_cache import ModuleDocFragment as Cache
from ansible_collections.stratum.virt.plugins.inventory import domains
from ansible_collections.stratum.virt.plugins.module_utils._document.domain import DOMAIN
from ansible_collections.stratum.virt.plugins.plugin_utils._inventory import selection, source, variables

from tests.unit.inventory.conftest import Nodes

DOCUMENTATION = yaml.safe_load(domains.DOCUMENTATION)
OWN = DOCUMENTATION["options"]
INHERITED = {**yaml.safe_load(Constructed.DOCUMENTATION)["options"], **yaml.safe_load(Cache.DOCUMENTATION)["options"]}
EXAMPLES = list(yaml.safe_load_all(domains.EXAMPLES))


def asked() -> set[str]:
    """Return every string in the source that is the name of an option."""
    parsed = [ast.parse(inspect.getsource(module)) for module in (source, domains)]
    return {
        node.value
        for tree in parsed
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and node.value in {*OWN, *INHERITED}
    }


def test_every_option_does_something() -> None:
    assert set(OWN) - {"plugin"} <= asked()


def test_every_host_variable_is_documented() -> None:
    notes = " ".join(DOCUMENTATION["notes"])
    assert [name for name in variables.HOST_VARIABLES if f"C({name})" not in notes] == []


def test_it_is_documented_which_variables_are_known_early() -> None:
    _first, text, *_more = OWN["filters"]["description"]
    early, late = text.split("One that also uses")
    assert {f"C({selection.PREFIX}{name})" for name in selection.LISTED} == {
        word.strip(",.") for word in early.split() if word.startswith("C(")
    }
    assert {f"C({selection.PREFIX}{name})" for name in set(selection.READ) - set(selection.LISTED)} == {
        word.strip(",.") for word in late.split() if word.startswith("C(")
    }


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_an_example_is_a_source(nodes: Nodes, example: dict[str, Any]) -> None:
    assert example.pop("plugin") == "stratum.virt.domains"
    assert set(example) <= {*OWN, *INHERITED}
    example.pop("uris", None)
    if "cache_connection" in example:
        example["cache_connection"] = str(nodes.folder / "cache")
    nodes.define("kvm1", "web", start=True, tags=("production",))
    found = nodes.load("kvm1", **example)
    assert len(found.hosts) == 1
    assert found.warnings == []


def test_the_spec_is_what_the_module_takes(nodes: Nodes) -> None:
    nodes.define("kvm1", "web", start=True, tags=("production",))
    spec = nodes.load("kvm1").hosts["web"]["stratum_virt_spec"]
    assert DOMAIN.load({name: spec.get(name) for name in DOMAIN.argument_spec()})["name"] == "web"
