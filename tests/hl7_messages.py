"""Messages of HL7 as practice systems send them, a client that sends them, and what comes back."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

PATIENCE = 8.0
"""Seconds after which a listener that neither answers nor hangs up has failed: less than it may be idle."""

START, END = b"\x0b", b"\x1c\r"
SENDER = "DENTIX|MAIN"


def siu(event: str = "S12", number: str = "1", **changes: str) -> bytes:
    """Return a message about Amelia Wilson's check-up with Dr Rao, as Dentix writes it.

    `changes` are whole segments by their names, empty to leave one out; `sent_at`, `start`, `ref` and `word` go into them.
    """
    sent_at = changes.pop("sent_at", "20261126090000")
    start = changes.pop("start", "20261130103000")
    ref, word = changes.pop("ref", "A-1001"), changes.pop("word", "")
    segments = {
        "MSH": f"MSH|^~\\&|{SENDER}|FRONTDESK|ADELAIDE|{sent_at}||SIU^{event}^SIU_S12|{number}|P|2.4",
        "SCH": f"SCH|P-{ref}^WEB|{ref}^DENTIX|||||CHK^Recall|NORMAL^Normal|30|MIN|^^30^{start}|"
        + 13 * "|"
        + word,
        "PID": "PID|1||K77^^^DENTIX^MR||Wilson^Amelia^J^^Ms||19810314|F|||1 King St^^Adelaide||"
        "08 8555 0100^PRN^PH~0491 570 006^PRN^CP~^NET^Internet^amelia@example.com",
        "RGS": "RGS|1",
        "AIS": "AIS|1||CHECK^Check-up and clean",
        "AIP": "AIP|1||D7^Rao^Priya^^^Dr",
        "AIL": "AIL|1||CHAIR2^^^SITE1",
    }
    segments |= changes
    return "\r".join(filter(None, segments.values())).encode() + b"\r"


@dataclass(frozen=True)
class Answer:
    """An acknowledgement: its code, the id of the message that it is for, and what it says."""

    code: str
    number: str
    said: str = ""


def answered(frame: bytes) -> Answer:
    """Return what an acknowledgement says."""
    msh, msa = frame.decode().rstrip("\r").split("\r")
    assert msh.startswith("MSH|")
    assert msh.split("|")[8].startswith("ACK")
    name, code, number, *said = msa.split("|")
    assert name == "MSA"
    return Answer(code, number, *said)


class Sender:
    """A connection that frames are sent over."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def raw(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def answer(self) -> Answer | None:
        """Return the next answer, None where the other side hangs up."""
        try:
            async with asyncio.timeout(PATIENCE):
                frame = await self._reader.readuntil(END)
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        assert frame.startswith(START)
        return answered(frame[1 : -len(END)])

    async def send(self, block: bytes) -> Answer | None:
        """Send a message, and return the answer."""
        await self.raw(START + block + END)
        return await self.answer()


@asynccontextmanager
async def sending(port: int, tls: ssl.SSLContext | None = None) -> AsyncIterator[Sender]:
    """Connect to a listener on loopback."""
    name = "localhost" if tls else None
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=tls, server_hostname=name)
    try:
        yield Sender(reader, writer)
    finally:
        writer.transport.abort()
