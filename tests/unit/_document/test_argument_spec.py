# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The argument spec that the tables give to Ansible."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.stratum.virt.plugins.module_utils._document.domain import DOMAIN

from .cases import CASES, Case

OPTIONS = DOMAIN.argument_spec()


def every(options: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for name, option in options.items():
        yield f"{path}{name}", option
        yield from every(option.get("options", {}), f"{path}{name}.")


@pytest.mark.parametrize(("path", "option"), list(every(OPTIONS)), ids=[path for path, _option in every(OPTIONS)])
def test_an_option_is_well_formed(path: str, option: dict[str, Any]) -> None:
    assert set(option) <= {"type", "elements", "options", "choices", "required", "no_log"}
    assert option["type"] in ("str", "int", "bool", "list", "dict")
    assert (option["type"] == "list") == ("elements" in option)
    assert option.get("elements", "str") in ("str", "int", "dict")
    assert ("options" in option) == ("dict" in (option["type"], option.get("elements")))
    assert isinstance(option.get("choices", []), list)
    name = path.rpartition(".")[2]
    assert name.isidentifier()
    assert name == name.lower()
    if any(word in name for word in ("pass", "secret", "token", "key")):
        assert "no_log" in option, "Ansible takes it for a secret"


def test_the_only_secret() -> None:
    assert [path for path, option in every(OPTIONS) if option.get("no_log")] == ["graphics.password"]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_ansible_accepts(case: Case) -> None:
    result = ArgumentSpecValidator(OPTIONS).validate(case.params)
    assert result.error_messages == []
    assert DOMAIN.load(result.validated_parameters) == DOMAIN.load(case.params)


def test_lists_that_exclusive_can_name() -> None:
    lists = set(DOMAIN.lists())
    assert {"disks", "interfaces", "channels", "cpu.features", "hostdevs"} <= lists
    assert "memory_backing.hugepage_sizes" not in lists
