# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules of docs/design.md, "The house", read from the sources."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from ansible_collections.stratum.virt.plugins.module_utils import _errors

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
SOURCES = {str(path.relative_to(PLUGINS)).removesuffix(".py"): path for path in sorted(PLUGINS.rglob("*.py"))}
CORE = "module_utils/"
COLLECTION = "ansible_collections/stratum/virt/plugins/"
DRIVERS = sorted(
    path.name for path in (PLUGINS / "module_utils/_driver").iterdir() if path.is_dir() and path.name[:2] != "__"
)

HEADER = """\
# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""
BANNER = "# Private to stratum.virt: no promise is made about it, and it may change in any release.\n"

INTERFACES = ("_driver/base", "_driver/domains", "_driver/networks", "_driver/node", "_driver/storage")

# What each part may import of the core, beside itself. The longest prefix counts.
ARROWS: dict[str, tuple[str, ...]] = {
    "modules/": ("_module", "_task/"),
    "action/": ("_document/image_format", "_errors", "_task/tls_certificate"),
    "inventory/": ("../plugin_utils/", "_errors"),
    "connection/": ("../plugin_utils/", "_errors"),
    "plugin_utils/": ("_driver/", "_document/", "_reconcile/", "_host/", "_errors", "_deadline", "_uri"),
    "doc_fragments/": (),
    "module_utils/_errors": (),
    "module_utils/_importing": (),
    "module_utils/_deadline": ("_errors",),
    "module_utils/_uri": ("_errors",),
    "module_utils/_document/": ("_errors",),
    "module_utils/_certificate/": ("_errors",),
    "module_utils/_host/": ("_certificate/", "_errors", "_deadline"),
    "module_utils/_driver/base": ("_host/base",),
    "module_utils/_driver/domains": ("_deadline",),
    "module_utils/_driver/networks": (),
    "module_utils/_driver/node": (),
    "module_utils/_driver/storage": ("_host/base",),
    "module_utils/_driver/registry": ("_driver/", "_host/base", "_uri", "_errors"),
    "module_utils/_driver/_libvirt/by_ssh": ("_driver/_libvirt/", "_host/", "_uri", "_errors", "_deadline"),
    "module_utils/_driver/_libvirt/link": ("_driver/_libvirt/", "_host/", "_uri", "_errors", "_deadline"),
    "module_utils/_driver/_libvirt/port": ("_driver/_libvirt/", "_host/", "_uri", "_errors", "_deadline"),
    "module_utils/_driver/": (*INTERFACES, "_document/", "_host/base", "_uri", "_errors", "_deadline"),
    "module_utils/_reconcile/": ("_certificate/", "_document/", *INTERFACES, "_host/base", "_errors", "_deadline"),
    "module_utils/_argspec": (),
    "module_utils/_fetch": ("_reconcile/volume_content", "_reconcile/volume_url"),
    "module_utils/_task/": ("_argspec", "_certificate/cryptography", "_document/", "_fetch", "_reconcile/"),
    "module_utils/_module": ("_driver/registry", "_errors", "_host/base", "_host/local", "_importing"),
}

# Where nothing may be read, written or waited for.
PURE = (
    "module_utils/_document/",
    "module_utils/_reconcile/plan",
    "module_utils/_reconcile/diff",
    "module_utils/_reconcile/pin",
)
IMPURE_MODULES = frozenset(
    (
        "asyncio",
        "fcntl",
        "glob",
        "http",
        "io",
        "multiprocessing",
        "os",
        "pathlib",
        "select",
        "shutil",
        "signal",
        "socket",
        "ssl",
        "subprocess",
        "sys",
        "tempfile",
        "threading",
        "time",
        "urllib",
    )
)
IMPURE_CALLS = frozenset(("open", "input", "print", "exec", "eval", "compile", "__import__"))


@cache
def parsed(name: str) -> ast.Module:
    return ast.parse(SOURCES[name].read_text(encoding="utf-8"))


def imports(name: str) -> Iterator[str]:
    """Yield what a source imports, in code that runs: paths from ``plugins`` for our own, else names."""
    package = name.split("/")[:-1]
    tree = parsed(name)
    skipped = {id(child) for node in ast.walk(tree) if _for_types_only(node) for child in ast.walk(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import) and id(node) not in skipped:
            yield from (alias.name.replace(".", "/") for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and id(node) not in skipped:
            base = (node.module or "").replace(".", "/")
            if node.level:
                base = "/".join([*package[: len(package) - node.level + 1], *([base] if base else [])])
            base = base.removeprefix(COLLECTION)
            for alias in node.names:
                # ``from . import guest`` names a file; ``from .guest import settle`` does not.
                yield f"{base}/{alias.name}" if f"{base}/{alias.name}" in SOURCES else base


def _for_types_only(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def rule_of(name: str) -> str | None:
    fitting = [prefix for prefix in ARROWS if name == prefix or (prefix.endswith("/") and name.startswith(prefix))]
    return max(fitting, key=len, default=None)


def test_there_is_something_to_check() -> None:
    assert len(SOURCES) > 60
    assert set(DRIVERS) >= {"_libvirt", "_sim"}
    assert "module_utils/_driver/_sim/guest" in set(imports("module_utils/_driver/_sim/lifecycle"))


@pytest.mark.parametrize("name", list(SOURCES))
def test_imports_go_one_way(name: str) -> None:
    rule = rule_of(name)
    assert rule is not None, f"{name} has no place in ARROWS: which way do its imports go?"
    own = rule if rule.endswith("/") else f"{rule.rpartition('/')[0]}/"
    allowed = tuple((CORE + target).replace("module_utils/../", "") for target in ARROWS[rule])
    wrong = [
        target
        for target in imports(name)
        if target in SOURCES
        and not (rule.endswith("/") and target.startswith(own))
        and not any(target == other or (other.endswith("/") and target.startswith(other)) for other in allowed)
    ]
    assert wrong == [], f"{name} imports {wrong}, and may only import {', '.join(ARROWS[rule])} and its own folder"


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_driver_knows_no_other(driver: str) -> None:
    folder = f"module_utils/_driver/{driver}/"
    others = tuple(f"module_utils/_driver/{other}/" for other in DRIVERS if other != driver)
    wrong = [
        (name, target)
        for name in SOURCES
        if name.startswith(folder)
        for target in imports(name)
        if target.startswith(others)
    ]
    assert wrong == []


def test_only_the_registry_knows_the_drivers() -> None:
    folders = tuple(f"module_utils/_driver/{driver}/" for driver in DRIVERS)
    knows = {
        name
        for name in SOURCES
        if not name.startswith(folders) and any(target.startswith(folders) for target in imports(name))
    }
    assert knows == {"module_utils/_driver/registry"}


@pytest.mark.parametrize("name", [name for name in SOURCES if name.startswith(PURE)])
def test_what_only_thinks_does_no_input_and_output(name: str) -> None:
    assert not IMPURE_MODULES.intersection(target.partition("/")[0] for target in imports(name))
    called = {
        node.func.id
        for node in ast.walk(parsed(name))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert not called & IMPURE_CALLS
    if "_reconcile/" in name:
        # Not by way of a driver or a host either.
        assert not any("_driver/" in target or "_host/" in target for target in imports(name))


def test_few_files_know_ansible() -> None:
    knows = {name for name in SOURCES if any(target.partition("/")[0] == "ansible" for target in imports(name))}
    knows = {name for name in knows if not name.startswith(("action/", "connection/", "inventory/", "plugin_utils/"))}
    assert knows == {"module_utils/_module", "module_utils/_fetch"}


@pytest.mark.parametrize("name", list(SOURCES))
def test_every_file_says_whose_it_is(name: str) -> None:
    text = SOURCES[name].read_text(encoding="utf-8")
    text = text.removeprefix("#!/usr/bin/python\n") if name.startswith("modules/") else text
    assert text.startswith(HEADER)
    private = any(part.startswith("_") for part in name.split("/"))
    assert text.startswith(HEADER + BANNER) is private
    assert "from __future__ import annotations\n" in text


@pytest.mark.parametrize("name", list(SOURCES))
def test_nothing_is_asserted_or_printed(name: str) -> None:
    """Python drops assertions with -O, and what a module prints is its result."""
    for node in ast.walk(parsed(name)):
        assert not isinstance(node, ast.Assert), f"{name}:{node.lineno}"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id != "print", f"{name}:{node.lineno}"


@pytest.mark.parametrize("name", list(SOURCES))
def test_no_error_is_swallowed_blindly(name: str) -> None:
    for node in ast.walk(parsed(name)):
        if isinstance(node, ast.ExceptHandler):
            caught = {part.id for part in ast.walk(node.type) if isinstance(part, ast.Name)} if node.type else {"all"}
            assert not caught & {"all", "Exception", "BaseException"}, f"{name}:{node.lineno}"


def _used_names() -> set[str]:
    return {
        part.id if isinstance(part, ast.Name) else part.attr
        for name in SOURCES
        if name != "module_utils/_errors"
        for part in ast.walk(parsed(name))
        if isinstance(part, (ast.Name, ast.Attribute))
    }


def test_every_error_is_used() -> None:
    classes = {
        name
        for name, found in vars(_errors).items()
        if inspect.isclass(found) and issubclass(found, Exception) and found.__module__ == _errors.__name__
    }
    assert classes - _used_names() == set()


def test_every_error_is_of_one_family() -> None:
    wrong = [
        (name, node.name)
        for name in SOURCES
        for node in ast.walk(parsed(name))
        if isinstance(node, ast.ClassDef)
        and any(isinstance(base, ast.Name) and base.id == "Exception" for base in node.bases)
        and node.name != "StratumError"
    ]
    assert wrong == []
