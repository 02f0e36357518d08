"""A policy file that is read and checked beside a running control loop."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from contract.errors import TerrafirmaError
from contract.record import Contract
from policies.runtime import Policy
from robot_bridge.succession import check_successor

SWITCH = 2e-4  # s between two threads of Python while one reads: the loop must not wait for longer


class Newcomer:
    """Read in a thread of its own; then either `policy` or `refusal` is there.

    Args:
        contract: of the policy that it is to succeed.
    """

    def __init__(self, path: Path, contract: Contract) -> None:
        self.path = path
        self.policy: Policy | None = None
        self.refusal = ""
        self._contract, self._switch = contract, sys.getswitchinterval()
        sys.setswitchinterval(min(SWITCH, self._switch))
        threading.Thread(target=self._read, daemon=True).start()

    def __str__(self) -> str:
        """What has become of it, in words."""
        if self.policy is not None:
            return f"ready: {self.policy.sha256}"
        return f"refused: {self.refusal}" if self.refusal else f"reading {self.path}"

    def _read(self) -> None:
        try:
            policy = Policy(self.path)
            check_successor(self._contract, policy)
            self.policy = policy
        except TerrafirmaError as error:
            self.refusal = str(error)
        except Exception as error:  # else it would be read for ever
            self.refusal = repr(error)
        finally:
            sys.setswitchinterval(self._switch)
