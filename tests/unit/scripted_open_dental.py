"""An Open Dental that answers what it was told to, and an adapter that asks it."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from frontdesk.http_answers import Answer
from frontdesk.http_client import HttpClient
from frontdesk.pms.kinds import profile_path
from frontdesk.pms.open_dental import OpenDental
from frontdesk.pms.port import (
    Account,
)
from frontdesk.pms.profile_file import load
from frontdesk.pms.signing import SignIn

ZONE = ZoneInfo("Australia/Adelaide")
NOW = datetime(2026, 11, 24, 1, 30, tzinfo=UTC)
ID = UUID("0b9f7c3e-5d0a-4a7e-9b1c-2f6f0e8a4d11")
DAY = (datetime(2026, 11, 25, 13, 30, tzinfo=UTC), datetime(2026, 11, 26, 13, 30, tzinfo=UTC))

ROW: dict[str, Any] = {
    "serverDateTime": "2026-11-24 12:00:00",
    "AptNum": 18,
    "PatNum": 17,
    "AptStatus": "Scheduled",
    "Pattern": "//XXXX",
    "Op": 3,
    "Note": "",
    "ProvNum": 1,
    "provAbbr": "DOC1",
    "ProvHyg": 0,
    "AptDateTime": "2026-11-26 10:30:00",
    "IsNewPatient": "false",
    "ProcDescript": "Seal, Seal",
    "ClinicNum": 2,
    "IsHygiene": "false",
    "DateTStamp": "2026-11-20 08:30:12",
    "DateTimeArrived": "0001-01-01 00:00:00",
    "Priority": "Normal",
}


def history(number: int, action: str, status: str = "Broken", appointment: int = 18) -> dict[str, Any]:
    line = {"HistApptNum": number, "HistApptAction": action, "HistDateTStamp": "2026-11-24 09:00:00"}
    return ROW | line | {"AptNum": appointment, "AptStatus": status}


class Server(HttpClient):
    """Answers what it was told to, one after the other, and keeps what it was asked."""

    def __init__(self, *replies: object) -> None:
        super().__init__()
        self.replies = list(replies)
        self.asked: list[tuple[str, str, dict[str, str], Any]] = []
        self.headers: dict[str, str] = {}

    async def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | Sequence[tuple[str, str]] = (),
        content: bytes | None = None,
        json: object = None,
    ) -> Answer:
        self.asked.append((method, url.removeprefix("https://api.opendental.com/api/v1"), dict(params), json))
        self.headers = dict(headers or {})
        reply = self.replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply if isinstance(reply, Answer) else answer(reply)


def answer(document: object = None, status: int = 200) -> Answer:
    return Answer(status, {}, b"" if document is None else json.dumps(document).encode())


def dental(server: Server) -> OpenDental:
    profile = msgspec.structs.replace(load(profile_path("open-dental", Path())), limits=None)
    account = Account("smile", "open-dental", credentials={"secret": "developer", "key2": "customer"})
    sign_in = SignIn(profile.name, profile.auth, account, lambda name: name, server, lambda: NOW)
    root = "https://api.opendental.com/api/v1"
    return OpenDental(profile, root, {"tenant": ""}, server, sign_in, ZONE.key, lambda: NOW)


def schedule(kind: str, **changes: Any) -> dict[str, Any]:
    made = {
        "ScheduleNum": "25884",
        "SchedDate": "2026-11-26",
        "StartTime": "13:30:00",
        "StopTime": "14:00:00",
    }
    return made | {"SchedType": kind, "ProvNum": "0", "blockoutType": "", "operatories": ""} | changes


CHAIRS = [
    {"OperatoryNum": 5, "ProvDentist": 3, "ProvHygienist": 0, "IsHygiene": "false", "ClinicNum": 1},
    {"OperatoryNum": 6, "ProvDentist": 3, "ProvHygienist": 4, "IsHygiene": "true", "ClinicNum": 2},
]
