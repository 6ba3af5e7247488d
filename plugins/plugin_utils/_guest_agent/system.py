# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""What a guest's system has to offer: the programs by which the connection does its work in it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple

from ...module_utils._errors import StratumError

FAILED = 125
"""The exit status of a program of ours that could not do its work; it says why on its standard error."""


class GuestFailed(StratumError):
    """The guest can be reached, and what was asked of it failed."""


class Program(NamedTuple):
    """What the agent is told to run."""

    path: str
    arguments: list[str]


class System(ABC):
    """One kind of system.

    A command has a *folder* of its own, which nobody else can look into: ``out`` and ``err`` in it are what the command
    writes, ``in``, if it is there, is what it reads. A program of ours that cannot do its work ends with FAILED.
    """

    takes_input: bool
    """Whether commands read what the agent gives them; else it has to be in the folder."""

    @abstractmethod
    def folder(self, token: str) -> str:
        """Return the path of a new folder."""

    @abstractmethod
    def inside(self, folder: str, name: str) -> str:
        """Return the path of a file in it."""

    @abstractmethod
    def make(self, folder: str) -> Program:
        """Make the folder."""

    @abstractmethod
    def command(self, command: str, folder: str, *, limit: int, inline: int) -> Program:
        """Run a command; keep ``limit`` bytes of each of its outputs, and one more to tell that there were more.

        Outputs of at most ``inline`` bytes together are written, at the end, to the program's own, and the folder is
        removed. Else the folder stays, and its path is all that the program writes to its standard error. The folder is
        made if it is not there.
        """

    @abstractmethod
    def kill(self, process: int, folder: str) -> Program:
        """End a program with all that it has started, and remove its folder, if it has one."""

    @abstractmethod
    def discard(self, folder: str) -> Program:
        """Remove a folder with what is in it."""

    @abstractmethod
    def create(self, path: str, destination: str) -> Program:
        """Make an empty file that only we can read, which is to become ``destination``."""

    @abstractmethod
    def finish(
        self, path: str, destination: str, *, digest: str, size: int, executable: bool, given: bool = False
    ) -> Program:
        """Give a file its name, if what is in it has this size, and this SHA-256 digest where something can tell it.

        Remove it otherwise. ``given``: make it first, of the program's input.
        """

    @abstractmethod
    def remove(self, path: str) -> Program:
        """Remove a file."""

    @abstractmethod
    def digest(self, path: str) -> Program:
        """Write the SHA-256 digest of a regular file, or nothing where nothing can tell it."""
