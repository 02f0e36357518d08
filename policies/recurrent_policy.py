"""A recurrent policy that runs through each stretch of an update at once.

sb3-contrib's steps through all stretches tick by tick in Python as soon as one of them begins an episode. But
it cuts rollouts where episodes begin, so that a state is only ever forgotten before a stretch's first tick.
"""

from __future__ import annotations

import torch
from sb3_contrib.common.recurrent.policies import RecurrentActorCriticPolicy
from torch import Tensor, nn


class StretchPolicy(RecurrentActorCriticPolicy):
    """Stable-Baselines3's recurrent policy, with the same numbers in a fraction of the time."""

    @staticmethod
    def _process_sequence(  # type: ignore[override]  # theirs is annotated wrongly
        features: Tensor, lstm_states: tuple[Tensor, Tensor], episode_starts: Tensor, lstm: nn.LSTM
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Outputs (k · ticks, hidden) and last states (1, k, hidden) of k stretches, padded to one length.

        Args:
            features: (k · ticks, features).
            lstm_states: of each before its first tick, (1, k, hidden).
            episode_starts: (k · ticks), 1 only where an episode begins.
        """
        stretches = lstm_states[0].shape[1]
        ticks = features.reshape(stretches, -1, lstm.input_size).swapaxes(0, 1)
        starts = episode_starts.reshape(stretches, -1)
        assert not starts[:, 1:].any(), "rollouts are cut where episodes begin"
        kept = (1.0 - starts[:, 0]).view(1, -1, 1)
        outputs, states = lstm(ticks, (kept * lstm_states[0], kept * lstm_states[1]))
        return torch.flatten(outputs.transpose(0, 1), start_dim=0, end_dim=1), states
