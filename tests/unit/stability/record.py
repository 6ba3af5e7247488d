# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Record what playbooks rely on: every module's options and return values, in a file beside this one.

``PYTHONPATH=.:build python -m tests.unit.stability.record`` writes them anew. Read the difference before committing
it: what is new is a promise from then on, and what is gone breaks playbooks.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

PLUGINS = "ansible_collections.stratum.virt.plugins"
FOLDER = Path(__file__).parent
COMMAND = "PYTHONPATH=.:build python -m tests.unit.stability.record"
MODULES = sorted(path.stem for path in (FOLDER.parents[2] / "plugins" / "modules").glob("*.py"))
FACTS = ("type", "elements", "choices", "default", "required", "aliases")


def interface(module: str) -> dict[str, dict[str, Any]]:
    """Return a module's options and return values by their paths, in a form that can be recorded."""
    documentation, task = (
        importlib.import_module(f"{PLUGINS}.{part}.{module}") for part in ("modules", "module_utils._task")
    )
    return {
        "options": dict(_options(task.argument_spec())),
        "returned": dict(_returned(yaml.safe_load(documentation.RETURN))),
    }


def recorded(module: str) -> dict[str, dict[str, Any]]:
    """Return what was recorded of a module; nothing of a new one."""
    path = FOLDER / f"{module}.json"
    found: dict[str, dict[str, Any]] = {"options": {}, "returned": {}}
    if path.exists():
        found = json.loads(path.read_text(encoding="utf-8"))
    return found


def record(module: str) -> None:
    """Write down what a module has now."""
    text = json.dumps(interface(module), indent=1, sort_keys=True)
    (FOLDER / f"{module}.json").write_text(f"{text}\n", encoding="utf-8")


def _options(spec: Mapping[str, Mapping[str, Any]], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for name, option in spec.items():
        facts = {"type": "str", **{fact: option[fact] for fact in FACTS if option.get(fact) is not None}}
        if "choices" in facts:
            facts["choices"] = list(facts["choices"])
        yield f"{path}{name}", facts
        yield from _options(option.get("options") or {}, f"{path}{name}.")


def _returned(values: Mapping[str, Mapping[str, Any]], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for name, value in values.items():
        yield f"{path}{name}", {fact: value[fact] for fact in ("type", "elements") if fact in value}
        yield from _returned(value.get("contains") or {}, f"{path}{name}.")


if __name__ == "__main__":
    for each in MODULES:
        record(each)
