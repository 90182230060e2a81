"""A session bus with a Secret Service on it, in one thread: what the keyring's libraries speak to on Linux.

It speaks as much of https://specifications.freedesktop.org/secret-service-spec/latest/ as they use.
"""

import socket
import threading
from pathlib import Path
from typing import Any, Self

from jeepney import HeaderFields, Message, MessageType, new_error, new_method_return
from jeepney.low_level import Parser

_COLLECTION = "/org/freedesktop/secrets/collection/login"
_NOT_SUPPORTED = "org.freedesktop.DBus.Error.NotSupported"
_NO_SUCH_OBJECT = "org.freedesktop.Secret.Error.NoSuchObject"


class SecretService:
    """Secrets by the attribute `username`; `asked` are the methods that were called, in their order."""

    def __init__(self, folder: Path) -> None:
        self.address = f"unix:path={folder / 'bus'}"
        self.secrets: dict[str, bytes] = {}
        self.is_locked = False
        self.locks_items = False
        self.has_collection = True
        self.is_running = True
        self.answers = threading.Event()
        self.answers.set()
        self.asked: list[str] = []
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(folder / "bus"))
        self._listening.listen()

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.answers.set()
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb", buffering=0) as lines:
            while (line := lines.readline()) and line.strip(b"\0\r\n") != b"BEGIN":
                connection.sendall(b"OK 0\r\n" if b"AUTH EXTERNAL" in line else b"ERROR\r\n")
            parser, serial = Parser(), 0
            while data := connection.recv(65_536):
                parser.add_data(data)
                while (message := parser.get_next_message()) is not None:
                    serial += 1
                    connection.sendall(self._reply(message).serialise(serial=serial))

    def _reply(self, message: Message) -> Message:
        assert message.header.message_type is MessageType.method_call
        member = message.header.fields[HeaderFields.member]
        self.asked.append(member)
        self.answers.wait()
        signature, *body = self._answer(member, message.header.fields[HeaderFields.path], message.body)
        if "." in signature:
            return new_error(message, signature)
        return new_method_return(message, signature or None, tuple(body))

    def _answer(self, member: str, path: str, given: Any) -> tuple[Any, ...]:
        name = path.rpartition("/")[2].replace("_", "-")
        match member:
            case "Hello":
                return "s", ":1.1"
            case "NameHasOwner":
                return "b", self.is_running
            case "ListActivatableNames":
                return "as", []
            case "ReadAlias":
                return "o", _COLLECTION if self.has_collection else "/"
            case "Get" if given[1] == "Locked":
                is_locked = self.is_locked if path == _COLLECTION else self.locks_items
                return "v", ("b", is_locked)
            case "Get" if path == _COLLECTION or name in self.secrets:
                return "v", ("s", "a label")
            case "SearchItems":
                username = given[0]["username"]
                there = username in self.secrets
                return "ao", [f"{_COLLECTION}/{username.replace('-', '_')}"] if there else []
            case "OpenSession" if given[0] == "plain":
                return "vo", ("s", ""), "/session"
            case "OpenSession":
                return (_NOT_SUPPORTED,)
            case "GetSecret":
                return "(oayays)", ("/session", b"", self.secrets[name], "text/plain")
            case "CreateItem":
                attributes = given[0]["org.freedesktop.Secret.Item.Attributes"][1]
                self.secrets[attributes["username"]] = bytes(given[1][2])
                return "oo", f"{_COLLECTION}/{attributes['username'].replace('-', '_')}", "/"
            case "Delete":
                del self.secrets[name]
                return "o", "/"
            case "AddMatch":
                return ("",)
            case _:
                return (_NO_SUCH_OBJECT,)
