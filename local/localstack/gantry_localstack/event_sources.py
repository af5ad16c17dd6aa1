"""Queues as event sources are waited on, several batches at once, as AWS does.

LocalStack asks for messages without waiting, pauses for up to ten seconds when there are none, and has one batch of
a queue in work at a time, whatever its mapping allows.
"""

from __future__ import annotations

import logging
import threading
from typing import Any

from localstack.runtime import hooks
from localstack.services.lambda_.event_source_mapping.esm_worker import EsmWorker
from localstack.services.lambda_.event_source_mapping.pollers.poller import (
    EmptyPollResultsException,
)
from localstack.services.lambda_.event_source_mapping.pollers.sqs_poller import (
    DEFAULT_MAX_WAIT_TIME_SECONDS,
    SqsPoller,
)

LOG = logging.getLogger(__name__)

DEFAULT_CONCURRENCY = 5
"""With so many AWS begins where a mapping has no maximum."""

PAUSE_AFTER_ERROR_SECONDS = 1.0


@hooks.on_infra_start()
def wait_for_messages() -> None:
    """A mapping without a batching window gets its messages as soon as there are any."""
    initialise = SqsPoller.__init__

    def initialise_to_wait(poller: SqsPoller, *arguments: Any, **named: Any) -> None:
        initialise(poller, *arguments, **named)
        if poller.maximum_batching_window == 0:
            poller.maximum_batching_window = DEFAULT_MAX_WAIT_TIME_SECONDS

    SqsPoller.__init__ = initialise_to_wait


@hooks.on_infra_start()
def poll_concurrently() -> None:
    """LocalStack's own thread of a queue's mapping gets others beside it, up to the mapping's maximum."""
    start = EsmWorker.start

    def start_with_others(worker: EsmWorker) -> None:
        start(worker)
        if not isinstance(worker.poller, SqsPoller):
            return
        scaling = worker.esm_config.get("ScalingConfig") or {}
        for _ in range(1, int(scaling.get("MaximumConcurrency") or DEFAULT_CONCURRENCY)):
            threading.Thread(target=_poll, args=(worker,), daemon=True).start()

    EsmWorker.start = start_with_others


def _poll(worker: EsmWorker) -> None:
    ended: threading.Event = worker._shutdown_event
    while not ended.is_set():
        try:
            worker.poller.poll_events()
        except EmptyPollResultsException:
            pass
        except Exception as error:  # whatever it is, the next messages are asked for
            LOG.warning("could not poll %s: %s", worker.poller.source_arn, type(error).__name__)
            ended.wait(PAUSE_AFTER_ERROR_SECONDS)
