# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An inventory of many domains: what a source adds to the time of a program of Ansible's that has one host."""

from __future__ import annotations

import json
import re
import statistics
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmark.measuring import PYTHON, SIDES, Times, run

PLUGINS: dict[str, object] = {
    # Both with their defaults, unless a line says otherwise. Of a domain that does not run, the peer reads its state
    # and its document.
    "ours": {"plugin": "stratum.virt.domains", "uris": ["{uri}"]},
    "peer": {"plugin": "community.libvirt.libvirt", "uri": "{uri}"},
}
LISTED = ("ansible-inventory", "--list")
"""Print all variables of all hosts."""
PLAYED = ("ansible", "all", "--list-hosts")
"""Read the inventory as a play does, whose tasks take the variables of a host when it is its turn."""


def inventory(uri: str, count: int, command: tuple[str, ...], rounds: int, **options: object) -> Times:
    """Return the seconds that each side's plugin adds to Ansible's own, with so many domains; ``options`` are ours."""
    with tempfile.TemporaryDirectory() as folder:
        sources = {side: Path(folder) / f"{side}.stratum_virt.yml" for side in PLUGINS}
        for side, file in sources.items():
            own = options if side == "ours" else {}
            file.write_text(json.dumps({**PLUGINS[side], **own}).replace("{uri}", uri))
        sources["nobody"] = Path(folder) / "hosts.ini"
        sources["nobody"].write_text("localhost\n")
        times: dict[str, list[float]] = {side: [] for side in sources}
        for _round in range(rounds):
            for side, file in sources.items():
                times[side].append(elapsed(command, file, 1 if side == "nobody" else count))
    medians = {side: statistics.median(values) for side, values in times.items()}
    return {side: medians[side] - medians["nobody"] for side in SIDES}


def elapsed(command: tuple[str, ...], source: Path, count: int) -> float:
    """Time a program of Ansible's with an inventory source, which has to have so many hosts."""
    start = time.perf_counter()
    said = run([PYTHON.with_name(command[0]), *command[1:], "--inventory", source])
    seconds = time.perf_counter() - start
    hosts = set(re.findall(r"\bbench[0-9]+\b(?!\.)", said)) or {"localhost"}
    if len(hosts) != count:
        sys.exit(f"{source.name} has {len(hosts)} hosts instead of {count}")
    return seconds
