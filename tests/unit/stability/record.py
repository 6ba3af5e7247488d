# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Record what playbooks rely on: every module's options and return values, and every plugin's options and variables, in
a file beside this one.

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
from ansible_collections.stratum.virt.plugins.plugin_utils._inventory.variables import HOST_VARIABLES

PLUGINS = "ansible_collections.stratum.virt.plugins"
FOLDER = Path(__file__).parent
COMMAND = "PYTHONPATH=.:build python -m tests.unit.stability.record"
MODULES = sorted(path.stem for path in (FOLDER.parents[2] / "plugins" / "modules").glob("*.py"))
FACTS = ("type", "elements", "choices", "default", "required", "aliases")
SOURCES = ("vars", "env", "ini", "keyword", "cli")
KINDS = ("connection", "inventory")
PLUGINS_OF_KINDS = sorted(
    f"{kind}.{path.stem}" for kind in KINDS for path in (FOLDER.parents[2] / "plugins" / kind).glob("*.py")
)
"""Plugins that are configured by options of their own, with their kind: ``inventory.domains``."""
RECORDED = (*MODULES, *PLUGINS_OF_KINDS)


def interface(name: str) -> dict[str, dict[str, Any]]:
    """Return the options of a module or plugin, and what it returns, by their paths, in a form that can be recorded."""
    return _plugin(name) if name in PLUGINS_OF_KINDS else _module(name)


def _module(module: str) -> dict[str, dict[str, Any]]:
    documentation, task = (
        importlib.import_module(f"{PLUGINS}.{part}.{module}") for part in ("modules", "module_utils._task")
    )
    return {
        "options": dict(_options(task.argument_spec())),
        "returned": dict(_returned(yaml.safe_load(documentation.RETURN))),
    }


def _plugin(name: str) -> dict[str, dict[str, Any]]:
    """Return the options that a plugin documents itself, and the variables that set them, or that it sets."""
    documentation = yaml.safe_load(importlib.import_module(f"{PLUGINS}.{name}").DOCUMENTATION)
    return {
        "options": dict(_options(documentation["options"], below="suboptions")),
        "returned": {
            f"{option}: {source} {entry.get('name') or entry.get('key')}": {}
            for option, facts in documentation["options"].items()
            for source in SOURCES
            for entry in facts.get(source, ())
        }
        | {variable: {} for variable in (HOST_VARIABLES if name == "inventory.domains" else ())},
    }


def recorded(name: str) -> dict[str, dict[str, Any]]:
    """Return what was recorded of a module or plugin; nothing of a new one."""
    path = FOLDER / f"{name}.json"
    found: dict[str, dict[str, Any]] = {"options": {}, "returned": {}}
    if path.exists():
        found = json.loads(path.read_text(encoding="utf-8"))
    return found


def record(name: str) -> None:
    """Write down what a module or plugin has now."""
    text = json.dumps(interface(name), indent=1, sort_keys=True)
    (FOLDER / f"{name}.json").write_text(f"{text}\n", encoding="utf-8")


def _options(
    spec: Mapping[str, Mapping[str, Any]], path: str = "", below: str = "options"
) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, option in spec.items():
        facts = {"type": "str", **{fact: option[fact] for fact in FACTS if option.get(fact) is not None}}
        if "choices" in facts:
            facts["choices"] = list(facts["choices"])
        yield f"{path}{name}", facts
        yield from _options(option.get(below) or {}, f"{path}{name}.", below)


def _returned(values: Mapping[str, Mapping[str, Any]], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for name, value in values.items():
        yield f"{path}{name}", {fact: value[fact] for fact in ("type", "elements") if fact in value}
        yield from _returned(value.get("contains") or {}, f"{path}{name}.")


if __name__ == "__main__":
    for each in RECORDED:
        record(each)
