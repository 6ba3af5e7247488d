# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Programs for Linux and other Unix guests: a POSIX shell, and what every system has beside it."""

from __future__ import annotations

from .system import FAILED, Program, System

# What is here runs in the guest with /bin/sh, which may be dash, bash or busybox, and without any profile.
_FAIL = f"""\
fail() {{ echo "$1" >&2; exit {FAILED}; }}
"""

# The agent's children are in the agent's own process group. To be ended with all that it has started, a command needs
# one of its own; setsid forks, and ends at once, when the process leads a group already.
_START = """\
script=$1; shift
read -r _ _ _ _ group _ 2>/dev/null </proc/$$/stat || group=
if [ "$group" != "$$" ] && command -v setsid >/dev/null 2>&1; then exec setsid /bin/sh -c "$script" sh "$@"; fi
exec /bin/sh -c "$script" sh "$@"
"""

# libvirt breaks with an agent whose answer has more than 10 MiB, and cannot pass on more than 4. So outputs go to
# files, and through the agent only when they are small. What is too much is dropped, and does not stop the command.
_COMMAND = (
    _FAIL
    + """\
command=$1 folder=$2 limit=$3 inline=$4 shell=$5
[ -d "$folder" ] || mkdir -m 700 "$folder" || fail "there is no place for the output"
umask 022
[ -n "$HOME" ] || eval "HOME=~$(id -un)"
: "${USER:=$(id -un)}" "${LOGNAME:=$USER}" "${PATH:=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin}"
export HOME USER LOGNAME PATH
cd "$HOME" 2>/dev/null || cd /
[ ! -e "$folder/in" ] || exec <"$folder/in"
keep() { head -c "$limit" >"$folder/$1" || : >"$folder/lost"; exec cat >/dev/null; }
{ { "$shell" -c "$command" 2>&3 3>&-; echo "$?" >"$folder/status"; } | keep out; } 3>&1 | keep err
[ ! -e "$folder/lost" ] || { rm -rf "$folder"; fail "there is no space for the output in ${folder%/*}"; }
read -r status <"$folder/status"
set -- $(wc -c "$folder/out" "$folder/err")
if [ "$(($1 + $3))" -le "$inline" ]; then
    [ "$1" = 0 ] || cat "$folder/out"
    [ "$3" = 0 ] || cat "$folder/err" >&2
    rm -rf "$folder"
else
    printf %s "$folder" >&2
fi
exit "$status"
"""
)

# A number that has become another process's meanwhile is left alone. No other spelling of kill for a group is the same
# to all shells.
_KILL = """\
process=$1 folder=$2
line=$(tr '\\0' '\\n' 2>/dev/null <"/proc/$process/cmdline")
if [ -n "$folder" ] && [ -n "$line" ] && ! printf '%s\\n' "$line" | grep -qxF -e "$folder"; then process=; fi
signal() { kill -"$1" -"$process" 2>/dev/null || kill -"$1" "$process" 2>/dev/null; }
if [ -n "$process" ] && signal TERM; then
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        kill -0 -"$process" 2>/dev/null || break
        sleep 0.2 2>/dev/null || sleep 1
    done
    signal KILL
fi
rm -rf "$folder"
"""

_CREATE = (
    _FAIL
    + """\
create() {
    [ ! -d "$2" ] || fail "$2 is a directory"
    (umask 077; set -C; : >"$1") || fail "$1 cannot be written"
}
"""
)

_SUM = """\
sum() {
    if command -v sha256sum >/dev/null 2>&1; then sha256sum; elif command -v sha256 >/dev/null 2>&1; then sha256 -q; fi
}
"""

_FINISH = (
    _SUM
    + """\
path=$1 destination=$2 digest=$3 size=$4 mode=$5
undo() { rm -f -- "$path"; fail "$destination $1"; }
finish() {
    found=$(sum <"$path") || undo "cannot be read again"
    [ "$((0 + $(wc -c <"$path")))" = "$size" ] || undo "did not arrive as it was sent"
    case ${found%% *} in "$digest" | "") ;; *) undo "did not arrive as it was sent" ;; esac
    chmod "$mode" "$path" && mv -f -- "$path" "$destination" || undo "cannot be written"
}
"""
)

_DIGEST = (
    _FAIL
    + _SUM
    + """\
[ -e "$1" ] || fail "there is no file $1"
[ -f "$1" ] || fail "$1 is not a regular file"
found=$(sum <"$1") || fail "$1 cannot be read"
echo "${found%% *}"
"""
)


class Posix(System):
    """A Unix guest. ``shell`` is what commands are handed to."""

    takes_input = True

    def __init__(self, shell: str | None = None) -> None:
        self._shell = shell or "/bin/sh"

    def folder(self, token: str) -> str:
        return f"/tmp/stratum-{token}"

    def inside(self, folder: str, name: str) -> str:
        return f"{folder}/{name}"

    def make(self, folder: str) -> Program:
        return _script(f'{_FAIL}mkdir -m 700 "$1" || fail "there is no place for input"', folder)

    def command(self, command: str, folder: str, *, limit: int, inline: int) -> Program:
        return _script(_START, _COMMAND, command, folder, str(limit + 1), str(inline), self._shell)

    def kill(self, process: int, folder: str) -> Program:
        return _script(_KILL, str(process), folder)

    def discard(self, folder: str) -> Program:
        return _script('rm -rf "$1"', folder)

    def create(self, path: str, destination: str) -> Program:
        return _script(f'{_CREATE}create "$1" "$2"', path, destination)

    def finish(
        self, path: str, destination: str, *, digest: str, size: int, executable: bool, given: bool = False
    ) -> Program:
        before = 'create "$1" "$2"; cat >"$1" || undo "cannot be written"' if given else ""
        mode = "700" if executable else "600"
        return _script(f"{_CREATE}{_FINISH}{before}\nfinish", path, destination, digest, str(size), mode)

    def remove(self, path: str) -> Program:
        return _script('rm -f -- "$1"', path)

    def digest(self, path: str) -> Program:
        return _script(_DIGEST, path)


def _script(script: str, *arguments: str) -> Program:
    return Program("/bin/sh", ["-c", script, "sh", *arguments])
