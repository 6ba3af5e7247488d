# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Replies of a guest agent: any JSON at all, until each value has been looked at."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping

from ...module_utils._errors import GuestAgentError, PeerError

ANSWER_LIMIT = 4194304
"""Characters of an answer; libvirt passes on no longer text."""
MESSAGE_LIMIT = 500
"""Characters of what a guest says that are shown."""
LARGEST = 2**63 - 1
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


def printable(text: str) -> str:
    """Make one line of bounded length out of what a guest says."""
    cleaned = _UNPRINTABLE.sub(" ", text[: MESSAGE_LIMIT + 1]).strip()
    return cleaned if len(cleaned) <= MESSAGE_LIMIT else cleaned[:MESSAGE_LIMIT] + "…"


def value_of(answer: str, what: str) -> object:
    """Return what an answer returns; raise GuestAgentError for a refusal, PeerError for anything but an answer."""
    if len(answer) > ANSWER_LIMIT:
        raise PeerError(f"{what}: the guest agent's answer has more than {ANSWER_LIMIT} characters.")
    try:
        reply = json.loads(answer)
    except (ValueError, RecursionError) as error:
        raise PeerError(f"{what}: the guest agent's answer is not JSON.") from error
    if not isinstance(reply, dict):
        raise PeerError(f"{what}: the guest agent's answer is no object.")
    if "error" in reply:
        refusal = reply["error"]
        told = refusal.get("desc") if isinstance(refusal, dict) else None
        said = printable(told) if isinstance(told, str) else ""
        raise GuestAgentError(f"{what}: the guest agent refused it{': ' + said if said else ' without a reason.'}")
    if "return" not in reply:
        raise PeerError(f"{what}: the guest agent's answer returns nothing.")
    return reply["return"]


class Reply:
    """An object that a guest agent returned, read member by member; each raises PeerError when it makes no sense."""

    def __init__(self, value: object, what: str) -> None:
        if not isinstance(value, Mapping):
            raise PeerError(f"{what}: the guest agent returned no object.")
        self._value = value
        self._what = what

    def number(self, key: str, *, least: int = 0, most: int = LARGEST, default: int | None = None) -> int:
        """Return a whole number between ``least`` and ``most``."""
        value = self._value.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise self._senseless(key)
        return value

    def flag(self, key: str, *, default: bool | None = None) -> bool:
        value = self._value.get(key, default)
        if not isinstance(value, bool):
            raise self._senseless(key)
        return value

    def text(self, key: str, *, default: str | None = None) -> str:
        value = self._value.get(key, default)
        if not isinstance(value, str):
            raise self._senseless(key)
        return value

    def octets(self, key: str, *, most: int) -> bytes:
        """Return at most so many bytes; none when there is no such member."""
        text = self.text(key, default="")
        if len(text) > (most + 2) // 3 * 4:
            raise self._senseless(key)
        try:
            value = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError) as error:
            raise self._senseless(key) from error
        if len(value) > most:
            raise self._senseless(key)
        return value

    def has(self, key: str) -> bool:
        return key in self._value

    def _senseless(self, key: str) -> PeerError:
        return PeerError(f"{self._what}: the guest agent returned no {key} that makes sense.")
