# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Objects with a name and a UUID: what domains, networks and pools have in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ..._deadline import Deadline
from ..._errors import InputError, NotFound, StratumError
from .client import Client
from .errors import UnknownFlags
from .protocol import Procedure

ONE_BY_ONE = 8
"""Up to so many objects are looked up by name; for more of them everything is listed, which takes fewer calls."""


class Kind(NamedTuple):
    """How objects of one kind are found."""

    list: Procedure
    by_name: Procedure
    by_uuid: Procedure


class Question(NamedTuple):
    """What is asked about every object of a kind."""

    procedure: Procedure
    arguments: tuple[Any, ...] = ()
    filter: int = 0
    """The flag with which a list has only those objects of which something is true, where there is such a list."""
    listed: bool = True
    """What the answer is for the objects in that list; it is the opposite for the others."""


Found = tuple[Any, "dict[str, Any]"]
"""An object, and what is known of it."""


class Objects:
    """The objects of one kind on one connection.

    The wire names an object by its UUID. UUIDs that were seen are kept, so that a task goes on with the very object
    that it has read, and saves a round trip per call.
    """

    def __init__(self, client: Client, kind: Kind) -> None:
        self._client = client
        self._kind = kind
        self._known: dict[str, Any] = {}

    def names(self) -> list[str]:
        """Return the names of all, sorted."""
        objects, _count = self._client.call(self._kind.list, 1, 0)
        return sorted(each.name for each in objects)

    def find(self, uuid: str) -> str | None:
        """Return the name of the one with this UUID, ``None`` when there is none; raise InputError."""
        try:
            wanted = bytes.fromhex(uuid.replace("-", ""))
        except ValueError:
            wanted = b""
        if len(wanted) != 16:
            raise InputError("uuid", f"{uuid!r} is not a UUID.")
        try:
            found = self._client.call(self._kind.by_uuid, wanted)
        except NotFound:
            return None
        self.keep([found])
        return str(found.name)

    def choose(self, names: Sequence[str] | None, questions: Mapping[str, Question]) -> list[Found]:
        """Find the objects of these names, all when ``None``, in one round trip; leave out those that do not exist.

        Where many are wanted, it brings the answers to the questions that lists can answer.
        """
        found: list[Found]
        if names is not None and len(names) <= ONE_BY_ONE:
            found = [(each, {}) for each in look_up(self._client, self._kind, names)]
        else:
            found = self._listed(names, {name: each for name, each in questions.items() if each.filter})
        self.keep(each for each, _known in found)
        return found

    def read(self, names: Sequence[str] | None, questions: Mapping[str, Question]) -> list[Found]:
        """Find objects, and ask about them in one more round trip; leave out those that are gone by then.

        What a hypervisor doesn't tell in the way in which it is asked is left out, too.
        """
        found = self.choose(names, questions)
        asked = [
            (index, name, (question.procedure, (each, *question.arguments)))
            for index, (each, known) in enumerate(found)
            for name, question in questions.items()
            if name not in known
        ]
        gone = set()
        for (index, name, _call), answer in zip(asked, self._client.pipeline([call for *_where, call in asked])):
            if isinstance(answer, NotFound):
                gone.add(index)
            elif isinstance(answer, UnknownFlags):
                continue
            elif isinstance(answer, StratumError):
                raise answer
            else:
                found[index][1][name] = answer
        return [each for index, each in enumerate(found) if index not in gone]

    def present(self, names: Sequence[str]) -> list[Any]:
        """Return the objects of these names, less those that do not exist."""
        self.keep(look_up(self._client, self._kind, [name for name in names if name not in self._known]))
        return [self._known[name] for name in dict.fromkeys(names) if name in self._known]

    def get(self, name: str) -> Any:
        """Return the object of this name; raise NotFound."""
        if name not in self._known:
            self._known[name] = self._client.call(self._kind.by_name, name)
        return self._known[name]

    def keep(self, objects: Iterable[Any]) -> None:
        """Remember objects that were seen."""
        self._known.update((each.name, each) for each in objects)

    def forget(self, name: str) -> None:
        """Look this name up again when it is next used."""
        self._known.pop(name, None)

    def call(
        self,
        procedure: Procedure,
        name: str,
        *arguments: Any,
        flags: int | None = None,
        optional: int = 0,
        deadline: Deadline | None = None,
    ) -> Any:
        """Make a call about an object. With ``flags``, they come last, and may lose ``optional`` ones."""
        try:
            found = self.get(name)
            if flags is not None:
                return with_flags(self._client, procedure, (found, *arguments), flags, optional)
            return self._client.call(procedure, found, *arguments, deadline=deadline)
        except NotFound:
            # Another one may have that name now: what was meant for the old one is not done to it.
            self.forget(name)
            raise

    def _listed(self, names: Sequence[str] | None, questions: Mapping[str, Question]) -> list[Found]:
        flags = [0, *(question.filter for question in questions.values())]
        answers = whole(self._client.pipeline([(self._kind.list, (1, each)) for each in flags]))
        objects, *lists = (objects for objects, _count in answers)
        uuids = [{each.uuid for each in listed} for listed in lists]
        by_name = {each.name: each for each in objects}
        wanted = sorted(by_name) if names is None else [name for name in dict.fromkeys(names) if name in by_name]
        return [
            (
                by_name[name],
                {
                    asked: (by_name[name].uuid in those) is question.listed
                    for (asked, question), those in zip(questions.items(), uuids)
                },
            )
            for name in wanted
        ]


def look_up(client: Client, kind: Kind, names: Iterable[str]) -> list[Any]:
    """Return the objects of these names that exist."""
    return present(client.pipeline([(kind.by_name, (name,)) for name in dict.fromkeys(names)]))


def present(answers: Iterable[Any]) -> list[Any]:
    """Return the answers less those that say that the object is gone; raise any other refusal."""
    return whole(answer for answer in answers if not isinstance(answer, NotFound))


def whole(answers: Iterable[Any]) -> list[Any]:
    """Return the answers; raise the first refusal among them."""
    kept = []
    for answer in answers:
        if isinstance(answer, StratumError):
            raise answer
        kept.append(answer)
    return kept


def with_flags(client: Client, procedure: Procedure, arguments: tuple[Any, ...], flags: int, optional: int) -> Any:
    """Make a call whose last argument is flags, of which the daemon may lack the ``optional`` ones."""
    try:
        return client.call(procedure, *arguments, flags)
    except UnknownFlags as error:
        known = flags & ~(error.flags & optional)
        if known == flags:
            raise
        return client.call(procedure, *arguments, known)


def uuid_text(uuid: bytes) -> str:
    """Write 16 bytes the way people read a UUID."""
    digits = uuid.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
