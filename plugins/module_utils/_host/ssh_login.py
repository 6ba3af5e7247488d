# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Logging in at an ssh server whose host key is the right one: by keys, by an agent, by a password that was given."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from .._deadline import Deadline
from .._errors import AuthenticationFailed, names
from .base import Access
from .known_hosts import fingerprint
from .last_words import last_words
from .paramiko import paramiko
from .private_key import KeyFile, look_at
from .ssh_connection import Connection

if TYPE_CHECKING:
    from .ssh_config import HostConfig

METHODS = ("agent", "privkey", "password", "keyboard-interactive")
"""Ways to log in, in libvirt's words, in the order in which they are tried."""
BY_KEY = ("agent", "privkey")
AGENT_PATIENCE = 60.0
"""Seconds that an agent gets, which may ask its owner first."""
_CERTIFICATE = "-cert.pub"


class Candidate(NamedTuple):
    """A key to try, and how messages call it."""

    key: paramiko.PKey
    label: str


class Login:
    """One attempt to log in, with all that was tried, for the message when nothing was accepted."""

    def __init__(self, connection: Connection, config: HostConfig, access: Access, methods: Sequence[str]) -> None:
        self._connection = connection
        self._config = config
        self._access = access
        self._methods = methods
        self._said: list[str] = []
        """What became of each attempt."""
        self._wants_passphrase = False
        self._wrong_passphrase = False
        self._taken: list[str] | None = None
        """The methods that the server takes, when it said so."""
        self._agent: _Agent | None = None

    def run(self, deadline: Deadline, name: str) -> None:
        """Log in; raise AuthenticationFailed, DeadlineExceeded, or what paramiko raises when the connection breaks."""
        try:
            if not self._by_key(deadline) and not self._by_password(deadline):
                raise self._refused(name)
        finally:
            if self._agent is not None:
                self._agent.close()

    # Keys

    def _by_key(self, deadline: Deadline) -> bool:
        for candidate in self._candidates(deadline):
            try:
                with self._connection.bounded(deadline, "an answer to a key"):
                    further = self._connection.auth_publickey(self._config.user, candidate.key)
            except paramiko.BadAuthenticationType as error:
                self._taken = error.allowed_types
                self._said.append("keys are not taken")
                return False
            except (paramiko.SSHException, EOFError, OSError) as error:
                self._said.append(f"{candidate.label} {_how_refused(error, self._connection)}")
                if not self._connection.is_active():
                    return False
                continue
            if not further:
                return True
            self._taken = further
            self._said.append(f"{candidate.label} was accepted, and is not enough")
            if "publickey" not in further:
                return False
        return False

    def _candidates(self, deadline: Deadline) -> Iterator[Candidate]:
        """Yield the keys to try. As ssh does, those that were named go first, and without any those of the agent."""
        files = [] if "privkey" not in self._methods and not self._config.identities_stated else list(self._files())
        shown: set[bytes] = set()
        if self._config.identities_stated:
            for file in files:
                yield from self._of_file(file, deadline, shown)
        if "agent" in self._methods and not self._config.identities_only:
            for key in self._agent_keys(deadline):
                if key.asbytes() not in shown:
                    shown.add(key.asbytes())
                    yield _from_agent(key)
        if not self._config.identities_stated:
            for file in files:
                if file.public is None or file.public not in shown:
                    yield from self._of_file(file, deadline, shown)

    def _files(self) -> Iterator[KeyFile]:
        for path in self._config.identities:
            try:
                file = look_at(path)
            except OSError as error:
                if self._config.identities_stated:
                    self._said.append(f"{path} cannot be read ({error.strerror})")
                continue
            except ValueError as error:
                self._said.append(f"{path} is of no use ({error})")
                continue
            if file.exposed:
                self._said.append(f"{path} is not used, because others can read it")
                continue
            yield file

    def _of_file(self, file: KeyFile, deadline: Deadline, shown: set[bytes]) -> Iterator[Candidate]:
        """Yield the key of a file, from the agent where the file alone is not enough."""
        at_hand = file.has_private and "privkey" in self._methods
        if not at_hand or (file.encrypted and self._access.ssh_passphrase is None):
            # Only now the agent is worth asking.
            held = [key for key in self._agent_keys(deadline) if key.asbytes() == file.public]
            if held:
                shown.add(held[0].asbytes())
                yield _from_agent(held[0])
            elif at_hand:
                self._wants_passphrase = True
                self._said.append(f"{file.path} is encrypted, and neither an agent nor a passphrase is there for it")
            return
        key = self._load(file)
        if key is None:
            return
        shown.add(key.asbytes())
        label = f"{file.path} ({key.get_name()} {fingerprint(key.asbytes())})"
        if os.path.exists(file.path + _CERTIFICATE):
            certified = self._load(file)
            with contextlib.suppress(ValueError, OSError, paramiko.SSHException):
                if certified is not None:
                    certified.load_certificate(file.path + _CERTIFICATE)
                    yield Candidate(certified, f"{file.path} with its certificate")
        yield Candidate(key, label)

    def _load(self, file: KeyFile) -> paramiko.PKey | None:
        """Read a private key; say why when that fails."""
        if (file.kind or "").startswith("sk-"):
            self._said.append(f"{file.path} is a hardware key, which only ssh itself can use (command=ssh)")
            return None
        for kind in _classes(file.kind):
            try:
                return kind.from_private_key_file(
                    file.path, password=self._access.ssh_passphrase if file.encrypted else None
                )
            except (paramiko.SSHException, ValueError, OSError, TypeError):
                continue
        if file.encrypted:
            self._wrong_passphrase = True
            self._said.append(f"{file.path} is encrypted with another passphrase than the one that was given")
        else:
            self._said.append(f"{file.path} is in a format that paramiko does not read")
        return None

    def _agent_keys(self, deadline: Deadline) -> Sequence[paramiko.AgentKey]:
        if "agent" not in self._methods or self._config.agent is None:
            return ()
        if self._agent is None:
            try:
                self._agent = _Agent(self._config.agent, deadline.sooner(AGENT_PATIENCE).remaining())
            except (OSError, paramiko.SSHException) as error:
                self._said.append(f"the agent at {self._config.agent} does not answer ({last_words(str(error))})")
                self._methods = [method for method in self._methods if method != "agent"]
                return ()
        return self._agent.keys

    # Passwords

    def _by_password(self, deadline: Deadline) -> bool:
        if self._access.ssh_password is None or not self._connection.is_active():
            return False
        for method in self._methods:
            if method in BY_KEY or (self._taken is not None and method not in self._taken):
                continue
            try:
                with self._connection.bounded(deadline, "an answer to the password"):
                    further = self._with_password(method)
            except paramiko.BadAuthenticationType as error:
                self._taken = error.allowed_types
                continue
            except (paramiko.SSHException, EOFError, OSError) as error:
                self._said.append(f"the password {_how_refused(error, self._connection)}")
                if not self._connection.is_active():
                    return False
                continue
            if not further:
                return True
            self._taken = further
            self._said.append("the password was accepted, and is not enough")
        return False

    def _with_password(self, method: str) -> list[str]:
        password = self._access.ssh_password or ""
        user = self._config.user
        if method == "password":
            return list(self._connection.auth_password(user, password, fallback=False))

        def answer(_title: str, _text: str, prompts: list[tuple[str, bool]]) -> list[str]:
            # What would be shown as it is typed is no password.
            if len(prompts) > 1 or any(shown for _prompt, shown in prompts):
                raise paramiko.SSHException("it asks for something else than a password")
            return [password] * len(prompts)

        return list(self._connection.auth_interactive(user, answer))

    # Failing

    def _refused(self, name: str) -> AuthenticationFailed:
        tried = "; ".join(dict.fromkeys(self._said)) or "there was nothing to try"
        taken = f" The server takes {names(self._taken)}." if self._taken else ""
        return AuthenticationFailed(f"logging in to {name}: {tried}.{taken}", hint=self._advice())

    def _advice(self) -> str:
        if self._wrong_passphrase:
            return "Give the right ssh_passphrase."
        if self._wants_passphrase:
            return "Give ssh_passphrase, or add the key to an ssh agent."
        if self._access.ssh_password is None and self._taken and "publickey" not in self._taken:
            return "Give ssh_password."
        return "Check the user in the URI, and that its authorized_keys has one of our keys; or name another keyfile."


class _Agent:
    """An ssh agent at a socket of this machine."""

    def __init__(self, path: str, seconds: float) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(max(seconds, 0.001))
        self._agent = paramiko.agent.AgentSSH()
        try:
            self._socket.connect(path)
            self._agent._connect(self._socket)  # type: ignore[attr-defined]
        except (OSError, paramiko.SSHException):
            self._socket.close()
            raise
        self.keys = self._agent.get_keys()

    def close(self) -> None:
        """Let go of it."""
        self._socket.close()


def _from_agent(key: paramiko.AgentKey) -> Candidate:
    return Candidate(key, f"the agent's key {fingerprint(key.asbytes())}")


def _classes(kind: str | None) -> list[type[paramiko.PKey]]:
    """Return paramiko's classes for a type of key; all of them when it cannot be seen."""
    known: dict[str, type[paramiko.PKey]] = {
        "ssh-ed25519": paramiko.Ed25519Key,
        "ssh-rsa": paramiko.RSAKey,
        "ecdsa": paramiko.ECDSAKey,
    }
    return [each for prefix, each in known.items() if kind is None or kind.startswith(prefix)]


def _how_refused(error: Exception, connection: Connection) -> str:
    if not connection.is_active():
        return "was refused, and the server closed the connection"
    if error.__class__ is paramiko.AuthenticationException:  # its subclasses say more
        return "was refused"
    return f"was refused ({last_words(str(error))})"
