"""The least that FastAPI under uvicorn does: one route, one short answer. No server on them is quicker."""

import asyncio
import socket

import uvicorn
from fastapi import FastAPI

app = FastAPI()


@app.get("/")
async def hello() -> dict[str, str]:
    """Answer as shortly as can be."""
    return {"status": "ok"}


def main() -> None:
    """Serve on a free port of this machine; the first line printed is the address."""
    # Without its protocol asyncio would leave Nagle's algorithm on: 40 ms an answer.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        config = uvicorn.Config(app, log_config=None, access_log=False, server_header=False)
        asyncio.run(uvicorn.Server(config).serve([listener]))


if __name__ == "__main__":
    main()
