"""The requests on the API's page can be sent."""

import argparse
import json
import re
import shlex
from dataclasses import dataclass

import httpx

from frontdesk.server.app import openapi_document
from frontdesk.store.sql.store import SqlStore
from tests.architecture.pages import ROOT, blocks
from tests.serving import Told, client_of, make_token, served, service_of

PAGE = ROOT / "docs" / "server" / "README.md"
SERVER = "https://bookings.example"


@dataclass(frozen=True)
class Curl:
    """What a curl command line asks for."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: str | None

    @classmethod
    def of(cls, line: str, token: str) -> "Curl":
        """Read a command line as curl does."""
        parser = argparse.ArgumentParser(allow_abbrev=False)
        parser.add_argument("-s", "-N", action="count")
        parser.add_argument("-G", action="store_true")
        parser.add_argument("-X", default="")
        parser.add_argument("-H", action="append", default=[])
        parser.add_argument("-d", "--data-urlencode", dest="data", action="append", default=[])
        parser.add_argument("url")
        said = parser.parse_args(shlex.split(line.replace("$TOKEN", token))[1:])
        assert said.url.startswith(SERVER)
        headers = dict(one.split(": ", 1) for one in said.H)
        body = None if said.G or not said.data else "&".join(said.data)
        query = "&".join(one.replace(" ", "%20") for one in said.data) if said.G else ""
        method = said.X or ("GET" if body is None else "POST")
        return cls(method, said.url.removeprefix(SERVER), query, headers, body)

    async def send(self, client: httpx.AsyncClient) -> httpx.Response:
        """Ask the server of a test."""
        path = f"{self.path}?{self.query}" if self.query else self.path
        return await client.request(self.method, path, headers=self.headers, content=self.body)


def lines() -> list[str]:
    """Return the page's command lines."""
    text = "".join(blocks(PAGE, "bash")).replace("\\\n", " ")
    return [line for line in text.splitlines() if line]


async def test_the_pages_requests_do_what_it_says(filled: SqlStore, told: Told) -> None:
    token = await make_token(filled)
    async with served(service_of(filled, told), has_streams=False) as url, client_of(url) as client:
        for line in lines():
            assert line.startswith("curl "), line
            response = await Curl.of(line, token).send(client)
            assert response.status_code == 200, (line, response.text)
    assert len(lines()) > 8
    assert (await filled.get(33)).cancellation


def test_the_page_has_every_status_of_the_description() -> None:
    said = set(re.findall(r"^\| (\d{3}) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    described = json.loads(openapi_document())["components"]["responses"]
    # An address that has no such method is not described, nor what is refused before it has an address.
    assert said == {name.removeprefix("Problem") for name in described} | {"405", "431"}
