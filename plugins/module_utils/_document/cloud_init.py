# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Seeds for cloud-init's NoCloud data source: what a guest is told when it starts for the first time.

Source: https://docs.cloud-init.io/en/latest/reference/datasources/nocloud.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from .._errors import InputError
from .iso9660 import image

LABEL = "cidata"
LARGEST_SEED = 8 * 1024**2
"""Bytes."""

FILES = {
    "user_data": "user-data",
    "meta_data": "meta-data",
    "network_config": "network-config",
    "vendor_data": "vendor-data",
}
_NEEDED = ("user_data", "meta_data")
"""cloud-init takes no seed for one without these."""
_CLOUD_CONFIG = ("user_data", "vendor_data")
"""What may be of many kinds, and says in its first line which it is."""

_NOT_IN_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
"""What JSON can hold as it is, and YAML cannot, or would take for the end of a line."""


def seed(options: Mapping[str, Any], name: str) -> bytes:
    """Return the image of a seed; raise InputError for what cannot be one.

    Each option is text, which stays as it is, or a structure, which is written as JSON, and so is YAML. Without an
    ``instance-id`` among its metadata, a seed has ``name`` as one.
    """
    stated = {option: options[option] for option in FILES if options.get(option) is not None}
    if not isinstance(stated.get("meta_data", {}), str):
        stated["meta_data"] = {"instance-id": name, **_structure("meta_data", stated.get("meta_data", {}))}
    files = {FILES[option]: _content(option, stated.get(option, "")) for option in (*_NEEDED, *stated)}
    size = sum(map(len, files.values()))
    if size > LARGEST_SEED:
        raise InputError(
            "cloud_init",
            f"a seed holds at most {LARGEST_SEED // 1024**2} MiB, and this one has {size} bytes.",
            hint="Let the guest fetch what is large.",
        )
    return image(LABEL, files)


def is_seed(start: bytes) -> bool:
    """Whether an image with this beginning is a seed, made here or elsewhere."""
    descriptor = start[16 * 2048 : 17 * 2048]
    return descriptor[1:6] == b"CD001" and descriptor[40:72].rstrip().lower() == LABEL.encode()


def _structure(option: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise InputError(f"cloud_init.{option}", "it is neither text nor a dictionary.")
    return value


def _content(option: str, value: Any) -> bytes:
    text = value if isinstance(value, str) else _yaml(_structure(option, value)) + "\n"
    if option in _CLOUD_CONFIG and not isinstance(value, str):
        text = f"#cloud-config\n{text}"
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise InputError(f"cloud_init.{option}", "it has characters that are none.") from None


def _yaml(value: Any, indent: str = "") -> str:
    """Write a value as JSON that YAML reads as the same value."""
    deeper = f"{indent}  "
    if isinstance(value, Mapping):
        lines = [f"{_text(str(key))}: {_yaml(value[key], deeper)}" for key in sorted(value, key=str)]
        return _block("{", lines, "}", indent)
    if isinstance(value, (list, tuple)):
        return _block("[", [_yaml(item, deeper) for item in value], "]", indent)
    if isinstance(value, float):
        # YAML takes 1e+16 for text.
        return re.sub(r"^(-?\d+)e", r"\1.0e", json.dumps(value))
    return _text(value) if isinstance(value, str) else json.dumps(value)


def _block(begin: str, lines: list[str], end: str, indent: str) -> str:
    if not lines:
        return begin + end
    return f"{begin}\n{indent}  " + f",\n{indent}  ".join(lines) + f"\n{indent}{end}"


def _text(value: str) -> str:
    return _NOT_IN_YAML.sub(lambda found: f"\\u{ord(found.group()):04x}", json.dumps(value, ensure_ascii=False))
