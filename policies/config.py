"""Settings of a training run: frozen, typed, nothing unknown accepted."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    model_validator,
)


class Strict(BaseModel):
    """Base of every settings model: unknown keys are errors, values never change."""

    model_config = ConfigDict(frozen=True, extra="forbid")


RAY = r"ray(:[1-9]\d*)?"
Workers = PositiveInt | Annotated[str, Field(pattern=f"^{RAY}$")]  # processes, or Ray actors


class StopConfig(Strict):
    """Training ends once the means of the last 100 episodes have met every bound for `hold` steps on end."""

    at_most: dict[str, float] = Field(default_factory=dict)  # e.g. {error_vx: 0.15}
    at_least: dict[str, float] = Field(default_factory=dict)  # e.g. {success: 0.95}
    hold: PositiveInt = 20_000  # environment steps

    @model_validator(mode="after")
    def _some_bound(self) -> StopConfig:
        if not self.at_most and not self.at_least:
            raise ValueError("name at least one metric in at_most or at_least")
        return self


class SacConfig(Strict):
    """Soft actor-critic (Haarnoja et al. 2018, arXiv:1812.05905)."""

    algorithm: Literal["sac"] = "sac"
    steps: PositiveInt = 20_000
    environments: PositiveInt = 4
    workers: Workers = 2
    hidden: tuple[PositiveInt, ...] = (128, 128)
    learning_rate: PositiveFloat = 1e-3
    batch_size: PositiveInt = 128
    gamma: float = Field(0.95, gt=0, lt=1)
    tau: float = Field(0.02, gt=0, le=1)
    updates_per_step: PositiveFloat = 1.0
    learning_starts: PositiveInt = 1_000
    buffer_size: PositiveInt = 300_000
    stop_at: StopConfig | None = None

    @property
    def total_steps(self) -> int:
        """Environment steps of the whole training."""
        return self.steps


class RecurrentConfig(Strict):
    """An LSTM in front of the actor's layers, and one in front of the critic's."""

    hidden: PositiveInt = 128  # units of each


class TeacherStudentConfig(Strict):
    """A teacher that is told what no sensor says, and a student that finds it out (policies.student)."""

    latent: PositiveInt = 8  # numbers that the teacher's encoder makes of it
    history: int = Field(20, ge=2)  # observations that the student remembers
    student_steps: PositiveInt = 500_000  # after the teacher's `steps`


class EpoptConfig(Strict):
    """Updates from the worst episodes only (Rajeswaran et al. 2017, arXiv:1610.01283)."""

    epsilon: float = Field(0.1, gt=0, lt=1)  # share of the episodes
    warm_up: NonNegativeInt = 200_000  # steps before, with all of them
    rollout_steps: PositiveInt | None = None  # after the warm-up; None: as before
    rank: Literal["advantage", "return"] = "advantage"  # the paper's is return; for episodes that are alike


class WideningConfig(Strict):
    """Randomization as wide as success allows (Tiboni et al. 2024, arXiv:2311.01885)."""

    success: float = Field(0.5, gt=0, lt=1)  # least rate
    least_return: float | None = None  # of an episode that counts as success; None: as the task says
    episodes: PositiveInt = 100  # from one update to the next
    trust: PositiveFloat = 0.2  # nats, largest KL divergence of an update


class PpoConfig(Strict):
    """Proximal policy optimisation with a learning rate that follows the KL divergence.

    The schedule is the one that legged_gym and Isaac Lab use: halve-ish above twice the
    desired KL, raise below half of it.
    """

    algorithm: Literal["ppo"] = "ppo"
    steps: PositiveInt = 1_000_000
    environments: PositiveInt = 48
    workers: Workers = 2
    hidden: tuple[PositiveInt, ...] = (256, 128)  # behind the LSTM, where there is one
    learning_rate: PositiveFloat = 1e-3
    desired_kl: PositiveFloat = 0.01
    rollout_steps: PositiveInt = 64
    minibatches: PositiveInt = 4
    epochs: PositiveInt = 5
    gamma: float = Field(0.98, gt=0, lt=1)
    gae_lambda: float = Field(0.95, gt=0, le=1)
    clip: PositiveFloat = 0.2
    entropy: float = Field(0.0, ge=0)
    initial_log_std: float = -1.0
    recurrent: RecurrentConfig | None = None  # None: a feed-forward policy
    epopt: EpoptConfig | None = None  # None: all episodes count
    widening: WideningConfig | None = None  # None: the source domain as its file says
    stop_at: StopConfig | None = None
    symmetry: bool = False  # whether a walker's policy is the same on both sides
    privileged_critic: bool = False  # whether the critic sees what no sensor says
    teacher_student: TeacherStudentConfig | None = None  # None: what is trained is what is deployed

    @property
    def total_steps(self) -> int:
        """Environment steps of the whole training."""
        return self.steps + (self.teacher_student.student_steps if self.teacher_student else 0)

    @property
    def privileged(self) -> str:
        """The switch for which the environments have to tell what no sensor says, or ""."""
        if self.teacher_student:
            return "teacher_student"
        return "privileged_critic" if self.privileged_critic else ""

    @model_validator(mode="after")
    def _switches_fit(self) -> PpoConfig:
        if self.recurrent and self.privileged:
            raise ValueError(
                f"recurrent and {self.privileged} do not go together: the LSTMs of a recurrent policy's "
                "actor and critic see the same; choose one of them"
            )
        if self.symmetry and (self.recurrent or self.privileged):
            raise ValueError(
                f"symmetry and {self.privileged or 'recurrent'} do not go together: only the mirror image of "
                "what a policy without memory observes is known; choose one of them"
            )
        self._ends_fit()
        self._rollouts_fit()
        return self

    def _ends_fit(self) -> None:
        """Refuse `stop_at` where recent episodes do not say what it asks for."""
        reasons = {
            "widening": "the first episodes are those of the easiest robots",
            "epopt": "its rollouts cut long episodes, so those that end are the bad ones",
            "teacher_student": "the teacher is not what is deployed",
        }
        for name, reason in reasons.items():
            if self.stop_at and getattr(self, name):
                raise ValueError(f"stop_at and {name} do not go together: {reason}; leave stop_at out")

    def _rollouts_fit(self) -> None:
        rollout, student = self.environments * self.rollout_steps, self.teacher_student
        if rollout % self.minibatches:
            raise ValueError(
                f"minibatches: {self.minibatches} does not divide a rollout, {rollout} steps "
                "(environments · rollout_steps); the last minibatch would be a small one"
            )
        if self.privileged and self.epopt and self.epopt.rank == "advantage":
            raise ValueError(
                f"epopt.rank: advantage compares with what the critic expects, and with {self.privileged} it "
                "knows which robots are bad; rank by return"
            )
        if student and student.student_steps < rollout:
            raise ValueError(
                f"teacher_student.student_steps: {student.student_steps} is less than one rollout, {rollout} "
                "(environments · rollout_steps), so there would be no student"
            )


TrainConfig = Annotated[SacConfig | PpoConfig, Field(discriminator="algorithm")]
