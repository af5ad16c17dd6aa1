"""``python -m gantry_emulator``: the emulator as it is published, but that its long polls answer at once.

SQS gives a message to a receiver that waits as soon as the message is there. The emulator lets each waiting receiver
look every 100 ms, so that whatever goes through a queue comes 50 ms later than it could: a job's start, each time. Here
the pause between two looks ends when a message is sent. Nothing else is changed, and if the emulator is not as this
expects it, it does not start.
"""

from __future__ import annotations

import asyncio
import threading
from types import SimpleNamespace

from ministack import app
from ministack.core import concurrency
from ministack.services import sqs


class UnknownEmulatorError(Exception):
    """This release of the emulator waits for messages in another way."""


class Arrivals:
    """Pauses of the event loop that any thread can end."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pauses: set[asyncio.Future[None]] = set()

    async def pause(self, seconds: float) -> None:
        """Lasts until something arrives, or so long; in place of ``asyncio.sleep``."""
        pause = asyncio.get_running_loop().create_future()
        with self._lock:
            self._pauses.add(pause)
        try:
            await asyncio.wait([pause], timeout=seconds)
        finally:
            with self._lock:
                self._pauses.discard(pause)

    def tell(self) -> None:
        """Something has arrived."""
        with self._lock:
            pauses = list(self._pauses)
        for pause in pauses:
            pause.get_loop().call_soon_threadsafe(_end, pause)


def _end(pause: asyncio.Future[None]) -> None:
    if not pause.done():
        pause.set_result(None)


def answer_at_once() -> None:
    """Lets receivers look again whenever the emulator wakes its own: at each message that is sent or given back."""
    wake = concurrency.esm_wake
    if sqs.asyncio is not asyncio or sqs.esm_wake is not wake:
        raise UnknownEmulatorError("its services/sqs.py has no esm_wake, or no asyncio.sleep")
    arrivals = Arrivals()
    set_event = wake.set

    def set_and_tell() -> None:
        set_event()
        arrivals.tell()

    wake.set = set_and_tell
    sqs.asyncio = SimpleNamespace(sleep=arrivals.pause, iscoroutine=asyncio.iscoroutine)


if __name__ == "__main__":
    answer_at_once()
    app.main()
