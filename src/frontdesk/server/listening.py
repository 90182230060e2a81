"""The HTTP server under the API."""

import socket

import uvicorn
from fastapi import FastAPI

from frontdesk.server.app import end_streams


class HttpServer(uvicorn.Server):
    """Serves the API of `make_app`, and ends its streams of changes before it waits for open requests.

    `config` is of the same app. Otherwise it is used as uvicorn's own.
    """

    def __init__(self, app: FastAPI, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no more requests, and let those under way end."""
        end_streams(self._app)
        await super().shutdown(sockets)
