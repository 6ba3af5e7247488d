# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the checks: ``python tests/run.py lint units contract integration sanity``.

The last lines count what ran, and say what was skipped and why. The exit status is 0 if nothing failed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

CHECKOUT = Path(__file__).resolve().parents[1]
BUILD = CHECKOUT / "build"
PROGRAMS = Path(sys.executable).parent
COLLECTION = "ansible_collections.stratum.virt.plugins"
LINK = "build/ansible_collections/stratum/virt"

LINT = {
    "ruff check": ["ruff", "check", "."],
    "ruff format": ["ruff", "format", "--check", "."],
    "mypy": [
        "mypy",
        "--cache-dir",
        "build/mypy",
        "-p",
        f"{COLLECTION}.module_utils",
        "-p",
        f"{COLLECTION}.modules",
        "-p",
        f"{COLLECTION}.action",
        "-p",
        f"{COLLECTION}.connection",
        "-p",
        f"{COLLECTION}.inventory",
        "-p",
        f"{COLLECTION}.plugin_utils",
        "-p",
        "tests.lab",
    ],
    "ansible-lint": ["ansible-lint", "--offline", "--profile", "production", "--strict"],
    "yamllint": ["yamllint", "--strict", "."],
    "antsibull-docs": ["antsibull-docs", "lint-collection-docs", "--plugin-docs", LINK],
    "antsibull-changelog": ["antsibull-changelog", "lint"],
    "reuse": ["reuse", "lint", "--quiet"],
    "shellcheck": ["shellcheck", "tools/bootstrap", "tools/install", ".ci/run"],
}


@dataclass
class Count:
    """What became of the checks of one runner."""

    passed: int = 0
    failed: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.passed} passed, {len(self.failed)} failed, {len(self.skipped)} skipped"


def run(argv: Sequence[str], environment: Mapping[str, str] | None = None, cwd: Path = CHECKOUT) -> tuple[int, str]:
    """Run a command, showing what it prints; return its status and that text."""
    print(f"\n$ {' '.join(argv)}", flush=True)
    # Tools come from beside this Python first, so that nobody has to activate anything.
    path = f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}"
    process = subprocess.Popen(
        argv if (found := shutil.which(argv[0], path=path)) is None else [found, *argv[1:]],
        cwd=cwd,
        env={**os.environ, "PATH": path, "ANSIBLE_HOME": str(BUILD / "ansible"), **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert process.stdout
    output = b""
    while part := os.read(process.stdout.fileno(), 65536):  # not line by line: pytest shows progress within one
        sys.stdout.buffer.write(part)
        sys.stdout.flush()
        output += part
    return process.wait(), output.decode(errors="replace")


def lint() -> Count:
    count = Count()
    for name, argv in LINT.items():
        status = run(argv, {"ANSIBLE_COLLECTIONS_PATH": str(BUILD)})[0]
        if status == 0:
            count.passed += 1
        else:
            count.failed.append(name)
    return count


def tests(folder: str) -> Count:
    """Run pytest on one folder of tests."""
    report = BUILD / f"{folder}.xml"
    report.unlink(missing_ok=True)
    arguments = os.environ.get("PYTEST_ARGUMENTS", "").split()
    status = run([sys.executable, "-m", "pytest", f"tests/{folder}", f"--junit-xml={report}", *arguments])[0]
    count = Count()
    if report.is_file():
        for case in ElementTree.parse(report).iter("testcase"):
            name = f"{case.get('classname', '')}.{case.get('name', '')}".lstrip(".")
            skip = case.find("skipped")
            if case.find("failure") is not None or case.find("error") is not None:
                count.failed.append(name)
            elif skip is not None:
                count.skipped.append(f"{name}: {skip.get('message', '')}")
            else:
                count.passed += 1
    if status != 0 and not count.failed:  # nothing was collected, or pytest itself went wrong
        count.failed.append(f"pytest ended with {status}")
    return count


def sanity() -> Count:
    """Run ansible-test on a copy of what git has or would take: it wants the path, and resolves a link to it.

    The copy is a repository itself, or ansible-test would ask the one around it, which ignores the copy.
    """
    root = BUILD / "sanity" / "ansible_collections" / "stratum" / "virt"
    shutil.rmtree(root, ignore_errors=True)
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        source = CHECKOUT / name
        if source.is_file():  # a file that was deleted but not committed is still listed
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, root / name, follow_symlinks=False)
    subprocess.run(["git", "init", "--quiet", str(root)], check=True)
    if not get_pip_reachable():
        place_get_pip()
    status, output = run(
        [str(PROGRAMS / "ansible-test"), "sanity", "--local", "--requirements", "--color", "no"],
        {"PATH": os.pathsep.join([*real_interpreters(), os.environ["PATH"]])},
        cwd=root,
    )
    ran = re.findall(r'^Running sanity test "([^"]+)"', output, re.MULTILINE)
    skipped = re.findall(r"^WARNING: (Skipping .*)", output, re.MULTILINE)
    failures = re.search(r"listed below \(out of \d+\) failed.*\n((?:\S.*\n)+)", output)
    failed = failures.group(1).splitlines() if failures else []
    if status and not failed:
        failed.append(f"ansible-test ended with {status}")
    return Count(max(len(ran) - len(failed), 0), failed, skipped)


def real_interpreters() -> list[str]:
    """Return the folders of the Pythons to test with, this one's first.

    ansible-test looks for pythonX.Y and runs what it finds; a version manager's stand-in for a version that isn't
    selected would be found and fail.
    """
    managed = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    return [str(Path(sys.executable).resolve().parent), *(str(path) for path in sorted(managed.glob("3.*/bin")))]


def get_pip_reachable() -> bool:
    try:
        with urllib.request.urlopen("https://bootstrap.pypa.io/", timeout=5):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def place_get_pip() -> None:
    """Give ansible-test the get-pip that it cannot download: one that takes Python's own pip.

    ensurepip empties pip's settings in the environment, and those may say where packages come from.
    """
    script = """\
import ensurepip, os, subprocess, sys
environment = dict(os.environ)
ensurepip.bootstrap(upgrade=True, default_pip=True)
packages = [argument for argument in sys.argv[1:] if not argument.startswith("--no-")]
sys.exit(subprocess.call([sys.executable, "-m", "pip", "install", *packages], env=environment))
"""
    cache = Path.home() / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    for name in ("get_pip_24_2.py", "get_pip_25_2.py"):
        if not (cache / name).exists():
            (cache / name).write_text(script)


RUNNERS = {
    "lint": lint,
    "units": lambda: tests("unit"),
    "contract": lambda: tests("contract"),
    "integration": lambda: tests("integration"),
    "sanity": sanity,
}


def main(names: Sequence[str]) -> int:
    counts = {}
    lines = []
    for name in names:
        start = time.monotonic()
        counts[name] = count = RUNNERS[name]()
        lines.append(f"{name:<12}{count} in {time.monotonic() - start:.0f} s")
        lines += [f"    failed: {what}" for what in count.failed]
        lines += [f"    skipped: {what}" for what in count.skipped]
    total = Count(
        sum(count.passed for count in counts.values()),
        [what for count in counts.values() for what in count.failed],
        [what for count in counts.values() for what in count.skipped],
    )
    print("", *lines, total, sep="\n")
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
