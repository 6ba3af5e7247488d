# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Carrying out changes of a domain's state: every one waits for its effect, woken by events."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from .._deadline import Deadline
from .._document import tree
from .._driver.base import Driver
from .._driver.domains import DomainRecord, DomainState, Shutdown
from .._errors import DeadlineExceeded, DriverError, GuestAgentError, NotFound, NotSupported, OperationInvalid
from .domain_state import Verb
from .wait import wait_until

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

ASK_AGAIN = 10.0
"""Seconds after which a guest is asked again to shut down: one that is still booting does not hear the first time."""

AGENT_CHANNEL = "org.qemu.guest_agent.0"


class Power:
    """Changes the state of one domain."""

    def __init__(self, driver: Driver, timeout: float, *, force: bool) -> None:
        self._domains = driver.domains
        self._timeout = timeout
        self._force = force

    def run(self, verb: Verb, name: str, *, on_the_way_down: bool = False) -> None:
        """Carry out one verb; raise DeadlineExceeded when its effect does not come in time.

        ``on_the_way_down``: it only lets the guest take part in being shut down. With ``force``, a guest that cannot
        (paused by an I/O error, say) is not waited for: its plug is pulled in the end.
        """
        actions: Mapping[Verb, Callable[[str], None]] = {
            Verb.START: self._start,
            Verb.START_PAUSED: lambda name: self._domains.start(name, paused=True),
            Verb.RESUME: self._resume,
            Verb.SUSPEND: self._suspend,
            Verb.SHUTDOWN: self._shutdown,
            Verb.AWAIT_STOP: self._await_stop,
            Verb.SAVE: self._domains.save,
            Verb.DISCARD_SAVE: self._domains.discard_save,
            Verb.DESTROY: self._domains.destroy,
        }
        try:
            actions[verb](name)
        except (DriverError, DeadlineExceeded):
            if not (on_the_way_down and self._force):
                raise

    def _start(self, name: str) -> None:
        def start() -> None:
            self._domains.start(name)
            if self._is(name, DomainState.PAUSED):
                # Memory that was saved while the domain was paused is restored paused.
                self._domains.resume(name)

        self._until(name, "running", start, DomainState.RUNNING)

    def _resume(self, name: str) -> None:
        self._until(name, "running again", lambda: self._domains.resume(name), DomainState.RUNNING)

    def _suspend(self, name: str) -> None:
        self._until(name, "paused", lambda: self._domains.suspend(name), DomainState.PAUSED)

    def _until(self, name: str, words: str, act: Callable[[], None], state: DomainState) -> None:
        def attempt() -> None:
            try:
                act()
            except OperationInvalid:
                # Somebody else may have done it in the meantime.
                if not self._is(name, state):
                    raise

        deadline = Deadline(self._timeout)
        if wait_until(self._domains, name, lambda: self._is(name, state), deadline, after=attempt) is None:
            raise DeadlineExceeded(f"the domain {name} is not {words} after {self._timeout:g} s.")

    def _await_stop(self, name: str) -> None:
        if not self._stopped_by(name, Deadline(self._timeout), None):
            self._pull_the_plug(name)

    def _shutdown(self, name: str) -> None:
        deadline = Deadline(self._timeout)
        while not deadline.passed:
            if self._stopped_by(name, deadline.sooner(ASK_AGAIN), lambda: self._ask(name)):
                return
        self._pull_the_plug(name)

    def _stopped_by(self, name: str, deadline: Deadline, after: Callable[[], None] | None) -> bool:
        return wait_until(self._domains, name, lambda: self._is_off(name), deadline, after=after) is not None

    def _ask(self, name: str) -> None:
        """Ask the guest to power off: through its agent when that is there, else by the power button."""
        record = self._look(name)
        if record is None or not record.state.active:
            return
        try:
            for how in self._ways(record):
                try:
                    self._domains.shutdown(name, how)
                    return
                except (GuestAgentError, NotSupported):
                    continue
                except DeadlineExceeded:
                    # An agent can hear the question and never answer, which must not keep the plug from being pulled.
                    if how is not Shutdown.AGENT:
                        raise
        except OperationInvalid:
            # It may have stopped by itself in the meantime, which is what was wanted. With force, a guest that cannot
            # be asked is one that does not shut down.
            if self._is_off(name) is None and not self._force:
                raise

    def _ways(self, record: DomainRecord) -> tuple[Shutdown, ...]:
        root = tree.parse(record.live or "<domain/>", f"the document of {record.name}")
        if root.findtext("os/type") == "exe":
            return (Shutdown.INITCTL,)
        if agent_connected(root):
            return (Shutdown.AGENT, Shutdown.ACPI)
        return (Shutdown.ACPI,)

    def _pull_the_plug(self, name: str) -> None:
        if not self._force:
            raise DeadlineExceeded(
                f"the guest of {name} has not shut down within {self._timeout:g} s.",
                hint="Give it a longer timeout, or pull the plug with force: true.",
            )
        try:
            self._domains.destroy(name)
        except (OperationInvalid, NotFound):
            if self._is_off(name) is None:
                raise
        if not self._stopped_by(name, Deadline(self._timeout), None):
            raise DeadlineExceeded(f"the domain {name} is still there after its plug was pulled.")

    def _look(self, name: str) -> DomainRecord | None:
        found = self._domains.describe([name])
        return found[0] if found else None

    def _is(self, name: str, state: DomainState) -> bool | None:
        found = self._domains.describe([name], documents=False)
        return True if found and found[0].state is state else None

    def _is_off(self, name: str) -> bool | None:
        found = self._domains.describe([name], documents=False)
        return True if not found or not found[0].state.active else None


def agent_connected(live: Element) -> bool:
    """Whether the running domain's guest agent has opened its channel."""
    for target in live.iterfind("devices/channel/target"):
        if target.get("name") == AGENT_CHANNEL:
            return target.get("state") == "connected"
    return False
