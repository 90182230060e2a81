"""A store that was put back or replaced under the screen: an id may be another patient's there."""

from pathlib import Path

from frontdesk.screens.dialogs.cancel import CancelScreen
from tests.screens.front import Front
from tests.screens.test_late_answers import REF, cancelled_by
from tests.screens.test_several_desks import replace_store

ANOTHER_STORE = (
    "UPDATE head SET store_id = 'another', change = change + 7",
    "UPDATE booking SET patient_name = 'Somebody Else' WHERE ref = 'SD-10482'",
)
READ_ANEW = "The bookings were put back or replaced. The list was read again."


async def test_in_another_store_nothing_is_offered_or_typed_that_was_of_the_patient_of_that_number(
    front: Front, store_path: Path
) -> None:
    await front.type(REF.lower())
    await front.press("enter", "c", *"ill", "f9")
    replace_store(store_path, *ANOTHER_STORE)
    await front.until(lambda: front.marked.patient.name == "Somebody Else")
    await front.press("enter")
    assert front.line("keys") == READ_ANEW
    await front.press("enter")
    assert front.screen.menu.is_open
    await front.press("c")
    dialog = front.app.screen
    assert isinstance(dialog, CancelScreen)
    assert dialog.booking.patient.name == "Somebody Else"
    assert dialog.reason.text == ""
    await front.press("escape")


AN_EARLIER_COPY = (
    "UPDATE head SET change = change - 1",
    "DELETE FROM change WHERE number > (SELECT change FROM head)",
    "UPDATE booking SET patient_name = 'Somebody Else' WHERE ref = 'SD-10482'",
)


async def test_the_dialog_shows_who_has_the_number_in_a_store_that_was_put_back_before_it_is_confirmed(
    front: Front, store_path: Path
) -> None:
    await front.type(REF.lower())
    await front.press("enter", "c")
    dialog = front.app.screen
    assert isinstance(dialog, CancelScreen)
    replace_store(store_path, *AN_EARLIER_COPY)
    await front.until(lambda: dialog.booking.patient.name == "Somebody Else")
    assert "Somebody Else" in "\n".join(front.lines())
    assert dialog.said == "The patient changed since the list was read."
    await front.press("escape")


async def test_the_dialog_does_not_say_of_its_patient_that_the_booking_of_another_one_was_cancelled(
    front: Front, store_path: Path
) -> None:
    await front.type(REF.lower())
    await front.press("enter", "c")
    dialog = front.app.screen
    assert isinstance(dialog, CancelScreen)
    assert "Mirela Kova" in dialog.sheet.text("summary")
    replace_store(
        store_path,
        *AN_EARLIER_COPY,
        "UPDATE booking SET cancelled = 1, cancelled_at = starts_at, cancelled_by = 'Tom Reid', "
        "cancelled_origin = 'here', version = 2 WHERE ref = 'SD-10482'",
    )
    await front.until(lambda: dialog.said.startswith("Tom Reid cancelled this"))
    shown = dialog.sheet.text("summary")
    assert "Somebody Else" in shown
    assert "Mirela Kova" not in shown
    await front.press("escape")


async def test_what_was_typed_in_the_open_dialog_is_not_kept_for_another_patient_of_that_number(
    front: Front, store_path: Path
) -> None:
    await front.type(REF.lower())
    await front.press("enter", "c", *"ill")
    opened = front.app.screen
    assert isinstance(opened, CancelScreen)
    replace_store(store_path, *AN_EARLIER_COPY)
    await front.until(lambda: front.marked.patient.name == opened.booking.patient.name == "Somebody Else")
    await front.press("f9")
    await front.press("enter", "enter")
    dialog = front.app.screen
    assert isinstance(dialog, CancelScreen)
    assert dialog.booking.patient.name == "Somebody Else"
    assert dialog.reason.text == ""
    await front.press("escape")


async def test_a_store_that_was_put_back_forgets_what_this_desk_cancelled_in_it(
    front: Front, store_path: Path
) -> None:
    await front.type(REF.lower())
    await front.press("enter", "c")
    front.clock.advance(2)
    await front.press("f8")
    assert front.marked.cancellation is not None
    replace_store(
        store_path,
        "UPDATE head SET change = 1",
        "DELETE FROM change WHERE number > 1",
        "UPDATE booking SET cancelled = 0, cancelled_at = NULL, version = 1 WHERE ref = 'SD-10482'",
    )
    await front.until(lambda: front.line("keys") == READ_ANEW)
    await cancelled_by(front.store, REF)
    await front.until(lambda: front.marked.cancellation)
    assert front.line("keys").startswith("Tom Reid cancelled")
