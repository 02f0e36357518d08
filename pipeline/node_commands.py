"""`terrafirma launch`, `deploy`, `emulate` and `view`: what starts nodes of the bridge."""

from __future__ import annotations

from pathlib import Path

from tyro.conf import Positional

from contract.errors import TerrafirmaError
from pipeline.node_process import become_node
from pipeline.places import launch_file, policy_file


def launch(file: Positional[str], /, *arguments: Positional[str]) -> int:
    """Start the processes of a ROS 2 launch file, also where ROS's own launch is not installed.

    Args:
        file: *.launch.xml file, or the name of a shipped one (emulated, deploy, fine_tune, several).
        arguments: launch arguments as name:=value.
    """
    from robot_bridge.launch_runner import run_launch_file

    given = _launch_arguments(arguments)
    if given.get("policy"):
        given["policy"] = str(policy_file(given["policy"]))
    return run_launch_file(launch_file(file), given)


def deploy(policy: Positional[str], /, output: Path, activate: bool = False, seconds: float = 0.0) -> int:
    """Run a policy against a robot that speaks ROS 2, and record what happens.

    Nothing moves until the policy is activated: `ros2 lifecycle set /policy activate`, or --activate.

    Args:
        policy: ONNX file, or the name of a shipped one.
        output: folder to create for the bag.
        activate: configure and activate the policy at once.
        seconds: stop after so long; 0 means never.
    """
    from robot_bridge.launch_runner import run_launch_file

    arguments = {
        "policy": str(policy_file(policy)),
        "output": str(output),
        "autostart": str(activate).lower(),
        "seconds": str(float(seconds)),
    }
    return run_launch_file(launch_file("deploy"), arguments)


def emulate(
    robot: Positional[str],
    /,
    domain: str = "nominal-mujoco",
    rate: float = 1.0,
    seed: int = 0,
    task: str = "",
) -> int:
    """Run an emulated robot as a ROS 2 node: joint states out, position commands in.

    Args:
        robot: name of a robot, or a robot file.
        domain: domain file, or the name of a shipped one.
        rate: simulated seconds per wall second; publishes /clock.
        seed: of the domain's draw.
        task: name of the task that says what stands around the robot; by default nothing.
    """
    from sim.domains.reader import load_domain
    from sim.robots import load_robot
    from sim.tasks import make_task

    spec = load_robot(robot)
    load_domain(domain).check(spec)
    if task:
        make_task(task, spec)
    parameters = {
        "autostart": "true",
        "robot": robot,
        "task": task,
        "domain": domain,
        "rate": str(float(rate)),
        "seed": str(seed),
        "publish_clock": str(rate != 1.0).lower(),
    }
    return become_node("emulated_robot_node", parameters)


def view(robot: Positional[str], /, port: int = 8080, frame_rate: float = 10.0) -> int:
    """Show a running robot in a browser on this computer, as its joint states say it stands.

    Args:
        robot: name of a robot, or a robot file.
        port: of the page, http://localhost:PORT.
        frame_rate: pictures a second, while somebody looks.
    """
    from sim.robots import load_robot

    load_robot(robot)
    parameters = {"robot": robot, "port": str(port), "frame_rate": str(float(frame_rate))}
    return become_node("emulated_viewer_node", parameters)


def _launch_arguments(arguments: tuple[str, ...]) -> dict[str, str]:
    parsed = {}
    for argument in arguments:
        name, separator, value = argument.partition(":=")
        if not separator or not name:
            raise TerrafirmaError(f"launch argument {argument!r}: expected name:=value.")
        parsed[name] = value
    return parsed
