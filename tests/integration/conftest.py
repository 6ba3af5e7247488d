# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the integration tests share."""

from __future__ import annotations

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
def bootable(guest: Guest) -> dict[str, object]:
    """The options of a domain that boots the tiny guest."""
    return {
        "memory": "160MiB",
        "kernel": guest.kernel,
        "initrd": guest.initrd,
        "cmdline": guest.cmdline,
    }
