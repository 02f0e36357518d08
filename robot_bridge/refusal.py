"""How a node tells its launcher why it gives up, so that the launcher can say it last."""

from __future__ import annotations

import contextlib
import os

VARIABLE = "TERRAFIRMA_REFUSAL_FD"  # number of an open file; absent where nobody asks


def tell(message: str) -> None:
    """Note `message` for the launcher, if there is one; the node's own log has it anyway."""
    number = os.environ.get(VARIABLE)
    if number:
        with contextlib.suppress(OSError, ValueError):
            os.write(int(number), f"{message}\n".encode())
