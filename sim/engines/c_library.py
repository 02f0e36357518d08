"""C sources that are compiled where they run: once, into the user's cache, if there is a compiler."""

from __future__ import annotations

import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path

# no fused multiply-add: results have to be numpy's, bit by bit
FLAGS = ("-O2", "-ffp-contract=off", "-shared", "-fPIC")
LIBRARIES = ("-ldl", "-lm")
COMPILE_TIMEOUT = 60.0  # s


def compiler() -> list[str] | None:
    """The command that compiles C: $CC, or else cc; None where there is none."""
    command = shlex.split(os.environ.get("CC") or "cc")
    return command if shutil.which(command[0]) else None


def compiled(source: Path) -> Path | None:
    """The shared library of a C file; None where it cannot be compiled.

    The cache is $XDG_CACHE_HOME/terrafirma, or ~/.cache/terrafirma.
    """
    command = compiler()
    if command is None:
        return None
    key = "\0".join([source.read_text(), *command, *FLAGS, platform.machine()])
    digest = hashlib.sha256(key.encode()).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "terrafirma"
    library = cache / f"{source.stem}-{digest}.so"
    try:
        if not library.exists():
            cache.mkdir(parents=True, exist_ok=True)
            _compile(command, source, library)
    except (OSError, subprocess.SubprocessError):
        return None
    return library


def _compile(command: list[str], source: Path, library: Path) -> None:
    """Several processes may do so at once; each moves its own finished file into place."""
    with tempfile.TemporaryDirectory(dir=library.parent) as folder:
        finished = Path(folder) / library.name
        arguments = [*FLAGS, "-o", str(finished), str(source), *LIBRARIES]
        subprocess.run([*command, *arguments], check=True, capture_output=True, timeout=COMPILE_TIMEOUT)
        os.replace(finished, library)
