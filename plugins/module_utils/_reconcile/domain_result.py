# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""A domain as results show it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._document import tree
from .._document.domain import DOMAIN
from .._document.secrets import scrub
from .._document.statable import statable
from .._driver.domains import DomainRecord
from .domain_state import condition_of

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

    from .._document.field import Table


def summary(record: DomainRecord) -> dict[str, Any]:
    """Return what is known of a domain without its documents."""
    return {
        "name": record.name,
        "uuid": record.uuid,
        "state": condition_of(record),
        "reason": record.reason,
        "persistent": record.persistent,
        "autostart": record.autostart,
    }


def spec_of(document: Element, table: Table = DOMAIN) -> dict[str, Any]:
    """Return the options that would recreate the domain of a document, without secrets, or those of one table."""
    return table.show(statable(table, table.read(document)))


def xml_of(document: Element) -> str:
    """Return a document as text, without secrets."""
    clean = tree.clone(document)
    scrub(DOMAIN, clean)
    return tree.serialize(clean)
