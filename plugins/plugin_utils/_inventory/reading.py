# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Reading the domains of one node, in a thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ...module_utils._deadline import Deadline
from ...module_utils._document.domain import DOMAIN
from ...module_utils._driver.base import Capability, Driver
from ...module_utils._driver.domains import DomainRecord, Surveyed
from ...module_utils._reconcile.domain_result import summary
from ...module_utils._reconcile.domain_survey import BRIEF, facts, has_agent
from .._driver import connect
from .naming import short
from .nodes import NodeSource
from .selection import Candidate, Selection, Stage
from .variables import of_domain

if TYPE_CHECKING:
    from ...module_utils._document.field import Table

AGENT = "agent"
AGENT_SHARE = 0.9
"""Of the time that is left, the part that agents may take."""
LISTED = ("reason",)
"""What the summary of a domain has, and the list of all domains does not tell."""


class Read(NamedTuple):
    """What was read of a node: the URI that was opened, and facts about domains, in values that JSON can hold."""

    uri: str
    domains: list[dict[str, Any]]
    problems: list[str]
    """Sentences about what could not be read of it."""
    candidates: dict[str, Candidate]
    """By UUID, how far they came while they were read. Of what was kept from an earlier time, there are none."""


class Found(NamedTuple):
    """What a node has answered; making facts of it takes time that is not the node's."""

    uri: str
    domains: list[Surveyed]
    problems: list[str]
    candidates: dict[str, Candidate]
    table: Table
    """What is wanted of their specs."""

    def read(self) -> Read:
        """Return the facts."""
        domains, problems = [], list(self.problems)
        for seen in self.domains:
            known, problem = facts(seen, self.table)
            domains.append(known)
            if problem is not None:
                problems.append(f"{short(seen.record.name)!r} has no spec: {short(problem, 300)}")
        return Read(self.uri, domains, problems, self.candidates)


def read(
    node: NodeSource,
    selection: Selection,
    sources: Sequence[str],
    deadline: Deadline,
    warn: Callable[[str], object],
    *,
    spec: bool,
) -> Found:
    """Read what is wanted of a node, as far as that can be told while it is read; raises what drivers raise."""
    with connect(
        node.uri,
        deadline.seconds,
        ssh_password=node.ssh_password,
        ssh_passphrase=node.ssh_passphrase,
        warn=warn,
    ) as driver:
        candidates: dict[str, Candidate] = {}
        table = DOMAIN if spec else BRIEF

        def choose(record: DomainRecord) -> bool:
            known = {name: value for name, value in summary(record).items() if name not in LISTED}
            candidate = candidates[record.uuid] = Candidate(record.name)
            return selection.wants(candidate, Stage.LISTED, of_domain(node.name, driver.uri, known))

        quick = [source for source in sources if source != AGENT]
        domains = driver.domains.survey(choose, quick, deadline, live=AGENT in sources)
        problems: list[str] = []
        if AGENT in sources and Capability.AGENT in driver.capabilities:
            if selection.reads():
                domains = [
                    seen
                    for seen in domains
                    if selection.wants(
                        candidates[seen.record.uuid],
                        Stage.READ,
                        of_domain(node.name, driver.uri, facts(seen, table)[0], spec=spec),
                    )
                ]
            domains, problems = _ask_agents(driver, domains, deadline)
        return Found(driver.uri, domains, problems, candidates, table)


def _ask_agents(driver: Driver, domains: list[Surveyed], deadline: Deadline) -> tuple[list[Surveyed], list[str]]:
    """Add what the guests' agents say to the addresses, as far as they say it in time."""
    asked = [seen.record.name for seen in domains if has_agent(seen.record)]
    # Some time is kept for what comes after them.
    patience = deadline.sooner(deadline.remaining() * AGENT_SHARE)
    said = driver.domains.addresses(asked, [AGENT], patience) if asked else {}
    problems = ["not every guest agent answered in time"] if asked and patience.passed else []
    return [Surveyed(seen.record, [*seen.addresses, *said.get(seen.record.name, ())]) for seen in domains], problems
