# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Jinja expressions of a source: what they need to know, and what they say."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleError, AnsibleParserError
from jinja2 import Environment, TemplateError, meta

from ...module_utils._errors import DeadlineExceeded, InputError
from .naming import short
from .templating import condition, untrusted

FAILURES = (AnsibleError, TemplateError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What an expression of somebody's own can raise."""

Compose = Callable[[Any, "dict[str, Any]"], Any]


def needs(expression: Any, where: str) -> frozenset[str]:
    """Return the names of all variables in an expression; raise InputError when it is none."""
    if not isinstance(expression, str):
        return frozenset()
    try:
        parsed = Environment(autoescape=False).parse("{{ (" + expression + "\n) }}")  # nothing is rendered
    except TemplateError as error:
        raise InputError(where, f"it is not an expression: {error}.") from error
    return frozenset(meta.find_undeclared_variables(parsed))


class Evaluator:
    """Evaluates expressions, one at a time, whichever threads ask for it.

    ``compose`` evaluates one over some variables. What fails is told at the end, once for each expression, or raises
    when ``strict``.
    """

    def __init__(self, compose: Compose, *, strict: bool) -> None:
        self._compose = compose
        self._strict = strict
        self._lock = threading.Lock()
        self._closed = False
        self._failures: dict[str, dict[str, str]] = {}
        """By expression and host."""

    def value(self, expression: Any, variables: Mapping[str, Any], where: str, host: str) -> Any:
        """Return what an expression says; ``None`` when it fails, unless failing is an error."""
        if not isinstance(expression, str):
            return expression
        with self._lock:
            if self._closed:
                raise DeadlineExceeded(f"{where}: it is too late for it.")
            try:
                return self._compose(expression, untrusted(dict(variables)))
            except FAILURES as error:
                reason = f"for {short(host)!r}: {short(str(error), 300)}"
                if self._strict:
                    raise AnsibleParserError(f"{where}: it cannot be evaluated {reason}") from error
                self._failures.setdefault(where, {}).setdefault(host, reason)
                return None

    def holds(self, expression: Any, variables: Mapping[str, Any], where: str, host: str) -> bool:
        """Whether an expression is true; not when it fails, unless failing is an error."""
        asked = condition(expression) if isinstance(expression, str) else expression
        return bool(self.value(asked, variables, where, host))

    def close(self) -> list[str]:
        """Evaluate nothing any more, for threads that come too late; return what failed."""
        with self._lock:
            self._closed = True
            return [
                f"{where}: it could not be evaluated for {len(reasons)} of the domains, "
                f"first {next(iter(reasons.values()))}"
                for where, reasons in self._failures.items()
            ]
