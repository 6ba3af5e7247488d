# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""A domain as it was read."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .._document import tree
from .._driver.base import Driver
from .._driver.domains import DomainRecord
from .domain_state import condition_of

if TYPE_CHECKING:
    from lxml.etree import _Element as Element


class Seen(NamedTuple):
    """One domain with its documents parsed; everything is ``None`` when it does not exist."""

    record: DomainRecord | None
    config: Element | None
    """The document for the next start; of a transient domain, the running one's."""
    live: Element | None

    @property
    def condition(self) -> str:
        """``absent``, or what the domain is in."""
        return "absent" if self.record is None else condition_of(self.record)


NOTHING = Seen(None, None, None)


def read(driver: Driver, name: str, uuid: str | None) -> Seen:
    """Read a domain by its name, or else by its UUID, with secrets in its documents.

    Without secrets a document could not be written back: the hypervisor would forget them.
    """
    found = driver.domains.describe([name], secrets=True)
    if not found and uuid is not None:
        other = driver.domains.find(uuid)
        found = driver.domains.describe([other], secrets=True) if other is not None else []
    return parse(found[0]) if found else NOTHING


def parse(record: DomainRecord) -> Seen:
    """Parse a record's documents."""
    what = f"the document of {record.name}"
    live = tree.parse(record.live, what) if record.live else None
    config = tree.parse(record.config, what) if record.config else None
    return Seen(record, live if config is None else config, live)
