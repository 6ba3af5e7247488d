# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""One guest agent: its commands, which of them it allows, and what system it runs on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ...module_utils._deadline import Deadline
from ...module_utils._errors import GuestAgentError, NotSupported, StratumError
from .channel import Channel
from .replies import Reply, value_of

COMMAND_LIMIT = 163840
"""Characters of a command. libvirt gives up on a command that does not fit into the buffer of QEMU's socket at once
(212,992 bytes, less what the kernel takes for itself), and says only that the agent did not answer."""
LEAST_PATIENCE = 2.0
"""Seconds for an answer, even if a command has less left."""


class Agent:
    """The agent of one domain. ``timeout`` is how many seconds each of its answers may take."""

    def __init__(self, channel: Channel, timeout: float) -> None:
        self._channel = channel
        self.timeout = timeout
        self.domain = channel.domain
        self._enabled: dict[str, bool] | None = None
        self._windows: bool | None = None

    def close(self) -> None:
        self._channel.close()

    def call(
        self,
        command: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        what: str,
        repeatable: bool = False,
        deadline: Deadline | None = None,
    ) -> object:
        """Return what a command returns, of any type.

        ``what`` is the beginning of every message. Raises OutcomeUnknown when something that is not ``repeatable`` may
        have happened, else what the driver raises, with the domain's condition in it where that is the reason.
        """
        request = {"execute": command, **({"arguments": arguments} if arguments else {})}
        text = json.dumps(request, separators=(",", ":"))
        if len(text) > COMMAND_LIMIT:
            raise NotSupported(f"{what}: it takes more than the {COMMAND_LIMIT} characters that an agent can be sent.")
        seconds = self.timeout
        if deadline is not None:
            seconds = min(seconds, max(deadline.remaining(), LEAST_PATIENCE))
        try:
            answer = self._channel.ask(text, Deadline(seconds), repeatable=repeatable)
        except StratumError as error:
            condition = self._channel.condition_behind(error)
            if condition is None:
                raise
            raise condition from error
        return value_of(answer, what)

    def ping(self, deadline: Deadline | None = None) -> None:
        """Raise an error when the agent does not answer."""
        self.call("guest-ping", what="asking the guest agent whether it is there", repeatable=True, deadline=deadline)

    def require(self, commands: tuple[str, ...], what: str) -> None:
        """Raise NotSupported unless the agent allows these commands."""
        if self._enabled is None:
            self._enabled = self._commands()
        missing = [command for command in commands if command not in self._enabled]
        if missing:
            raise NotSupported(f"{what}: the guest agent of the domain {self.domain} does not know {missing[0]}.")
        blocked = [command for command in commands if not self._enabled[command]]
        if blocked:
            raise NotSupported(
                f"{what}: {blocked[0]} is disabled in the guest agent of the domain {self.domain}.",
                hint="The agent's configuration in the guest says what is blocked or allowed. While the guest's file"
                " systems are frozen, nearly everything is disabled.",
            )

    @property
    def windows(self) -> bool:
        """Whether the guest's system is Windows. Systems that do not say what they are count as Unix."""
        if self._windows is None:
            self._windows = self._system() == "mswindows"
        return self._windows

    def _commands(self) -> dict[str, bool]:
        what = f"asking the guest agent of the domain {self.domain} what it can do"
        listed = self.call("guest-info", what=what, repeatable=True)
        entries = listed.get("supported_commands") if isinstance(listed, Mapping) else None
        found = {}
        for entry in entries if isinstance(entries, list) else []:
            reply = Reply(entry, what)
            found[reply.text("name")] = reply.flag("enabled")
        return found

    def _system(self) -> str:
        if self._enabled is None:
            self._enabled = self._commands()
        if not self._enabled.get("guest-get-osinfo"):
            return ""
        what = f"asking the guest agent of the domain {self.domain} what system it runs on"
        try:
            return Reply(self.call("guest-get-osinfo", what=what, repeatable=True), what).text("id", default="")
        except GuestAgentError:
            return ""
