"""``/_gantry/settings``: the Gantry that uses this LocalStack looks at its environment, and adds to it.

A LocalStack may have been started long before: what its processes need of a Gantry is not known at its start.
"""

from __future__ import annotations

import os

from localstack.http import Request, Response, route
from localstack.runtime import hooks
from localstack.services.edge import ROUTER

TOLD = ("AWS_", "GANTRY_")
"""How the variables begin that may be added."""


class Settings:
    """The environment of this process, by name."""

    @route("/_gantry/settings", methods=["GET"])
    def read(self, request: Request) -> Response:
        names = request.args.getlist("name")
        return Response.for_json({name: os.environ.get(name) for name in names})

    @route("/_gantry/settings", methods=["PUT"])
    def write(self, request: Request) -> Response:
        added: dict[str, str] = request.get_json(force=True)
        wrong = [name for name in added if not name.startswith(TOLD)]
        if wrong:
            return Response(f"these are no settings of Gantry: {', '.join(wrong)}", 400)
        os.environ.update(added)
        return Response(status=204)


@hooks.on_infra_start()
def serve_settings() -> None:
    """Beside LocalStack's own ``/_localstack``."""
    ROUTER.add(Settings())
