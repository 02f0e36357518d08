"""Domain files are read as written, and every mistake in one is named with its line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.errors import DomainError, TerrafirmaError, UnknownNameError
from sim.domains.distributions import Fixed, LogUniform, Normal, Uniform
from sim.domains.parameters import PARAMETERS
from sim.domains.reader import LIBRARY, MAX_BYTES, load_domain, parse_domain
from sim.robots import ROBOTS, load_robot


def test_values_and_distributions() -> None:
    text = """\
description: everything that a file can say
engine: mujoco
parameters:
  gravity: 9
  action_latency: 2e-2
  ground_friction: {uniform: [0.4, 0.9]}
  link_mass_scale: {log_uniform: [0.8, 1.25]}
  joint_strength:
    lbr_iiwa_joint_1: 0.0
    lbr_iiwa_joint_2: {normal: [1, 0.1]}
  joint_damping: {uniform: [0.1, 0.2]}
  gyro_bias:
    z: {fixed: 0.1, mode: startup}
  joint_armature: {uniform: [0.5, 2], operation: scale, mode: interval, every: 1.5}
  kp_scale: {normal: [1, 0.1], group: motors, correlation: -0.5}
"""
    domain = parse_domain(text, "d.yaml")
    assert (domain.engine, domain.source) == ("mujoco", "d.yaml")
    read = [(s.parameter.name, s.component, s.distribution, s.where) for s in domain.settings]
    assert read == [
        ("gravity", None, Fixed(9.0), "d.yaml:4"),
        ("action_latency", None, Fixed(0.02), "d.yaml:5"),
        ("ground_friction", None, Uniform(0.4, 0.9), "d.yaml:6"),
        ("link_mass_scale", None, LogUniform(0.8, 1.25), "d.yaml:7"),
        ("joint_strength", "lbr_iiwa_joint_1", Fixed(0.0), "d.yaml:9"),
        ("joint_strength", "lbr_iiwa_joint_2", Normal(1.0, 0.1), "d.yaml:10"),
        ("joint_damping", None, Uniform(0.1, 0.2), "d.yaml:11"),
        ("gyro_bias", "z", Fixed(0.1), "d.yaml:13"),
        ("joint_armature", None, Uniform(0.5, 2.0), "d.yaml:14"),
        ("kp_scale", None, Normal(1.0, 0.1), "d.yaml:15"),
    ]
    plain, *_, bias, armature, gain = domain.settings
    assert (plain.operation, plain.mode, plain.group) == ("set", "reset", "")
    assert bias.mode == "startup"
    assert (armature.operation, armature.mode, armature.every) == ("scale", "interval", 1.5)
    assert (gain.group, gain.correlation) == ("motors", -0.5)


@pytest.mark.parametrize("empty", ["", "parameters:", "parameters: {}", "parameters: null"])
def test_a_domain_without_parameters_is_nominal(empty: str) -> None:
    assert parse_domain(f"engine: pybullet\n{empty}\n", "d").settings == ()


PARAMETER_MISTAKES = {
    "unknown name": (
        "joint_strenght: 0.5",
        r"d:3: unknown domain parameter 'joint_strenght'\. Did you mean 'joint_strength'\?",
    ),
    "unit in the value": (
        "action_latency: 20 ms",
        r"d:3: action_latency: expected a finite number in s, got '20 ms'",
    ),
    "unit attached": ("action_latency: 20ms", r"number in s, got '20ms'"),
    "quoted number": ("gravity: '9.81'", r"number in m/s², got '9\.81'"),
    "a word": ("gravity: moon", r"d:3: gravity: expected a finite number in m/s², got 'moon'"),
    "a truth value": ("gravity: true", r"number in m/s², got 'true'"),
    "nothing": ("gravity:", r"number in m/s², got ''"),
    "a list": ("gravity: [1, 2]", r"number in m/s², got a list"),
    "not a number": ("gravity: .nan", r"finite number in m/s²"),
    "infinite": ("gravity: .inf", r"finite number in m/s²"),
    "overflow": ("gravity: 1e999", r"finite number in m/s²"),
    "too large": (
        "ground_friction: 4",
        r"d:3: ground_friction: \[4, 4\] 1 leaves the valid range \[0, 3\] 1",
    ),
    "negative": ("action_latency: -0.01", r"leaves the valid range \[0, 0\.2\] s"),
    "distribution too wide": (
        "action_latency: {uniform: [0.1, 0.3]}",
        r"\[0\.1, 0\.3\] s leaves the valid range",
    ),
    "normal too wide": ("action_latency: {normal: [0.01, 0.01]}", r"\[-0\.01, 0\.03\] s leaves"),
    "unknown distribution": (
        "gravity: {unifrm: [1, 2]}",
        r"d:3: gravity: unknown distribution 'unifrm'\. Did you mean 'uniform'",
    ),
    "unknown distribution of joints": (
        "joint_strength: {lbr_iiwa_joint_1: {unifrm: [0, 1]}}",
        r"joint_strength: unknown distribution 'unifrm'\. Did you mean 'uniform'",
    ),
    "unknown distribution for all joints": (
        "joint_strength: {unifrm: [0, 1]}",
        r"d:3: joint_strength: unknown distribution 'unifrm'\. Did you mean 'uniform'",
    ),
    "a list for a joint": (
        "joint_strength: {lbr_iiwa_joint_1: [0, 1]}",
        r"d:3: joint_strength: expected a finite number in 1, got a list",
    ),
    "misspelt curriculum": (
        "terrain_roughness: {curiculum: [0, 0.05]}",
        r"d:3: terrain_roughness: unknown distribution 'curiculum'\. Did you mean 'curriculum'",
    ),
    "curriculum of one number": (
        "terrain_roughness: {curriculum: 0.05}",
        r"d:3: terrain_roughness: curriculum takes two numbers, \[a, b\], got '0\.05'",
    ),
    "curriculum too hard": (
        "terrain_roughness: {curriculum: [0, 0.5]}",
        r"d:3: terrain_roughness: \[0, 0\.5\] m leaves the valid range \[0, 0\.1\] m",
    ),
    "curriculum drawn once": (
        "terrain_roughness: {curriculum: [0, 0.05], mode: startup}",
        r"d:3: terrain_roughness: a curriculum cannot rise with mode 'startup'\. Modes: reset, interval",
    ),
    "new ground within an episode": (
        "terrain_roughness: {uniform: [0, 0.05], mode: interval, every: 2}",
        r"d:3: terrain_roughness cannot change within an episode",
    ),
    "unknown option": (
        "gravity: {uniform: [9, 10], mod: reset}",
        r"d:3: gravity: unknown option 'mod'\. Did you mean 'mode'\?",
    ),
    "unknown operation": (
        "gravity: {fixed: 9, operation: multiply}",
        r"d:3: unknown operation 'multiply'.* Valid: add, scale, set",
    ),
    "unknown mode": ("gravity: {fixed: 9, mode: rest}", r"d:3: unknown mode 'rest'\. Did you mean 'reset'"),
    "mode is a list": ("gravity: {fixed: 9, mode: [reset]}", r"d:3: expected the name of a mode, got a list"),
    "options without a distribution": (
        "gravity: {mode: reset}",
        r"d:3: gravity: needs one distribution, got none\. Valid: uniform",
    ),
    "interval without a time": (
        "gravity: {uniform: [9, 10], mode: interval}",
        r"d:3: gravity: mode 'interval' and 'every' \(s\) need each other",
    ),
    "a time without an interval": ("gravity: {uniform: [9, 10], every: 2}", r"'every' \(s\) need each other"),
    "a time that is no time": (
        "gravity: {uniform: [9, 10], mode: interval, every: 2 s}",
        r"d:3: gravity: every: expected a finite number in s, got '2 s'",
    ),
    "no time at all": ("gravity: {fixed: 9, mode: interval, every: 0}", r"every: 0 s is no interval"),
    "a start within an episode": (
        "start_height_offset: {uniform: [0, 1], mode: interval, every: 2}",
        r"d:3: start_height_offset cannot change within an episode\. Modes: startup, reset",
    ),
    "correlation beyond one": (
        "gravity: {uniform: [9, 10], correlation: 1.2}",
        r"d:3: gravity: correlation: 1\.2 is not within \[-1, 1\]",
    ),
    "group without correlation": (
        "gravity: {uniform: [9, 10], group: world}",
        r"d:3: gravity: group 'world' needs a correlation",
    ),
    "group is a list": (
        "gravity: {uniform: [9, 10], group: [a], correlation: 1}",
        r"d:3: gravity: group: expected a name, got a list",
    ),
    "factor on zero": (
        "joint_friction: {fixed: 2, operation: scale}",
        r"d:3: joint_friction: nominally 0, which no factor changes\. Operations: set, add",
    ),
    "factor too large": (
        "ground_friction: {uniform: [1, 5], operation: scale}",
        r"d:3: ground_friction: \[0\.8, 4\] 1 leaves the valid range \[0, 3\] 1",
    ),
    "sum too large": (
        "gravity: {fixed: 25, operation: add}",
        r"d:3: gravity: \[34\.81, 34\.81\] m/s² leaves the valid range",
    ),
    "factor in another unit": (
        "gravity: {fixed: 9 m/s², operation: scale}",
        r"d:3: gravity: expected a finite number in 1, got '9 m/s²'",
    ),
    "two distributions": (
        "gravity: {uniform: [1, 2], normal: [1, 1]}",
        r"d:3: gravity: needs one distribution, got uniform and normal\. Valid: uniform",
    ),
    "no numbers": ("gravity: {uniform: 3}", r"uniform takes two numbers, \[a, b\], got '3'"),
    "three numbers": ("gravity: {uniform: [1, 2, 3]}", r"takes two numbers"),
    "words within": ("gravity: {uniform: [low, high]}", r"number in m/s², got 'low'"),
    "reversed": ("gravity: {uniform: [2, 1]}", r"uniform needs low ≤ high, got \[2\.0, 1\.0\]"),
    "negative deviation": ("gravity: {normal: [9, -1]}", r"standard deviation -1\.0 is negative"),
    "logarithm of zero": ("ground_friction: {log_uniform: [0, 1]}", r"log_uniform needs low > 0"),
    "one a joint": (
        "gravity: {lbr_iiwa_joint_1: 3}",
        r"d:3: gravity is one number for the robot, not one a joint",
    ),
    "given twice": ("gravity: 5\n  gravity: 6", r"d:4: 'gravity' is given twice"),
    "joint given twice": ("joint_strength: {j: 1, j: 0}", r"d:3: 'j' is given twice"),
    "no name": ("? [a, b]\n  : 3", r"expected a name, got a list"),
}


@pytest.mark.parametrize("mistake", PARAMETER_MISTAKES)
def test_mistakes_in_parameters(mistake: str) -> None:
    line, message = PARAMETER_MISTAKES[mistake]
    with pytest.raises((DomainError, UnknownNameError), match=message):
        parse_domain(f"engine: mujoco\nparameters:\n  {line}\n", "d")


FILE_MISTAKES = {
    "empty": ("", r"^d: expected 'engine:' and 'parameters:', got an empty file"),
    "only a comment": ("# nothing\n", "got an empty file"),
    "a list": ("- engine\n", "got a list"),
    "a word": ("pybullet", "got 'pybullet'"),
    "no engine": ("parameters: {}", r"'engine' is missing\. Valid: pybullet, mujoco"),
    "unknown engine": ("engine: mujcoo", r"d:1: unknown engine 'mujcoo'\. Did you mean 'mujoco'"),
    "engine is a list": ("engine: [mujoco]", "d:1: expected the name of an engine, got a list"),
    "unknown key": (
        "engine: mujoco\nparameter: {}",
        r"d:2: unknown key 'parameter'\. Did you mean 'parameters'",
    ),
    "parameters are a list": (
        "engine: mujoco\nparameters: [gravity]",
        r"d:2: expected a mapping of parameters, got a list",
    ),
    "parameters are a number": (
        "engine: mujoco\nparameters: 3",
        r"d:2: expected a mapping of parameters, got '3'",
    ),
    "engine twice": ("engine: mujoco\nengine: pybullet", r"d:2: 'engine' is given twice"),
    "not YAML": ("engine: [mujoco", r"^d: not valid YAML"),
    "tabs": ("engine: mujoco\nparameters:\n\tgravity: 3", "not valid YAML"),
    "two documents": ("engine: mujoco\n---\nengine: mujoco\n", "not valid YAML"),
    "a tag to run code": ("engine: !!python/object/apply:os.getcwd []", "name of an engine"),
    "binary junk": ("\x00\x01\x7fELF\x02\x03", "not valid YAML"),
    "far too deep": ("[" * 5000, "not valid YAML"),
    "refers to itself": (
        "engine: mujoco\nparameters: &p\n  joint_strength: *p\n",
        "unknown distribution|not valid|expected",
    ),
}


@pytest.mark.parametrize("mistake", FILE_MISTAKES)
def test_mistakes_in_the_file(mistake: str) -> None:
    text, message = FILE_MISTAKES[mistake]
    with pytest.raises((DomainError, UnknownNameError), match=message):
        parse_domain(text, "d")


@given(st.text(max_size=80))
def test_any_text_is_a_domain_or_a_clear_error(text: str) -> None:
    for candidate in (text, f"engine: mujoco\nparameters: {text}"):
        try:
            parse_domain(candidate, "d")
        except TerrafirmaError as error:
            assert "d" in str(error)  # noqa: PT017, either outcome is right


@given(st.binary(max_size=200))
def test_any_file_is_a_domain_or_a_clear_error(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("domain") / "junk.yaml"
    path.write_bytes(data)
    with pytest.raises(TerrafirmaError, match=r"junk\.yaml"):
        load_domain(path)


TURNTABLE = replace(load_robot("iiwa"), name="turntable", tool=None)

ROBOT_MISTAKES = {
    "another robot's joint": (
        "iiwa",
        "joint_strength: {FR_hip_joint: 0}",
        r"d:3: unknown joint of iiwa 'FR_hip_joint'",
    ),
    "misspelt joint": (
        "iiwa",
        "joint_strength: {lbr_iiwa_joint_8: 0}",
        r"unknown joint of iiwa .* Did you mean 'lbr_iiwa_joint_\d'",
    ),
    "no floating base": (
        "iiwa",
        "base_mass_offset: 1",
        r"d:3: base_mass_offset needs a floating base, which iiwa lacks",
    ),
    "neither base nor tool": (
        "turntable",
        "push_force: 5",
        r"d:3: push_force needs a floating base or a tool, which turntable lacks",
    ),
    "unknown axis": (
        "a1",
        "gyro_bias: {w: 0.1}",
        r"d:3: unknown axis of gyro_bias 'w'\. .*Valid: x, y, z",
    ),
    "factor on the robot's own value": (
        "a1",
        "joint_armature: {fixed: 200, operation: scale}",
        r"d:3: joint_armature: \[2, 2\] kg·m² leaves the valid range \[0, 1\]",
    ),
    "sum of the robot's own value": (
        "iiwa",
        "joint_damping: {lbr_iiwa_joint_3: {uniform: [-1, 0], operation: add}}",
        r"d:3: joint_damping: \[-0\.5, 0\.5\] N·m·s/rad leaves the valid range",
    ),
    "no tool": ("a1", "tool_mass_offset: 1", r"d:3: tool_mass_offset needs a tool, which a1 lacks"),
}


@pytest.mark.parametrize("mistake", ROBOT_MISTAKES)
def test_settings_that_mean_nothing_for_the_robot(mistake: str) -> None:
    robot, line, message = ROBOT_MISTAKES[mistake]
    domain = parse_domain(f"engine: mujoco\nparameters:\n  {line}\n", "d")
    with pytest.raises((DomainError, UnknownNameError), match=message):
        domain.check(TURNTABLE if robot == "turntable" else load_robot(robot))


def test_an_error_lists_what_is_valid() -> None:
    with pytest.raises(UnknownNameError) as caught:
        parse_domain("engine: mujoco\nparameters: {frictoin: 1}", "d")
    assert all(name in str(caught.value) for name in PARAMETERS)


@pytest.mark.parametrize("path", sorted(LIBRARY.glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_domains_are_found_by_name(path: Path) -> None:
    assert load_domain(path.stem) == load_domain(path)


@pytest.mark.parametrize("path", sorted(LIBRARY.glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_domains_suit_their_robots(path: Path) -> None:
    families = {"legged": ["a1"], "hard": ["a1"], "half": ["half_cheetah"]}
    made_for = families | {name: [name] for name in ROBOTS}
    robots = made_for.get(path.stem.split("-")[0], ["a1", "iiwa"])
    for name in robots:
        load_domain(path).check(load_robot(name))


def test_a_file_comes_before_a_shipped_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("nominal").write_text("engine: mujoco\n")
    assert load_domain("nominal").engine == "mujoco"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"unknown domain .*nominul.*Did you mean 'nominal'"):
        load_domain("nominul")
    with pytest.raises(UnknownNameError):
        load_domain(tmp_path)  # a folder is no domain


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.yaml"
    path.write_bytes(b"#" * (MAX_BYTES + 1))
    with pytest.raises(DomainError, match="1000001 bytes is no domain file"):
        load_domain(path)
