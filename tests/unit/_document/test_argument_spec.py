# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The argument spec that the tables give to Ansible."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from .cases import Case, every_case
from .kinds import KINDS, ObjectKind, every_kind


def every(options: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for name, option in options.items():
        yield f"{path}{name}", option
        yield from every(option.get("options", {}), f"{path}{name}.")


def options_of_all() -> Iterator[Any]:
    for kind in KINDS:
        for path, option in every(kind.table.argument_spec()):
            yield pytest.param(path, option, id=f"{kind.name}-{path}")


@pytest.mark.parametrize(("path", "option"), list(options_of_all()))
def test_an_option_is_well_formed(path: str, option: dict[str, Any]) -> None:
    assert set(option) <= {"type", "elements", "options", "choices", "required", "no_log"}
    assert option["type"] in ("str", "int", "bool", "list", "dict", "raw")
    assert (option["type"] == "list") == ("elements" in option)
    assert option.get("elements", "str") in ("str", "int", "dict")
    assert ("options" in option) == ("dict" in (option["type"], option.get("elements")))
    assert isinstance(option.get("choices", []), list)
    name = path.rpartition(".")[2]
    assert name.isidentifier()
    assert name == name.lower()
    if any(word in name for word in ("pass", "secret", "token", "key")):
        assert "no_log" in option, "Ansible takes it for a secret"


@every_kind
def test_the_only_secrets(kind: ObjectKind) -> None:
    found = [path for path, option in every(kind.table.argument_spec()) if option.get("no_log")]
    assert tuple(found) == kind.secrets


@every_case
def test_ansible_accepts(case: Case) -> None:
    result = ArgumentSpecValidator(case.kind.table.argument_spec()).validate(case.params)
    assert result.error_messages == []
    assert case.kind.table.load(result.validated_parameters) == case.kind.table.load(case.params)


@every_kind
def test_lists_that_exclusive_can_name(kind: ObjectKind) -> None:
    lists = set(kind.table.lists())
    assert kind.lists <= lists
    assert "memory_backing.hugepage_sizes" not in lists
