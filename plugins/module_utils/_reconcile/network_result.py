# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""A network as results show it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._document.network import NETWORK
from .._document.statable import statable
from .._driver.networks import NetworkRecord
from .network_seen import condition_of

if TYPE_CHECKING:
    from lxml.etree import _Element as Element


def summary(record: NetworkRecord) -> dict[str, Any]:
    """Return what is known of a network without its documents."""
    return {
        "name": record.name,
        "uuid": record.uuid,
        "state": condition_of(record),
        "persistent": record.persistent,
        "autostart": record.autostart,
    }


def spec_of(document: Element) -> dict[str, Any]:
    """Return the options that would recreate the network of a document."""
    return NETWORK.show(statable(NETWORK, NETWORK.read(document)))
