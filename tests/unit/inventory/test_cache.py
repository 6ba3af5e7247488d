# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cache holds what was read of each node, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.unit.inventory.conftest import Ansible, Loaded, Nodes


class Cached:
    """A source over some nodes with a cache."""

    def __init__(self, nodes: Nodes) -> None:
        self.nodes = nodes
        self.folder = nodes.folder / "cache"

    def load(self, *names: Any, **options: Any) -> Loaded:
        return self.nodes.load(
            *names,
            **{
                "cache": True,
                "cache_plugin": "ansible.builtin.jsonfile",
                "cache_connection": str(self.folder),
                **options,
            },
        )

    @property
    def files(self) -> list[Path]:
        return sorted(self.folder.iterdir())


@pytest.fixture
def cached(nodes: Nodes) -> Cached:
    return Cached(nodes)


def test_what_was_read_is_not_read_again(cached: Cached) -> None:
    cached.nodes.define("kvm1", "web", start=True)
    first = cached.load("kvm1")
    cached.nodes.define("kvm1", "new")
    again = cached.load("kvm1")
    assert again.names == ["web"]
    assert again.hosts == first.hosts
    assert cached.load("kvm1", cache=False).names == ["new", "web"]


def test_it_is_read_again_when_that_is_wanted(cached: Cached) -> None:
    cached.nodes.define("kvm1", "web")
    cached.load("kvm1")
    cached.nodes.define("kvm1", "new")
    assert cached.load("kvm1", cache_used=False).names == ["new", "web"]
    # And kept.
    cached.nodes.define("kvm1", "newer")
    assert cached.load("kvm1").names == ["new", "web"]


def test_what_is_made_of_it_is_made_anew(cached: Cached) -> None:
    cached.nodes.define("kvm1", "web", start=True)
    cached.load("kvm1", compose={"x": "1"}, connection="guest_agent")
    found = cached.load("kvm1", compose={"y": "stratum_virt_spec.vcpus"}, hostnames=["'the-' ~ stratum_virt_name"])
    assert found.names == ["the-web"]
    assert str(found.hosts["the-web"]["y"]) == "1"
    assert "x" not in found.hosts["the-web"]
    assert "ansible_connection" not in found.hosts["the-web"]
    assert found.hosts["the-web"]["ansible_host"]
    (kept,) = cached.files
    assert "the-web" not in kept.read_text()


@pytest.mark.parametrize(
    "options",
    [
        {"names": ["web", "db"]},
        {"states": ["running", "stopped"]},
        {"filters": [{"include": "stratum_virt_name"}]},
        {"address_sources": ["arp"]},
        {"spec": False},
        {"tags": []},
    ],
)
def test_what_was_read_under_other_options_is_read_again(cached: Cached, options: dict[str, Any]) -> None:
    cached.nodes.define("kvm1", "web")
    cached.load("kvm1")
    cached.nodes.define("kvm1", "db")
    assert cached.load("kvm1", **options).names == (["web"] if options == {"tags": []} else ["db", "web"])


def test_a_node_that_fails_is_not_kept_and_spoils_nothing(cached: Cached) -> None:
    cached.nodes.define("kvm1", "web")
    cached.nodes.define("kvm2", "db")
    broken = {"uri": f"{cached.nodes.uri('kvm2')}&fail=survey", "name": "kvm2"}
    assert cached.load("kvm1", broken).names == ["web"]
    assert len(cached.files) == 1
    cached.nodes.define("kvm1", "new")
    # The one is taken from the cache, the other is asked.
    assert cached.load("kvm1", broken).names == ["web"]
    assert cached.load("kvm1", "kvm2").names == ["db", "web"]
    # What was kept of a node stays when it cannot be read anew.
    assert cached.load("kvm1", broken, cache_used=False).names == ["new", "web"]
    assert cached.load("kvm1", "kvm2").names == ["db", "new", "web"]


def test_each_node_ends_in_its_own_time(cached: Cached) -> None:
    cached.nodes.define("kvm1", "web")
    cached.nodes.define("kvm2", "db")
    cached.load("kvm1", "kvm2")
    for name in ("kvm1", "kvm2"):
        cached.nodes.define(name, f"new-{name}")
    assert cached.load("kvm1", "kvm2").names == ["db", "web"]
    (old,) = (path for path in cached.files if "new-" not in path.read_text() and "web" in path.read_text())
    # One of them is years old.
    old.write_text(re.sub(r"(read\W+)\d\d", r"\g<1>10", old.read_text()))
    assert cached.load("kvm1", "kvm2").names == ["db", "new-kvm1", "web"]
    assert cached.load("kvm1", "kvm2", cache_timeout=0).names == ["db", "new-kvm1", "web"]


def test_without_a_uri_it_is_of_the_node_that_the_environment_names(cached: Cached) -> None:
    names: list[list[str]] = []
    for node in ("kvm1", "kvm2", "kvm1"):
        cached.nodes.define(node, f"of-{node}-{len(names)}")
        fresh = Ansible(STRATUM_VIRT_URI=cached.nodes.uri(node))
        source = cached.nodes.source(
            cache=True, cache_plugin="ansible.builtin.jsonfile", cache_connection=str(cached.folder)
        )
        names.append(fresh.load(source).names)
        fresh.close()
    assert names == [["of-kvm1-0"], ["of-kvm2-1"], ["of-kvm1-0"]]
