# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Domains through libvirt."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

from ..._deadline import Deadline
from ..._errors import DeadlineExceeded, Denied, NotFound, OperationInvalid, StratumError
from ..base import Capability
from ..domains import Address, Choose, DomainRecord, Domains, Shutdown, Surveyed, Watch
from . import protocol, reading
from .client import Client
from .objects import Objects, with_flags
from .protocol import Procedure

LIVE = 1 << 0
"""Of memory, vCPUs, metadata and devices: the running domain's, not the configuration's."""
DEFINE_VALIDATE = 1 << 0
START_PAUSED, START_FRESH = 1 << 0, 1 << 3
DESTROY_GRACEFUL = 1 << 0
RESIZE_BYTES = 1 << 0
UNDEFINE_ALL = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 4 | 1 << 5
"""Managed save, snapshot metadata, NVRAM, checkpoint metadata, TPM state."""
HOW = {Shutdown.ACPI: (1 << 0,), Shutdown.AGENT: (1 << 1,), Shutdown.INITCTL: (1 << 2, 1 << 3)}
"""Flags by which a guest is asked, a call each. libvirt's LXC driver leaves out the signal when it is given together
with the message to init, and takes a message that no init reads for delivered."""
SOURCES = {"lease": 0, "agent": 1, "arp": 2}
DESCRIPTION, TITLE, ELEMENT = 0, 1, 2
PM_SUSPENDED = 7
STATS_NOWAIT = 1 << 29
NOT_RUNNING = 5
CPU_TIMES = ("cpu.time", "cpu.user", "cpu.system")
AGENT_GRACE = 2.0
"""Seconds that the daemon gets, beyond the guest agent's time, to say that the agent did not answer."""


class LibvirtDomains(Domains):
    """Domains of one libvirt connection."""

    def __init__(self, client: Client, capabilities: frozenset[Capability]) -> None:
        self._client = client
        self._capabilities = capabilities
        self._domains = Objects(client, reading.DOMAIN)

    def names(self) -> list[str]:
        return self._domains.names()

    def describe(
        self, names: Sequence[str] | None = None, *, documents: bool = True, secrets: bool = False
    ) -> list[DomainRecord]:
        readings = reading.read(
            self._client,
            self._domains,
            names,
            documents=documents,
            secrets=secrets,
            bulk_state=Capability.STATS in self._capabilities,
        )
        return [each.record(documents) for each in readings]

    def survey(
        self, choose: Choose, sources: Sequence[str], deadline: Deadline, *, live: bool = False
    ) -> list[Surveyed]:
        from .addresses import addresses as told
        from .survey import Survey

        asked = [SOURCES[source] for source in sources if Capability.GUEST_ADDRESSES in self._capabilities]
        survey = Survey(self._client, deadline, bulk_state=Capability.STATS in self._capabilities)
        readings = survey.listed(choose)
        self._domains.keep(reading.domain for reading in readings)
        return [
            Surveyed(
                reading.record(True),
                [each for interfaces, source in zip(answers, sources) for each in told(interfaces, source)],
            )
            for reading, answers in survey.read(readings, asked, live=live)
        ]

    def find(self, uuid: str) -> str | None:
        return self._domains.find(uuid)

    def define(self, document: str) -> None:
        flags = DEFINE_VALIDATE
        self._domains.keep([with_flags(self._client, protocol.DOMAIN_DEFINE, (document,), flags, optional=flags)])

    def undefine(self, name: str) -> None:
        # A driver that refuses one of these flags has nothing of that kind to remove.
        self._domains.call(protocol.DOMAIN_UNDEFINE, name, flags=UNDEFINE_ALL, optional=UNDEFINE_ALL)
        self._domains.forget(name)

    def start(self, name: str, *, paused: bool = False, fresh: bool = False) -> None:
        flags = (START_PAUSED if paused else 0) | (START_FRESH if fresh else 0)
        self._domains.call(protocol.DOMAIN_START, name, flags=flags, optional=START_FRESH)

    def shutdown(self, name: str, how: Shutdown) -> None:
        self._ask(protocol.DOMAIN_SHUTDOWN, name, how)

    def reboot(self, name: str, how: Shutdown) -> None:
        self._ask(protocol.DOMAIN_REBOOT, name, how)

    def reset(self, name: str) -> None:
        self._domains.call(protocol.DOMAIN_RESET, name, 0)

    def destroy(self, name: str, *, graceful: bool = False) -> None:
        self._domains.call(protocol.DOMAIN_DESTROY, name, DESTROY_GRACEFUL if graceful else 0)

    def suspend(self, name: str) -> None:
        self._domains.call(protocol.DOMAIN_SUSPEND, name)

    def resume(self, name: str) -> None:
        try:
            self._domains.call(protocol.DOMAIN_RESUME, name)
        except OperationInvalid:
            state, _reason = self._domains.call(protocol.DOMAIN_STATE, name, 0)
            if state != PM_SUSPENDED:
                raise
            self._domains.call(protocol.DOMAIN_WAKE_UP, name, 0)

    def save(self, name: str) -> None:
        self._domains.call(protocol.DOMAIN_SAVE, name, 0)

    def discard_save(self, name: str) -> None:
        self._domains.call(protocol.DOMAIN_DISCARD_SAVE, name, 0)

    def set_autostart(self, name: str, enabled: bool) -> None:
        self._domains.call(protocol.DOMAIN_SET_AUTOSTART, name, int(enabled))

    def rename(self, name: str, new_name: str) -> None:
        self._domains.call(protocol.DOMAIN_RENAME, name, new_name, 0)
        self._domains.forget(name)

    def attach_device(self, name: str, device: str) -> None:
        self._domains.call(protocol.DOMAIN_ATTACH, name, device, LIVE)

    def detach_device(self, name: str, device: str) -> None:
        self._domains.call(protocol.DOMAIN_DETACH, name, device, LIVE)

    def update_device(self, name: str, device: str) -> None:
        self._domains.call(protocol.DOMAIN_UPDATE, name, device, LIVE)

    def set_memory(self, name: str, kibibytes: int) -> None:
        self._domains.call(protocol.DOMAIN_SET_MEMORY, name, kibibytes, LIVE)

    def set_vcpus(self, name: str, count: int) -> None:
        self._domains.call(protocol.DOMAIN_SET_VCPUS, name, count, LIVE)

    def set_title(self, name: str, title: str | None) -> None:
        self._domains.call(protocol.DOMAIN_SET_METADATA, name, TITLE, title, None, None, LIVE)

    def set_description(self, name: str, description: str | None) -> None:
        self._domains.call(protocol.DOMAIN_SET_METADATA, name, DESCRIPTION, description, None, None, LIVE)

    def set_metadata(self, name: str, element: str | None, prefix: str, namespace: str) -> None:
        self._domains.call(protocol.DOMAIN_SET_METADATA, name, ELEMENT, element, prefix, namespace, LIVE)

    def resize_disk(self, name: str, target: str, size: int) -> None:
        self._domains.call(protocol.DOMAIN_RESIZE_BLOCK, name, target, size, RESIZE_BYTES)

    def addresses(
        self, names: Sequence[str], sources: Sequence[str], deadline: Deadline | None = None
    ) -> dict[str, list[Address]]:
        # It takes milliseconds to import, and most tasks ask for no address.
        from .addresses import addresses as told

        domains = self._domains.present(names)
        asked = [(domain, source) for domain in domains for source in sources]
        answers = self._client.pipeline(
            [(protocol.DOMAIN_ADDRESSES, (domain, SOURCES[source], 0)) for domain, source in asked],
            deadline,
            late_is_refused=deadline is not None,
        )
        found: dict[str, list[Address]] = {domain.name: [] for domain in domains}
        for (domain, source), answer in zip(asked, answers):
            if isinstance(answer, Denied):
                raise answer
            if not isinstance(answer, StratumError):
                found[domain.name] += told(answer, source)
        return found

    def stats(self, names: Sequence[str] | None = None) -> dict[str, dict[str, Any]]:
        domains = [] if names is None else self._domains.present(names)
        if names is not None and not domains:
            return {}
        try:
            records = self._records(domains)
        except NotFound:
            # One of them has gone since, and libvirt then tells nothing about the others.
            every = self.stats()
            return {domain.name: every[domain.name] for domain in domains if domain.name in every}
        for _domain, values in records:
            if values.get("state.state") == NOT_RUNNING:
                # libvirt 9 tells the daemon's own.
                for key in CPU_TIMES:
                    values.pop(key, None)
        return {domain.name: values for domain, values in records}

    def _records(self, domains: Sequence[protocol.Domain]) -> list[tuple[protocol.Domain, dict[str, Any]]]:
        records: list[tuple[protocol.Domain, dict[str, Any]]]
        try:
            records = self._client.call(protocol.DOMAIN_STATS, domains, 0, 0)
        except DeadlineExceeded:
            # A domain whose monitor hangs holds up all others, but for those who do not wait for what goes on in it.
            records = self._client.call(protocol.DOMAIN_STATS, domains, 0, STATS_NOWAIT)
        return records

    def agent(self, name: str, command: str, deadline: Deadline) -> str:
        seconds = max(1, round(deadline.remaining()))
        answer = self._domains.call(
            protocol.DOMAIN_AGENT, name, command, seconds, 0, deadline=Deadline(seconds + AGENT_GRACE)
        )
        return str(answer or "")

    def watch(self, name: str) -> AbstractContextManager[Watch]:
        from .events import watch

        return watch(self._client, self._domains.get(name))

    def _ask(self, procedure: Procedure, name: str, how: Shutdown) -> None:
        # Hypervisors without ACPI have an ordinary way of their own, which is what no flag at all means.
        (acpi,) = HOW[Shutdown.ACPI]
        for flag in HOW[how]:
            self._domains.call(procedure, name, flags=flag, optional=acpi)
