"""The only import of PyBullet: it greets on the C library's stdout, where our JSON goes."""

from __future__ import annotations

import ctypes
import os
import sys

__all__ = ["pybullet"]

_library = ctypes.CDLL(None)
sys.stdout.flush()
_library.fflush(None)
_saved, _silence = os.dup(1), os.open(os.devnull, os.O_WRONLY)
os.dup2(_silence, 1)
try:
    import pybullet
finally:
    _library.fflush(None)
    os.dup2(_saved, 1)
    os.close(_saved)
    os.close(_silence)
