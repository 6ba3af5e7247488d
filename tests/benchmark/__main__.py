# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measure beside libvirt-python and community.libvirt, on one node, in one run, and print ratios.

``python -m tests.benchmark [WORD…]``: with words, only the lines that have one of them in their names.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.benchmark import sides
from tests.benchmark.filling import DOMAINS, MANY, VOLUMES, fill_domains, fill_volumes
from tests.benchmark.inventory import LISTED, PLAYED, inventory
from tests.benchmark.measuring import PYTHON, SIDES, Times, alternate, report, run, side_of
from tests.benchmark.sides import POOL
from tests.lab import Lab, Node
from tests.lab.proxy import DelayingProxy

IMAGE = 1024**3
"""Bytes of the image that is uploaded."""
FAR = 0.025
"""Seconds that a far node is away, each way."""
NEAR = 0.001
"""The same of one in the next building."""

PLAYS: dict[str, dict[str, dict[str, object]]] = {
    "ours": {"stratum.virt.domain": {"uri": "{uri}", "name": "bench0", "memory": "64MiB", "vcpus": 1}},
    "peer": {"community.libvirt.virt": {"uri": "{uri}", "command": "define", "xml": "{xml}"}},
}


def documents(node: Node) -> None:
    fill_domains(node, DOMAINS)
    report(f"list and read {DOMAINS} documents", read_all("domains", DOMAINS, node.uri), 0.4)


def volumes(node: Node) -> None:
    fill_volumes(node)
    report(f"list and read {VOLUMES} volumes", read_all("volumes", VOLUMES, node.uri), 0.4)


def far_documents(node: Node) -> None:
    """Time the documents over a slow line, without and with connecting, which is done once for whatever is asked."""
    fill_domains(node, DOMAINS)
    with DelayingProxy(node.socket, FAR) as proxy:
        uri = f"qemu+unix:///system?socket={proxy.path}"
        read: dict[str, float] = {}
        whole: dict[str, float] = {}
        # A round of the peer takes half a minute, of which little depends on chance.
        for side, rounds in (("ours", 3), ("peer", 1)):
            measured = [side_of(side, "far", uri) for _round in range(rounds)]
            check(side, "domains", measured[0]["count"], DOMAINS)
            read[side] = statistics.median(one["times"][0] for one in measured)
            whole[side] = statistics.median(one["times"][0] + one["connecting"] for one in measured)
        where = f"{FAR * 1000:.0f} ms away"
        report(f"{DOMAINS} documents, {where}", read, 0.05)
        report("the same, imports and connecting", whole, 0.05)


def uploads(node: Node) -> None:
    fill_volumes(node)
    with tempfile.TemporaryDirectory(dir=node.folder) as folder:
        upload_images(node, Path(folder))


def one(node: Node) -> None:
    fill_domains(node, 1)
    report("connect and read one, with imports", alternate(lambda side: read_one(side, node.uri), 15), 1.0)


def tasks(node: Node) -> None:
    fill_domains(node, 1)
    # What libvirt itself says of the domain: the only document that the peer takes for no change.
    values = {"{uri}": node.uri, "{xml}": node.virsh("dumpxml", "--inactive", "bench0")}
    report("a task that changes nothing", alternate(lambda side: task(side, values), 3), 1.1)


def inventories(node: Node) -> None:
    fill_domains(node, MANY)
    report(f"inventory of {MANY:,} domains", inventory(node.uri, MANY, LISTED, 3), 0.25)
    report("the same, without specs", inventory(node.uri, MANY, LISTED, 3, spec=False), 0.25)
    report("as a play reads it", inventory(node.uri, MANY, PLAYED, 3), 0.25)
    report("the same, without specs", inventory(node.uri, MANY, PLAYED, 3, spec=False), 0.25)
    with DelayingProxy(node.socket, NEAR) as proxy:
        uri = f"qemu+unix:///system?socket={proxy.path}"
        report(f"and from {NEAR * 1000:.0f} ms away, with specs", inventory(uri, MANY, PLAYED, 1), 0.25)


LINES: dict[str, Callable[[Node], None]] = {
    "documents": documents,
    "volumes": volumes,
    "far documents": far_documents,
    "uploads": uploads,
    "one": one,
    "tasks": tasks,
    # The last one, because it adds domains.
    "inventory": inventories,
}


def main(*words: str) -> None:
    chosen = [line for name, line in LINES.items() if not words or any(word in name for word in words)]
    if not chosen:
        sys.exit(f"no line has such a word: {', '.join(LINES)}")
    with Lab(name="bench") as lab:
        (node,) = lab.nodes
        print(f"{platform.machine()}, {os.cpu_count()} CPUs, Python {run([PYTHON, '-V']).split()[-1]},", end=" ")
        print(f"libvirt {node.virsh('version', '--daemon').rpartition(' ')[2]}, {time.strftime('%Y-%m-%d')}")
        print(f"{'':34}{'stratum.virt':>14}{'peer':>12}{'ratio':>8}{'goal':>8}")
        for line in chosen:
            line(node)


def read_all(what: str, least: int, uri: str) -> Times:
    """Time reading all of a kind, connections open, each side twice in turn."""
    times: dict[str, list[float]] = {side: [] for side in SIDES}
    for side in SIDES * 2:
        measured = side_of(side, what, uri)
        check(side, what, measured["count"], least)
        times[side] += measured["times"]
    return {side: statistics.median(values) for side, values in times.items()}


def check(side: str, what: str, count: int, least: int) -> None:
    """End when a side did not do all of its work."""
    if count < least:
        sys.exit(f"{side} read {count} {what} of {least}")


def upload_images(node: Node, folder: Path) -> None:
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


if __name__ == "__main__":
    main(*sys.argv[1:])
