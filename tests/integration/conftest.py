# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the integration tests share."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import Guest
from tests.integration.modules import Tasks
from tests.lab import Node

DEAF = """
<domain type='qemu'>
  <name>{name}</name>
  <memory unit='MiB'>64</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64' machine='q35'>hvm</type></os>
  <features><acpi/></features>
  <devices>{devices}</devices>
</domain>
"""
"""A machine without an operating system: it starts at once, and never does what it is asked."""

MakeDisk = Callable[..., str]


@pytest.fixture
def tasks(node: Node) -> Tasks:
    return Tasks(node)


@pytest.fixture
def deaf(tasks: Tasks, tmp_path: Path) -> Callable[..., None]:
    """Define, by virsh, a domain without an operating system, and start it if asked."""

    def make(name: str, devices: str = "", start: bool = False) -> None:
        tasks.define(DEAF.format(name=name, devices=devices), tmp_path)
        if start:
            tasks.virsh("start", name)

    return make


@pytest.fixture
def disk(node: Node) -> Iterator[MakeDisk]:
    """Make an image on the node; it goes with the test."""
    made: list[Path] = []

    def make(name: str, size: str = "1M", *, format: str = "qcow2", backing: str | None = None) -> str:
        path = node.images / name
        based_on = ["-F", "qcow2", "-b", backing] if backing else []
        subprocess.run(
            ["qemu-img", "create", "-q", "-f", format, *based_on, str(path), *([] if backing else [size])], check=True
        )
        made.append(path)
        return str(path)

    yield make
    for path in made:
        path.unlink(missing_ok=True)


@pytest.fixture
def volumes(tasks: Tasks) -> Iterator[Tasks]:
    """Tasks of the module volume, in the pool ``default``, which is empty afterwards."""
    yield tasks.of("volume")
    tasks.virsh("pool-refresh", "default")
    for line in filter(None, tasks.virsh("vol-list", "default").splitlines()):
        tasks.virsh("vol-delete", "--pool", "default", line.split()[0])


@pytest.fixture
def networks(tasks: Tasks) -> Iterator[Tasks]:
    """Tasks of the module network; every network but ``default`` goes with the test."""
    yield tasks.of("network")
    for name in set(tasks.virsh("net-list", "--all", "--name").split()) - {"default"}:
        tasks.virsh("net-destroy", name, check=False)
        tasks.virsh("net-undefine", name, check=False)


@pytest.fixture
def pools(tasks: Tasks) -> Iterator[Tasks]:
    """Tasks of the module pool; every pool but ``default`` goes with the test, and its storage stays."""
    yield tasks.of("pool")
    for name in set(tasks.virsh("pool-list", "--all", "--name").split()) - {"default"}:
        tasks.virsh("pool-destroy", name, check=False)
        tasks.virsh("pool-undefine", name, check=False)


@pytest.fixture
def device(tmp_path: Path) -> Iterator[Callable[[], str]]:
    """Make a blank device of 64 MiB; it goes with the test, and with this process if that is killed."""
    opened: list[int] = []

    def make() -> str:
        file = tmp_path / f"device{len(opened)}"
        with file.open("wb") as made:
            made.truncate(64 * 1024**2)
        losetup = ["losetup", "--find", "--show", "--partscan", str(file)]
        path = subprocess.run(losetup, capture_output=True, text=True, check=True).stdout.strip()
        opened.append(os.open(path, os.O_RDONLY | os.O_CLOEXEC))
        # One that is in use is let go when nobody uses it any more.
        subprocess.run(["losetup", "--detach", path], check=True)
        return path

    yield make
    for handle in opened:
        os.close(handle)


@pytest.fixture
def bootable(guest: Guest) -> dict[str, object]:
    """The options of a domain that boots the tiny guest."""
    return {
        "memory": "160MiB",
        "kernel": guest.kernel,
        "initrd": guest.initrd,
        "cmdline": guest.cmdline,
    }
