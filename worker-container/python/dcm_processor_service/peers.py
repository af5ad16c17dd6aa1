"""Who sent the images."""

from typing import Any

from .endpoint import request

__all__ = ["get_peer"]


def get_peer(name: str | None = None) -> dict[str, Any] | None:
    """The peer of that name, or the one that sent this job's images. None if it is not known.

    A peer has `_id`, `name`, `aet`, `host`, `port`, `whitelist_aet`, `whitelist_ip`, `tls`; `host`
    and `port` are None for a peer that was only heard of as a sender.
    """
    with request("GET", "/peer", {"name": name}) as answer:
        if not answer.found:
            return None
        peer: dict[str, Any] = answer.json()
        return peer
