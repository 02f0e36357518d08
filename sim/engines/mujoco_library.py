"""The only import of MuJoCo."""

from __future__ import annotations

import mujoco

__all__ = ["mujoco"]
