# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Containers through libvirt's LXC driver: the same modules, the same promises."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import lacking
from tests.integration.modules import Tasks
from tests.lab import Node

# A first process that ends when it is told to, as an init would.
INIT = "trap 'exit 0' TERM; while :; do sleep 1 & wait $!; done"


@pytest.fixture
def containers(node: Node) -> Tasks:
    return Tasks(node, node.lxc_uri)


@pytest.fixture
def container(tmp_path: Path) -> dict[str, Any]:
    """The options of a container whose root is busybox."""
    busybox = shutil.which("busybox")
    if busybox is None:
        lacking("a container needs busybox")
    root = tmp_path / "root"
    for folder in ("bin", "dev", "proc", "sys", "tmp"):
        (root / folder).mkdir(parents=True)
    shutil.copy2(busybox, root / "bin" / "busybox")
    for name in ("sh", "sleep"):
        (root / "bin" / name).symlink_to("busybox")
    return {
        "name": "box",
        "memory": "64MiB",
        "container": {"init": "/bin/sh", "args": ["-c", INIT], "env": [{"name": "PATH", "value": "/bin"}]},
        "filesystems": [{"target": "/", "source": str(root)}],
    }


def test_the_life_of_a_container(containers: Tasks, container: dict[str, Any]) -> None:
    containers.apply(**container)
    assert containers.state("box") == "stopped"
    assert "<type arch='x86_64'>exe</type>" in containers.config("box")
    containers.apply(**container, state="running", wait_for=[])
    assert containers.state("box") == "running"
    assert containers.unchanged(**container, state="running")["pending"] == []

    (domain,) = containers.info(name=["box"], gather=["spec", "xml"])
    assert domain["state"] == "running"
    containers.unchanged(**domain["spec"])
    containers.unchanged(xml=domain["xml"])

    done = containers.apply(**container | {"container": {"init": "/bin/busybox", "args": ["sh", "-c", INIT]}})
    assert {entry["field"] for entry in done["pending"]} == {"container.init", "container.args"}
    containers.apply(name="box", state="paused")
    assert containers.state("box") == "paused"
    containers.apply(name="box", state="running", autostart=True)
    assert containers.facts("box")["Autostart"] == "enable"

    containers.apply(name="box", state="stopped", force=True, timeout=5)
    assert containers.state("box") == "stopped"
    containers.apply(name="box", state="absent")
    assert containers.names() == []
    assert Path(container["filesystems"][0]["source"]).is_dir()


def test_what_containers_cannot_is_said_before_anything_is_done(containers: Tasks, container: dict[str, Any]) -> None:
    containers.make(**container)
    result = containers.refused(name="box", state="running", title="New", wait_for=["agent"], timeout=3)
    assert "agent" in result["msg"]
