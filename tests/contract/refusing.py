"""A PostgreSQL that lets nobody in, and says so with a code and in its own language."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

_SSL_REQUEST, _GSS_REQUEST = 80877103, 80877104


@asynccontextmanager
async def refusing(code: str, words: str, *, asks_password: bool = False) -> AsyncIterator[int]:
    """Answer every connection with this error; yield the port.

    See the PostgreSQL manual, Frontend/Backend Protocol, 54.2.1 and 54.8. With
    `asks_password` a password in clear text is asked for first.
    """

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                length, kind = struct.unpack("!II", await reader.readexactly(8))
                await reader.readexactly(length - 8)
                if kind not in (_SSL_REQUEST, _GSS_REQUEST):
                    break
                writer.write(b"N")
            if asks_password:
                writer.write(b"R" + struct.pack("!II", 8, 3))
                (length,) = struct.unpack("!xI", await reader.readexactly(5))
                await reader.readexactly(length - 4)
            fields = {"S": "FATAL", "V": "FATAL", "C": code, "M": words}
            body = b"".join(name.encode() + text.encode() + b"\0" for name, text in fields.items()) + b"\0"
            writer.write(b"E" + struct.pack("!I", len(body) + 4) + body)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
