# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""The module volume: its options, and its work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._argspec import CONNECTION, WAIT, ArgumentSpec

if TYPE_CHECKING:
    from .._module import Call


CONTENT: ArgumentSpec = {
    "source": {
        "type": "dict",
        "options": {
            "volume": {"type": "str"},
            "pool": {"type": "str"},
            "clone": {"type": "str", "choices": ["full", "linked", "reflink"], "default": "full"},
            "file": {"type": "str"},
            "remote_src": {"type": "bool", "default": False},
            "url": {"type": "str"},
            "headers": {"type": "dict", "no_log": True},
            "checksum": {"type": "str"},
            "format": {"type": "str", "choices": ["raw", "qcow2"]},
        },
    },
    "cloud_init": {
        "type": "dict",
        "no_log": True,
        "options": {
            "user_data": {"type": "raw"},
            "meta_data": {"type": "raw"},
            "network_config": {"type": "raw"},
            "vendor_data": {"type": "raw"},
        },
    },
    "download": {
        "type": "dict",
        "options": {
            "path": {"type": "str", "required": True},
        },
    },
}


def argument_spec() -> ArgumentSpec:
    """Return the module's options."""
    from .._document.volume import BACKING_VOLUME, POOL, VOLUME
    from .._reconcile.volume_request import WIPES

    options = VOLUME.argument_spec()
    options["backing"]["options"].update(BACKING_VOLUME.argument_spec())
    return {
        **CONNECTION,
        **WAIT,
        **POOL.argument_spec(),
        **options,
        **CONTENT,
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "preallocate_metadata": {"type": "bool", "default": False},
        "replace": {"type": "bool", "default": False},
        "allow_shrink": {"type": "bool", "default": False},
        "force": {"type": "bool", "default": False},
        "wipe": {"type": "str", "choices": list(WIPES)},
    }


def work(call: Call) -> dict[str, Any]:
    """Do what the module was asked."""
    from .._fetch import fetch
    from .._reconcile.volume import VolumeManager
    from .._reconcile.volume_request import load

    if call.params["source"]:
        from .._reconcile.volume_content import secrets

        for secret in secrets(call.params["source"]):
            call.hide(secret)
    request = load(call.params, fetch)
    call.take_out("cloud_init")
    return VolumeManager(call.connect, call.host, request).run(check_mode=call.check_mode)
