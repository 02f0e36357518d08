"""Networks of one shape side by side, so that one product serves them all."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn


class StackedMlp(nn.Module):
    """(copies, batch, inputs) -> (copies, batch, outputs): a network of its own for each copy.

    Hidden layers have ReLUs. Weights and biases begin as those of `torch.nn.Linear`, uniform within
    1 / sqrt(inputs), each copy's from its own generator.
    """

    def __init__(
        self, generators: Sequence[torch.Generator], inputs: int, hidden: Sequence[int], outputs: int
    ) -> None:
        super().__init__()
        sizes = [inputs, *hidden, outputs]
        self.weights, self.biases = nn.ParameterList(), nn.ParameterList()
        for before, after in itertools.pairwise(sizes):
            bound = 1.0 / math.sqrt(before)
            for parameters, rows in ((self.weights, before), (self.biases, 1)):
                drawn = [torch.rand(rows, after, generator=g) for g in generators]
                parameters.append(nn.Parameter((2.0 * torch.stack(drawn) - 1.0) * bound))

    def forward(self, x: Tensor) -> Tensor:
        """Shapes as in the class docstring."""
        *hidden, last = zip(self.weights, self.biases, strict=True)
        for weight, bias in hidden:
            x = torch.relu(torch.baddbmm(bias, x, weight))
        return torch.baddbmm(last[1], x, last[0])
