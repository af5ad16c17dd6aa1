"""Queues as event sources are waited on, as AWS does.

LocalStack asks for messages without waiting, and then pauses for up to ten seconds.
"""

from __future__ import annotations

from typing import Any

from localstack.runtime import hooks
from localstack.services.lambda_.event_source_mapping.pollers.sqs_poller import (
    DEFAULT_MAX_WAIT_TIME_SECONDS,
    SqsPoller,
)


@hooks.on_infra_start()
def wait_for_messages() -> None:
    """A mapping without a batching window gets its messages as soon as there are any."""
    initialise = SqsPoller.__init__

    def initialise_to_wait(poller: SqsPoller, *arguments: Any, **named: Any) -> None:
        initialise(poller, *arguments, **named)
        if poller.maximum_batching_window == 0:
            poller.maximum_batching_window = DEFAULT_MAX_WAIT_TIME_SECONDS

    SqsPoller.__init__ = initialise_to_wait
