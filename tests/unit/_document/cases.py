# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The corpus: specs as a person writes them, with the documents that they make, in a folder per kind of object.

``NAME.yml`` is the spec, ``NAME.xml`` the document, ``NAME.from.xml`` what is there before (else: nothing).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import yaml
from ansible_collections.stratum.virt.plugins.module_utils._document import tree

from .kinds import DOMAIN, KINDS, ObjectKind

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

FOLDER = Path(__file__).parent / "corpus"


class Case(NamedTuple):
    kind: ObjectKind
    name: str
    params: dict[str, Any]
    before: str
    golden: str

    def start(self) -> Element:
        return tree.parse(self.before, self.name)

    def document(self) -> Element:
        return tree.parse(self.golden, self.name)

    def spec(self) -> dict[str, Any]:
        there = self.start()
        table = self.kind.table
        return self.kind.complete(table.load(self.params), table.read(there) if len(there) else None)

    def written(self) -> Element:
        document = self.start()
        self.kind.write(document, self.spec())
        return document


def _load(kind: ObjectKind, path: Path) -> Case:
    before = path.with_suffix(".from.xml")
    return Case(
        kind=kind,
        name=path.stem,
        params=yaml.safe_load(path.read_text(encoding="utf-8")),
        before=before.read_text(encoding="utf-8") if before.exists() else f"<{kind.root}/>",
        golden=path.with_suffix(".xml").read_text(encoding="utf-8"),
    )


def cases_of(kind: ObjectKind) -> list[Case]:
    return [_load(kind, path) for path in sorted((FOLDER / kind.name).glob("*.yml"))]


CASES = {kind.name: cases_of(kind) for kind in KINDS}
EVERY = [case for cases in CASES.values() for case in cases]
DOMAINS = CASES[DOMAIN.name]


def each(cases: list[Case]) -> pytest.MarkDecorator:
    """Return a mark that runs a test with every one of these cases."""
    return pytest.mark.parametrize("case", cases, ids=[f"{case.kind.name}-{case.name}" for case in cases])


every_case = each(EVERY)


def option_paths(options: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """Yield the path of every option that has no options of its own."""
    for name, option in options.items():
        if "options" in option:
            yield from option_paths(option["options"], f"{path}{name}.")
        else:
            yield f"{path}{name}"


def stated_paths(params: Mapping[str, Any], options: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """Yield the path of every such option that is stated."""
    for name, value in params.items():
        below = options[name].get("options")
        if below is None:
            yield f"{path}{name}"
            continue
        for entry in value if isinstance(value, list) else [value]:
            yield from stated_paths(entry, below, f"{path}{name}.")
