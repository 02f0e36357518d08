"""What every part of a robot file has in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Entry(BaseModel):
    """Part of a robot file: a field that it does not know, and a number that is none, are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
