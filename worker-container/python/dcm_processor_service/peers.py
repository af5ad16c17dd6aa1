"""Who sent the images, and where service code may send: the destinations of the site's configuration."""

from collections.abc import Iterable
from typing import Any

from .dicom_sender import DicomSender
from .endpoint import request

__all__ = ["get_dicom_sender", "get_peer"]


def get_peer(name: str | None = None) -> dict[str, Any] | None:
    """The destination of that name, or without a name the peer that sent this job's images.

    A peer has `_id`, `name`, `aet`, `host`, `port`, `whitelist_aet`, `whitelist_ip`, `tls`, and
    `calling_aet`, the AE title under which it knows this platform. `host` and `port` of a sender are
    those of the one destination with its AE title, and None without such a one. None if no peer of
    that name is known.
    """
    with request("GET", "/peer", {"name": name}) as answer:
        if not answer.found:
            return None
        peer: dict[str, Any] = answer.json()
        return peer


def get_dicom_sender(
    peer_name: str | None = None,
    additional_sops: Iterable[str] | None = None,
    additional_syntaxes: Iterable[str] | None = None,
) -> DicomSender | None:
    """A sender to `get_peer(peer_name)`. None if that is not known, or has no host to send to.

    `additional_sops` and `additional_syntaxes` are UIDs of SOP classes and transfer syntaxes that are
    offered to it as well.
    """
    peer = get_peer(peer_name)
    if peer is None or not peer["host"] or not peer["port"]:
        return None
    return DicomSender(
        ae_title=peer["calling_aet"] or "GANTRY",
        server_host=peer["host"],
        server_port=peer["port"],
        server_ae_title=peer["aet"],
        enable_tls=bool(peer["tls"]),
        additional_sops=additional_sops,
        additional_syntaxes=additional_syntaxes,
    )
