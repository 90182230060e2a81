"""A newer program at the same store writes words that this one does not know: the rest is read and worked on."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from frontdesk.attendance import told
from frontdesk.billing.adjustments import Review, label_of
from frontdesk.bookings import Booking, BookingQuery, Direction, Scope
from frontdesk.commands import Ask, MarkArrived, MarkNoShow, TakeBackNoShow
from frontdesk.deliveries import Delivery, Kind, State
from frontdesk.errors import Refused
from frontdesk.store.sql.selects import ADJUSTMENT, BOOKING, DELIVERY, INVOICE_LINE, PRACTICE, TOKEN
from frontdesk.words.deliveries import fact, to_do
from tests.contract.billed import Billed
from tests.contract.queueing import ALL, DONE, POLICY
from tests.contract.raw import execute
from tests.contract.test_adjustments import ABSENT, BILLER, NOT_NEW, new_patient
from tests.making import KIM, LEE, Store, cancel, cancel_of, do, make_incoming, make_practice, retry, settle

pytestmark = pytest.mark.far_too(full=True)

UNKNOWN_HERE = "this frontdesk does not know what is to be done: use the version that saved it"


async def refusal(store: Store, booking: Booking, ask: Ask) -> str:
    with pytest.raises(Refused) as refused:
        await do(store, booking, ask)
    assert refused.value.reason.code == "not-known-here"
    return refused.value.reason.text


async def cancelled(store: Store, ref: str) -> Booking:
    await store.registry.load([make_incoming(ref=ref, pms_ref=f"P-{ref}")], KIM, "a test")
    (booking,) = await store.find(ref)
    return await cancel(store, cancel_of(booking, KIM))


async def need_a_person(store: Store, url: str, **strange: str) -> tuple[Delivery, Delivery]:
    """Two mails of two bookings in attention, of which the first is as no program here would write it."""
    await store.registry.apply_practices([make_practice(pms=None, email="")], KIM)
    first, second = await cancelled(store, "A1"), await cancelled(store, "A2")
    execute(url, update(DELIVERY).values(state="attention", next_at=None, error="no such mailbox"))
    execute(url, update(DELIVERY).where(DELIVERY.c.booking_id == first.id).values(**strange))
    (strange_one,), (other,) = await store.deliveries(first.id), await store.deliveries(second.id)
    return strange_one, other


async def test_a_delivery_of_another_kind_is_listed_among_the_others(store: Store, store_url: str) -> None:
    letter, other = await need_a_person(store, store_url, kind="patient.letter")
    assert {one.delivery for one in await store.attention(9)} == {letter, other}
    shown = {one.delivery.kind: to_do(one) for one in await store.attention(9)}
    assert shown["patient.letter"] == ("USE THE NEWER FRONTDESK", UNKNOWN_HERE)
    assert shown[Kind.PATIENT_EMAIL][0] == "PHONE THE PATIENT"
    for deal in (retry(store, letter.id, KIM), settle(store, letter.id, KIM, "sent")):
        with pytest.raises(Refused, match="this frontdesk does not know what is to be done"):
            await deal
    assert (await settle(store, other.id, KIM, "phoned")).state is State.SETTLED


async def test_a_delivery_in_another_state_is_left_alone(store: Store, store_url: str) -> None:
    paused, other = await need_a_person(store, store_url, state="paused")
    assert [one.delivery for one in await store.attention(9)] == [other]
    assert (paused.state, fact(paused), paused.is_known) == ("paused", "not known here", False)
    with pytest.raises(Refused, match="this frontdesk does not know what is to be done"):
        await settle(store, paused.id, KIM, "sent")
    assert (await store.deliveries(paused.booking_id)) == (paused,)


async def test_dispatchers_carry_out_the_rest(store: Store, store_url: str) -> None:
    await store.registry.apply_practices([make_practice()], KIM)
    letter, paused, known = [await cancelled(store, ref) for ref in ("A1", "A2", "A3")]
    strange = {letter.id: {"kind": "patient.letter"}, paused.id: {"state": "paused"}}
    for booking_id, values in strange.items():
        mail = DELIVERY.c.kind == Kind.PATIENT_EMAIL, DELIVERY.c.booking_id == booking_id
        execute(store_url, update(DELIVERY).where(*mail).values(**values))
    carried = []
    while (claim := await store.queue.claim(ALL, POLICY)) is not None:
        carried.append((claim.booking.ref, claim.delivery.kind))
        await store.queue.finish(claim, DONE, POLICY)
    every = {(ref, kind) for ref in ("A1", "A2", "A3") for kind in ("pms.cancel", "desk.email")}
    assert set(carried) == every | {("A3", "patient.email")}
    assert len(carried) == 7
    (item,) = await store.attention(9)
    assert (item.delivery.kind, item.delivery.attempts) == ("patient.letter", 0)
    assert (await store.deliveries(paused.id))[1].state == "paused"
    assert {one.state for one in await store.deliveries(known.id)} == {State.DONE}


async def test_a_command_goes_on_beside_deliveries_of_another_kind(store: Store, store_url: str) -> None:
    marked = await do(store, await new_patient(store), ABSENT)
    execute(store_url, update(DELIVERY).where(DELIVERY.c.target == BILLER).values(kind="biller.fax"))
    back = await do(store, marked, TakeBackNoShow())
    assert (await do(store, back, MarkNoShow())).attendance.presence == "no-show"
    kinds = [one.kind for one in await store.deliveries(marked.id)]
    assert kinds == ["pms.no_show", "biller.fax", "biller.email", "pms.no_show"]


async def test_a_mark_in_another_word_is_shown_and_not_written_over(store: Store, store_url: str) -> None:
    booking = await new_patient(store)
    at = booking.starts_at + timedelta(minutes=5)
    values = {"attendance": "went-home", "attendance_origin": "portal", "attendance_at": at}
    execute(store_url, update(BOOKING).values(**values))
    await store.registry.load([make_incoming(ref="A2", pms_ref="P-A2")], KIM, "a test")
    page = await store.page(BookingQuery(as_of=booking.starts_at), 9, None, Direction.FORWARD)
    assert {row.booking.ref for row in page.rows} == {"N1", "A2"}
    shown = await store.get(booking.id)
    assert told(shown, at).startswith("marked went-home ")
    assert told(shown, at).endswith(", as a newer frontdesk says")
    for ask in (MarkNoShow(), MarkArrived(), TakeBackNoShow()):
        assert "does not know the mark went-home: use the version" in await refusal(store, shown, ask)
    line = make_incoming(ref=booking.ref, pms_ref=booking.pms_ref, starts_at=booking.starts_at, fee=5)
    await store.registry.load([line], LEE, "diary.csv")
    again = await store.get(booking.id)
    assert (again.fee, again.attendance) == (5, shown.attendance)
    assert again.attendance.presence.value == "went-home"


async def test_what_was_cancelled_in_another_way_is_not_reinstated(store: Store, store_url: str) -> None:
    await store.registry.apply_practices([make_practice()], KIM)
    booking = await cancelled(store, "A1")
    execute(store_url, update(BOOKING).values(cancelled_origin="portal"))
    await store.registry.load([make_incoming(ref="A1", pms_ref="P-A1")], LEE, "diary.csv")
    done = (await store.get(booking.id)).cancellation
    assert done is not None
    assert (done.origin, done.source) == ("portal", "a newer frontdesk")


async def test_where_patients_are_told_in_another_way_somebody_has_to_phone(
    store: Store, store_url: str
) -> None:
    await store.registry.apply_practices([make_practice()], KIM)
    await store.registry.load([make_incoming(ref="A1")], KIM, "a test")
    (booking,) = await store.find("A1")
    execute(store_url, update(PRACTICE).values(patient_channels="pigeon", reason_channels="pigeon"))
    assert [one.patient_channels for one in await store.practices()] == [("pigeon",)]
    booking = await store.get(booking.id)
    await cancel(store, cancel_of(booking, KIM))
    phone = next(one for one in await store.deliveries(booking.id) if one.is_to_patient)
    assert (phone.kind, phone.state) == (Kind.PATIENT_PHONE, State.ATTENTION)
    assert phone.error == (
        "this frontdesk does not know how this practice tells patients: use the version that saved it"
    )


async def test_a_request_with_another_ground_or_answer_is_shown_and_not_made_again(
    store: Store, store_url: str
) -> None:
    booking = await new_patient(store)
    await do(store, booking, NOT_NEW)
    execute(store_url, update(ADJUSTMENT).values(ground="moved-away", review="Deferred"))
    (request,) = await store.adjustments(booking.id)
    assert (request.review, label_of(request.ground)) == ("Deferred", "moved-away")
    said = await refusal(store, booking, NOT_NEW)
    assert said == (
        "this frontdesk does not know the answer Deferred to a request: use the version that saved it"
    )


async def test_billing_is_read_though_a_request_and_a_line_are_of_another_kind(
    store: Store, store_url: str
) -> None:
    billed = await Billed.make(store, store_url)
    booking, _ = await billed.book("A1", days=1), await billed.book("A2", days=2)
    await billed.request(booking, Review.AWAITING, None)
    await billed.invoice()
    execute(store_url, update(ADJUSTMENT).values(ground="moved-away", review="Deferred"))
    line = update(INVOICE_LINE).where(INVOICE_LINE.c.booking_id == booking.id)
    execute(store_url, line.values(kind="discount"))
    badges = {row.booking.ref: row.adjustment_badge for row in await billed.rows()}
    assert badges == {"A1": "Deferred", "A2": "-"}
    kinds = {one.booking.ref: one.line.kind for one in (await billed.invoice()).lines}
    assert kinds == {"A1": "discount", "A2": "charge"}


@pytest.mark.only_here
async def test_a_token_with_another_scope_may_what_is_known_of_it(store: Store, store_url: str) -> None:
    scopes = frozenset({Scope.READ})
    _, secret = await store.registry.create_token("Desk Two", scopes, None, KIM)
    await store.registry.create_token("Desk Three", scopes, None, KIM)
    execute(store_url, update(TOKEN).where(TOKEN.c.name == "Desk Two").values(scopes="dream,read"))
    assert {one.name for one in await store.registry.tokens()} == {"Desk Two", "Desk Three"}
    token = await store.registry.admit(secret)
    assert token.scopes == {"dream", Scope.READ}
    assert Scope.CANCEL not in token.standing.scopes
