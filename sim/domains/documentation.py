"""The table of domain parameters in the documentation, written from the parameters themselves.

python -m sim.domains.documentation docs/domains.md
"""

from __future__ import annotations

import sys

from sim import markdown
from sim.domains.parameters import GROUPS, Parameter

HEADER = ("parameter", "unit", "value", "range", "nominal", "meaning")
SCOPES = {"scalar": "one", "joint": "one a joint", "axis": "x, y, z"}


def sections() -> dict[str, str]:
    """The generated parts of the page about domains, by the name of their markers."""
    tables = (f"### {title}\n\n{markdown.table(HEADER, map(_row, group))}" for title, group in GROUPS.items())
    return {"parameters": "\n\n".join(tables)}


def _row(parameter: Parameter) -> tuple[str, ...]:
    nominal = "the robot's file" if parameter.nominal is None else f"{parameter.nominal:g}"
    needs = f" Needs a {parameter.needs}." if parameter.needs else ""
    return (
        f"`{parameter.name}`",
        parameter.unit,
        SCOPES[parameter.scope],
        f"{parameter.low:g} to {parameter.high:g}",
        nominal,
        parameter.description + needs,
    )


if __name__ == "__main__":
    raise SystemExit(markdown.main(sys.argv[1:], sections()))
