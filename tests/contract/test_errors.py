"""An error says what was probably meant."""

from __future__ import annotations

import pytest

from contract.errors import ContractError, DomainError, TerrafirmaError, UnknownNameError


def test_the_nearest_name_is_offered() -> None:
    message = str(
        UnknownNameError("parameter", "ground_fricton", ["base_mass", "ground_friction"], "d.yaml:3")
    )
    assert message == (
        "d.yaml:3: unknown parameter 'ground_fricton'. Did you mean 'ground_friction'? "
        "Valid: base_mass, ground_friction."
    )


def test_nothing_near_is_offered_for_nonsense() -> None:
    assert "Did you mean" not in str(UnknownNameError("parameter", "zzzz", ["ground_friction"]))


def test_no_valid_names() -> None:
    assert str(UnknownNameError("joint", 3, [])) == "unknown joint 3. Valid: none."


@pytest.mark.parametrize("kind", [ContractError, DomainError, UnknownNameError])
def test_one_base_for_the_command_line(kind: type[Exception]) -> None:
    assert issubclass(kind, TerrafirmaError)
