# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""What the machine can do, its clock, and what happens when the guest stops.

Source: https://libvirt.org/formatdomain.html#hypervisor-features.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._errors import InputError
from .field import Field, Group, Items, Spec, Table
from .kind import YES_NO, Flag, Integer, Line, Presence, Size, Stateful, Switch, Word
from .pairing import by
from .resolved import Drifting

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_OFF = Switch(absent=False)


def _check_hyperv(hyperv: Spec, path: str) -> None:
    if hyperv.get("stimer") is False and hyperv.get("stimer_direct"):
        raise InputError(f"{path}.stimer_direct", "it needs stimer.", hint="Leave stimer out.")


_HYPERV = Group(
    "hyperv",
    "hyperv",
    Field("mode", "@mode", Word("custom", "passthrough", absent="custom")),
    *(
        Field(name, name, _OFF)
        for name in (
            "relaxed",
            "vapic",
            "vpindex",
            "runtime",
            "synic",
            "stimer",
            "reset",
            "frequencies",
            "reenlightenment",
            "tlbflush",
            "ipi",
            "evmcs",
            "avic",
        )
    ),
    Field("stimer_direct", "stimer/direct", _OFF),
    Field("spinlocks", "spinlocks", Stateful("retries", Integer(0, 0xFFFFFFFF))),
    Field("vendor_id", "vendor_id", Stateful("value", Line())),
    check=_check_hyperv,
)

_KVM = Group(
    "kvm",
    "kvm",
    Field("hidden", "hidden", _OFF),
    Field("hint_dedicated", "hint-dedicated", _OFF),
    Field("poll_control", "poll-control", _OFF),
    Field("pv_ipi", "pv-ipi", _OFF),
    Field("dirty_ring", "dirty-ring", Stateful("size", Integer(0, 65536))),
)


def _check(features: Spec, path: str) -> None:
    if features.get("apic") is False and "apic_eoi" in features:
        raise InputError(f"{path}.apic_eoi", "without an APIC there is none.", hint="Leave it out.")


FEATURES = Group(
    "features",
    "features",
    Field("acpi", "acpi", Presence()),
    Field("apic", "apic", Presence()),
    Field("apic_eoi", "apic/@eoi", Flag("on", "off")),
    Field("pae", "pae", Presence()),
    Field("hap", "hap", Switch()),
    Field("privnet", "privnet", Presence()),
    Field("pvspinlock", "pvspinlock", Switch()),
    Field("pmu", "pmu", Switch()),
    Field("vmport", "vmport", Switch()),
    Field("smm", "smm", Switch()),
    Field("smm_tseg", "smm/tseg", Size("MiB")),
    Field("ioapic", "ioapic/@driver", Word("kvm", "qemu")),
    Field("gic", "gic/@version", Word("2", "3", "host")),
    Field("vmcoreinfo", "vmcoreinfo", _OFF),
    Field("htm", "htm", Switch()),
    Field("nested_hv", "nested-hv", Switch()),
    Field("ccf_assist", "ccf-assist", Switch()),
    Field("msrs_unknown", "msrs/@unknown", Word("ignore", "fault")),
    Field("tb_cache", "tcg/tb-cache", Size("KiB")),
    _HYPERV,
    _KVM,
    check=_check,
)


def _offset(clock: Element, _spec: Spec) -> None:
    # The schema wants it said, even where it is the default.
    clock.set("offset", "utc")


CLOCK = Group(
    "clock",
    "clock",
    Field(
        "offset",
        "@offset",
        Word("utc", "localtime", "timezone", "variable", "absolute", absent="utc"),
        drops=("@timezone", "@basis", "@adjustment", "@start"),
    ),
    Field("timezone", "@timezone", Line()),
    Field("basis", "@basis", Word("utc", "localtime", absent="utc")),
    Field("adjustment", "@adjustment", Drifting()),
    Field("start", "@start", Integer()),
    Items(
        "timers",
        "timer",
        Field(
            "name",
            "@name",
            Word("platform", "pit", "rtc", "hpet", "tsc", "kvmclock", "hypervclock", "armvtimer"),
            required=True,
        ),
        Field("present", "@present", YES_NO),
        Field("tickpolicy", "@tickpolicy", Word("delay", "catchup", "merge", "discard")),
        Field("track", "@track", Word("boot", "guest", "wall", "realtime")),
        Field("mode", "@mode", Word("auto", "native", "emulate", "paravirt", "smpsafe")),
        Field("frequency", "@frequency", Integer()),
        Group(
            "catchup",
            "catchup",
            Field("threshold", "@threshold", Integer()),
            Field("slew", "@slew", Integer()),
            Field("limit", "@limit", Integer()),
        ),
        identity=(by("name"),),
    ),
    create=_offset,
)

EVENTS = Table(
    Field("on_poweroff", "on_poweroff", Word("destroy", "restart", "preserve", "rename-restart", absent="destroy")),
    Field("on_reboot", "on_reboot", Word("restart", "destroy", "preserve", "rename-restart", absent="restart")),
    Field(
        "on_crash",
        "on_crash",
        Word(
            "destroy",
            "restart",
            "preserve",
            "rename-restart",
            "coredump-destroy",
            "coredump-restart",
            absent="destroy",
        ),
    ),
    Field("on_lockfailure", "on_lockfailure", Word("poweroff", "restart", "pause", "ignore")),
    Group(
        "pm",
        "pm",
        Field("suspend_to_mem", "suspend-to-mem/@enabled", YES_NO),
        Field("suspend_to_disk", "suspend-to-disk/@enabled", YES_NO),
    ),
)
