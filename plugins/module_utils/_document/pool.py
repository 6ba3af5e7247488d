# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Storage pools: the table of all their options. Source: https://libvirt.org/formatstorage.html."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from .._errors import InputError
from .field import Field, Group, Items, Spec, Table, Values, settle
from .identifier import PciAddress, Uuid
from .kind import YES_NO, AbsolutePath, Integer, Line, Name, Value, Word
from .permissions import permissions
from .pool_type import POOL_TYPES

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_SLASHES = re.compile("//+")

MEASURED = ("capacity", "allocation", "available")
"""Elements in which libvirt says what it has found. They are in no option, and defining a pool does not change them."""


def _tidy(path: str) -> str:
    """Write a path as libvirt does, which takes out what is too much in it."""
    tidied = _SLASHES.sub("/", path)
    return tidied.rstrip("/") or tidied


class Folder(AbsolutePath):
    """The absolute path of a folder of the node that a pool has for itself."""

    def parse(self, value: Any) -> Value:
        path = _tidy(str(super().parse(value)))
        if ".." in path.split("/"):
            raise ValueError(f"{value!r} goes up again by ..; write where the folder really is")
        if path == "/":
            raise ValueError("the node's whole file system cannot be a pool")
        return path

    def of_document(self, text: str) -> Value:
        return _tidy(text)


class Share(Line):
    """The path of a folder on another host: absolute, or a name where its protocol has names."""

    def parse(self, value: Any) -> Value:
        return _tidy(str(super().parse(value)))

    def of_document(self, text: str) -> Value:
        return _tidy(text)


class PoolFormat(Line):
    """A format; ``unknown`` is whichever libvirt takes, which it writes down when the pool is built or started."""

    _TAKEN = ("dos", "lvm2")

    def same(self, wanted: Value, found: Value | None, element: Element | None) -> bool:
        return super().same(wanted, found, element) or (wanted == "unknown" and found in self._TAKEN)


def _check_secret(secret: Spec, path: str) -> None:
    if len(secret) != 1:
        raise InputError(path, "the secret is named either by uuid or by usage.", hint="Give one of them.")


def _check_auth(auth: Spec, path: str) -> None:
    if "secret" not in auth:
        raise InputError(f"{path}.secret", "it is missing.", hint="Name the secret that holds the password.")


_ADAPTERS = {"scsi_host": ("name", "parentaddr"), "fc_host": ("wwnn", "wwpn")}
"""By type, the options that tell one adapter from another."""


def _type_of(adapter: Spec) -> str:
    default = "fc_host" if any(option in adapter for option in _ADAPTERS["fc_host"]) else "scsi_host"
    return str(adapter.get("type", default))


def _complete_adapter(element: Element, spec: Spec) -> None:
    element.set("type", _type_of(spec))


def _check_adapter(adapter: Spec, path: str) -> None:
    kind = _type_of(adapter)
    other = next(word for word in _ADAPTERS if word != kind)
    wrong = [option for option in _ADAPTERS[other] if option in adapter]
    if wrong:
        raise InputError(f"{path}.{wrong[0]}", f"only an adapter of the type {other} has it, and this is {kind}.")
    stated = [option for option in _ADAPTERS[kind] if option in adapter]
    if kind == "scsi_host" and len(stated) != 1:
        raise InputError(path, "the adapter is named either by name or by parentaddr.", hint="Give one of them.")
    if kind == "fc_host" and len(stated) != 2:
        raise InputError(path, "the adapter is named by both wwnn and wwpn.", hint="Give both of them.")


_ADAPTER = Group(
    "adapter",
    "adapter",
    Field("type", "@type", Word("scsi_host", "fc_host", absent="scsi_host")),
    Field("name", "@name", Line()),
    Group(
        "parentaddr",
        "parentaddr",
        Field("unique_id", "@unique_id", Integer()),
        Field("address", "address", PciAddress()),
    ),
    Field("wwnn", "@wwnn", Line()),
    Field("wwpn", "@wwpn", Line()),
    Field("parent", "@parent", Line()),
    Field("parent_wwnn", "@parent_wwnn", Line()),
    Field("parent_wwpn", "@parent_wwpn", Line()),
    Field("parent_fabric_wwn", "@parent_fabric_wwn", Line()),
    Field("managed", "@managed", YES_NO),
    create=_complete_adapter,
    check=_check_adapter,
)

_AUTH = Group(
    "auth",
    "auth",
    Field("type", "@type", Word("ceph", "chap"), required=True),
    Field("username", "@username", Line(), required=True),
    Group(
        "secret",
        "secret",
        Field("uuid", "@uuid", Uuid(), drops=("@usage",)),
        Field("usage", "@usage", Line(), drops=("@uuid",)),
        check=_check_secret,
    ),
    check=_check_auth,
)

_SOURCE = Group(
    "source",
    "source",
    Items(
        "hosts",
        "host",
        Field("name", "@name", Line(), required=True),
        Field("port", "@port", Integer(1, 65535)),
        whole=True,
    ),
    Items(
        "devices",
        "device",
        Field("path", "@path", Line(), required=True),
        Field("part_separator", "@part_separator", YES_NO),
        whole=True,
    ),
    Field("dir", "dir/@path", Share()),
    Field("name", "name", Line()),
    Field("format", "format/@type", PoolFormat()),
    _ADAPTER,
    Field("initiator", "initiator/iqn/@name", Line()),
    _AUTH,
    Field("protocol_ver", "protocol/@ver", Line()),
    Field("vendor", "vendor/@name", Line()),
    Field("product", "product/@name", Line()),
)

POOL = Table(
    Field("name", "name", Name(), required=True),
    Field("uuid", "uuid", Uuid()),
    Field("type", "@type", Word(*POOL_TYPES)),
    Group("features", "features", Field("cow", "cow/@state", YES_NO)),
    _SOURCE,
    Group("target", "target", Field("path", "path", Folder()), permissions("permissions")),
    Group(
        "refresh",
        "refresh",
        Group("volume", "volume", Field("allocation", "@allocation", Word("default", "capacity"))),
    ),
    Values("mount_opts", "fs:mount_opts/fs:option/@name", Line()),
    Items(
        "config_opts",
        "rbd:config_opts/rbd:option",
        Field("name", "@name", Line(), required=True),
        Field("value", "@value", Line(), required=True),
        whole=True,
    ),
)


def write(document: Element, spec: Spec, exclusive: frozenset[str] = frozenset()) -> None:
    """Edit a pool's document so that it says what the spec says; all else stays as it is."""
    before = list(document)
    settle(POOL, document, spec, exclusive)
    options = next((child for child in before if str(child.tag).endswith("}mount_opts")), None)
    if options is not None and options.getparent() is not None:
        # libvirt's schema wants them last.
        for added in [child for child in document if child not in before]:
            options.addprevious(added)
