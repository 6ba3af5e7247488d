# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""What templates are to different versions of ansible-core: which strings are some, and what comes out of them."""

from __future__ import annotations

from typing import Any, TypeVar

import ansible.template

T = TypeVar("T")

# Since ansible-core 2.19 only what was marked as trusted is a template, and nothing from a hypervisor ever is.
if hasattr(ansible.template, "trust_as_template"):

    def untrusted(value: T) -> T:
        """Return a value that is never taken for a template."""
        return value

    def condition(expression: str) -> str:
        """Return an expression that is true or false when the given one is."""
        return expression

else:
    from ansible.utils.unsafe_proxy import wrap_var

    def untrusted(value: T) -> T:
        """Return a value that is never taken for a template."""
        wrapped: Any = wrap_var(value)
        return wrapped  # type: ignore[no-any-return]

    def condition(expression: str) -> str:
        """Return an expression that is true or false when the given one is: a number would come out as a string."""
        return f"(({expression}\n) and true) or false"
