# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What modules document is what they take, and their examples are tasks that they accept."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from functools import cache
from types import ModuleType
from typing import Any

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.stratum.virt.plugins.module_utils._document.domain import DOMAIN
from ansible_collections.stratum.virt.plugins.module_utils._document.field import Field, Group, Items, Node, Table
from ansible_collections.stratum.virt.plugins.module_utils._document.kind import Size
from ansible_collections.stratum.virt.plugins.module_utils._document.network import NETWORK
from ansible_collections.stratum.virt.plugins.module_utils._document.pool import POOL
from ansible_collections.stratum.virt.plugins.module_utils._document.volume import VOLUME

from .stability.record import PLUGINS_OF_KINDS

PLUGINS = "ansible_collections.stratum.virt.plugins"
TABLES: Mapping[str, Table] = {"domain": DOMAIN, "network": NETWORK, "pool": POOL, "volume": VOLUME}
TASKS = f"{PLUGINS}.module_utils._task"
MODULES = (*(name for kind in TABLES for name in (kind, f"{kind}_info")), "node_facts", "tls_certificate")
SPECS = {name: importlib.import_module(f"{TASKS}.{name}").argument_spec for name in MODULES}
UNITS = {"B": "bytes"}

Options = Mapping[str, Mapping[str, Any]]


def module(name: str) -> ModuleType:
    return importlib.import_module(f"{PLUGINS}.modules.{name}")


@cache
def documented(name: str) -> dict[str, Any]:
    """Return a module's options with those of its fragments, which it can replace."""
    documentation = yaml.safe_load(module(name).DOCUMENTATION)
    options: dict[str, Any] = {}
    for fragment in documentation["extends_documentation_fragment"]:
        file, _dot, variant = fragment.removeprefix("stratum.virt.").partition(".")
        text = getattr(
            importlib.import_module(f"{PLUGINS}.doc_fragments.{file}").ModuleDocFragment,
            (variant or "documentation").upper(),
        )
        added = yaml.safe_load(text).get("options", {})
        assert not options.keys() & added.keys(), f"{fragment} documents options twice"
        options.update(added)
    return {**options, **documentation["options"]}


def flat(options: Options, suboptions: str, path: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield every option with its path; ``suboptions`` is the word for what is below one."""
    for name, option in options.items():
        here = f"{path}.{name}" if path else name
        yield here, option
        yield from flat(option.get(suboptions) or {}, suboptions, here)


def facts(option: Mapping[str, Any]) -> dict[str, Any]:
    """Return what documentation and argument spec both say of an option. Choices can be documented one by one."""
    choices = option.get("choices")
    return {
        "type": option.get("type", "str"),
        "elements": option.get("elements"),
        "choices": None if choices is None else list(choices),
        "default": option.get("default"),
        "required": option.get("required", False),
    }


def sizes(node: Node, path: str = "") -> Iterator[tuple[str, Size]]:
    """Yield every option of a table that is a size."""
    if isinstance(node, Field):
        if isinstance(node.kind, Size):
            yield f"{path}{node.option}", node.kind
    elif isinstance(node, (Group, Items)):
        yield from sizes(node.table, f"{path}{node.option}.")
    else:
        variants = getattr(node, "variants", {}).values()
        for part in (*getattr(node, "nodes", ()), *variants):
            yield from sizes(part, path)


def examples() -> Iterator[Any]:
    for name in SPECS:
        for task in yaml.safe_load(module(name).EXAMPLES):
            for used in SPECS:
                if f"stratum.virt.{used}" in task:
                    yield pytest.param(used, task[f"stratum.virt.{used}"] or {}, id=f"{name}: {task['name']}")


@pytest.mark.parametrize("name", SPECS)
def test_documented_options_are_those_of_the_argument_spec(name: str) -> None:
    told = {path: facts(option) for path, option in flat(documented(name), "suboptions")}
    taken = {path: facts(option) for path, option in flat(SPECS[name](), "options")}
    assert sorted(told) == sorted(taken)
    wrong = {path: (told[path], taken[path]) for path in told if told[path] != taken[path]}
    assert not wrong


def own_options(plugin: str) -> dict[str, Any]:
    """Return the options that a plugin documents itself."""
    documentation = importlib.import_module(f"{PLUGINS}.{plugin}").DOCUMENTATION
    options: dict[str, Any] = yaml.safe_load(documentation)["options"]
    return options


@pytest.mark.parametrize("name", [*SPECS, *PLUGINS_OF_KINDS])
def test_every_option_and_choice_is_described(name: str) -> None:
    options = documented(name) if name in SPECS else own_options(name)
    for path, option in flat(options, "suboptions"):
        paragraphs = option["description"]
        texts = [paragraphs] if isinstance(paragraphs, str) else list(paragraphs)
        if isinstance(option.get("choices"), Mapping):
            texts += option["choices"].values()
        for text in texts:
            assert isinstance(text, str), f"{path}: {text}"
            assert text[:1] == text[:1].upper() or text.startswith("libvirt"), f"{path}: {text}"
            assert text.endswith("."), f"{path}: {text}"


@pytest.mark.parametrize("name", TABLES)
def test_every_size_says_what_a_bare_number_counts(name: str) -> None:
    options = dict(flat(documented(name), "suboptions"))
    for path, kind in sizes(TABLES[name]):
        assert f"A number without a unit counts {UNITS.get(kind.bare, kind.bare)}." in str(options[path]["description"])


@pytest.mark.parametrize(("name", "options"), list(examples()))
def test_examples_are_accepted(name: str, options: dict[str, Any]) -> None:
    assert options or name.endswith(("_info", "_facts"))
    spec = SPECS[name]()
    validator = ArgumentSpecValidator(spec, required_one_of=[["name", "xml"]] if "xml" in spec else None)
    checked = validator.validate(options)
    assert not checked.error_messages
    if name in TABLES:
        TABLES[name].load(checked.validated_parameters)


@pytest.mark.parametrize("name", SPECS)
def test_examples_use_full_names(name: str) -> None:
    tasks = yaml.safe_load(module(name).EXAMPLES)
    assert tasks
    for task in tasks:
        assert "name" in task
        assert any(word.count(".") == 2 for word in task), f"{task['name']} names no module in full"
