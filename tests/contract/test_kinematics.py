"""Forward kinematics against the same chain composed of homogeneous transforms."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from contract.kinematics import ForwardKinematics
from contract.record import Contract, KinematicJoint, Kinematics
from contract.state import Array

coordinates = st.floats(-2.0, 2.0)
triples = st.tuples(coordinates, coordinates, coordinates)
axes = triples.filter(lambda axis: np.linalg.norm(axis) > 0.1)
chains = st.lists(st.builds(KinematicJoint, xyz=triples, rpy=triples, axis=axes), min_size=1, max_size=5)


def transform(translation: tuple[float, ...], rotation: Array) -> Array:
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = rotation, translation
    return matrix


def about(axis: Array, angle: float) -> Array:
    """Rotation (3, 3) as the exponential series of the angle times the cross-product matrix."""
    x, y, z = axis / np.linalg.norm(axis)
    generator = angle * np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    result, term = np.eye(3), np.eye(3)
    for k in range(1, 60):
        term = term @ generator / k
        result = result + term
    return result


def reference(chain: Kinematics, positions: Array) -> Array:
    pose = np.eye(4)
    x, y, z = np.eye(3)
    for joint, angle in zip(chain.joints, positions, strict=True):
        fixed = about(z, joint.rpy[2]) @ about(y, joint.rpy[1]) @ about(x, joint.rpy[0])
        pose = pose @ transform(joint.xyz, fixed)
        pose = pose @ transform((0.0, 0.0, 0.0), about(np.array(joint.axis), angle))
    return (pose @ np.array([*chain.tool, 1.0]))[:3]


@given(chain=chains, tool=triples, data=st.data())
def test_any_chain(
    chain: list[KinematicJoint], tool: tuple[float, float, float], data: st.DataObject
) -> None:
    kinematics = Kinematics(tuple(chain), tool)
    angles = st.lists(st.floats(-3.2, 3.2), min_size=len(chain), max_size=len(chain))
    positions = np.array(data.draw(angles))
    found = ForwardKinematics(kinematics).tool_position(positions)
    np.testing.assert_allclose(found, reference(kinematics, positions), atol=1e-9)


def test_a_planar_arm_by_hand() -> None:
    up = KinematicJoint((0.0, 0.0, 0.0), (0.0, 0.0, 0.0), (0.0, 0.0, 1.0))
    elbow = KinematicJoint((1.0, 0.0, 0.0), (0.0, 0.0, 0.0), (0.0, 0.0, 1.0))
    arm = ForwardKinematics(Kinematics((up, elbow), (0.5, 0.0, 0.0)))
    np.testing.assert_allclose(arm.tool_position(np.radians([90.0, -90.0])), [0.5, 1.0, 0.0], atol=1e-12)


def test_evaluation_leaves_the_chain_alone(arm_contract: Contract) -> None:
    assert arm_contract.kinematics
    arm = ForwardKinematics(arm_contract.kinematics)
    first = arm.tool_position(np.full(3, 0.3)).copy()
    arm.tool_position(np.full(3, -1.0))
    np.testing.assert_array_equal(arm.tool_position(np.full(3, 0.3)), first)
