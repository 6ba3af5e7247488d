# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab by hand: ``python3 -m tests.lab up --nodes 2``, ``down``, ``status``, ``enter node1``, ``run COMMAND``."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

from tests.lab.lab import Lab, LabError, Node, labs


def describe(lab: str, node: Node) -> str:
    return f"{lab}/{node.name} {node.address}\n  virsh -c '{node.uri}'"


def up(arguments: argparse.Namespace) -> int:
    lab = Lab(arguments.nodes, arguments.name)
    for node in lab.up(keep=True):
        print(describe(lab.name, node))
    return 0


def down(arguments: argparse.Namespace) -> int:
    Lab(name=arguments.name).down()
    return 0


def status(arguments: argparse.Namespace) -> int:
    for name, nodes in labs().items():
        if arguments.name not in (None, name):
            continue
        for node in nodes:
            print(describe(name, node))
    return 0


def enter(arguments: argparse.Namespace) -> int:
    for node in Lab(name=arguments.name).attach():
        if node.name == arguments.node:
            argv = node.enter(*(arguments.command or ["bash"]))
            os.execvp(argv[0], argv)
    raise LabError(f"there is no node {arguments.node}; `up` makes some, `status` shows them")


def run(arguments: argparse.Namespace) -> int:
    """Run a command beside a node of its own, which the collection and virsh find without being told."""
    argv = arguments.command[1:] if arguments.command[:1] == ["--"] else arguments.command
    with Lab(name=arguments.name) as lab:
        (node,) = lab.nodes
        environment = {"STRATUM_VIRT_URI": node.uri, "LIBVIRT_DEFAULT_URI": node.uri, "LAB_IMAGES": str(node.images)}
        return subprocess.run(argv, env={**os.environ, **environment}, check=False).returncode


def main() -> int:
    parser = argparse.ArgumentParser(prog="python3 -m tests.lab", description="Real libvirt nodes on this machine.")
    parser.add_argument("--name", help="which lab; without, the one that belongs to this checkout")
    commands = parser.add_subparsers(dest="verb", required=True)
    verb = commands.add_parser("up", help="start the lab, in place of the one that may be up")
    verb.add_argument("--nodes", type=int, default=1)
    verb.set_defaults(call=up)
    commands.add_parser("down", help="stop it and remove its traces").set_defaults(call=down)
    commands.add_parser("status", help="list the labs that are up").set_defaults(call=status)
    verb = commands.add_parser("enter", help="run a command, or a shell, inside a node")
    verb.add_argument("node")
    verb.add_argument("command", nargs=argparse.REMAINDER)
    verb.set_defaults(call=enter)
    verb = commands.add_parser("run", help="run a command beside a lab of one node that ends with it")
    verb.add_argument("command", nargs=argparse.REMAINDER)
    verb.set_defaults(call=run)
    arguments = parser.parse_args()
    try:
        return int(arguments.call(arguments))
    except LabError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
