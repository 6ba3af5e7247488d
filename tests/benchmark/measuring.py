# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How both sides are measured: processes of their own, in turn, and what counts is the ratio."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[2]
PYTHON = CHECKOUT / ".venv-bench" / "bin" / "python"
SIDES = ("ours", "peer")
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "PYTHON", "STRATUM_"))},
    "PYTHONPATH": str(CHECKOUT / "build"),
    "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / "build"),
    "ANSIBLE_CONFIG": str(CHECKOUT / "tests" / "ansible.cfg"),
}

Times = dict[str, float]
"""Seconds, by side."""


def alternate(measure: Callable[[str], float], rounds: int) -> Times:
    """Measure both sides in turn; return the median of each."""
    times: dict[str, list[float]] = {side: [] for side in SIDES}
    for _round in range(rounds):
        for side in SIDES:
            times[side].append(measure(side))
    return {side: statistics.median(values) for side, values in times.items()}


def report(what: str, times: Times, goal: float) -> None:
    """Print one line."""
    mine, theirs = times["ours"], times["peer"]
    print(f"{what:34}{mine * 1000:11.1f} ms{theirs * 1000:9.1f} ms{mine / theirs:8.2f}{f'≤ {goal}':>8}", flush=True)


def side_of(*argv: str) -> dict[str, Any]:
    """Run one side's work in a process of its own; return what it says."""
    measured: dict[str, Any] = json.loads(run([PYTHON, str(Path(__file__).with_name("sides.py")), *argv]))
    return measured


def run(argv: Sequence[str | Path], text: str | None = None) -> str:
    """Return what a command prints; end with its words when it fails."""
    done = subprocess.run(argv, input=text, capture_output=True, text=True, timeout=600, env=ENVIRONMENT, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, argv))} failed:\n{done.stdout}{done.stderr}")
    return done.stdout
