# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._driver._libvirt.parameters import (
    SSH,
    TRANSPORTS,
    check_parameters,
    daemon_uri,
    is_set,
    ssh_methods,
)
from ansible_collections.stratum.virt.plugins.module_utils._errors import InputError
from ansible_collections.stratum.virt.plugins.module_utils._uri import parse

VALUES = {"mode": "legacy", "proxy": "native", "known_hosts_verify": "auto", "sshauth": "agent,privkey"}


@pytest.mark.parametrize("name", [name for name in TRANSPORTS if name != "tls_priority"])
@pytest.mark.parametrize("transport", [*SSH, "tls", "tcp", "unix", ""])
def test_every_parameter_at_every_transport(name: str, transport: str) -> None:
    scheme = f"qemu+{transport}" if transport else "qemu"
    uri = parse(f"{scheme}://node1/system?{name}={VALUES.get(name, '1')}")
    if (transport or "tls") in TRANSPORTS[name]:
        check_parameters(uri)
        return
    with pytest.raises(InputError, match=f"{name!r} is not known: {transport or 'tls'} has none") as raised:
        check_parameters(uri)
    assert "name" in (raised.value.hint or "")


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("soket=/x", "'soket' is not known: there is none of that name.*Known with ssh: name, mode, socket"),
        ("mode=fast", "the mode 'fast' is not known.*Known: auto, direct, legacy"),
        ("proxy=squid", "the proxy 'squid' is not known"),
        ("known_hosts_verify=no", "the known_hosts_verify 'no' is not known"),
        ("sshauth=agent,telepathy", "the sshauth 'telepathy' is not known"),
        ("no_verify=yes", "'yes' is not a number"),
        ("no_verify=²", "'²' is not a number"),
        ("name=--help", "the name '--help' is not a URI"),
        ("keyfile=", "'keyfile' has no value"),
    ],
)
def test_what_is_wrong(query: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        check_parameters(parse(f"qemu+ssh://node1/system?{query}"))


def test_what_cannot_mean_the_same() -> None:
    with pytest.raises(InputError, match="tls_priority is in the words of GnuTLS"):
        check_parameters(parse("qemu+tls://node1/system?tls_priority=NORMAL"))


def test_what_they_mean() -> None:
    uri = parse("qemu+ssh://node1/system?no_verify=1&no_tty=0&sshauth=privkey,agent&name=qemu:///session")
    assert (is_set(uri, "no_verify"), is_set(uri, "no_tty")) == (True, False)
    assert ssh_methods(uri) == ("privkey", "agent")
    assert daemon_uri(uri) == "qemu:///session"
    plain = parse("qemu+ssh://root@node1:22/system")
    assert (daemon_uri(plain), ssh_methods(plain), is_set(plain, "no_verify")) == ("qemu:///system", None, False)


@pytest.mark.parametrize(
    "text",
    [
        "qemu+ssh://ann:secret@node1:port/system",
        "qemu+ssh://ann:secret/x@[node1/system",
        "qemu:/ann:secret@node1/system",
    ],
)
def test_a_password_in_what_is_no_uri_is_not_shown(text: str) -> None:
    with pytest.raises(InputError, match="is not a URI") as raised:
        parse(text)
    assert "secret" not in str(raised.value)
    assert raised.value.__cause__ is None
