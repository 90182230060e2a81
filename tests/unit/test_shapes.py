"""Types that several threads meet for the first time at once: the program must not end in C."""

import ast
import subprocess
import sys

import pytest

from tests.architecture.sources import ROOT, parsed, sources

EXAMPLES = ROOT / "docs" / "examples"

TRIES = 20
"""Each in a process of its own, for a type can be met for the first time only once. Where nothing stood
between the threads, a third of such tries ended by SIGSEGV on a busy machine."""

HARNESS = """
import os, sys, threading
sys.setswitchinterval(1e-6)
{prepared}
def meet(first):
    gate, wrong = threading.Barrier(8), []
    def one(number):
        gate.wait()
        try:
            first(number)
        except Exception as error:
            wrong.append(error)
    threads = [threading.Thread(target=one, args=(number,)) for number in range(8)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    os._exit(1 if wrong else 0)
ended = []
for _ in range({tries}):
    child = os.fork()
    if child == 0:
        meet(first)
    ended.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
print(ended)
"""

OPENING = """
from datetime import UTC, datetime
from frontdesk.pms import cliniko, open_dental, opening
from frontdesk.pms.port import Account
from frontdesk.pms.kinds import open_pms
kinds = ("praktika", "core-practice", "cliniko", "open-dental", "fhir")
def first(number):
    account = Account(
        "c", kinds[number % 5], base_url="https://pms.example", tenant="t",
        credentials={"secret": "s", "key2": "k"}, user_agent_email="desk@smile.example",
    )
    open_pms(account, lambda name: "k-au1", "Australia/Adelaide", lambda: datetime.now(UTC))
"""

READING_A_BOOKING = """
from frontdesk.bookings import Booking
from frontdesk.server import examples
from frontdesk.api import wire
kinds = (Booking, wire.Outcome, tuple[Booking, ...], wire.Problem)
values = (
    examples.BOOKING, examples.OUTCOME, (examples.BOOKING,),
    wire.Problem("a", "b", 412, current=examples.BOOKING),
)
data = [wire.encode(one) for one in values]
def first(number):
    value = wire.decode(data[number % 4], kinds[number % 4])
    if number % 4 == 1:
        value.done.done()
"""

READING_FILES = """
from pathlib import Path
from frontdesk import complaints
from frontdesk.config.sections import ConfigFile
from frontdesk.exchange.mapping import MapFile
from frontdesk.notify.gateway_profile import BillerProfile, SmsProfile
from frontdesk.pms.profile import Profile
examples = Path({examples!r})
known = (
    ("vitoria-2016-config.toml", ConfigFile), ("vitoria-2016.toml", MapFile),
    ("sms-gateway.toml", SmsProfile), ("biller.toml", BillerProfile), ("harbour-diary.toml", Profile),
)
def first(number):
    name, shape = known[os.getpid() % 5]
    complaints.read_toml(examples / name, shape, LookupError)
"""


@pytest.mark.parametrize(
    "prepared", [OPENING, READING_A_BOOKING, READING_FILES], ids=["pms", "wire", "files"]
)
def test_the_first_use_of_a_type_by_several_threads_at_once(prepared: str) -> None:
    prepared = prepared.replace("{examples!r}", repr(str(EXAMPLES)))
    script = HARNESS.format(prepared=prepared, tries=TRIES)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, str([0] * TRIES)), done.stderr


def test_nobody_but_shapes_has_msgspec_read_into_a_type() -> None:
    """Whoever did would leave the lock aside."""
    found = []
    for path, source in sources().items():
        for node in ast.walk(parsed(source)):
            if not isinstance(node, ast.Call):
                continue
            name = ast.unparse(node.func)
            reads = name in ("msgspec.convert", "convert") or name.endswith("Decoder")
            typed = len(node.args) > 1 or any(one.arg == "type" for one in node.keywords)
            if reads or (typed and name.startswith("msgspec.") and name.endswith(".decode")):
                found.append((path, name))
    assert {path for path, _ in found} == {"shapes.py"}, found
