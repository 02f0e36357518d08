"""A card says what was measured, `verify` finds what it should not say, and the shelf is in order."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from contract.errors import TerrafirmaError, UnknownNameError
from pipeline.places import policy_file
from pipeline.zoo.add import MAX_BYTES, add
from pipeline.zoo.card import Card, Interval
from pipeline.zoo.page import page
from pipeline.zoo.shelf import Shelf
from pipeline.zoo.verify import agree, contradictions, verify
from policies.runtime import Policy

Run = Callable[..., Any]
SHIPPED = Shelf()


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    (tmp_path / "docs").mkdir()
    return Shelf(tmp_path / "zoo", tmp_path / "docs")


@pytest.fixture
def card(shelf: Shelf, policy: Path) -> Card:
    """Of an arm that trained nowhere, measured in three episodes of two domains."""
    return add(shelf, str(policy), "arm", ("nominal", "iiwa-broken-joint"), episodes=3, remark="Untrained.")


def rewrite(shelf: Shelf, **changes: object) -> None:
    path = shelf.card_file("arm")
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_what_was_added_is_there_whole(shelf: Shelf, card: Card, policy: Path) -> None:
    assert shelf.cards() == [card]
    assert shelf.file("arm").read_bytes() == policy.read_bytes()
    assert sorted(path.name for path in shelf.folder.iterdir()) == ["arm.json", "arm.onnx"]
    assert [said.domain for said in card.measured] == ["nominal", "iiwa-broken-joint"]
    assert set(card.measured[0].figures) == {"success_rate", "fall_rate", "return_mean", "distance"}
    assert card.training.seed is None  # nobody knows
    assert card.contract.observation["joint_position"] == 7
    with Image.open(shelf.picture("arm")) as picture:
        assert picture.size == (4 * 320, 240)
        assert np.asarray(picture).std() > 20.0  # not blank
    text = shelf.page.read_text()
    assert "## arm" in text
    assert "Untrained." in text
    assert "images/policies/arm.jpg" in text


def test_the_same_episodes_give_the_same_figures(shelf: Shelf, card: Card) -> None:
    wrong, rows = verify(shelf, "arm")
    assert wrong == []
    assert len(rows) == 8
    assert all(row.card == row.measured and row.agrees for row in rows)


def test_a_figure_that_is_not_so_is_named(shelf: Shelf, card: Card) -> None:
    measured = json.loads(card.model_dump_json())["measured"]
    measured[1]["figures"]["distance"] = {"mean": 0.001, "low": 0.0009, "high": 0.0011}
    measured[0]["figures"]["grace"] = {"mean": 1.0, "low": 1.0, "high": 1.0}
    rewrite(shelf, measured=measured)
    for seed in (None, 77):
        _, rows = verify(shelf, "arm", seed=seed)
        differ = [(row.domain, row.figure) for row in rows if not row.agrees]
        assert differ == [("nominal", "grace"), ("iiwa-broken-joint", "distance")]


def test_facts_that_are_not_so_are_named(shelf: Shelf, card: Card) -> None:
    measured = json.loads(card.model_dump_json())["measured"]
    measured[0]["domain_digest"] = "0" * 64
    rewrite(shelf, sha256="0" * 64, bytes=7, robot="panda", measured=measured)
    said = list(contradictions(shelf.card("arm"), shelf.policy("arm")))
    assert [line.split(": ")[1] for line in said] == ["sha256", "bytes", "robot", "measured"]
    assert "the card says panda, it is iiwa" in said[2]


@pytest.mark.parametrize(
    ("mean", "same", "expected"),
    [(1.0, True, True), (1.9, True, True), (2.1, True, False), (2.1, False, True), (2.6, False, False)],
)
def test_when_two_measurements_agree(mean: float, same: bool, expected: bool) -> None:
    card = Interval(mean=mean, low=mean - 0.5, high=mean + 0.5)
    assert agree(card, Interval(mean=1.0, low=0.0, high=2.0), same) is expected


def test_a_policy_measured_anew_keeps_its_origin(shelf: Shelf, card: Card) -> None:
    training = json.loads(card.model_dump_json())["training"] | {"seed": 5, "steps": 12}
    rewrite(shelf, training=training)
    again = add(shelf, str(shelf.file("arm")), "arm", ("nominal",), episodes=2, replace=True)
    assert (again.training.seed, again.training.steps, len(again.measured)) == (5, 12, 1)
    assert shelf.card("arm") == again


def test_a_run_tells_seed_steps_seconds_and_recipe(shelf: Shelf, policy: Path, tmp_path: Path) -> None:
    run, identity = tmp_path / "run", Policy(policy).contract.identity
    (run / "source").mkdir(parents=True)
    (run / "source" / "policy.onnx").write_bytes(policy.read_bytes())
    (run / "source" / "metrics.jsonl").write_text('{"steps": 64, "seconds": 9.5}\n{"steps": 9')
    (run / "recipe.yaml").write_text("name: x\n")
    record = {"seed": 3, "recipe_hash": identity.recipe_hash, "versions": {"torch": "2"}}
    (run / "run.json").write_text(json.dumps(record))
    training = add(shelf, str(run), "arm", ("nominal",), episodes=1).training
    assert (training.seed, training.steps, training.seconds) == (3, 64, 9.5)
    assert training.recipe == "name: x\n"
    (run / "run.json").write_text(json.dumps(record | {"recipe_hash": "another"}))
    with pytest.raises(TerrafirmaError, match="made from another recipe or seed"):
        add(shelf, str(run), "leg", ("nominal",), episodes=1)


def test_what_may_not_be_shipped_is_refused(shelf: Shelf, policy: Path, tamper: Run) -> None:
    with pytest.raises(TerrafirmaError, match="--name 'My Arm'"):
        add(shelf, str(policy), "My Arm", ("nominal",))
    with pytest.raises(UnknownNameError, match="unknown shipped domain 'nominul'"):
        add(shelf, str(policy), "arm", ("nominul",))
    big = policy.with_name("big.onnx")
    big.write_bytes(enlarged(policy))
    assert big.stat().st_size > MAX_BYTES
    with pytest.raises(TerrafirmaError, match="is more than a shipped policy's 1000000"):
        add(shelf, str(big), "arm", ("nominal",))
    tamper(policy, golden_action=0.1)
    with pytest.raises(TerrafirmaError, match="changed after export"):
        add(shelf, str(policy), "arm", ("nominal",))
    assert not shelf.folder.exists()
    assert list(shelf.docs.iterdir()) == []


def enlarged(policy: Path) -> bytes:
    """The same policy with a longer file."""
    import onnx

    model = onnx.load(policy)
    model.doc_string = "x" * MAX_BYTES
    return bytes(model.SerializeToString())


def test_a_taken_name_and_a_missing_checkout_are_refused(shelf: Shelf, card: Card, policy: Path) -> None:
    with pytest.raises(TerrafirmaError, match="'arm' is taken"):
        add(shelf, str(policy), "arm", ("nominal",))
    installed = replace(shelf, docs=shelf.docs / "none")
    with pytest.raises(TerrafirmaError, match="shipped from a checkout"):
        add(installed, str(policy), "leg", ("nominal",))


def test_a_card_with_a_wrong_field_says_which(shelf: Shelf, card: Card) -> None:
    rewrite(shelf, colour="red")
    with pytest.raises(TerrafirmaError, match=r"arm\.json: not a model card: colour"):
        shelf.card("arm")


@pytest.mark.parametrize("name", SHIPPED.names)
def test_every_shipped_policy_is_small_sound_and_described(name: str) -> None:
    policy, card = SHIPPED.policy(name), SHIPPED.card(name)
    assert list(contradictions(card, policy)) == []
    assert card.bytes <= MAX_BYTES
    assert card.measured
    assert all(said.episodes >= 100 for said in card.measured)
    assert card.training.seed is not None
    assert card.training.recipe
    assert SHIPPED.picture(name).is_file()
    assert policy_file(name) == SHIPPED.file(name)


def test_the_page_is_written_from_the_cards() -> None:
    assert SHIPPED.page.read_text() == page(SHIPPED.cards())


def test_the_command_lists_and_verifies(terrafirma: Run) -> None:
    cards = json.loads(terrafirma("zoo", "list", "--json").out)
    assert [card["name"] for card in cards] == SHIPPED.names
    assert "iiwa-broken-joint" in terrafirma("zoo", "list").out
    outcome = terrafirma("zoo", "verify", "iiwa-reach-broken-joint-oracle", "--episodes", 20, "--json")
    rows = json.loads(outcome.out)
    assert outcome.code == 0, outcome.err
    assert {row["domain"] for row in rows} >= {"iiwa-broken-joint"}
    assert "unknown shipped policy 'a1-velocty'" in terrafirma("zoo", "verify", "a1-velocty").error
    assert "--episodes 0" in terrafirma("zoo", "verify", "--episodes", 0).error
