# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What tests on real nodes share: a node, a guest, and the word on what a machine lacks for them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, NoReturn

import hypothesis
import pytest

from tests.lab import Lab, LabError, Node
from tests.lab.lab import missing

CHECKOUT = Path(__file__).resolve().parents[1]

# CI checks a change, and must not fail for what another draw of examples finds in it; everybody else explores.
hypothesis.settings.register_profile("ci", derandomize=True, deadline=None)
if os.environ.get("CI"):
    hypothesis.settings.load_profile("ci")


class Guest(NamedTuple):
    """The tiny guest: a kernel and an initial file system that are all of it."""

    kernel: str
    initrd: str
    cmdline: str


def lacking(reason: str) -> NoReturn:
    """Skip the test for a reason, or fail where everything has to be there."""
    if os.environ.get("CI"):
        pytest.fail(f"CI must have it: {reason}", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """A lab of one node for the whole run; it goes with this process, whatever happens to it."""
    if lacks := missing():
        lacking(f"a lab needs {', '.join(lacks)}")
    with Lab(nodes=1, name=f"pytest-{os.getpid()}") as lab:
        yield lab


@pytest.fixture
def node(lab: Lab) -> Iterator[Node]:
    """A node without domains, with one network and one empty pool; what the test leaves there is removed."""
    (node,) = lab.nodes
    yield node
    clear(node)


def clear(node: Node) -> None:
    """Remove what a test left on a node, whose daemon may be dead."""
    for uri in (node.uri, node.lxc_uri):
        try:
            sweep(node, uri)
        except LabError:
            node.daemon_start()
            sweep(node, uri)


def sweep(node: Node, uri: str) -> None:
    """Remove every domain of a node, with all that libvirt keeps for it."""
    for name in node.virsh("list", "--name", uri=uri).split():
        node.virsh("destroy", name, uri=uri, check=False)
    kept = ("--managed-save", "--nvram", "--snapshots-metadata", "--checkpoints-metadata") if uri == node.uri else ()
    for name in node.virsh("list", "--all", "--name", uri=uri).split():
        node.virsh("undefine", name, *kept, uri=uri)
    if uri == node.uri:  # networks and storage are the node's, not a hypervisor's
        sweep_resources(node)


def sweep_resources(node: Node) -> None:
    """Remove every network and pool of a node but those named ``default``, and empty that pool."""
    networks, pools, volumes = node.virsh(
        "net-list --all --name; echo +; pool-list --all --name; echo +; pool-refresh default; vol-list default"
    ).split("+")
    for name in set(networks.split()) - {"default"}:
        node.virsh("net-destroy", name, check=False)
        node.virsh("net-undefine", name, check=False)  # a transient one is gone already
    for name in set(pools.split()) - {"default"}:
        node.virsh("pool-destroy", name, check=False)
        node.virsh("pool-undefine", name, check=False)
    for line in filter(None, volumes.strip().splitlines()):
        node.virsh("vol-delete", "--pool", "default", line.split()[0])


@pytest.fixture(scope="session")
def guest() -> Guest:
    """The tiny guest, built once and kept between runs."""
    folder = CHECKOUT / "build" / "guest"
    builder = CHECKOUT / "playbooks" / "files" / "tiny_guest.py"
    done = subprocess.run([sys.executable, str(builder), str(folder)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        lacking(done.stderr.strip())
    return Guest(str(folder / "vmlinuz"), str(folder / "initrd.img"), "console=ttyS0 quiet")
