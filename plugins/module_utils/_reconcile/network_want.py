# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""What a network's configuration is to become. No I/O here."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .._document import tree
from .._document.field import Difference
from .._document.network import LISTS, NETWORK, write
from .._document.network_check import misfits, mode_of, problems
from .._document.statable import statable
from .._document.subset import Missing, merge, missing
from .._errors import InputError
from .network_request import NetworkRequest
from .network_seen import Seen

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

WITHOUT_RESTART = ("name", "tags")
"""Options of which an active network's document may say something else for ever, and nobody has to mind."""


class Wanted(NamedTuple):
    """The configuration that a request asks for."""

    document: Element
    differences: list[Difference]
    """Where the configuration is not as stated; empty for a new network."""
    raw: list[Missing]
    """What ``xml`` says beyond the options, and the configuration does not."""


def want(request: NetworkRequest, seen: Seen) -> Wanted:
    """Work out what the configuration is to become; raise InputError for what makes no sense."""
    base = tree.parse("<network/>", "a new network") if seen.config is None else seen.config
    document = tree.clone(base)
    if request.xml is not None:
        merge(document, request.xml, LISTS)
    write(document, request.spec, request.exclusive)
    _check(base, document, request)
    if seen.record is None:
        return Wanted(document, [], [])
    raw: list[Missing] = []
    if request.xml is not None:
        typed = tree.clone(base)
        write(typed, request.spec, request.exclusive)
        raw = missing_of_xml(typed, request)
    return Wanted(document, differences(base, request), raw)


def _check(before: Element, after: Element, request: NetworkRequest) -> None:
    """Raise InputError for what makes no sense. What did so before, and is not stated, is not this task's business."""
    old = set(problems(statable(NETWORK, NETWORK.read(before))))
    new = statable(NETWORK, NETWORK.read(after))
    stated = set(misfits(request.spec, mode_of(new)))
    for problem in (*stated, *problems(new)):
        if problem in stated or problem not in old:
            raise InputError(problem.option, problem.reason, hint=problem.hint)


def differences(document: Element, request: NetworkRequest) -> list[Difference]:
    """Return where a document of the network is not as the request wants it."""
    return list(NETWORK.differences(document, request.spec, "", request.exclusive))


def live_differences(live: Element, request: NetworkRequest) -> list[Difference]:
    """Return where the active network is not as the request wants it."""
    return [item for item in differences(live, request) if item.path not in WITHOUT_RESTART]


def missing_of_xml(document: Element, request: NetworkRequest) -> list[Missing]:
    """Return what a document does not say of the request's ``xml``, apart from what is in the spec."""
    if request.xml is None:
        return []
    known = tree.parse("<network/>", "nothing")
    write(known, request.spec)
    beyond = tuple(f"{item.path}/" for item in missing(known, request.xml, LISTS))
    return [item for item in missing(document, request.xml, LISTS) if f"{item.path}/".startswith(beyond)]


def raw_differences(live: Element, config: Element, request: NetworkRequest) -> list[Missing]:
    """Return what only ``xml`` says, the configuration has, and the active network does not."""
    ignored = {item.path for item in missing_of_xml(config, request)}
    return [item for item in missing_of_xml(live, request) if item.path not in ignored]
