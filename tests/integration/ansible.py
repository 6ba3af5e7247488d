# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the collection of this checkout with the ansible-core beside this Python."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.lab import Node

CHECKOUT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(sys.executable).parent
# Not ANSIBLE_INVENTORY: that is a list of paths, where the comma would say "and the whole working directory".
HERE = ("--inventory=localhost,", "--connection=local")


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment in which ansible sees this checkout and nothing of the user's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "STRATUM_VIRT_"))}
    return {
        **kept,
        "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / "build"),
        "ANSIBLE_ASYNC_DIR": str(CHECKOUT / "build" / "ansible" / "async"),
        "ANSIBLE_CONFIG": str(CHECKOUT / "tests" / "ansible.cfg"),
        "ANSIBLE_HOME": str(CHECKOUT / "build" / "ansible"),
        "ANSIBLE_NOCOLOR": "true",
        "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
        **(extra or {}),
    }


def playbook(
    file: Path, *argv: str, environment: Mapping[str, str] | None = None, timeout: float = 900
) -> subprocess.CompletedProcess[str]:
    """Run a playbook on this machine."""
    return _run(["ansible-playbook", *HERE, str(file), *argv], environment, timeout)


def program(
    argv: Sequence[str], *, at: Node | None = None, environment: Mapping[str, str] | None = None, timeout: float = 300
) -> subprocess.CompletedProcess[str]:
    """Run a program of Ansible's, without any inventory, on this machine or inside a node."""
    return _run([*argv], environment, timeout, at)


def module(name: str, arguments: Mapping[str, Any], *argv: str, timeout: float = 300) -> dict[str, Any]:
    """Run one task with a module of the collection; return its whole result, with ``failed`` always in it.

    ``argv`` may hold ``--check`` and ``--diff``.
    """
    with tempfile.NamedTemporaryFile("r", suffix=".json") as results:
        done = _run(
            [
                *("ansible", "localhost", *HERE, f"--module-name=stratum.virt.{name}"),
                *(f"--args={json.dumps(arguments)}", *argv),
            ],
            {
                "ANSIBLE_CALLBACKS_ENABLED": "results",
                "ANSIBLE_CALLBACK_PLUGINS": str(Path(__file__).parent / "callback"),
                "ANSIBLE_LOAD_CALLBACK_PLUGINS": "true",
                "STRATUM_TEST_RESULTS": results.name,
            },
            timeout,
        )
        lines = results.read().splitlines()
    if len(lines) != 1:
        raise AssertionError(f"ansible gave {len(lines)} results: {done.stdout}{done.stderr}")
    result: dict[str, Any] = json.loads(lines[0])
    return result


def _run(
    argv: list[str], extra: Mapping[str, str] | None, timeout: float, at: Node | None = None
) -> subprocess.CompletedProcess[str]:
    command = [str(PROGRAMS / argv[0]), *argv[1:]]
    return subprocess.run(
        at.enter(*command) if at else command,
        env=environment(extra),
        capture_output=True,
        text=True,
        timeout=timeout,
        stdin=subprocess.DEVNULL,
        check=False,
    )
