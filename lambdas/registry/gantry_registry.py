"""The registry function of a service version: runs registry callbacks for the objects of a level.

The handler starts a Python process (`gantry_callback`) and hands it one object after the other over pipes, so
that whatever a callback does (throw, hang, end its process, print) is the outcome of one object. Messages:
RegistryRequest and RegistryAnswer in core/contracts.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Protocol

from gantry_callback import MAX_ADDED_BYTES, Json, broke

#: The program of the callback's process.
CALLBACK_PROGRAM = Path(__file__).resolve().with_name("gantry_callback.py")
#: A function's answer ends at 6 MB: before that, the rest of the objects is left to a second request.
MAX_ANSWER_BYTES = 4 * 1024 * 1024
#: A callback that hangs this often in one request is not asked for the rest of the objects.
MAX_TIMEOUTS = 3
#: Starting Python and importing the package may take this long on top of one call's limit.
START_SECONDS = 10.0
#: What is left of the function's time when it stops asking, for answering.
RESERVE_SECONDS = 2.0
#: Of what callbacks print, this much of a request goes to the function's log.
MAX_LOGGED_BYTES = 64 * 1024
#: All that the callback's process sees of this one's environment: no credentials, no runtime interface.
ENVIRONMENT = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "SSL_CERT_FILE")
#: After these the process is gone, or of no use: the next object gets a new one.
RUINED = frozenset({"TimeLimit", "ProcessEnded", "TooLarge", "NoAnswer"})


class Context(Protocol):
    """What is used of the context that Lambda hands to a handler."""

    def get_remaining_time_in_millis(self) -> int: ...


class PrintedText:
    """What callbacks print: the beginning goes to the function's log, the rest is dropped."""

    def __init__(self) -> None:
        self._left = MAX_LOGGED_BYTES

    def write(self, data: bytes) -> None:
        if self._left <= 0:
            return
        sys.stderr.write(data[: self._left].decode("utf-8", "replace"))
        self._left -= len(data)
        if self._left <= 0:
            sys.stderr.write("\n(what callbacks print beyond this is dropped)\n")
        sys.stderr.flush()


class CallbackProcess:
    """One Python process that has the package loaded, in a process group of its own."""

    def __init__(self, printed: PrintedText) -> None:
        self._printed = printed
        request_end, self._requests = os.pipe()
        self._answers, answer_end = os.pipe()
        self._output, output_end = os.pipe()
        self._received = b""
        self._printing = True
        environment = {name: os.environ[name] for name in ENVIRONMENT if name in os.environ}
        environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-u", str(CALLBACK_PROGRAM), str(request_end), str(answer_end)],
                stdin=subprocess.DEVNULL,
                stdout=output_end,
                stderr=output_end,
                pass_fds=(request_end, answer_end),
                env=environment,
                cwd=tempfile.gettempdir(),
                start_new_session=True,
            )
        finally:
            for descriptor in (request_end, answer_end, output_end):
                os.close(descriptor)
        os.set_blocking(self._requests, False)
        os.set_blocking(self._output, False)

    def ask(self, message: Json, seconds: float, limit: float) -> Json:
        """The answer to one message. `limit` is what is told as the time limit when `seconds` are over."""
        deadline = time.monotonic() + seconds
        pending = memoryview(json.dumps(message).encode() + b"\n")
        while b"\n" not in self._received:
            left = deadline - time.monotonic()
            if left <= 0:
                return broke("TimeLimit", f"the callback did not answer within {limit:g} s")
            readable, writable, _ = select.select(
                [self._answers, self._output] if self._printing else [self._answers],
                [self._requests] if pending else [],
                [],
                min(left, 0.5),
            )
            if self._output in readable:
                self._drain()
            if writable:
                pending = self._send(pending)
            if self._answers in readable:
                data = os.read(self._answers, 65536)
                self._received += data
                if not data:
                    return self._ended()
            elif self._process.poll() is not None:
                return self._ended()
            if len(self._received) > 2 * MAX_ADDED_BYTES:
                return broke("TooLarge", "the callback's process answered more than it may")
        line, self._received = self._received.split(b"\n", 1)
        try:
            answer = json.loads(line)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            return broke(
                "NoAnswer", "the callback's process answered something that is not an outcome"
            )
        return answer

    def _ended(self) -> Json:
        self._drain()
        status = self._process.wait()
        how = f"status {status}" if status >= 0 else f"signal {signal.Signals(-status).name}"
        return broke("ProcessEnded", f"the callback ended its process with {how}")

    def _send(self, pending: memoryview) -> memoryview:
        try:
            return pending[os.write(self._requests, pending) :]
        except BrokenPipeError:  # it is ending: its answers' end tells how
            return pending[:0]

    def _drain(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while data := os.read(self._output, 65536):
                self._printed.write(data)
            self._printing = False

    def stop(self) -> None:
        """Ends it and whatever it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._drain()
        for descriptor in (self._requests, self._answers, self._output):
            os.close(descriptor)


class Callbacks:
    """The callbacks of one request, in as many processes as it takes."""

    def __init__(self, request: Json) -> None:
        self._request = request
        self._limit = float(request["timeoutSeconds"])
        self._printed = PrintedText()
        self._process: CallbackProcess | None = None
        self._job = self._request
        self._loaded = False
        #: The package could not be imported in the time for that, or ended its process: nothing of it can be asked.
        self._package_unusable = False
        #: Why no object can be asked: the package cannot be imported, or it lacks the callback.
        self.unusable: Json | None = None

    def turn_to(self, job: Json) -> None:
        """From now on this job's callback is asked."""
        self._job = job
        self._loaded = False
        if not self._package_unusable:
            self.unusable = None

    def ask(self, headers: Json, params: Json, added_params: Json) -> Json:
        if self._process is None:
            self._loaded = False
        process = self._process = self._process or CallbackProcess(self._printed)
        if not self._loaded and self.unusable is None:
            self._load(process)
        if self.unusable is not None:
            return self.unusable
        message = {
            "sessionId": self._request["sessionId"],
            "jobName": self._job["jobName"],
            "headers": headers,
            "params": params,
            "addedParams": added_params,
        }
        outcome = process.ask(message, self._limit, self._limit)
        if is_ruin(outcome):
            self.stop()
        return outcome

    def _load(self, process: CallbackProcess) -> None:
        seconds = START_SECONDS + self._limit
        ready = process.ask({"entry": self._job["registryEntry"]}, seconds, seconds)
        self._loaded = ready.get("outcome") == "ready"
        if not self._loaded:
            self.unusable = ready
            self._package_unusable = is_ruin(ready)

    def stop(self) -> None:
        if self._process is not None:
            self._process.stop()
            self._process = None


def is_ruin(outcome: Json) -> bool:
    """The process is gone after it, or of no use."""
    return outcome.get("outcome") == "broke" and outcome["error"]["type"] in RUINED


class Request:
    """What is asked of the function, and what is answered so far."""

    def __init__(self, event: Json, ends: float) -> None:
        self._jobs: list[Json] = [event, *event.get("then", [])]
        self._objects: list[Json] = event["objects"]
        self._limit = float(event["timeoutSeconds"])
        self._ends = ends
        self._added: list[Json] = [dict(entry["addedParams"]) for entry in self._objects]
        self._size = 0
        self.answers: list[list[Json]] = []

    def work(self, callbacks: Callbacks) -> None:
        """Asks one callback after the other for all objects, until there is a reason to stop."""
        for job in self._jobs:
            callbacks.turn_to(job)
            self.answers.append([])
            if not self._ask_all(job, callbacks):
                return

    def _ask_all(self, job: Json, callbacks: Callbacks) -> bool:
        """False when the rest is to be left to another request."""
        timeouts = 0
        for entry, added in zip(self._objects, self._added, strict=True):
            # The first is always asked: an answer without any outcome would be asked for again and again.
            if self.answers[0] and time.monotonic() + self._limit > self._ends:
                return False
            params = entry["params"] if job is self._jobs[0] else job["params"]
            outcome = callbacks.ask(entry["headers"], params, added)
            self._size += len(json.dumps(outcome))
            if self.answers[0] and self._size > MAX_ANSWER_BYTES:
                return False
            self.answers[-1].append({"objectId": entry["objectId"], **outcome})
            if outcome["outcome"] == "run":
                added[job["jobName"]] = outcome["addedParams"]
            elif outcome["outcome"] == "broke" and outcome["error"]["type"] == "TimeLimit":
                timeouts += callbacks.unusable is None
                if timeouts >= MAX_TIMEOUTS:
                    return False
        return True


def handler(event: Json, context: Context) -> Json:
    """The outcome for each object, in order. It may stop early: who has no answer can be asked for again."""
    ends = time.monotonic() + context.get_remaining_time_in_millis() / 1000 - RESERVE_SECONDS
    callbacks = Callbacks(event)
    request = Request(event, ends)
    try:
        request.work(callbacks)
    finally:
        callbacks.stop()
    first, *then = request.answers
    return {"answers": first, "then": then} if then else {"answers": first}
