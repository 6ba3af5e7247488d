# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""What keeps a domain apart from the node's other processes. Source: https://libvirt.org/formatdomain.html#security-label."""

from __future__ import annotations

from .._errors import InputError
from .field import Field, Group, Items, Spec, Table
from .kind import YES_NO, AbsolutePath, Line, Word
from .pairing import ORDER, by


def _check(entry: Spec, path: str) -> None:
    kind = entry.get("type", "dynamic")
    if kind == "static" and "label" not in entry:
        raise InputError(f"{path}.label", "a static label has to be stated.")
    for option, fitting in (("label", "static"), ("baselabel", "dynamic")):
        if option in entry and kind != fitting:
            raise InputError(f"{path}.{option}", f"only a label of the type {fitting} has it, and this is {kind}.")


SECURITY = Table(
    Items(
        "seclabels",
        "seclabel",
        Field(
            "type",
            "@type",
            Word("dynamic", "static", "none", absent="dynamic"),
            drops=("label", "baselabel", "imagelabel", "@relabel"),
        ),
        Field("model", "@model", Line()),
        Field("relabel", "@relabel", YES_NO),
        Field("label", "label", Line()),
        Field("baselabel", "baselabel", Line()),
        identity=(by("model"), ORDER),
        check=_check,
    ),
    Group("resource", "resource", Field("partition", "partition", AbsolutePath())),
)
