# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The two sides of the benchmark: the same work with our client and with libvirt-python.

Run as a program of its own, ``sides.py SIDE WORK URI``, so that imports count and neither side warms the other up.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable


def ours(uri: str) -> tuple[Callable[[], int], Callable[[], int]]:
    """Return reading all documents, and reading one, through stratum.virt."""
    from ansible_collections.stratum.virt.plugins.module_utils._driver.registry import open_driver
    from ansible_collections.stratum.virt.plugins.module_utils._host.local import LocalHost

    driver = open_driver(uri, LocalHost(), 60)

    def read_all() -> int:
        return sum(len(record.config or "") > 0 for record in driver.domains.describe())

    def read_one() -> int:
        return len(driver.domains.describe(["bench0"])[0].config or "")

    return read_all, read_one


def peer(uri: str) -> tuple[Callable[[], int], Callable[[], int]]:
    """Return the same through libvirt-python."""
    import libvirt

    connection = libvirt.open(uri)

    def read_all() -> int:
        return sum(len(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)) > 0 for domain in connection.listAllDomains())

    def read_one() -> int:
        return len(connection.lookupByName("bench0").XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE))

    return read_all, read_one


def main() -> None:
    side, work, uri = sys.argv[1:]
    read_all, read_one = {"ours": ours, "peer": peer}[side](uri)
    if work == "one":
        if not read_one():
            sys.exit("an empty document")
        return
    times = []
    for _round in range(7):
        start = time.perf_counter()
        count = read_all()
        times.append(time.perf_counter() - start)
    json.dump({"count": count, "times": times}, sys.stdout)


if __name__ == "__main__":
    main()
