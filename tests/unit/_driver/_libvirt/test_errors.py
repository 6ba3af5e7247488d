# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.stratum.virt.plugins.module_utils import _errors
from ansible_collections.stratum.virt.plugins.module_utils._driver._libvirt import protocol
from ansible_collections.stratum.virt.plugins.module_utils._driver._libvirt.errors import UnknownFlags, from_remote
from ansible_collections.stratum.virt.plugins.module_utils._errors import StratumError


def error(code: int, message: str | None = "no", program: int = protocol.REMOTE) -> StratumError:
    return from_remote((code, 10, message), "starting the domain a", program)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        *((code, _errors.NotFound) for code in (42, 43, 49, 50, 53, 62, 66, 72)),
        *((code, _errors.NotSupported) for code in (3, 39, 67, 84)),
        *((code, _errors.InvalidDocument) for code in (27, 35, 92)),
        *((code, _errors.AuthenticationFailed) for code in (45, 79, 94)),
        *((code, _errors.Denied) for code in (29, 88)),
        *((code, _errors.GuestAgentError) for code in (86, 97)),
        *((code, _errors.AlreadyExists) for code in (28, 37, 76, 90)),
        (55, _errors.OperationInvalid),
        (68, _errors.DeadlineExceeded),
        *((code, _errors.DriverError) for code in (1, 8, 9, 38, 78, 100000, -5)),
    ],
)
def test_the_number_decides_the_class(code: int, kind: type[StratumError]) -> None:
    raised = error(code)
    assert raised.__class__ is kind
    assert raised.reason == "starting the domain a: no."
    if isinstance(raised, _errors.DriverError):
        assert raised.code == code


@pytest.mark.parametrize("code", [9, 55])
def test_a_name_that_is_taken_is_known_by_libvirts_words(code: int) -> None:
    assert isinstance(error(code, "domain 'a' already exists with uuid 1"), _errors.AlreadyExists)


def test_flags_that_the_driver_does_not_know() -> None:
    raised = error(8, "unsupported flags (0x20) in function qemuDomainUndefineFlags")
    assert isinstance(raised, UnknownFlags)
    assert raised.flags == 0x20


@pytest.mark.parametrize("code", [1, 9, 74, 86])
def test_what_the_guest_agent_refuses(code: int) -> None:
    assert isinstance(error(code, program=protocol.QEMU), _errors.GuestAgentError)


@pytest.mark.parametrize("message", [None, "", "\n\t"])
def test_an_error_without_words_still_says_something(message: str | None) -> None:
    assert error(9, message).reason == "starting the domain a: libvirt error 9 without a message."


def test_refused_authentication_says_what_to_do() -> None:
    assert "group libvirt" in str(error(94))
