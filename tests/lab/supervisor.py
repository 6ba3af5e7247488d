# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The first process of a lab: the switch that the nodes hang on, and the nodes.

It runs in its own network, mount and process namespaces. Its end is the end of everything in it.
"""

from __future__ import annotations

import fcntl
import subprocess
import sys
from pathlib import Path

NETWORK = "10.77.0"
SWITCH_ADDRESS = 254


def ip(*argv: str) -> None:
    subprocess.run(["ip", *argv], check=True)


def make_switch() -> None:
    # Named network namespaces are mounts; a private place for them keeps them inside this mount namespace.
    Path("/run/netns").mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "netns", "/run/netns"], check=True)
    ip("link", "set", "lo", "up")
    ip("link", "add", "switch", "type", "bridge")
    ip("address", "add", f"{NETWORK}.{SWITCH_ADDRESS}/24", "dev", "switch")
    ip("link", "set", "switch", "up")


def plug_in(name: str, address: str) -> None:
    """Make the node's network namespace, with a cable to the switch."""
    ip("netns", "add", name)
    ip("link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", name)
    ip("link", "set", name, "master", "switch", "up")
    ip("-n", name, "link", "set", "lo", "up")
    ip("-n", name, "address", "add", f"{address}/24", "dev", "eth0")
    ip("-n", name, "link", "set", "eth0", "up")


def start_node(folder: Path, hosts: str) -> subprocess.Popen[bytes]:
    folder.mkdir()
    (folder / "hosts").write_text(hosts)
    return subprocess.Popen(
        [
            *("nsenter", f"--net=/run/netns/{folder.name}"),
            *("unshare", "--mount", "--uts", "--pid", "--fork", "--kill-child", "--"),
            *(sys.executable, "-m", "tests.lab.node", str(folder)),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    )


def main(folder: Path, count: int) -> None:
    lock = (folder / "lock").open("w")
    fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    make_switch()
    addresses = {f"node{number}": f"{NETWORK}.{number}" for number in range(1, count + 1)}
    hosts = "127.0.0.1 localhost\n" + "".join(f"{address} {name}\n" for name, address in addresses.items())
    nodes = []
    for name, address in addresses.items():
        plug_in(name, address)
        nodes.append(start_node(folder / name, hosts))
    for (name, address), node in zip(addresses.items(), nodes):
        assert node.stdout
        if node.stdout.readline() != b"up\n":
            sys.exit(f"{name} did not start")
        (folder / name / "address").write_text(f"{address}\n")
    print("up", flush=True)
    if sys.stdin.readline() == "keep\n":
        for node in nodes:
            node.wait()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
