"""Fine-tuning: go on training the same networks on target transitions alone.

The plainest use of target data, and the baseline that every other method has to beat on the
same budget (ODRL calls it SAC_tune). With a recording there is no new experience, so the
number of gradient steps is what keeps the critic from overfitting.
"""

from __future__ import annotations

from pydantic import PositiveInt
from stable_baselines3.common.utils import FloatSchedule

from adaptation.method import Adapted
from adaptation.source import Report, SourceRun
from adaptation.target import Target
from policies.callbacks import falling_rate
from policies.config import Strict
from sim.vector.factory import make_vector


class FineTuneConfig(Strict):
    """Settings of fine-tuning."""

    updates: PositiveInt = 4_000


def adapt(config: FineTuneConfig, source: SourceRun, target: Target, seed: int, report: Report) -> Adapted:
    """Do `updates` SAC updates at a falling rate on the target's transitions with their own rewards."""
    recorded = target.transitions()
    env = make_vector(source.spec, source.config.environments, source.config.workers, seed)
    try:
        model, _ = source.resume(env, seed, target=recorded, target_fraction=1.0)
        chunk = 500
        for done in range(0, config.updates, chunk):
            rate = falling_rate(source.config.learning_rate, done / config.updates)
            model.lr_schedule = FloatSchedule(rate)
            model.train(gradient_steps=min(chunk, config.updates - done), batch_size=source.config.batch_size)
            logged = model.logger.name_to_value
            losses = {name: float(logged[f"train/{name}"]) for name in ("critic_loss", "actor_loss")}
            report(min(done + chunk, config.updates), losses)
    finally:
        env.close()
    return Adapted(model, env.contract, target.spent)
