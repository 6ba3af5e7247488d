# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""A network as it was read."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .._document import tree
from .._document.network import without_connections
from .._driver.base import Driver
from .._driver.networks import NetworkRecord, Networks
from .._errors import NotSupported

if TYPE_CHECKING:
    from lxml.etree import _Element as Element


class Seen(NamedTuple):
    """One network with its documents parsed; everything is ``None`` when it does not exist."""

    record: NetworkRecord | None
    config: Element | None
    """The document for the next start; of a transient network, the active one's."""
    live: Element | None

    @property
    def condition(self) -> str:
        """``absent``, ``active`` or ``inactive``."""
        return "absent" if self.record is None else condition_of(self.record)


NOTHING = Seen(None, None, None)


def condition_of(record: NetworkRecord) -> str:
    """Return the one word for what a network is in."""
    return "active" if record.active else "inactive"


def networks_of(driver: Driver) -> Networks:
    """Return the networks of a driver; raise NotSupported when it has none."""
    if driver.networks is None:
        raise NotSupported(f"{driver.uri} has no virtual networks.")
    return driver.networks


def read(driver: Driver, name: str, uuid: str | None) -> Seen:
    """Read a network by its name, or else by its UUID."""
    networks = networks_of(driver)
    found = networks.describe([name])
    if not found and uuid is not None:
        other = networks.find(uuid)
        found = networks.describe([other]) if other is not None else []
    return parse(found[0]) if found else NOTHING


def parse(record: NetworkRecord) -> Seen:
    """Parse a record's documents."""
    what = f"the document of {record.name}"
    live = tree.parse(record.live, what) if record.live else None
    config = tree.parse(record.config, what) if record.config else None
    if config is None and live is not None:
        config = without_connections(tree.clone(live))
    return Seen(record, config, live)
