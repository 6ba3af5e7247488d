# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""libvirt's own schema accepts what the tables write, and every word that an option offers."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._errors import InputError
from lxml import etree

from .cases import CASES, Case, every_case, stated_paths
from .kinds import KINDS, ObjectKind

SCHEMAS = Path("/usr/share/libvirt/schemas")


@cache
def schema(kind: ObjectKind) -> etree.RelaxNG:
    path = SCHEMAS / kind.schema
    if not path.exists():
        if os.environ.get("CI"):
            pytest.fail(f"{path} is missing: install libvirt, whose schema has to accept what we write")
        pytest.skip(f"{path} is not installed")
    return etree.RelaxNG(etree.parse(str(path)))


@cache
def stating_cases(kind: ObjectKind) -> dict[str, list[Case]]:
    """Return the cases that state an option, by its path."""
    found: dict[str, list[Case]] = {}
    for case in CASES[kind.name]:
        for path in {*stated_paths(case.params, kind.table.argument_spec())}:
            found.setdefault(path, []).append(case)
    return found


@every_case
def test_the_schema_accepts(case: Case) -> None:
    known = schema(case.kind)
    assert known.validate(case.document()), known.error_log


def words(options: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """Yield every word that an option offers, with the option's path."""
    for name, option in options.items():
        yield from ((f"{path}{name}", word) for word in option.get("choices", ()))
        yield from words(option.get("options", {}), f"{path}{name}.")


def stating(value: Any, path: list[str], word: str) -> Iterator[Any]:
    """Yield the value once for every place where it states the option, with the word there."""
    if isinstance(value, list):
        for index, entry in enumerate(value):
            for changed in stating(entry, path, word):
                yield [*value[:index], changed, *value[index + 1 :]]
    elif path and path[0] in value:
        if len(path) == 1:
            there = value[path[0]]
            yield {**value, path[0]: [word] if isinstance(there, list) else word}
        else:
            for changed in stating(value[path[0]], path[1:], word):
                yield {**value, path[0]: changed}


def offered() -> Iterator[Any]:
    for kind in KINDS:
        for path, word in sorted({*words(kind.table.argument_spec())} - kind.newer - kind.ours):
            yield pytest.param(kind, path, word, id=f"{kind.name}-{path}-{word}")


@pytest.mark.parametrize(("kind", "path", "word"), list(offered()))
def test_the_schema_knows_the_word(kind: ObjectKind, path: str, word: str) -> None:
    """In at least one document of the corpus that states the option it can be this word."""
    for case in stating_cases(kind)[path]:
        for params in stating(copy.deepcopy(case.params), path.split("."), word):
            document = kind.empty()
            try:
                kind.write(document, kind.complete(kind.table.load(params), None))
            except InputError:
                continue
            if schema(kind).validate(document):
                return
    pytest.fail(f"no document of the corpus can say {path}: {word}")
