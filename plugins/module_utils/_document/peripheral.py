# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Small devices of which a domain has one or a few: random numbers, TPM, watchdog, balloon, vsock, IOMMU, panic.

Source: https://libvirt.org/formatdomain.html#devices.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._errors import InputError
from .field import Field, Group, Items, Single, Spec, Table
from .identifier import ContextId, Uuid
from .kind import ON_OFF, YES_NO, AbsolutePath, Integer, Size, Word
from .pairing import ORDER

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_VIRTIO = ("virtio", "virtio-transitional", "virtio-non-transitional")


def _complete_rng(rng: Element, entry: Spec) -> None:
    defaults: Spec = {"model": "virtio", "backend": entry.get("backend", "random")}
    if defaults["backend"] == "random":
        defaults["device"] = "/dev/urandom"
    RNGS.table.write(rng, {**defaults, **entry})


def _check_rng(entry: Spec, path: str) -> None:
    if entry.get("backend") == "builtin" and "device" in entry:
        raise InputError(f"{path}.device", "the builtin backend reads no device.")


RNGS = Items(
    "rng",
    "devices/rng",
    Field("model", "@model", Word(*_VIRTIO)),
    Field("backend", "backend/@model", Word("random", "builtin"), drops=("backend",)),
    Field("device", "backend", AbsolutePath()),
    Group(
        "rate",
        "rate",
        Field("bytes", "@bytes", Size("B", bare="B", scaled=False), required=True),
        Field("period", "@period", Integer(1)),
    ),
    identity=(ORDER,),
    hotplug=True,
    create=_complete_rng,
    check=_check_rng,
)


def _check_tpm(tpm: Spec, path: str) -> None:
    if "device" in tpm and tpm.get("backend", "passthrough") != "passthrough":
        raise InputError(f"{path}.device", "only the passthrough backend uses a device of the node.")


def _complete_tpm(tpm: Element, spec: Spec) -> None:
    TPM.table.write(tpm, {"backend": spec.get("backend", "passthrough" if "device" in spec else "emulator")})
    if "model" not in spec:
        TPM.table.write(tpm, {"model": "tpm-crb"})


TPM = Single(
    "tpm",
    "devices/tpm",
    Field("model", "@model", Word("tpm-crb", "tpm-tis", "tpm-spapr", "spapr-tpm-proxy", "none")),
    Field("backend", "backend/@type", Word("emulator", "passthrough"), drops=("backend",)),
    Field("version", "backend/@version", Word("1.2", "2.0")),
    Field("device", "backend/device/@path", AbsolutePath()),
    Field("persistent_state", "backend/@persistent_state", YES_NO),
    Field("encryption_secret", "backend/encryption/@secret", Uuid()),
    create=_complete_tpm,
    check=_check_tpm,
)


def _complete_watchdog(watchdog: Element, spec: Spec) -> None:
    if "model" not in spec:
        WATCHDOG.table.write(watchdog, {"model": "i6300esb"})


WATCHDOG = Single(
    "watchdog",
    "devices/watchdog",
    Field("model", "@model", Word("i6300esb", "itco", "ib700", "diag288", "none")),
    Field(
        "action",
        "@action",
        Word("reset", "shutdown", "poweroff", "pause", "none", "dump", "inject-nmi", absent="reset"),
    ),
    create=_complete_watchdog,
)


def _complete_balloon(balloon: Element, spec: Spec) -> None:
    if "model" not in spec:
        BALLOON.table.write(balloon, {"model": "virtio"})


BALLOON = Group(
    "balloon",
    "devices/memballoon",
    # Here the word none is the format's own: without the element QEMU's domains get a balloon.
    Field("model", "@model", Word(*_VIRTIO, "xen", "none")),
    Field("autodeflate", "@autodeflate", ON_OFF),
    Field("free_page_reporting", "@freePageReporting", ON_OFF),
    Field("stats_period", "stats/@period", Integer(1)),
    create=_complete_balloon,
)


def _complete_vsock(vsock: Element, spec: Spec) -> None:
    VSOCK.table.write(vsock, {"model": spec.get("model", "virtio"), "cid": spec.get("cid", "auto")})


VSOCK = Single(
    "vsock",
    "devices/vsock",
    Field("model", "@model", Word(*_VIRTIO, "none")),
    Field("cid", "cid", ContextId()),
    create=_complete_vsock,
)


def _check_named(spec: Spec, path: str) -> None:
    if "model" not in spec:
        raise InputError(f"{path}.model", "it has to be stated.")


IOMMU = Single(
    "iommu",
    "devices/iommu",
    Field("model", "@model", Word("intel", "smmuv3", "virtio", "none")),
    Field("intremap", "driver/@intremap", ON_OFF),
    Field("caching_mode", "driver/@caching_mode", ON_OFF),
    Field("eim", "driver/@eim", ON_OFF),
    Field("iotlb", "driver/@iotlb", ON_OFF),
    Field("aw_bits", "driver/@aw_bits", Integer(1, 255)),
    check=_check_named,
)

PANIC = Single(
    "panic",
    "devices/panic",
    Field("model", "@model", Word("isa", "pseries", "hyperv", "s390", "pvpanic", "none")),
    check=_check_named,
)

PERIPHERALS = Table(TPM, WATCHDOG, BALLOON, VSOCK, IOMMU, PANIC)
