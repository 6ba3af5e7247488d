# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the node of the benchmark holds: made through one virsh each, which reads its commands from a file."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.benchmark.measuring import run
from tests.benchmark.sides import POOL
from tests.lab import Node

DOMAINS = 500
MANY = 1000
VOLUMES = 500

DOCUMENT = """<domain type='qemu'>
  <name>bench{number}</name>
  <memory unit='KiB'>65536</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64' machine='q35'>hvm</type></os>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='raw'/>
      <source file='/var/lib/bench{number}.img'/>
      <target dev='vda' bus='virtio'/>
    </disk>
    <interface type='network'><source network='default'/><model type='virtio'/></interface>
    <serial type='pty'/>
  </devices>
</domain>
"""


def fill_domains(node: Node, count: int) -> None:
    """Define domains until there are so many."""
    with tempfile.TemporaryDirectory() as folder:
        commands = []
        for number in range(len(node.virsh("list", "--all", "--name").split()), count):
            path = Path(folder) / f"{number}.xml"
            path.write_text(DOCUMENT.format(number=number))
            commands.append(f"define {path}")
        run(node.virsh_command(), text="\n".join(commands))


def fill_volumes(node: Node) -> None:
    """Make the pool with its volumes, once."""
    folder = node.folder / POOL
    if folder.exists():
        return
    folder.mkdir()
    commands = [f"pool-create-as {POOL} dir --target {folder}"]
    commands += [f"vol-create-as {POOL} {number}.qcow2 1G --format qcow2" for number in range(VOLUMES)]
    run(node.virsh_command(), text="\n".join(commands))
