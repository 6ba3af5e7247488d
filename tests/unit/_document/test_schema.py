# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""libvirt's own schema accepts what the tables write, and every word that an option offers."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._document.domain import DOMAIN, complete, write
from ansible_collections.stratum.virt.plugins.module_utils._errors import InputError
from lxml import etree

from .cases import CASES, Case, empty, stated_paths

SCHEMA = Path("/usr/share/libvirt/schemas/domain.rng")

OPTIONS = DOMAIN.argument_spec()

STATING: dict[str, list[Case]] = {}
for _case in CASES:
    for _path in {*stated_paths(_case.params, OPTIONS)}:
        STATING.setdefault(_path, []).append(_case)

NEWER_THAN_9_0 = {
    ("watchdog.model", "itco"),
    ("panic.model", "pvpanic"),
}

NOT_IN_THE_SCHEMA = {
    # Ours: takes the device away, or leaves the place that the word would stand in.
    *((f"{device}.model", "none") for device in ("tpm", "watchdog", "vsock", "iommu", "panic")),
}


@pytest.fixture(scope="module")
def schema() -> etree.RelaxNG:
    if not SCHEMA.exists():
        if os.environ.get("CI"):
            pytest.fail(f"{SCHEMA} is missing: install libvirt, whose schema has to accept what we write")
        pytest.skip(f"{SCHEMA} is not installed")
    return etree.RelaxNG(etree.parse(str(SCHEMA)))


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_the_schema_accepts(case: Case, schema: etree.RelaxNG) -> None:
    assert schema.validate(case.document()), schema.error_log


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


@pytest.mark.parametrize(("path", "word"), sorted({*words(OPTIONS)} - NEWER_THAN_9_0 - NOT_IN_THE_SCHEMA))
def test_the_schema_knows_the_word(path: str, word: str, schema: etree.RelaxNG) -> None:
    """In at least one document of the corpus that states the option it can be this word."""
    for case in STATING[path]:
        for params in stating(copy.deepcopy(case.params), path.split("."), word):
            document = empty()
            try:
                write(document, complete(DOMAIN.load(params), None))
            except InputError:
                continue
            if schema.validate(document):
                return
    pytest.fail(f"no document of the corpus can say {path}: {word}")
