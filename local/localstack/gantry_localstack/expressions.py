"""JSONata in a process of its own: LocalStack loads a Java virtual machine into itself for it.

Hundreds of threads, Python's lock and Java's collector in one process have stopped it for good before. The library
here is JSONata's own, which rules are evaluated with as well.
"""

from __future__ import annotations

import json
import os
import subprocess
import threading
from pathlib import Path
from typing import Any

from localstack.runtime import hooks
from localstack.services.stepfunctions.asl.jsonata import jsonata

from gantry_localstack.containers import on_this_computer

PROGRAM = Path(__file__).with_name("expressions.mjs")


class ExpressionProcess:
    """Started with the first expression, and anew when it has ended; one expression at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def evaluate(self, expression: str) -> Any:
        """The value, ``None`` where there is none; :class:`jsonata.JSONataException` if it fails."""
        with self._lock:
            line = self._ask(json.dumps(expression).encode() + b"\n")
        answer = json.loads(line or b'{"error": "the process of the expressions has ended"}')
        if "error" in answer:
            raise jsonata.JSONataException("UNKNOWN", answer["error"])
        return answer.get("value")

    def _ask(self, line: bytes) -> bytes:
        if self._process is None or self._process.poll() is not None:
            self._process = subprocess.Popen(
                on_this_computer([os.environ["GANTRY_FUNCTION_NODE"], str(PROGRAM)]),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(line)
        self._process.stdin.flush()
        return self._process.stdout.readline()


@hooks.on_infra_start()
def evaluate_outside() -> None:
    """In the place of LocalStack's own evaluation, which it looks up at the first expression."""
    jsonata._eval_jsonata = ExpressionProcess().evaluate
