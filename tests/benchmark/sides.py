# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The two sides of the benchmark: the same work with our client and with libvirt-python.

Run as a program of its own, ``sides.py SIDE WORK URI [FILE]``, so that imports count and neither side warms the other
up. ``WORK`` is ``domains``, ``volumes`` (both: read all, several times), ``far`` (read all domains once), ``one`` (read
one domain) or ``upload``. What it prints tells how long importing and connecting took, and each time of the work.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable

POOL = "bench"
IMAGE = "image.raw"
ROUNDS = 7

Work = Callable[[], int]


def ours(uri: str, file: str) -> dict[str, Work]:
    """Return what can be done through stratum.virt."""
    from ansible_collections.stratum.virt.plugins.module_utils._driver.registry import open_driver
    from ansible_collections.stratum.virt.plugins.module_utils._host.local import LocalHost

    host = LocalHost()
    driver = open_driver(uri, host, 60)

    def domains() -> int:
        return sum(len(record.config or "") > 0 for record in driver.domains.describe())

    def volumes() -> int:
        if driver.volumes is None:
            return 0
        return sum(len(record.document) > 0 for record in driver.volumes.describe({POOL: None}))

    def one() -> int:
        return len(driver.domains.describe(["bench0"])[0].config or "")

    def upload() -> int:
        if driver.volumes is None:
            return 0
        sent = 0
        with driver.volumes.upload(POOL, IMAGE) as writer:
            for extent in host.extents(file):
                if extent.hole:
                    writer.hole(extent.hole)
                else:
                    writer.write(extent.data)
                sent += extent.hole or len(extent.data)
        return sent

    return {"domains": domains, "far": domains, "volumes": volumes, "one": one, "upload": upload}


def peer(uri: str, _file: str) -> dict[str, Work]:
    """Return the same through libvirt-python; its uploads are virsh's."""
    import libvirt

    connection = libvirt.open(uri)

    def domains() -> int:
        return sum(len(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)) > 0 for domain in connection.listAllDomains())

    def volumes() -> int:
        found = connection.storagePoolLookupByName(POOL).listAllVolumes()
        # Type, capacity and allocation; all else that is known of a volume is in its document alone.
        return sum(len(volume.XMLDesc()) > 0 and volume.info()[1] > 0 for volume in found)

    def one() -> int:
        return len(connection.lookupByName("bench0").XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE))

    return {"domains": domains, "far": domains, "volumes": volumes, "one": one}


def main() -> None:
    side, name, uri, *rest = sys.argv[1:]
    start = time.perf_counter()
    work = {"ours": ours, "peer": peer}[side](uri, rest[0] if rest else "")[name]
    connecting = time.perf_counter() - start
    rounds = ROUNDS if name in ("domains", "volumes") else 1
    times = []
    for _round in range(rounds):
        start = time.perf_counter()
        count = work()
        times.append(time.perf_counter() - start)
        if not count:
            sys.exit("there was nothing to do")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    json.dump({"count": count, "connecting": connecting, "times": times, "memory": memory}, sys.stdout)


if __name__ == "__main__":
    main()
