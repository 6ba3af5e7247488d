# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Fetching by HTTP on the node, the way Ansible does it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.error import HTTPError

from ansible.module_utils.urls import ConnectionError as Refused
from ansible.module_utils.urls import open_url

from ._reconcile.volume_content import Response
from ._reconcile.volume_url import unreachable

_LENGTH = re.compile("[0-9]{1,18}")


def fetch(url: str, headers: Mapping[str, str], timeout: float) -> Response:
    """Ask for a URL as Ansible does, by the node's proxies and certificates; what ``volume_content.Fetch`` is."""

    def read(size: int) -> bytes:
        with unreachable(url):
            data: bytes = answer.read(size)
            return data

    with unreachable(url):
        try:
            answer = open_url(url, headers=dict(headers), timeout=timeout, follow_redirects="none", decompress=False)
        except HTTPError as error:
            answer = error
        except Refused as error:
            raise OSError(str(error)) from error
    length = answer.headers.get("Content-Length") or ""
    return Response(
        status=answer.getcode(),
        location=answer.headers.get("Location"),
        length=int(length) if _LENGTH.fullmatch(length) else None,
        read=read,
        close=answer.close,
    )
