# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kinds of objects that have a table. What is tested of one of them is tested of all."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._document import domain, network, pool, pool_type, volume
from ansible_collections.stratum.virt.plugins.module_utils._document.field import Spec, Table
from ansible_collections.stratum.virt.plugins.module_utils._document.lxml import etree

if TYPE_CHECKING:
    from lxml.etree import _Element as Element


class Complete(Protocol):
    def __call__(self, spec: Spec, current: Spec | None, /) -> Spec: ...


class Write(Protocol):
    def __call__(self, document: Element, spec: Spec, exclusive: frozenset[str] = ..., /) -> None: ...


class ObjectKind(NamedTuple):
    """One kind of object, and what its tests have to know of it."""

    name: str
    """That of its folder in the corpus, too."""
    table: Table
    complete: Complete
    write: Write
    root: str
    schema: str
    """libvirt's own, in its folder of schemas."""
    least: int
    """How many documents its corpus has at least."""
    secrets: tuple[str, ...] = ()
    """The options that are secret."""
    lists: frozenset[str] = frozenset()
    """Some of the lists that ``exclusive`` can name."""
    entries: tuple[str, ...] = ()
    """Where entries stand that keep what no option knows."""
    newer: frozenset[tuple[str, str]] = frozenset()
    """Words of options that libvirt 9.0 does not know yet."""
    ours: frozenset[tuple[str, str]] = frozenset()
    """Words of options that stand in no document."""
    always: tuple[str, ...] = ("name",)
    """Options that every task states."""

    def empty(self) -> Element:
        return etree.Element(self.root)


DOMAIN = ObjectKind(
    name="domain",
    table=domain.DOMAIN,
    complete=domain.complete,
    write=domain.write,
    root="domain",
    schema="domain.rng",
    least=60,
    secrets=("graphics.password",),
    lists=frozenset(("disks", "interfaces", "channels", "cpu.features", "hostdevs")),
    entries=("devices/*",),
    newer=frozenset((("watchdog.model", "itco"), ("panic.model", "pvpanic"))),
    # These take the device away, or leave the place that the word would stand in.
    ours=frozenset((f"{device}.model", "none") for device in ("tpm", "watchdog", "vsock", "iommu", "panic")),
)

VOLUME = ObjectKind(
    name="volume",
    table=volume.VOLUME,
    complete=volume.complete,
    write=volume.write,
    root="volume",
    schema="storagevol.rng",
    least=12,
)

NETWORK = ObjectKind(
    name="network",
    table=network.NETWORK,
    complete=network.complete,
    write=network.write,
    root="network",
    schema="network.rng",
    least=30,
    lists=frozenset(("ip", "ip.dhcp.hosts", "ip.dhcp.ranges", "dns.hosts", "portgroups", "routes")),
    entries=("portgroup", "ip", "ip/dhcp/host", "dns/host"),
    # What a document says of an isolated network is that it has no such element.
    ours=frozenset((("forward.mode", "none"),)),
)

POOL = ObjectKind(
    name="pool",
    table=pool.POOL,
    complete=pool_type.complete,
    write=pool.write,
    root="pool",
    schema="storagepool.rng",
    least=25,
    entries=("source", "target", "target/permissions"),
)

KINDS = (DOMAIN, VOLUME, NETWORK, POOL)

every_kind = pytest.mark.parametrize("kind", KINDS, ids=[kind.name for kind in KINDS])
