"""How the emulator's queues answer who waits. Run by the emulator's own Python: emulator-process.test.ts."""

import asyncio
import threading
import time
import unittest
from typing import Any

import gantry_emulator
from ministack.services import sqs

gantry_emulator.answer_at_once()
pause = sqs.asyncio.sleep

#: Times as long as the emulator pauses between two looks: 0.1 s become 10 s.
SLOWER = 100


async def slower(seconds: float) -> None:
    await pause(seconds * SLOWER)


class Receiving(unittest.TestCase):
    def setUp(self) -> None:
        sqs.asyncio.sleep = slower
        name = self._testMethodName[:60]
        self.url: str = sqs._act_create_queue({"QueueName": name}, "")["QueueUrl"]

    def tearDown(self) -> None:
        sqs.asyncio.sleep = pause

    def receive(self, seconds: int) -> Any:
        return sqs._act_receive_message({"QueueUrl": self.url, "WaitTimeSeconds": seconds}, "")

    def test_gives_a_message_as_soon_as_it_is_sent(self) -> None:
        async def scene() -> tuple[dict[str, Any], float]:
            receiving = asyncio.create_task(self.receive(20))
            await asyncio.sleep(0.2)
            began = time.monotonic()
            # From a thread, as executions of state machines send theirs.
            send = {"QueueUrl": self.url, "MessageBody": "here"}
            threading.Thread(target=sqs._act_send_message, args=(send, "")).start()
            return await receiving, time.monotonic() - began

        received, seconds = asyncio.run(scene())

        self.assertEqual([one["Body"] for one in received["Messages"]], ["here"])
        self.assertLess(seconds, 5)

    def test_gives_a_message_to_one_of_several_who_wait(self) -> None:
        async def scene() -> list[dict[str, Any]]:
            waiting = [asyncio.create_task(self.receive(1)) for _ in range(3)]
            await asyncio.sleep(0.2)
            sqs._act_send_message({"QueueUrl": self.url, "MessageBody": "here"}, "")
            sqs.asyncio.sleep = pause
            return await asyncio.gather(*waiting)

        answers = asyncio.run(scene())

        self.assertEqual(sorted(len(one.get("Messages", [])) for one in answers), [0, 0, 1])

    def test_ends_a_wait_that_brings_nothing(self) -> None:
        sqs.asyncio.sleep = pause

        self.assertEqual(asyncio.run(self.receive(1)), {})

    def test_is_not_begun_on_an_emulator_that_waits_otherwise(self) -> None:
        with self.assertRaises(gantry_emulator.UnknownEmulatorError):
            gantry_emulator.answer_at_once()


if __name__ == "__main__":
    unittest.main()
