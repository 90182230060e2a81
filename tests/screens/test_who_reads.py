"""What Cancel Booking says of messages: to whom each goes, and who will read the reason."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from frontdesk.bookings import Channel
from frontdesk.deliveries import Kind
from frontdesk.screens.dialogs.cancel import CancelScreen
from frontdesk.store.opening import open_store
from tests.choosing import few_in_quick
from tests.screens.conftest import FrontOpener
from tests.screens.desk_data import BOTH, KIM, NOW, PRACTICES
from tests.screens.front import Front

BY_EMAIL, BY_SMS, BY_PHONE, NO_PMS = "SD-10482", "SD-10487", "SD-10486", "SD-10488"
DESK = "desk@smile.example"
SIZES = [(80, 24), (60, 16), (79, 23), (100, 24), (120, 40)]


async def open_dialog(front: Front, ref: str) -> CancelScreen:
    await front.type(ref.lower())
    await front.press("enter", "c")
    assert isinstance(front.app.screen, CancelScreen)
    return front.app.screen


async def practices_are(store_path: Path, **changes: Any) -> None:
    """Change all practices of the store."""
    store = await open_store(f"sqlite:///{store_path}", clock=lambda: NOW)
    await store.registry.apply_practices([replace(one, **changes) for one in PRACTICES], KIM)
    await store.close()


def label(front: Front) -> str:
    return next(line for line in front.lines() if "Cancellation Reason" in line)


def shouted(front: Front) -> list[str]:
    """What of the label stands out."""
    (strip,) = [
        strip for strip in front.app.screen._compositor.render_strips() if "Cancellation Reason" in strip.text
    ]
    return [segment.text for segment in strip if segment.style and segment.style.reverse]


@pytest.mark.parametrize(
    ("ref", "carrying", "reads"),
    [
        (BY_EMAIL, (Channel.EMAIL,), "THE PATIENT READS THIS."),
        (BY_EMAIL, (Channel.SMS,), "For the practice only."),
        (BY_SMS, (Channel.EMAIL,), "For the practice only."),
        (BY_SMS, BOTH, "THE PATIENT READS THIS."),
        (BY_PHONE, BOTH, "For the practice only."),
    ],
)
async def test_the_label_says_who_reads_the_reason_of_this_booking(
    open_front: FrontOpener, store_path: Path, ref: str, carrying: tuple[Channel, ...], reads: str
) -> None:
    await practices_are(store_path, reason_channels=carrying)
    async with open_front() as front:
        await open_dialog(front, ref)
        assert label(front).startswith(f"   Cancellation Reason, optional. {reads}  ")
        assert shouted(front) == (["THE PATIENT READS THIS"] if "PATIENT" in reads else [])


async def test_a_pms_that_tells_the_patient_gets_it(open_front: FrontOpener, store_path: Path) -> None:
    pms = PRACTICES[0].pms
    assert pms is not None
    await practices_are(store_path, pms=replace(pms, tells_patient=True))
    async with open_front() as front:
        await open_dialog(front, BY_EMAIL)
        assert "Praktika gets it, the patient may read it." in label(front)
        assert "is told by Praktika" in "\n".join(front.lines())
        await front.pilot.resize_terminal(60, 16)
        await front.idle()
        assert label(front).startswith("   Cancellation Reason. The patient may read it.")


@pytest.mark.parametrize("size", few_in_quick(SIZES, quick=[(80, 24), (60, 16)]), ids=str)
@pytest.mark.parametrize("ref", [BY_EMAIL, BY_PHONE])
async def test_the_practices_own_e_mail_has_its_line_and_nothing_goes_out_of_the_window(
    open_front: FrontOpener, store_path: Path, ref: str, size: tuple[int, int]
) -> None:
    await practices_are(store_path, email=DESK)
    async with open_front(size=size) as front:
        dialog = await open_dialog(front, ref)
        shown = "\n".join(front.lines())
        assert f"The practice e-mail to {DESK}" in " ".join(shown.split())
        patient = "please ring" if ref == BY_PHONE else "e-mail to mirela.kovac@example.com"
        reads = "For the practice only." if ref == BY_PHONE else "THE PATIENT READS THIS."
        for words in (patient, reads, "0/255", "This action cannot be undone.", "F8  Cancel Booking"):
            assert words in shown, words
        dialog.say("Saving...")
        await front.idle()
        assert "Saving..." in "\n".join(front.lines())
        front.clock.advance(2.0)
        await front.press("f8")
        (booking,) = await front.store.find(ref)
        kinds = {one.kind for one in await front.store.deliveries(booking.id)}
        assert Kind.DESK_EMAIL in kinds


async def test_the_label_keeps_its_end_when_the_window_gets_narrow(front: Front) -> None:
    await open_dialog(front, BY_EMAIL)
    await front.pilot.resize_terminal(60, 24)
    await front.idle()
    assert label(front).startswith("   Cancellation Reason. THE PATIENT READS THIS.")
    assert label(front).rstrip().endswith("0/255")


async def test_without_a_mail_address_the_practice_has_no_line(front: Front) -> None:
    await open_dialog(front, BY_EMAIL)
    assert not [line for line in front.lines() if line.lstrip().startswith("The practice")]
