# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A password goes to the hypervisor and nowhere else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._errors import StratumError

from .conftest import SMALL, Node

OLD, NEW = "first-hunter2", "second-hunter2"
BY_OPTION = {"graphics": [{"type": "vnc", "password": NEW}]}
BY_XML = {"xml": f"<domain><devices><graphics type='vnc' passwd='{NEW}'/></devices></domain>"}
WAYS = {"option": BY_OPTION, "xml": BY_XML}


def shows_no_secret(what: Any) -> None:
    assert "hunter2" not in json.dumps(what)


def password(document: Any) -> str | None:
    found: str | None = document.find("devices/graphics").get("passwd")
    return found


@pytest.fixture
def guarded(node: Node) -> Node:
    """A node with a domain whose display has a password."""
    node.create(graphics=[{"type": "vnc", "password": OLD}])
    return node


@pytest.mark.parametrize("way", list(WAYS))
@pytest.mark.parametrize("check", [True, False])
def test_creating_a_domain_does_not_show_it(node: Node, way: str, check: bool) -> None:
    done = node.task({**SMALL, **WAYS[way]}, check=check)
    shows_no_secret(done)
    assert "graphics" in done["domain"]["xml"]
    if not check:
        assert password(node.config()) == NEW


@pytest.mark.parametrize("way", list(WAYS))
@pytest.mark.parametrize("condition", ["stopped", "running"])
def test_a_change_is_shown_but_not_what_it_is(guarded: Node, way: str, condition: str) -> None:
    guarded.put(condition)
    foretold = guarded.task({"name": "web1", **WAYS[way]}, check=True)
    done = guarded.task({"name": "web1", **WAYS[way]})
    for result in (foretold, done):
        shows_no_secret(result)
        assert list(result["diff"]["after"]) == ["graphics[vnc].password"]
        assert "(hidden)" in result["diff"]["after"]["graphics[vnc].password"]
    assert password(guarded.config()) == NEW
    if condition == "running":
        assert "update graphics[vnc]" in done["actions"]
        assert password(guarded.live()) == NEW
    again = guarded.task({"name": "web1", **WAYS[way]})
    assert (again["changed"], again["pending"]) == (False, [])
    shows_no_secret(again)


def test_another_change_does_not_lose_it(guarded: Node) -> None:
    guarded.put("running")
    shows_no_secret(guarded.task({"name": "web1", "memory": "96MiB", "cpu": {"mode": "host-passthrough"}}))
    assert password(guarded.config()) == password(guarded.live()) == OLD


@pytest.mark.parametrize("way", list(WAYS))
@pytest.mark.parametrize(
    "parameters",
    ["fail=define:before:9", "fail=define:after", "fail=update_device:before:9", "fail=update_device:after"],
)
def test_errors_do_not_show_it(guarded: Node, way: str, parameters: str) -> None:
    guarded.put("running")
    try:
        done = guarded.task({"name": "web1", **WAYS[way]}, parameters=parameters)
    except StratumError as error:
        done = {"msg": str(error), "facts": error.facts, "cause": repr(error.__cause__)}
    shows_no_secret(done)


def test_a_password_that_makes_no_sense_is_not_quoted(guarded: Node) -> None:
    with pytest.raises(StratumError, match=r"^graphics\[0\]\.password: ") as told:
        guarded.task({"name": "web1", "graphics": [{"type": "vnc", "password": "hunter2\nhunter2"}]})
    shows_no_secret([str(told.value), told.value.facts])


def test_a_document_that_is_not_well_formed_is_not_quoted(node: Node) -> None:
    with pytest.raises(StratumError, match="xml: ") as told:
        node.task({"name": "web1", "xml": f"<domain><graphics passwd='{NEW}'></domain>"})
    shows_no_secret([str(told.value), told.value.facts])


def test_information_does_not_have_it(guarded: Node) -> None:
    guarded.put("running")
    found = guarded.info(gather=["spec", "xml", "addresses", "stats"])
    assert found[0]["spec"]["graphics"][0]["type"] == "vnc"
    shows_no_secret(found)


def test_applying_what_was_read_keeps_it(guarded: Node) -> None:
    (found,) = guarded.info(gather=["spec"])
    assert guarded.task(found["spec"])["changed"] is False
    assert password(guarded.config()) == OLD


def test_applying_the_document_that_was_read_keeps_it(guarded: Node) -> None:
    (found,) = guarded.info(gather=["xml"])
    assert guarded.task({"xml": found["xml"]})["changed"] is False
    assert password(guarded.config()) == OLD


@pytest.mark.parametrize("check", [True, False])
def test_a_cookie_is_shown_neither_in_the_document_nor_in_the_diff(node: Node, check: bool) -> None:
    def drive(cookie: str) -> str:
        source = f"<host name='h'/><cookies><cookie name='sid'>{cookie}</cookie></cookies>"
        return (
            "<domain><devices><disk type='network' device='cdrom'>"
            f"<source protocol='https' name='x.iso'>{source}</source><target dev='sda' bus='sata'/>"
            "</disk></devices></domain>"
        )

    first = node.task(SMALL, xml=drive("TOP-SECRET"))
    second = node.task(SMALL, xml=drive("NEXT-SECRET"), check=check)
    assert second["changed"]
    assert "SECRET" not in json.dumps([first, second])
