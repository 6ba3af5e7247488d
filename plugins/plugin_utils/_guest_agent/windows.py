# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Programs for Windows guests: PowerShell."""

from __future__ import annotations

import base64
import json

from .system import FAILED, Program, System

# The outputs of a command go to files, and through the agent only when they are small: see posix.py.
_COMMAND = """\
$folder = $a.folder
if (-not (Test-Path -LiteralPath $folder)) { $null = New-Item -ItemType Directory -Path $folder }
$in = Join-Path $folder 'in'; $out = Join-Path $folder 'out'; $err = Join-Path $folder 'err'
if (-not (Test-Path -LiteralPath $in)) { $null = New-Item -ItemType File -Path $in }
$process = Start-Process -FilePath $a.program -ArgumentList $a.line -NoNewWindow -PassThru `
    -RedirectStandardInput $in -RedirectStandardOutput $out -RedirectStandardError $err
$null = $process.Handle  # else it forgets the exit status
$process.WaitForExit()
$status = $process.ExitCode
if ((Get-Item -LiteralPath $out).Length + (Get-Item -LiteralPath $err).Length -le $a.inline) {
    $bytes = [IO.File]::ReadAllBytes($out)
    $stream = [Console]::OpenStandardOutput(); $stream.Write($bytes, 0, $bytes.Length); $stream.Flush()
    $bytes = [IO.File]::ReadAllBytes($err)
    $stream = [Console]::OpenStandardError(); $stream.Write($bytes, 0, $bytes.Length); $stream.Flush()
    Remove-Item -LiteralPath $folder -Recurse -Force
} else {
    [Console]::Error.Write($folder)
}
exit $status
"""
_MAKE = "$null = New-Item -ItemType Directory -Path $a.folder"
_KILL = """\
$null = & taskkill.exe /T /F /PID $a.process 2>&1
if ($a.folder) { Remove-Item -LiteralPath $a.folder -Recurse -Force -ErrorAction SilentlyContinue }
"""
_REMOVE = "if (Test-Path -LiteralPath $a.path) { Remove-Item -LiteralPath $a.path -Recurse -Force }"
_CREATE = """\
if (Test-Path -LiteralPath $a.destination -PathType Container) { throw "$($a.destination) is a directory" }
$null = New-Item -ItemType File -Path $a.path
"""
_SUM = """\
function Sum($path) {
    $stream = [IO.File]::OpenRead($path)
    try { [BitConverter]::ToString([Security.Cryptography.SHA256]::Create().ComputeHash($stream)).Replace('-', '') }
    finally { $stream.Dispose() }
}
"""
_FINISH = (
    _SUM
    + """\
if ((Get-Item -LiteralPath $a.path).Length -ne $a.size -or (Sum $a.path) -ne $a.digest) {
    Remove-Item -LiteralPath $a.path -Force
    throw "$($a.destination) did not arrive as it was sent"
}
Move-Item -LiteralPath $a.path -Destination $a.destination -Force
"""
)
_DIGEST = (
    _SUM
    + """\
if (-not (Test-Path -LiteralPath $a.path -PathType Leaf)) { throw "there is no file $($a.path)" }
[Console]::Out.Write((Sum $a.path))
"""
)

# What a program of ours works on is data in it, never a part of its text.
_FRAME = """\
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
try {{
$a = [Text.Encoding]::UTF8.GetString([Convert]::FromBase64String('{arguments}')) | ConvertFrom-Json
{script}
}} catch {{ [Console]::Error.Write($_.Exception.Message); exit {failed} }}
"""


class Windows(System):
    """A Windows guest. ``powershell`` is the program that runs everything."""

    takes_input = False

    def __init__(self, powershell: str | None = None) -> None:
        self._powershell = powershell or "powershell.exe"

    def folder(self, token: str) -> str:
        return rf"C:\Windows\Temp\stratum-{token}"

    def inside(self, folder: str, name: str) -> str:
        return rf"{folder}\{name}"

    def make(self, folder: str) -> Program:
        return self._script(_MAKE, folder=folder)

    def command(self, command: str, folder: str, *, limit: int, inline: int) -> Program:
        """``command`` is a program, a blank, and the rest of its command line.

        The files of the outputs are as long as the command makes them, and ``limit`` is up to whoever reads them.
        """
        program, _blank, line = command.partition(" ")
        return self._script(_COMMAND, program=program, line=line, folder=folder, inline=inline)

    def kill(self, process: int, folder: str) -> Program:
        return self._script(_KILL, process=process, folder=folder)

    def discard(self, folder: str) -> Program:
        return self._script(_REMOVE, path=folder)

    def create(self, path: str, destination: str) -> Program:
        return self._script(_CREATE, path=path, destination=destination)

    def finish(
        self, path: str, destination: str, *, digest: str, size: int, executable: bool, given: bool = False
    ) -> Program:
        return self._script(_FINISH, path=path, destination=destination, digest=digest, size=size)

    def remove(self, path: str) -> Program:
        return self._script(_REMOVE, path=path)

    def digest(self, path: str) -> Program:
        return self._script(_DIGEST, path=path)

    def _script(self, script: str, **arguments: object) -> Program:
        encoded = base64.b64encode(json.dumps(arguments).encode()).decode()
        text = _FRAME.format(arguments=encoded, script=script.strip(), failed=FAILED)
        options = ["-NoProfile", "-NonInteractive", "-ExecutionPolicy", "Unrestricted", "-EncodedCommand"]
        return Program(self._powershell, [*options, base64.b64encode(text.encode("utf-16-le")).decode()])
