"""What a learner is made of, kept and restored part by part."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Protocol


class Part(Protocol):
    """A network, an optimiser, or anything else with PyTorch's two methods."""

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state: dict[str, Any], /) -> Any: ...


class InParts(ABC):
    """A learner whose whole state is that of its `parts`."""

    @property
    @abstractmethod
    def parts(self) -> Mapping[str, Part]:
        """By name."""

    def state(self) -> dict[str, Any]:
        """What `restore` needs."""
        return {name: part.state_dict() for name, part in self.parts.items()}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on as the one whose state it was."""
        for name, part in self.parts.items():
            part.load_state_dict(state[name])
