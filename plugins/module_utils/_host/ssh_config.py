# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""What the configuration of ssh says about a host. Source: ssh_config(5)."""

from __future__ import annotations

import getpass
import glob
import os
import re
import shlex
import socket
import stat
from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

from .._errors import StratumError

USER_FILE = "~/.ssh/config"
SYSTEM_FILE = "/etc/ssh/ssh_config"
DEFAULT_PORT = 22
DEEPEST_INCLUDE = 16
"""As in ssh."""
USER_KNOWN_HOSTS = ("~/.ssh/known_hosts", "~/.ssh/known_hosts2")
GLOBAL_KNOWN_HOSTS = ("/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2")
IDENTITIES = tuple(f"~/.ssh/id_{kind}" for kind in ("rsa", "ecdsa", "ecdsa_sk", "ed25519", "ed25519_sk"))
"""The keys that ssh tries by itself, in its order."""
KEPT = (
    "hostname",
    "port",
    "user",
    "identitiesonly",
    "identityagent",
    "proxyjump",
    "proxycommand",
    "userknownhostsfile",
    "globalknownhostsfile",
    "connecttimeout",
    "stricthostkeychecking",
    "hostkeyalias",
)
"""Of these the first value counts. Everything else has no meaning here."""
NOT_IN_NAMES = frozenset("'`\"$\\;&<>|(){}*?!,#")
"""Signs that mean something to a shell or in known_hosts, and have no business in the name of a machine or a user."""
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_STRICT = {
    "yes": "normal",
    "ask": "normal",
    "true": "normal",
    "accept-new": "auto",
    # A changed key is refused all the same, which ssh only half does.
    "no": "auto",
    "off": "auto",
    "false": "auto",
}


class HostConfig(NamedTuple):
    """What is configured for one host, with the defaults of ssh, and with its tokens and ``~`` expanded."""

    host: str
    """The name or address to connect to."""
    port: int
    user: str
    identities: tuple[str, ...]
    """Files of private keys; those that are tried by default when ``identities_stated`` is not set."""
    identities_stated: bool
    identities_only: bool
    agent: str | None
    """The agent's socket, where there is one."""
    jumps: tuple[str, ...]
    """Hosts to go through, the first one first."""
    proxy_command: str | None
    known_hosts: tuple[str, ...]
    """Files, those of the user first."""
    known_as: str | None
    """The name under which the host is known, where it is another one."""
    connect_timeout: float | None
    verify: str
    """``normal``, or ``auto`` where an unknown host key is accepted."""
    notes: tuple[str, ...]
    """Sentences about what is configured and not done here."""


class Asked(NamedTuple):
    """What a person asks for; it goes before the configuration."""

    host: str
    port: int | None = None
    user: str | None = None


def read_config(asked: Asked, user_file: str = USER_FILE, system_file: str = SYSTEM_FILE) -> HostConfig:
    """Return what two files say about a host; a file that is not there says nothing.

    Raises StratumError when one cannot be read, can be written by others, or has a value that cannot be right.
    """
    found = _Lookup(asked)
    for _pass in range(2):  # what stands under "Match final" is looked at when the rest is known
        found.read(_home(user_file), of_user=True)
        found.read(_home(system_file), of_user=False)
        found.final = True
    return found.result()


class _Lookup:
    """The values that were found for one host, while the files are read."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.final = False
        self.values: dict[str, tuple[list[str], str]] = {}
        """By lower-case keyword: its arguments, and where they stand."""
        self.identities: list[str] = []
        self.notes: list[str] = []

    # Reading

    def read(self, path: str, *, of_user: bool, applies: bool = True, depth: int = 0) -> None:
        """Take what a file says; ``applies`` tells whether what includes it does."""
        if depth > DEEPEST_INCLUDE:
            raise StratumError(f"reading {path}: files that include each other go deeper than {DEEPEST_INCLUDE}.")
        here = applies
        for number, line in enumerate(_lines(path, of_user), 1):
            keyword, arguments = _split(line, path, number)
            where = f"{path} line {number}"
            if keyword == "host":
                here = applies and _matches_any(self.asked.host, arguments)
            elif keyword == "match":
                here = applies and self._match(arguments, where)
            elif keyword == "include":
                for included in _included(arguments, of_user):
                    self.read(included, of_user=of_user, applies=here, depth=depth + 1)
            elif here and arguments:
                self._take(keyword, arguments, where)

    def _take(self, keyword: str, arguments: list[str], where: str) -> None:
        if keyword == "identityfile":
            if arguments[0] not in self.identities:
                self.identities.append(arguments[0])
        elif keyword in KEPT:
            self.values.setdefault(keyword, (arguments, where))

    def _match(self, arguments: list[str], where: str) -> bool:
        """Whether every criterion of a ``Match`` line is true."""
        tests: dict[str, Callable[[], str]] = {
            "host": lambda: self.host,
            "originalhost": lambda: self.asked.host,
            "user": lambda: self.user,
            "localuser": getpass.getuser,
        }
        waiting = list(arguments)
        result = True
        while waiting:
            name = waiting.pop(0).lower()
            negated, name = name.startswith("!"), name.lstrip("!")
            if name in ("all", "canonical", "final"):
                # Names are not made canonical here, so this never begins again for that.
                true = name == "all" or (name == "final" and self.final)
            elif not waiting:
                raise StratumError(f"{where}: Match {name} has nothing to compare with.")
            elif name in tests:
                true = _matches_any(tests[name](), waiting.pop(0).split(","))
            else:
                waiting.pop(0)
                self._note(f"{where}: Match {name} is not evaluated here, and what stands under it does not count.")
                return False
            result = result and true is not negated
        return result

    def _note(self, note: str) -> None:
        if note not in self.notes:
            self.notes.append(note)

    # What is known so far

    @property
    def host(self) -> str:
        name = self._first("hostname")
        return self.asked.host if name is None else name.replace("%h", self.asked.host).replace("%%", "%")

    @property
    def user(self) -> str:
        return self.asked.user or self._first("user") or getpass.getuser()

    @property
    def port(self) -> int:
        if self.asked.port is not None:
            return self.asked.port
        value = self._first("port") or str(DEFAULT_PORT)
        if not (value.isdecimal() and 0 < int(value) < 65536):
            raise self._wrong("port", "a port")
        return int(value)

    def _first(self, keyword: str) -> str | None:
        found = self.values.get(keyword)
        return found[0][0] if found else None

    def _wrong(self, keyword: str, wanted: str) -> StratumError:
        arguments, where = self.values[keyword]
        return StratumError(f"{where}: {arguments[0]!r} is not {wanted}.")

    # The result

    def result(self) -> HostConfig:
        stated = [self._path(each) for each in self.identities if each.lower() != "none"]
        return HostConfig(
            host=self.host,
            port=self.port,
            user=self.user,
            identities=tuple(stated) if self.identities else tuple(_home(each) for each in IDENTITIES),
            identities_stated=bool(self.identities),
            identities_only=self._yes("identitiesonly"),
            agent=self._agent(),
            jumps=self._jumps(),
            proxy_command=self._proxy_command(),
            known_hosts=(
                *self._files("userknownhostsfile", USER_KNOWN_HOSTS),
                *self._files("globalknownhostsfile", GLOBAL_KNOWN_HOSTS),
            ),
            known_as=self._first("hostkeyalias"),
            connect_timeout=self._connect_timeout(),
            verify=self._verify(),
            notes=tuple(self.notes),
        )

    def _yes(self, keyword: str) -> bool:
        value = (self._first(keyword) or "no").lower()
        if value not in ("yes", "no", "true", "false"):
            raise self._wrong(keyword, "yes or no")
        return value in ("yes", "true")

    def _agent(self) -> str | None:
        value = self._first("identityagent") or "SSH_AUTH_SOCK"
        if value == "none":
            return None
        if value.startswith("$"):
            value = os.environ.get(value[1:].strip("{}")) or ""
        elif value == "SSH_AUTH_SOCK":
            value = os.environ.get("SSH_AUTH_SOCK") or ""
        else:
            value = self._path(value)
        return value or None

    def _jumps(self) -> tuple[str, ...]:
        value = self._first("proxyjump") or "none"
        if value.lower() == "none" or not self._proxy_goes_first("proxyjump", "proxycommand"):
            return ()
        return tuple(self._expand(hop.strip()) for hop in value.split(",") if hop.strip())

    def _proxy_command(self) -> str | None:
        found = self.values.get("proxycommand")
        if found is None or not self._proxy_goes_first("proxycommand", "proxyjump"):
            return None
        line = found[0][0]
        if line.lower() == "none":
            return None
        for name in (self.asked.host, self.host, self.user):
            if not is_name(name):
                raise StratumError(f"{found[1]}: a ProxyCommand is run by a shell, and {name!r} is not for a shell.")
        return self._expand(line)

    def _proxy_goes_first(self, keyword: str, other: str) -> bool:
        """Whether it was found before the other one, which then has no effect."""
        order = list(self.values)
        return other not in self.values or order.index(keyword) < order.index(other)

    def _files(self, keyword: str, default: Sequence[str]) -> Iterator[str]:
        found = self.values.get(keyword)
        for path in found[0] if found else default:
            if path.lower() != "none":
                yield self._path(path)

    def _connect_timeout(self) -> float | None:
        value = (self._first("connecttimeout") or "none").lower()
        if value in ("none", "0"):
            return None
        pieces = re.findall(r"(\d+)([smhdw]?)", value)
        if not pieces or "".join(number + unit for number, unit in pieces) != value:
            raise self._wrong("connecttimeout", "a time")
        return float(sum(int(number) * _SECONDS[unit] for number, unit in pieces))

    def _verify(self) -> str:
        value = (self._first("stricthostkeychecking") or "ask").lower()
        if value not in _STRICT:
            raise self._wrong("stricthostkeychecking", f"one of {', '.join(_STRICT)}")
        return _STRICT[value]

    def _path(self, text: str) -> str:
        return _home(self._expand(text))

    def _expand(self, text: str) -> str:
        """Replace ``%`` tokens and ``${VARIABLES}``."""
        tokens: dict[str, Callable[[], str]] = {
            "%": lambda: "%",
            "h": lambda: self.host,
            "n": lambda: self.asked.host,
            "k": lambda: self._first("hostkeyalias") or self.asked.host,
            "p": lambda: str(self.port),
            "r": lambda: self.user,
            "u": getpass.getuser,
            "d": lambda: _home("~"),
            "i": lambda: str(os.getuid()),
            "l": socket.gethostname,
            "L": lambda: socket.gethostname().partition(".")[0],
        }

        def token(match: re.Match[str]) -> str:
            if match[1] not in tokens:
                raise StratumError(f"the configuration of ssh: the token %{match[1]} in {text!r} is not known here.")
            return tokens[match[1]]()

        text = re.sub(r"\$\{(\w+)\}", lambda match: os.environ.get(match[1], ""), text)
        return re.sub("%(.)", token, text)


def is_name(text: str) -> bool:
    """Whether a text can be the name of a machine or a user: nothing that a shell or a program takes for more."""
    return text.isprintable() and not text.startswith("-") and " " not in text and NOT_IN_NAMES.isdisjoint(text)


def _home(path: str) -> str:
    return os.path.expanduser(path)


def _lines(path: str, of_user: bool) -> list[str]:
    """Return the lines of a file, none when it is not there."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            owner = os.fstat(file.fileno())
            # It can make us run programs. ssh, too, takes no such file from others.
            if of_user and (owner.st_uid not in (0, os.getuid()) or owner.st_mode & (stat.S_IWGRP | stat.S_IWOTH)):
                raise StratumError(
                    f"reading {path}: it belongs to another user, or others can write to it.",
                    hint="Let it belong to the user, with mode 0600.",
                )
            return file.read().splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise StratumError(f"reading {path}: {error.strerror}.") from error


def _split(line: str, path: str, number: int) -> tuple[str, list[str]]:
    """Return the lower-case keyword of a line and its arguments, ``""`` for a line that says nothing."""
    line = line.strip()
    if not line or line.startswith("#"):
        return "", []
    keyword, rest = (part.strip() for part in re.split(r"\s*=\s*|\s+", f"{line} ", maxsplit=1))
    keyword = keyword.lower()
    if keyword == "proxycommand":
        # All of it is for the shell, quotes and all.
        return keyword, [rest] if rest else []
    lexer = shlex.shlex(rest, posix=True, punctuation_chars=False)
    lexer.whitespace_split = True
    lexer.commenters = "#" if keyword in KEPT else ""
    try:
        return keyword, list(lexer)
    except ValueError as error:
        raise StratumError(f"{path} line {number}: {error}.") from error


def _included(patterns: Sequence[str], of_user: bool) -> Iterator[str]:
    """Yield the files that an ``Include`` names; a relative one is beside the user's or the system's own file."""
    folder = os.path.dirname(_home(USER_FILE if of_user else SYSTEM_FILE))
    for pattern in patterns:
        yield from sorted(glob.glob(os.path.join(folder, _home(pattern))))


def _matches_any(name: str, patterns: Sequence[str]) -> bool:
    """Whether a name fits one pattern and none that is negated."""
    return match_patterns(name.lower(), [pattern.lower() for pattern in patterns])


def match_patterns(name: str, patterns: Sequence[str]) -> bool:
    """Whether a name fits one of the patterns of ``ssh_config(5)`` and none of those behind a ``!``."""
    fits = [pattern.startswith("!") for pattern in patterns if _fits(name, pattern.lstrip("!"))]
    return bool(fits) and not any(fits)


def _fits(name: str, pattern: str) -> bool:
    # Unlike for a shell, brackets are only brackets.
    return fnmatchcase(name, pattern.replace("[", "[[]"))
