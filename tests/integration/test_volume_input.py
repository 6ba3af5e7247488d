# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What cannot be right is refused before anything is changed, with a message that helps, and nothing is left behind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.modules import Tasks
from tests.lab import Node


@pytest.fixture
def clean(volumes: Tasks, node: Node) -> Iterator[Tasks]:
    """The module volume; the test leaves nothing in the pool's folder."""
    before = sorted(node.images.rglob("*"))
    yield volumes
    assert sorted(node.images.rglob("*")) == before


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"name": "../etc/x", "capacity": "1MiB"}, "name: '../etc/x' cannot be a name"),
        ({"name": "..", "capacity": "1MiB"}, "name: '..' cannot be a name"),
        ({"name": "a/b", "capacity": "1MiB"}, "cannot be a name"),
        ({"name": "", "capacity": "1MiB"}, "name: a name cannot be empty"),
        ({"name": "n" * 256, "capacity": "1MiB"}, "at most 255 bytes"),
        ({"name": "x.stratum-partial", "capacity": "1MiB"}, "not complete yet"),
        ({"pool": "a/b", "name": "x", "capacity": "1MiB"}, "pool: 'a/b' cannot be a name"),
        ({"pool": "nowhere", "name": "x", "capacity": "1MiB"}, "there is no pool nowhere. Known: default."),
        ({"name": "x"}, "capacity: x does not exist yet"),
        ({"name": "x", "capacity": "-1GiB"}, "capacity: '-1GiB' is not a size"),
        ({"name": "x", "capacity": "0"}, "capacity: a volume of no size"),
        ({"name": "x", "capacity": "1XiB"}, "capacity: unknown unit"),
        ({"name": "x", "capacity": "1MiB", "format": "qcow3"}, "format: qcow3 is none that a pool of the type dir has"),
        ({"name": "x", "capacity": "1MiB", "format": "qcow3"}, "qcow2"),
        ({"name": "x", "capacity": "1MiB", "format": "raw", "compat": "1.1"}, "compat: only the format qcow2 has it"),
        ({"name": "x", "capacity": "1MiB", "cluster_size": "64KiB"}, "cluster_size: only the format qcow2 has it"),
        (
            {"name": "x", "capacity": "1MiB", "format": "qcow2", "compat": "0.10", "lazy_refcounts": True},
            "lazy_refcounts: images of compat 0.10 cannot have it",
        ),
        (
            {"name": "x", "format": "qcow2", "backing": {"volume": "nothing"}},
            "backing.volume: the pool default has no volume nothing",
        ),
        (
            {"name": "x", "format": "qcow2", "backing": {"path": "/nowhere/a", "format": "raw"}},
            "backing.path: there is no file /nowhere/a",
        ),
        ({"name": "x", "format": "qcow2", "backing": {"path": "a", "format": "raw"}}, "not an absolute path"),
        ({"name": "x", "format": "qcow2", "backing": {"format": "raw"}}, "backing: nothing says which image"),
        ({"name": "x", "backing": {"volume": "a", "path": "/a"}}, "backing: volume and path exclude each other"),
        ({"name": "x", "backing": {"pool": "a"}}, "backing.pool: it belongs to backing.volume"),
        (
            {"name": "x", "capacity": "1MiB", "encryption": {"format": "luks"}},
            "encryption.secret_uuid: it says where the passphrase is",
        ),
        ({"name": "x", "capacity": "1MiB", "wipe": "zero"}, "wipe: it needs state: absent"),
        ({"name": "x", "capacity": "1MiB", "replace": True}, "replace: there is nothing to replace"),
        ({"name": "x", "capacity": "1MiB", "timeout": 0}, "timeout: 0 is no time"),
        ({"name": "x", "capacity": "1MiB", "permissions": {"mode": "0999"}}, "permissions.mode"),
    ],
)
def test_it_is_refused(clean: Tasks, options: dict[str, Any], says: str) -> None:
    assert says in clean.refused(**{"pool": "default", **options})["msg"]


def test_a_raw_volume_is_built_on_nothing(clean: Tasks, node: Node) -> None:
    (node.images / "base").write_bytes(bytes(1024))
    try:
        failed = clean.refused(pool="default", name="x", backing={"path": f"{node.images}/base", "format": "raw"})
        assert "cannot be built on another one" in failed["msg"]
    finally:
        (node.images / "base").unlink()


@pytest.mark.parametrize("state", ["present", "absent"])
def test_a_pool_that_is_not_active_has_to_be_started(clean: Tasks, state: str) -> None:
    clean.virsh("pool-destroy", "default")
    try:
        failed = clean.refused(pool="default", name="x", capacity="1MiB", state=state)
    finally:
        clean.virsh("pool-start", "default")
    assert "pool: default is not active" in failed["msg"]
    assert "Start it first" in failed["msg"]


def test_a_volume_that_does_not_fit_leaves_nothing_behind(clean: Tasks) -> None:
    failed = clean.run(pool="default", name="x", format="raw", capacity="1000TiB")
    assert failed["failed"]
    assert failed["failed_action"] == "create"
    assert not failed["changed"]
