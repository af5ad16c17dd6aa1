"""Lambda functions as local processes: LocalStack's own executors need Docker.

Each execution environment is one process that talks the Lambda runtime API to a small HTTP server here: for Node
``runtime.mjs`` beside this file, for Python AWS's ``awslambdaric``. Chosen by ``LAMBDA_RUNTIME_EXECUTOR=process``.
"""

from __future__ import annotations

import json
import logging
import os
import queue
import signal
import subprocess
import threading
import time
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from localstack.runtime import hooks
from localstack.services.lambda_.invocation.executor_endpoint import StatusErrorException
from localstack.services.lambda_.invocation.lambda_models import FunctionVersion, InvocationResult
from localstack.services.lambda_.invocation.plugins import RuntimeExecutorPlugin
from localstack.services.lambda_.invocation.runtime_executor import RuntimeExecutor
from localstack.services.lambda_.runtimes import ALL_RUNTIMES

from gantry_localstack.containers import on_this_computer

LOG = logging.getLogger(__name__)

OUR_RUNTIMES = ("nodejs24.x",)

NODE_RUNTIME = Path(__file__).with_name("runtime.mjs")

LAST_LINES_SECONDS = 0.01
"""What a process wrote before it answered may still be on its way through the pipe."""


class _RuntimeApi(BaseHTTPRequestHandler):
    """The Lambda runtime API (version 2018-06-01) of one execution environment."""

    protocol_version = "HTTP/1.1"
    environment: ProcessExecutor

    def log_message(self, *_arguments: object) -> None:
        """The requests of a runtime are no news."""

    def _answer(
        self, status: int, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def do_GET(self) -> None:
        """``invocation/next``: waits for work; 410 ends the runtime."""
        self.environment.is_ready()
        work = self.environment.work.get()
        if work is None:
            self._answer(410)
            return
        payload, deadline_ms = work
        self._answer(
            200,
            payload["payload"].encode(),
            {
                "Content-Type": "application/json",
                "Lambda-Runtime-Aws-Request-Id": payload["invoke-id"],
                "Lambda-Runtime-Invoked-Function-Arn": payload["invoked-function-arn"],
                "Lambda-Runtime-Trace-Id": payload.get("trace-id", ""),
                "Lambda-Runtime-Deadline-Ms": str(deadline_ms),
            },
        )

    def do_POST(self) -> None:
        """``invocation/ID/response``, ``invocation/ID/error`` and ``init/error``."""
        body = self._body()
        parts = self.path.strip("/").split("/")
        self._answer(202, b'{"status":"OK"}')
        if parts[2] == "init":
            self.environment.cannot_start(body)
        else:
            self.environment.has_answered(body, is_error=parts[-1] == "error")


class ProcessExecutor(RuntimeExecutor):
    """One execution environment: a process, replaced when it has ended or was too slow."""

    def __init__(self, environment_id: str, function_version: FunctionVersion) -> None:
        super().__init__(environment_id, function_version)
        self.work: queue.Queue[tuple[dict[str, str], int] | None] = queue.Queue()
        self._variables: dict[str, str] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._server: ThreadingHTTPServer | None = None
        self._ready: Future[None] = Future()
        self._answer: Future[tuple[bytes, bool]] | None = None
        self._output: list[str] = []
        self._output_lock = threading.Lock()

    # What the runtime tells.

    def is_ready(self) -> None:
        if not self._ready.done():
            self._ready.set_result(None)

    def cannot_start(self, error: bytes) -> None:
        if not self._ready.done():
            self._ready.set_exception(StatusErrorException("init error", payload=error))

    def has_answered(self, body: bytes, *, is_error: bool) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result((body, is_error))

    # What LocalStack asks for.

    def start(self, env_vars: dict[str, str]) -> None:
        self._variables = {name: str(value) for name, value in env_vars.items()}
        self._start_process()

    def stop(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            self.work.put(None)
            # shutdown() waits for the request that is being served: perhaps the one that called this.
            threading.Thread(target=_close, args=(server,), daemon=True).start()
        process = self._process
        if process is not None and process.poll() is None:
            _kill(process)
            process.wait()
        if not self._ready.done():
            self._ready.cancel()

    def invoke(self, payload: dict[str, str]) -> InvocationResult:
        if self._process is None or self._process.poll() is not None:
            self.stop()
            self._start_process()
        configuration = self.function_version.config
        request_id = payload["invoke-id"]
        started = time.time()
        answer: Future[tuple[bytes, bool]] = Future()
        self._answer = answer
        with self._output_lock:
            self._output.clear()
        self.work.put((payload, int((started + configuration.timeout) * 1000)))
        try:
            body, is_error = answer.result(timeout=configuration.timeout)
        except FutureTimeoutError:
            message = f"Task timed out after {configuration.timeout:.2f} seconds"
            body, is_error = _error("Sandbox.Timedout", request_id, message), True
            self.stop()
        milliseconds = (time.time() - started) * 1000
        time.sleep(LAST_LINES_SECONDS)
        logs = (
            f"START RequestId: {request_id} Version: {self.function_version.id.qualifier}\n"
            f"{self.get_logs()}END RequestId: {request_id}\n"
            f"REPORT RequestId: {request_id}\tDuration: {milliseconds:.2f} ms\n"
        )
        return InvocationResult(request_id, body, is_error, logs)

    def get_logs(self) -> str:
        with self._output_lock:
            return "".join(self._output)

    def get_address(self) -> str:
        return "127.0.0.1"

    def get_endpoint_from_executor(self) -> str:
        return "127.0.0.1"

    def get_runtime_endpoint(self) -> str:
        return "http://127.0.0.1"

    @classmethod
    def prepare_version(cls, function_version: FunctionVersion) -> None:
        configuration = function_version.config
        for code in [configuration.code, *(layer.code for layer in configuration.layers)]:
            if code is not None:
                code.prepare_for_execution()

    @classmethod
    def cleanup_version(cls, function_version: FunctionVersion) -> None:
        """Unpacked code goes with LocalStack's own folder."""

    # The process.

    def _start_process(self) -> None:
        handler = type("RuntimeApi", (_RuntimeApi,), {"environment": self})
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self._server, self.work, self._ready = server, queue.Queue(), Future()
        code = str(self.function_version.config.code.get_unzipped_code_location())
        process = subprocess.Popen(
            on_this_computer(self._command(), code),
            cwd=code,
            env=self._environment(code, server.server_address[1]),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._process = process
        threading.Thread(target=self._follow, args=(process,), daemon=True).start()
        # LocalStack gives an environment 20 s to start, and then calls stop().
        self._ready.result()

    def _command(self) -> list[str]:
        configuration = self.function_version.config
        runtime = configuration.runtime or ""
        if runtime.startswith("nodejs"):
            return [os.environ["GANTRY_FUNCTION_NODE"], str(NODE_RUNTIME)]
        if runtime.startswith("python"):
            return [
                os.environ["GANTRY_FUNCTION_PYTHON"],
                "-m",
                "awslambdaric",
                configuration.handler,
            ]
        raise NotImplementedError(f"no process runs the runtime {runtime}")

    def _environment(self, code: str, port: int) -> dict[str, str]:
        layers = [
            str(layer.code.get_unzipped_code_location() / "python")
            for layer in self.function_version.config.layers
        ]
        return {
            "PATH": os.environ["PATH"],
            "HOME": os.environ.get("HOME", "/"),
            "LANG": "C.UTF-8",
            "TMPDIR": os.environ["GANTRY_FUNCTION_TMPDIR"],
            "PYTHONUNBUFFERED": "1",
            **self._variables,
            "PYTHONPATH": os.pathsep.join([code, *layers]),
            "LAMBDA_TASK_ROOT": code,
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}",
            "TZ": "UTC",
        }

    def _follow(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            text = line.decode(errors="replace")
            LOG.info("%s: %s", self.function_version.id.function_name, text.rstrip())
            with self._output_lock:
                self._output.append(text)
        process.wait()
        # A process that has been replaced speaks for nobody.
        if process is self._process:
            message = f"Runtime exited with error: exit status {process.returncode}"
            error = _error("Runtime.ExitError", "", message)
            self.cannot_start(error)
            self.has_answered(error, is_error=True)


def _error(kind: str, request_id: str, message: str) -> bytes:
    text = f"RequestId: {request_id} Error: {message}"
    return json.dumps({"errorType": kind, "errorMessage": text}).encode()


def _close(server: ThreadingHTTPServer) -> None:
    server.shutdown()
    server.server_close()


def _kill(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


@hooks.on_infra_start()
def accept_our_runtimes() -> None:
    """This release is older than the Node of our functions; a process runs whatever Node is on its path."""
    for runtime in OUR_RUNTIMES:
        if runtime not in ALL_RUNTIMES:
            ALL_RUNTIMES.append(runtime)


class ProcessExecutorPlugin(RuntimeExecutorPlugin):
    """Tells LocalStack about :class:`ProcessExecutor`."""

    name = "process"

    def load(self, *_arguments: Any, **_options: Any) -> type[RuntimeExecutor]:
        return ProcessExecutor
