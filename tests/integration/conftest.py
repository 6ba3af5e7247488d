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

from tests.conftest import Guest, clear, lacking, sweep_resources
from tests.integration.modules import Tasks
from tests.lab import Lab, Node
from tests.lab.lab import missing

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


@pytest.fixture(scope="session")
def far_lab() -> Iterator[Lab]:
    """A lab of three nodes for the whole run: two to be managed, and ``node3`` for what manages them from afar.

    They know each other as ``node1``, ``node2`` and ``node3``. Tests share it and leave it as it was;
    ``far_nodes`` sees to that.
    """
    if lacks := missing():
        lacking(f"a lab needs {', '.join(lacks)}")
    with Lab(nodes=3, name=f"far-{os.getpid()}") as lab:
        yield lab


@pytest.fixture
def far_nodes(far_lab: Lab) -> Iterator[tuple[Node, Node, Node]]:
    """The nodes of the far lab, of which the first two lose afterwards what the test left there."""
    first, second, third = far_lab.nodes
    yield first, second, third
    for node in (first, second):
        clear(node)


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
def volumes(tasks: Tasks) -> Tasks:
    """Tasks of the module volume. The pool ``default`` is empty."""
    return tasks.of("volume")


@pytest.fixture
def networks(tasks: Tasks) -> Tasks:
    """Tasks of the module network. There is the network ``default``."""
    return tasks.of("network")


@pytest.fixture
def pools(tasks: Tasks) -> Tasks:
    """Tasks of the module pool. There is the pool ``default``."""
    return tasks.of("pool")


@pytest.fixture
def device(node: Node, tmp_path: Path) -> Iterator[Callable[[], str]]:
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
    sweep_resources(node)  # a pool whose device is gone could not be stopped any more
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
