"""A policy file that is read and checked beside a running control loop."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

import numpy as np

from contract.errors import TerrafirmaError
from contract.record import Contract
from policies.runtime import Policy
from robot_bridge.succession import check_successor

SWITCH = 2e-4  # s between two threads of Python while one reads: the loop must not wait for longer
MAX_BYTES = 5_000_000  # opening a larger network would hold up the loop all the same
TRIALS, SHARE = 20, 0.2  # of a control period that an answer may take


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

    @property
    def is_reading(self) -> bool:
        """Whether there is no verdict yet."""
        return self.policy is None and not self.refusal

    def __str__(self) -> str:
        """What has become of it, in words."""
        if self.policy is not None:
            return f"ready: {self.policy.sha256}"
        return f"refused: {self.refusal}" if self.refusal else f"reading {self.path}"

    def _read(self) -> None:
        try:
            if self.path.is_file() and self.path.stat().st_size > MAX_BYTES:
                size = self.path.stat().st_size
                raise TerrafirmaError(
                    f"{self.path}: {size} bytes are more than the {MAX_BYTES} of a successor."
                )
            policy = Policy(self.path)
            check_successor(self._contract, policy)
            self._check_speed(policy)
            self.policy = policy
        except TerrafirmaError as error:
            self.refusal = str(error)
        except Exception as error:  # else it would be read for ever
            self.refusal = repr(error)
        finally:
            sys.setswitchinterval(self._switch)

    def _check_speed(self, policy: Policy) -> None:
        observation = np.zeros(policy.contract.observation_size, np.float32)
        took = []
        for _ in range(TRIALS):
            began = time.perf_counter()
            policy(observation)
            took.append(time.perf_counter() - began)
        policy.reset()
        if float(np.median(took)) > SHARE * policy.contract.control_period:
            raise TerrafirmaError(
                f"{self.path}: takes {1e3 * float(np.median(took)):.1f} ms to answer, more than {SHARE:.0%} "
                f"of the control period, {1e3 * policy.contract.control_period:g} ms."
            )
