"""Names of nodes and namespaces, joined and checked as ROS's own launch does it."""

from __future__ import annotations

import re

from contract.errors import TerrafirmaError

_WORD = r"[A-Za-z_][A-Za-z0-9_]*"
_NODE = re.compile(_WORD)
_NAMESPACE = re.compile(rf"/|(/{_WORD})+")


def check_name(name: str, where: str) -> str:
    """`name`, if a node may be called that."""
    if not _NODE.fullmatch(name):
        raise TerrafirmaError(f"{where}: a node cannot be called {name!r}: letters, digits and _ only.")
    return name


def join_namespace(base: str | None, own: str | None, where: str) -> str | None:
    """The absolute namespace of `own` under `base`; None where neither is given.

    An absolute `own` replaces `base`, a relative one is appended; slashes at the end do not count.
    """
    if own is None and base is None:
        return None
    if own is None:
        joined = str(base)
    elif not base or own.startswith("/"):
        joined = own
    else:
        joined = f"{base.rstrip('/')}/{own}"
    joined = "/" + joined.rstrip("/").removeprefix("/")
    if not _NAMESPACE.fullmatch(joined):
        raise TerrafirmaError(f"{where}: {joined!r} is no namespace, which looks like /robot_1/arm.")
    return joined
