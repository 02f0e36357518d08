"""The process that learns for a fine-tuner: requests and answers, a JSON object a line."""

from __future__ import annotations

import contextlib
import json
import queue
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

MODULE = "pipeline.online_learner"  # by name: a robot need not have what it imports
PATIENCE = 5.0  # s, for its end


class LearnerProcess:
    """Started with the run that it learns for; what it logs goes to `out`/learner.log."""

    def __init__(self, run: Path, out: Path) -> None:
        out.mkdir(parents=True, exist_ok=True)
        with (out / "learner.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", MODULE, str(run), str(out)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self._answers: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        threading.Thread(target=self._listen, daemon=True).start()

    def ask(self, request: dict[str, Any]) -> None:
        """Send a request; nothing where the process has ended, as `has_ended` then says."""
        stream = self._process.stdin
        assert stream is not None
        with contextlib.suppress(OSError):
            print(json.dumps(request), file=stream, flush=True)

    def answers(self) -> list[dict[str, Any]]:
        """What has come since the last time."""
        found = []
        while not self._answers.empty():
            found.append(self._answers.get())
        return found

    @property
    def has_ended(self) -> bool:
        """Whether nobody learns any more."""
        return self._process.poll() is not None

    def close(self) -> None:
        """End it, at once where it is in the middle of something."""
        self._process.terminate()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            try:
                self._answers.put(json.loads(line))
            except ValueError:
                self._answers.put({"kind": "error", "message": f"it says {line.strip()!r}"})
