# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The corpus: specs as a person writes them, with the documents that they make.

``NAME.yml`` is the spec, ``NAME.xml`` the document, ``NAME.from.xml`` what is there before (else: nothing).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml
from ansible_collections.stratum.virt.plugins.module_utils._document import tree
from ansible_collections.stratum.virt.plugins.module_utils._document.domain import DOMAIN, complete, write
from ansible_collections.stratum.virt.plugins.module_utils._document.lxml import etree

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

FOLDER = Path(__file__).parent / "corpus"


class Case(NamedTuple):
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
        return complete(DOMAIN.load(self.params), DOMAIN.read(there) if len(there) else None)

    def written(self) -> Element:
        document = self.start()
        write(document, self.spec())
        return document


def _load(path: Path) -> Case:
    before = path.with_suffix(".from.xml")
    return Case(
        name=path.stem,
        params=yaml.safe_load(path.read_text(encoding="utf-8")),
        before=before.read_text(encoding="utf-8") if before.exists() else "<domain/>",
        golden=path.with_suffix(".xml").read_text(encoding="utf-8"),
    )


CASES = [_load(path) for path in sorted(FOLDER.glob("*.yml"))]


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


def empty() -> Element:
    return etree.Element("domain")
