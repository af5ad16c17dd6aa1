"""A MongoDB server for the original platform: the wire protocol's OP_MSG over the collections of mongomock.

It has the commands that the platform's pymongo sends, GridFS among them. State is in memory and gone at the end.
"""

import socketserver
import struct
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any

import bson
import mongomock
from bson.codec_options import CodecOptions
from mongomock.collection import ReturnDocument

OP_MSG = 2013
OP_QUERY = 2004
OP_REPLY = 1
HEADER = struct.Struct("<iiii")
Document = dict[str, Any]

CLIENT: Any = mongomock.MongoClient()
#: mongomock's operations are not atomic among threads; a server's are.
LOCK = threading.Lock()

GREETING: Document = {
    "ismaster": True,
    "isWritablePrimary": True,
    "helloOk": True,
    "maxBsonObjectSize": 16 * 1024 * 1024,
    "maxMessageSizeBytes": 48_000_000,
    "maxWriteBatchSize": 100_000,
    "minWireVersion": 0,
    "maxWireVersion": 21,
    "readOnly": False,
    "ok": 1.0,
}


def _first_batch(namespace: str, documents: list[Document]) -> Document:
    return {"cursor": {"id": 0, "ns": namespace, "firstBatch": documents}, "ok": 1.0}


def _insert(collection: Any, command: Document) -> Document:
    collection.insert_many(command["documents"])
    return {"n": len(command["documents"]), "ok": 1.0}


def _find(collection: Any, command: Document) -> Document:
    cursor = collection.find(command.get("filter") or {}, command.get("projection"))
    if command.get("sort"):
        cursor = cursor.sort(list(command["sort"].items()))
    found = list(cursor.skip(command.get("skip", 0)).limit(abs(command.get("limit", 0))))
    return _first_batch(collection.full_name, found)


def _update(collection: Any, command: Document) -> Document:
    matched = modified = 0
    for update in command["updates"]:
        many = update.get("multi", False)
        change = collection.update_many if many else collection.update_one
        outcome = change(update["q"], update["u"], upsert=update.get("upsert", False))
        matched += outcome.matched_count
        modified += outcome.modified_count
    return {"n": matched, "nModified": modified, "ok": 1.0}


def _delete(collection: Any, command: Document) -> Document:
    deleted = 0
    for one in command["deletes"]:
        remove = collection.delete_one if one.get("limit") == 1 else collection.delete_many
        deleted += remove(one["q"]).deleted_count
    return {"n": deleted, "ok": 1.0}


def _find_and_modify(collection: Any, command: Document) -> Document:
    after = ReturnDocument.AFTER if command.get("new") else ReturnDocument.BEFORE
    sort = list(command["sort"].items()) if command.get("sort") else None
    value = collection.find_one_and_update(
        command["query"],
        command["update"],
        projection=command.get("fields"),
        sort=sort,
        upsert=command.get("upsert", False),
        return_document=after,
    )
    return {"value": value, "lastErrorObject": {"n": int(value is not None)}, "ok": 1.0}


def _aggregate(collection: Any, command: Document) -> Document:
    return _first_batch(collection.full_name, list(collection.aggregate(command["pipeline"])))


COMMANDS: dict[str, Callable[[Any, Document], Document]] = {
    "insert": _insert,
    "find": _find,
    "update": _update,
    "delete": _delete,
    "findAndModify": _find_and_modify,
    "aggregate": _aggregate,
    "createIndexes": lambda _collection, _command: {"ok": 1.0},
    "listIndexes": lambda collection, _command: _first_batch(
        collection.full_name, [{"v": 2, "key": {"_id": 1}, "name": "_id_"}]
    ),
}


def _answer(command: Document) -> Document:
    name = next(iter(command))
    if name.lower() in ("hello", "ismaster"):
        return GREETING
    if name in ("ping", "endSessions"):
        return {"ok": 1.0}
    run = COMMANDS.get(name)
    if run is None:
        return {
            "ok": 0.0,
            "code": 59,
            "codeName": "CommandNotFound",
            "errmsg": f"no command {name}",
        }
    try:
        with LOCK:
            return run(CLIENT[command["$db"]][command[name]], command)
    except Exception as error:
        traceback.print_exc()
        return {"ok": 0.0, "code": 1, "codeName": "InternalError", "errmsg": repr(error)}


def _command_of(body: bytes) -> Document:
    """The sections of an OP_MSG as one document: its body, and sequences of documents under their names."""
    command: Document = {}
    sequences: Document = {}
    at = 4
    while at < len(body):
        kind, at = body[at], at + 1
        (size,) = struct.unpack_from("<i", body, at)
        section = body[at : at + size]
        at += size
        if kind == 0:
            command.update(bson.decode(section, CodecOptions(tz_aware=False)))
        else:
            name, documents = section[4:].split(b"\0", 1)
            sequences[name.decode()] = bson.decode_all(documents)
    return {**command, **sequences}


class Connection(socketserver.StreamRequestHandler):
    """One client: a reply for each of its messages."""

    def handle(self) -> None:
        while header := self.rfile.read(HEADER.size):
            size, request, _, code = HEADER.unpack(header)
            body = self.rfile.read(size - HEADER.size)
            if code == OP_MSG:
                reply_code = OP_MSG
                reply = struct.pack("<IB", 0, 0) + bson.encode(_answer(_command_of(body)))
            elif code == OP_QUERY:
                reply_code = OP_REPLY
                reply = struct.pack("<iqii", 8, 0, 0, 1) + bson.encode(GREETING)
            else:
                raise ValueError(f"no operation {code}")
            self.wfile.write(HEADER.pack(HEADER.size + len(reply), 0, request, reply_code) + reply)


class Server(socketserver.ThreadingTCPServer):
    """Listens on a free port of the loopback address."""

    daemon_threads = True
    allow_reuse_address = True


def start() -> tuple[Server, str]:
    """The server, already serving, and its URL."""
    server = Server(("127.0.0.1", 0), Connection)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, f"mongodb://127.0.0.1:{server.server_address[1]}"


if __name__ == "__main__":
    running, url = start()
    print(url, flush=True)
    sys.stdin.read()
