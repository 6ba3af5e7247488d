# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measure beside libvirt-python and community.libvirt, on one node, in one run, and print ratios."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.benchmark import sides
from tests.benchmark.sides import POOL
from tests.lab import Lab, Node

CHECKOUT = Path(__file__).resolve().parents[2]
PYTHON = CHECKOUT / ".venv-bench" / "bin" / "python"
DOMAINS = 500
VOLUMES = 500
IMAGE = 1024**3
"""Bytes of the image that is uploaded."""
SIDES = ("ours", "peer")
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not name.startswith("PYTHON")},
    "PYTHONPATH": str(CHECKOUT / "build"),
    "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / "build"),
    "ANSIBLE_CONFIG": str(CHECKOUT / "tests" / "ansible.cfg"),
}

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

PLAYS = {
    "ours": {"stratum.virt.domain": {"uri": "{uri}", "name": "bench0", "memory": "64MiB", "vcpus": 1}},
    "peer": {"community.libvirt.virt": {"uri": "{uri}", "command": "define", "xml": "{xml}"}},
}


def main() -> None:
    with Lab(name="bench") as lab:
        (node,) = lab.nodes
        fill(node)
        print(f"{platform.machine()}, {os.cpu_count()} CPUs, Python {run([PYTHON, '-V']).split()[-1]},", end=" ")
        print(f"libvirt {node.virsh('version', '--daemon').rpartition(' ')[2]}, {time.strftime('%Y-%m-%d')}")
        print(f"{'':34}{'stratum.virt':>14}{'peer':>12}{'ratio':>8}{'goal':>8}")
        report(f"list and read {DOMAINS} documents", read_all("domains", DOMAINS, node.uri), 0.4)
        report(f"list and read {VOLUMES} volumes", read_all("volumes", VOLUMES, node.uri), 0.4)
        with tempfile.TemporaryDirectory(dir=node.folder) as folder:
            uploads(node, Path(folder))
        report("connect and read one, with imports", alternate(lambda side: read_one(side, node.uri), 15), 1.0)
        # What libvirt itself says of the domain: the only document that the peer takes for no change.
        values = {"{uri}": node.uri, "{xml}": node.virsh("dumpxml", "--inactive", "bench0")}
        report("a task that changes nothing", alternate(lambda side: task(side, values), 3), 1.1)


def fill(node: Node) -> None:
    """Define the domains and create the volumes through one virsh, which reads its commands from a file."""
    node.run(["mkdir", str(node.folder / POOL)])
    with tempfile.TemporaryDirectory() as folder:
        commands = [f"pool-create-as {POOL} dir --target {node.folder / POOL}"]
        commands += [f"vol-create-as {POOL} {number}.qcow2 1G --format qcow2" for number in range(VOLUMES)]
        for number in range(DOMAINS):
            path = Path(folder) / f"{number}.xml"
            path.write_text(DOCUMENT.format(number=number))
            commands.append(f"define {path}")
        run(node.virsh_command(), text="\n".join(commands))


def read_all(what: str, least: int, uri: str) -> dict[str, float]:
    """Time reading all of a kind, connections open, each side twice in turn."""
    times: dict[str, list[float]] = {side: [] for side in SIDES}
    for side in SIDES * 2:
        measured = side_of(side, what, uri)
        if measured["count"] < least:
            sys.exit(f"{side} read {measured['count']} {what} of {least}")
        times[side] += measured["times"]
    return {side: statistics.median(values) for side, values in times.items()}


def side_of(*argv: str) -> dict[str, Any]:
    """Run one side's work in a process of its own; return what it says."""
    measured: dict[str, Any] = json.loads(run([PYTHON, str(Path(__file__).with_name("sides.py")), *argv]))
    return measured


def uploads(node: Node, folder: Path) -> None:
    """Time uploading an image, full and nine tenths holes: whole processes, virsh on the other side."""
    memory = []
    for what, full, goal in (("an image of 1 GiB", 10, 1.1), ("the same, 90 % holes", 1, 0.2)):
        image = folder / f"{full}.raw"
        make_image(image, full)

        def measure(side: str, image: Path = image) -> float:
            node.virsh("vol-delete", sides.IMAGE, "--pool", POOL, check=False)
            node.virsh("vol-create-as", POOL, sides.IMAGE, f"{IMAGE}B", "--allocation", "0")
            start = time.perf_counter()
            if side == "ours":
                memory.append(side_of(side, "upload", node.uri, str(image))["memory"])
            else:
                node.virsh("vol-upload", sides.IMAGE, str(image), "--pool", POOL, timeout=600)
            return time.perf_counter() - start

        report(f"upload {what}", alternate(measure, 3), goal)
        image.unlink()
    print(f"{'':4}largest memory of our process: {max(memory) / 1024:.0f} MiB", flush=True)


def make_image(path: Path, tenths: int) -> None:
    """Write an image of which so many tenths, spread over it, are data that nothing can compress."""
    block = os.urandom(1024**2)
    with path.open("wb") as file:
        file.truncate(IMAGE)
        for index in range(IMAGE // len(block)):
            if index % 10 < tenths:
                file.seek(index * len(block))
                file.write(block)


def read_one(side: str, uri: str) -> float:
    """Time a whole process that imports, connects and reads one document."""
    start = time.perf_counter()
    run([PYTHON, str(Path(__file__).with_name("sides.py")), side, "one", uri])
    return time.perf_counter() - start


def task(side: str, values: dict[str, str]) -> float:
    """Time one task among many, so that what a playbook costs once does not count."""
    few, many = 2, 22
    elapsed = {}
    for count in (few, many):
        start = time.perf_counter()
        play(side, values, count)
        elapsed[count] = time.perf_counter() - start
    return (elapsed[many] - elapsed[few]) / (many - few)


def play(side: str, values: dict[str, str], count: int) -> None:
    """Run a task that many times."""
    ((module, options),) = PLAYS[side].items()
    filled = {name: values.get(str(value), value) for name, value in options.items()}
    tasks = [{"name": "Change nothing", module: filled, "loop": list(range(count))}]
    playbook = [{"name": side, "hosts": "localhost", "gather_facts": False, "tasks": tasks}]
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(playbook, file)
        file.flush()
        inventory = f"localhost ansible_connection=local ansible_python_interpreter={PYTHON}\n"
        Path(file.name + ".ini").write_text(inventory)
        try:
            output = run([PYTHON.with_name("ansible-playbook"), "-i", file.name + ".ini", file.name])
        finally:
            Path(file.name + ".ini").unlink()
    if "changed=0 " not in output:
        sys.exit(f"{side} changed something:\n{output}")


def alternate(measure: Callable[[str], float], rounds: int) -> dict[str, float]:
    """Measure both sides in turn; return the median of each."""
    times: dict[str, list[float]] = {side: [] for side in SIDES}
    for _round in range(rounds):
        for side in SIDES:
            times[side].append(measure(side))
    return {side: statistics.median(values) for side, values in times.items()}


def report(what: str, times: dict[str, float], goal: float) -> None:
    """Print one line."""
    mine, theirs = times["ours"], times["peer"]
    print(f"{what:34}{mine * 1000:11.1f} ms{theirs * 1000:9.1f} ms{mine / theirs:8.2f}{f'≤ {goal}':>8}", flush=True)


def run(argv: list[str | Path], text: str | None = None) -> str:
    """Return what a command prints; end with its words when it fails."""
    done = subprocess.run(argv, input=text, capture_output=True, text=True, timeout=600, env=ENVIRONMENT, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, argv))} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    main()
