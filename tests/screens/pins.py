"""Operators with PINs, for tests of signing in: no hashing, and answers that come when a test says so."""

import asyncio
from collections.abc import Mapping

from frontdesk.bookings import Reason
from frontdesk.errors import Refused
from frontdesk.wrong_pins import WrongPins

PINS = {"Kim Nguyen": "4711", "Kira O'Neil": "0815", "Tom Reid": "2580"}


class Pins:
    """`desk.SignIn`; after three wrong PINs it wants a pause. While `gate` is closed nobody is answered."""

    def __init__(self, pins: Mapping[str, str] = PINS) -> None:
        self._pins = pins
        self.names = tuple(pins)
        self.asked: list[str] = []
        self.wrong = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.before: dict[str, WrongPins] = {}

    async def check(self, name: str, pin: str) -> bool:
        self.asked.append(name)
        await self.gate.wait()
        if self.wrong >= 3:
            raise Refused(Reason("wrong-pins", "too many wrong PINs: try again in 4 seconds"))
        is_right = self._pins[name] == pin
        self.wrong += not is_right
        return is_right

    def wrong_before(self, name: str) -> WrongPins | None:
        return self.before.pop(name, None)
