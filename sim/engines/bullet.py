"""The only import of PyBullet: it greets on the C library's streams, where our JSON and progress go."""

from __future__ import annotations

import ctypes
import os
import sys

__all__ = ["pybullet"]

_library = ctypes.CDLL(None)
sys.stdout.flush()
_library.fflush(None)
_saved, _silence = [os.dup(1), os.dup(2)], os.open(os.devnull, os.O_WRONLY)
os.dup2(_silence, 1)
os.dup2(_silence, 2)
try:
    import pybullet
finally:
    _library.fflush(None)
    for _stream, _copy in enumerate(_saved, start=1):
        os.dup2(_copy, _stream)
        os.close(_copy)
    os.close(_silence)
