"""C sources that are compiled where they run: once, into the user's cache, if there is a compiler."""

from __future__ import annotations

import hashlib
import os
import platform
import shlex
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path

# no fused multiply-add: results have to be numpy's, bit by bit
FLAGS = ("-O2", "-ffp-contract=off", "-shared", "-fPIC")
LIBRARIES = ("-ldl", "-lm")
COMPILE_TIMEOUT = 60.0  # s


def compiler() -> list[str] | None:
    """The command that compiles C: $CC, or else cc; None where there is none."""
    try:
        command = shlex.split(os.environ.get("CC", "")) or ["cc"]
    except ValueError:  # quotes that do not match
        return None
    return command if shutil.which(command[0]) else None


def compiled(source: Path) -> Path | None:
    """The shared library of a C file; None where it cannot be compiled, or where others could replace it.

    The cache is $XDG_CACHE_HOME/terrafirma, or ~/.cache/terrafirma.
    """
    command = compiler()
    if command is None:
        return None
    key = "\0".join([source.read_text(), *command, *FLAGS, platform.machine()])
    digest = hashlib.sha256(key.encode()).hexdigest()[:16]
    try:
        library = _cache() / f"{source.stem}-{digest}.so"
        if not library.exists():
            library.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _compile(command, source, library)
        return library if _only_ours(library.parent) and _only_ours(library) else None
    except (OSError, subprocess.SubprocessError):
        return None


def _cache() -> Path:
    folder = os.environ.get("XDG_CACHE_HOME")
    try:
        return (Path(folder) if folder else Path.home() / ".cache") / "terrafirma"
    except RuntimeError as error:  # a user without a home, as containers have them
        raise FileNotFoundError("no home") from error


def _only_ours(path: Path) -> bool:
    """Whether nobody else can have written it: what is in it runs with our rights."""
    status = path.stat()
    return status.st_uid == os.geteuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _compile(command: list[str], source: Path, library: Path) -> None:
    """Several processes may do so at once; each moves its own finished file into place."""
    with tempfile.TemporaryDirectory(dir=library.parent) as folder:
        finished = Path(folder) / library.name
        arguments = [*FLAGS, "-o", str(finished), str(source), *LIBRARIES]
        subprocess.run([*command, *arguments], check=True, capture_output=True, timeout=COMPILE_TIMEOUT)
        finished.chmod(0o700)  # whatever the umask
        os.replace(finished, library)
