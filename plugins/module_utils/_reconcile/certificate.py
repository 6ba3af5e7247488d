# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Making certificates and their keys as a task wants them, and keeping them so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from .._certificate import files, make
from .._certificate.cryptography import require_cryptography
from .._certificate.files import PENDING, SECRET, WRITING, Pair, Permissions
from .._certificate.make import kind_of
from .._certificate.read import SOON, Certificate, certificates, day, fits, now
from .._deadline import Deadline
from .._errors import InputError
from .._host.base import Host
from .certificate_plan import Need, needed
from .certificate_request import CertificateRequest
from .certificate_seen import (
    Authority,
    Seen,
    given,
    load_authority,
    look,
    public_permissions,
    secret_permissions,
)

if TYPE_CHECKING:
    from .._certificate.read import PrivateKey

PATIENCE = 120.0
"""Seconds that another task on the same files may take."""


class Step(NamedTuple):
    """Something to do, and how it is called."""

    action: str
    run: Callable[[], object]


def sign(text: bytes, request: CertificateRequest, authority: Authority) -> bytes:
    """Sign the key of a request that comes from another machine; what it is for is said by the task alone."""
    key = given(text, make.requested_key, "request")
    return make.sign(key, request.wanted, authority.certificate, authority.key).pem()


class CertificateManager:
    """One run of a task on one certificate."""

    def __init__(self, host: Host, request: CertificateRequest) -> None:
        self._host = host
        self._request = request
        self._places = request.places
        self._steps: list[Step] = []
        self._for_now: list[Step] = []
        """What is done before the controller comes back with a certificate, for which the other steps wait."""
        self._before: dict[str, Any] = {}
        self._after: dict[str, Any] = {}
        self._warnings: list[str] = []
        self._to_sign: bytes | None = None
        self._trusted: Sequence[Certificate] = ()
        self._given: Sequence[Certificate] = ()

    def run(self, *, check_mode: bool) -> dict[str, Any]:
        """Compare, do what is left to do unless in check mode, and return the result."""
        require_cryptography("making and reading certificates")
        deadline = Deadline(PATIENCE)
        # The second one is shared: an authority's certificate lies there for several roles.
        with self._lock(self._places.key, deadline), self._lock(self._authority_path, deadline):
            for path in self._files:
                files.refuse_links_of_others(path)
            if self._request.state == "absent":
                self._plan_removal()
            else:
                self._plan()
            for step in () if check_mode else self._for_now or self._steps:
                step.run()
            return self._result(check_mode)

    def _lock(self, path: str, deadline: Deadline) -> AbstractContextManager[None]:
        return self._host.lock(f"certificate {path}", deadline)

    @property
    def _authority_path(self) -> str:
        return self._places.authority or self._places.certificate

    @property
    def _files(self) -> Sequence[str]:
        """All that may be there for this role."""
        places = self._places
        return [*self._own_files, *(() if places.authority is None else (places.authority,))]

    @property
    def _own_files(self) -> Sequence[str]:
        """The same without what other roles need, with what a crash may have left."""
        places = self._places
        whole = [places.certificate, places.key, places.key + PENDING]
        return [*(path for path, _target in places.also), *whole, *(path + WRITING for path in whole)]

    # What is to be

    def _plan(self) -> None:
        request, seen = self._request, look(self._request)
        authority = None if request.authority is None else load_authority(request.authority)
        self._trusted = self._find_trusted(seen, authority)
        if request.certificate is not None:
            self._given = given(request.certificate, certificates, "certificate")
            self._warn_of_dates(self._given[0])
        need = needed(request, seen, self._trusted, self._given)
        others = self._place_authority(seen, self._trusted[0], need) if self._states_authority else False
        is_asking = bool(need.certificate) and not (authority or self._given or request.role == "authority")
        if is_asking:
            self._ask(seen, need)
        elif need.certificate:
            self._replace(seen, need, authority)
        elif seen.untidy and seen.key is not None:
            self._tidy(seen, seen.key)
        if others and (request.is_signed_far_away or not is_asking):
            self._add("take away what another authority has left", partial(self._write_authority, [self._trusted[0]]))
        if not is_asking or request.is_signed_far_away:
            self._plan_links()
        self._plan_permissions()

    def _warn_of_dates(self, given: Certificate) -> None:
        """Tell what is taken as it was signed, and will not do."""
        if now() < given.not_before:
            self._warnings.append(
                f"the certificate is not yet valid, but from {day(given.not_before)} on. Check this machine's clock."
            )
        elif not self._request.is_signed_far_away and given.not_after - now() < SOON:
            ends = "ends" if now() < given.not_after else "has expired"
            self._warnings.append(f"the certificate that is given {ends} on {day(given.not_after)}.")

    @property
    def _states_authority(self) -> bool:
        return self._request.authority is not None or self._request.authority_certificate is not None

    def _find_trusted(self, seen: Seen, authority: Authority | None) -> Sequence[Certificate]:
        """Return the authorities of which one has to have signed it; the one that is stated, else what there is."""
        if not self._states_authority:
            return seen.authorities
        if authority is not None:
            found = authority.certificate
        else:
            text = self._request.authority_certificate or b""
            found = given(text, certificates, "authority_certificate")[0]
        if found.not_after - now() < SOON:
            self._warnings.append(f"the authority {found.subject} ends on {day(found.not_after)}.")
        return [found]

    def _place_authority(self, seen: Seen, trusted: Certificate, need: Need) -> bool:
        """Let the authority be known before anything is signed by it, and the old one for as long as it has signed.

        Return whether another one is left there then.
        """
        others = [each for each in seen.authorities if each.fingerprint != trusted.fingerprint]
        if len(others) < len(seen.authorities):
            return bool(others)
        self._show("authority", [each.subject for each in others], [trusted.subject])
        kept = others if need.certificate and seen.is_pair else []
        self._add("place the authority's certificate", partial(self._write_authority, [trusted, *kept]))
        return bool(kept)

    def _write_authority(self, chain: Sequence[Certificate]) -> None:
        path = self._authority_path
        files.write(path, b"".join(each.pem() for each in chain), public_permissions(self._request, path))

    def _key(self, seen: Seen, need: Need) -> PrivateKey | None:
        """Return the key that the certificate is for; ``None`` when it is still to be made."""
        if seen.key is not None and not need.key:
            return seen.key
        kind, size = self._request.new_key
        if seen.pending is not None and (
            fits(seen.pending, self._given[0]) if self._given else kind_of(seen.pending) == (kind, size)
        ):
            return seen.pending
        return None

    def _show_key(self, seen: Seen, key: PrivateKey | None) -> None:
        kind, size = self._request.new_key if key is None else kind_of(key)
        self._show("key", None if seen.key is None else _words(seen.key), f"{kind} with {size} bits, new")

    def _replace(self, seen: Seen, need: Need, authority: Authority | None) -> None:
        key = self._key(seen, need)
        self._announce(seen, need, key, partial(self._make, seen, key, authority))

    def _announce(self, seen: Seen, need: Need, key: PrivateKey | None, run: Callable[[], object]) -> None:
        what = "the certificate"
        if need.key:
            what = "the key and the certificate"
            self._show_key(seen, key)
        verb = "make" if seen.certificate is None else "renew"
        self._add(f"{verb} {what}: {need.key or need.certificate}", run)
        self._show_certificate(seen.certificate)

    def _make(self, seen: Seen, key: PrivateKey | None, authority: Authority | None) -> None:
        request = self._request
        key = key or make.new_key(*request.new_key)
        if self._given:
            made = b"".join(each.pem() for each in self._given)
        elif authority is not None:
            made = make.sign(key.public_key(), request.wanted, authority.certificate, authority.key).pem()
        else:
            made = make.make_authority(key, request.wanted).pem()
        after = Pair(make.key_text(key), made)
        secret = secret_permissions(request)
        public = public_permissions(request, self._places.certificate)
        if seen.key is not None and make.key_text(seen.key) == after.key and not seen.untidy:
            files.write(self._places.certificate, after.certificate, public)
        elif seen.is_pair and seen.key is not None:
            old = Pair(make.key_text(seen.key), b"".join(each.pem() for each in seen.chain))
            files.replace_pair(self._places.key, self._places.certificate, old, after, secret, public)
        else:
            files.tidy_pair(self._places.key, self._places.certificate, after, secret, public)
        files.remove(self._places.key + PENDING)

    def _ask(self, seen: Seen, need: Need) -> None:
        """Prepare what somebody else signs: a key, that waits, and a request."""
        key = self._key(seen, need)
        run = self._make_pending if key is None else partial(self._write_request, key)
        if self._request.is_signed_far_away:
            self._announce(seen, need, key, run)
            self._for_now.append(self._steps[-1])
        elif key is None:
            self._show_key(seen, key)
            self._add("make a key that waits for its certificate", run)
        else:
            self._add("", run)

    def _make_pending(self) -> None:
        key = make.new_key(*self._request.new_key)
        files.write(self._places.key + PENDING, make.key_text(key), Permissions(SECRET))
        self._write_request(key)

    def _write_request(self, key: PrivateKey) -> None:
        self._to_sign = make.make_request(key, self._request.wanted)

    def _tidy(self, seen: Seen, key: PrivateKey) -> None:
        pair = Pair(make.key_text(key), b"".join(each.pem() for each in seen.chain))
        key_path, path = self._places.key, self._places.certificate
        permissions = (secret_permissions(self._request), public_permissions(self._request, path))
        self._add(
            "tidy up after a replacement that broke off", partial(files.tidy_pair, key_path, path, pair, *permissions)
        )

    def _plan_links(self) -> None:
        for path, target in self._places.also:
            if not files.links_to(path, target):
                self._show(path, None, target)
                self._add(f"make {path} another name of {target}", partial(files.link, path, target))

    def _plan_permissions(self) -> None:
        """Correct the permissions of files that are there already, also of those that are written anew after this."""
        wanted = {self._places.key: secret_permissions(self._request)}
        for path in (self._places.certificate, self._places.authority):
            if path is not None:
                wanted[path] = public_permissions(self._request, path)
        for path, permissions in wanted.items():
            found = files.permissions(path)
            if found is None or found == permissions or self._rewritten(path):
                continue
            self._show(f"permissions of {path}", _shown(found), _shown(permissions))
            self._add(
                f"change the permissions of {path}",
                partial(files.set_permissions, path, permissions),
            )

    def _rewritten(self, path: str) -> bool:
        return path == self._places.certificate and any("tidy up" in step.action for step in self._steps)

    def _plan_removal(self) -> None:
        request = self._request
        found = [path for path in self._own_files if files.is_there(path)]
        if found and request.role == "authority" and not request.force:
            raise InputError(
                "state",
                "without the key of an authority, nothing can be signed or renewed any more.",
                hint="Use force: true.",
            )
        if found:
            self._show("state", "present", "absent")
        for path in found:
            self._add(f"remove {path}", partial(files.remove, path))

    # What is told

    def _add(self, action: str, run: Callable[[], object]) -> None:
        self._steps.append(Step(action, run))

    def _show(self, what: str, before: Any, after: Any) -> None:
        self._before[what] = before
        self._after[what] = after

    def _show_certificate(self, found: Certificate | None) -> None:
        """Show what differs; of a new certificate, what is known before it is made."""
        wanted = self._request.wanted
        after = {"subject": make.subject(wanted).rfc4514_string(), "names": list(wanted.names), "ends": self._end()}
        if self._given:
            after = _facts(self._given[0])
        before = {} if found is None else _facts(found)
        for what, value in after.items():
            if before.get(what) != value:
                self._show(what, before.get(what), value)
        if found is not None:
            self._show("fingerprint", found.fingerprint, "another one")

    def _end(self) -> str:
        """Return until when a certificate would be valid that was made now."""
        end = make.Dates.of(self._request.wanted.valid_for).end
        stated = self._trusted[0].not_after if self._states_authority else end
        return f"{min(end, stated):%Y-%m-%d}"

    def _result(self, check_mode: bool) -> dict[str, Any]:
        actions = [step.action for step in self._steps if step.action]
        result: dict[str, Any] = {
            "changed": bool(actions),
            "actions": actions,
            "diff": {"before": self._before, "after": self._after},
            "certificate": self._describe(check_mode),
            "warnings": self._warnings,
        }
        if self._to_sign is not None:
            result["request"] = self._to_sign.decode()
        return result

    def _describe(self, check_mode: bool) -> dict[str, Any]:
        places = self._places
        there = self._request.state == "present"
        described: dict[str, Any] = {"state": self._request.state, "role": self._request.role}
        if not there:
            return described
        described.update(path=places.certificate, key_path=places.key)
        if places.authority is not None:
            described["authority_path"] = places.authority
        seen = look(self._request)
        if seen.certificate is not None and not (check_mode and self._steps):
            described.update(
                subject=seen.certificate.subject,
                issuer=seen.certificate.issuer,
                alternative_names=list(seen.certificate.names),
                serial_number=f"{seen.certificate.serial_number:X}",
                not_before=seen.certificate.not_before.strftime("%Y-%m-%dT%H:%M:%SZ"),
                not_after=seen.certificate.not_after.strftime("%Y-%m-%dT%H:%M:%SZ"),
                fingerprint=seen.certificate.fingerprint,
            )
        return described


def _facts(certificate: Certificate) -> dict[str, Any]:
    return {
        "subject": certificate.subject,
        "names": list(certificate.names),
        "ends": f"{certificate.not_after:%Y-%m-%d}",
    }


def _words(key: PrivateKey) -> str:
    kind, size = kind_of(key)
    return f"{kind} with {size} bits"


def _shown(permissions: Permissions) -> str:
    return f"{permissions.mode:04o} {permissions.owner}:{permissions.group}"
