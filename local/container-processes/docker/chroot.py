"""Where processes run when the emulator is in a container: in the computer's own root, as the user who started it.

The container has that root mounted, and shares the computer's network and process numbers. Outside a container
nothing is to be done.
"""

from __future__ import annotations

import os
from collections.abc import Sequence


def on_this_computer(arguments: Sequence[str], directory: str | None = None) -> list[str]:
    """The command that starts ``arguments`` there, in ``directory``."""
    root = os.environ.get("GANTRY_CHROOT")
    if root is None:
        return [*arguments]
    user = os.environ["GANTRY_CHROOT_USER"]
    return [
        *("chroot", f"--userspec={user}", root),
        *("env", f"--chdir={directory or '/'}"),
        *arguments,
    ]
