"""What patients and desks read: the shipped words, other words, and templates that cannot be used."""

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from jinja2 import Environment, meta

from frontdesk.bookings import Booking, Cancellation, Channel, Patient
from frontdesk.deliveries import Reader, reader
from frontdesk.notify import messages
from frontdesk.notify.messages import (
    CANCEL,
    KINDS,
    SHIPPED,
    VARIABLES,
    BadTemplate,
    check_templates,
    desk_letter,
    mention_reason,
    patient_letter,
    patient_sms,
    tells_patient,
)
from frontdesk.notify.settings import Letterhead, NotifySettings
from tests.making import KIM, PRAKTIKA, make_booking, make_patient, make_practice
from tests.notifying import AT

GSM = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""The default alphabet of 3GPP TS 23.038, where a character is one of 160."""


def own(folder: Path, kind: str = CANCEL) -> Path:
    """Return the folder in which a practice has its own words for a kind."""
    (folder / kind).mkdir(exist_ok=True)
    return folder / kind


def cancelled(reason: str = "", **changes: object) -> Booking:
    return make_booking(cancellation=Cancellation(AT, KIM, reason), **changes)


def test_the_patient_reads_when_where_and_why() -> None:
    letter = patient_letter(cancelled("patient ill"))
    assert letter.subject == "Your appointment at Smile Dental Adelaide has been cancelled"
    assert letter.text == (
        "Hello Amelia Wilson,\n\n"
        "Your appointment at Smile Dental Adelaide has been cancelled:\n\n"
        "    Thursday 26 November 2026 at 10:30 am, Adelaide time\n"
        "    with Dr Priya Rao\n\n"
        "Reason: patient ill\n\n"
        "Please ring to make a new appointment.\n\n"
        "Smile Dental Adelaide\n"
    )
    assert "<strong>Thursday 26 November 2026 at 10:30 am</strong>, Adelaide time" in letter.html
    assert "Reason: <bdi>patient ill</bdi>" in letter.html


def test_without_a_reason_none_is_mentioned() -> None:
    letter = patient_letter(cancelled())
    assert letter.text == (
        "Hello Amelia Wilson,\n\n"
        "Your appointment at Smile Dental Adelaide has been cancelled:\n\n"
        "    Thursday 26 November 2026 at 10:30 am, Adelaide time\n"
        "    with Dr Priya Rao\n\n"
        "Please ring to make a new appointment.\n\n"
        "Smile Dental Adelaide\n"
    )
    for said in (letter.html, patient_sms(cancelled()), desk_letter(cancelled()).text):
        assert "eason" not in said
        assert "()" not in said


NO_EMAIL = make_patient(email="")


@pytest.mark.parametrize(
    ("carrying", "order", "patient", "who_reads", "in_email", "in_sms"),
    [
        ("email", "email sms", make_patient(), Reader.PATIENT, True, False),
        ("email", "email sms", NO_EMAIL, Reader.PRACTICE, False, False),
        ("email sms", "email sms", NO_EMAIL, Reader.PATIENT, True, True),
        ("email", "sms email", make_patient(), Reader.PRACTICE, False, False),
        ("sms", "email sms", make_patient(), Reader.PRACTICE, False, False),
        ("", "email sms", make_patient(), Reader.PRACTICE, False, False),
        ("email sms", "", make_patient(), Reader.PRACTICE, False, False),
        ("email", "email", make_patient(email="", mobile=""), Reader.PRACTICE, False, False),
    ],
)
def test_the_patient_reads_the_reason_exactly_where_the_dialog_says_so(
    carrying: str, order: str, patient: Patient, who_reads: Reader, in_email: bool, in_sms: bool
) -> None:
    practice = make_practice(
        reason_channels=tuple(map(Channel, carrying.split())),
        patient_channels=tuple(map(Channel, order.split())),
    )
    booking = cancelled("did not pay", practice=practice, patient=patient)
    assert reader(booking, practice) is who_reads
    letter = patient_letter(booking)
    assert ("did not pay" in letter.text) == ("did not pay" in letter.html) == in_email
    assert ("did not pay" in patient_sms(booking)) == in_sms
    assert "did not pay" in desk_letter(booking).text


def test_a_pms_that_tells_the_patient_gets_the_reason_and_may_show_it() -> None:
    tells = make_practice(pms=replace(PRAKTIKA, tells_patient=True))
    assert reader(make_booking(practice=tells), tells) is Reader.PERHAPS
    by_hand = make_practice(pms=replace(PRAKTIKA, tells_patient=True, can_cancel=False))
    assert reader(make_booking(practice=by_hand), by_hand) is Reader.PRACTICE


def test_whoever_is_asked_to_ring_is_told_where() -> None:
    booking = cancelled(practice=make_practice(phone="08 5550 0100"))
    letter = patient_letter(booking)
    asked = "Please ring 08 5550 0100 to make a new"
    for said in (letter.text, letter.html, patient_sms(booking)):
        assert asked in said
    for said in (patient_letter(cancelled()).text, patient_sms(cancelled())):
        assert "Please ring to make a new" in said


def test_an_sms_is_one_message_in_the_usual_case() -> None:
    said = patient_sms(cancelled())
    assert said == (
        "Smile Dental Adelaide: your appointment on Thu 26 Nov 2026 at 10:30 am, Adelaide time, "
        "has been cancelled. Please ring to make a new one."
    )
    long = patient_sms(cancelled(practice=make_practice(name="Smile Dental and Orthodontics North Adelaide")))
    to_ring = patient_sms(
        cancelled(practice=make_practice(name="Smile Dental and Orthodontics N", phone="08 5550 0100"))
    )
    for one in (said, long, to_ring):
        assert len(one) <= 160
        assert set(one) <= GSM


def test_typing_habits_do_not_make_an_sms_dearer() -> None:
    practice = make_practice(reason_channels=(Channel.EMAIL, Channel.SMS))
    said = patient_sms(cancelled("she’s ill – “flu”…", practice=practice))
    assert '(she\'s ill - "flu"...)' in said
    assert set(said) <= GSM


def test_the_desk_reads_who_cancelled_what() -> None:
    letter = desk_letter(cancelled("patient ill"))
    assert letter.subject == "Cancelled: Thu 26 Nov 2026 10:30 am, SD-10482"
    assert letter.text == (
        "A booking at Smile Dental Adelaide has been cancelled.\n\n"
        "    Patient       Amelia Wilson\n"
        "    Time          Thursday 26 November 2026 at 10:30 am, Adelaide time\n"
        "    Practitioner  Dr Priya Rao\n"
        "    Type          Check-up and clean\n"
        "    Reference     SD-10482\n"
        "    Cancelled     Sun 22 Nov 2026 11:44 by Kim Nguyen\n"
        "    Reason        patient ill\n\n"
        "What the patient was told, and what is still open, is in frontdesk.\n"
    )
    assert letter.html == ""


ZONES = [
    (
        "Australia/Adelaide",
        datetime(2026, 11, 25, 13, 45, tzinfo=UTC),
        "Thursday 26 November 2026 at 12:15 am, Adelaide",
    ),
    (
        "Australia/Perth",
        datetime(2026, 11, 25, 16, 0, tzinfo=UTC),
        "Thursday 26 November 2026 at 12:00 am, Perth",
    ),
    (
        "Australia/Perth",
        datetime(2026, 11, 26, 4, 0, tzinfo=UTC),
        "Thursday 26 November 2026 at 12:00 pm, Perth",
    ),
    (
        "Australia/Lord_Howe",
        datetime(2026, 6, 1, 3, 0, tzinfo=UTC),
        "Monday 1 June 2026 at 1:30 pm, Lord Howe",
    ),
    ("Australia/Sydney", datetime(2026, 4, 4, 15, 30, tzinfo=UTC), "2026 at 2:30 am (UTC+11:00), Sydney"),
    ("Australia/Sydney", datetime(2026, 4, 4, 16, 30, tzinfo=UTC), "2026 at 2:30 am (UTC+10:00), Sydney"),
]


@pytest.mark.parametrize(("zone", "start", "said"), ZONES)
def test_times_are_the_practice_s_own(zone: str, start: datetime, said: str) -> None:
    booking = cancelled(practice=make_practice(time_zone=zone), starts_at=start)
    assert f"{said} time" in patient_letter(booking).text


NAMES = [
    "<script>alert(1)</script> & Sons",
    "{{ reason }} {% raw %}",
    "محمد بن سلمان",
    "שרה לוי",
    "Zoë 😀 Nguyễn-O'Brien",
    "=?UTF-8?Q?x?=",
    ".",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_text_whatever_it_looks_like(name: str) -> None:
    booking = cancelled(patient=make_patient(name=name))
    letter = patient_letter(booking)
    assert f"Hello {name},\n" in letter.text
    assert name not in letter.subject + desk_letter(booking).subject
    assert "<script>" not in letter.html
    escaped = name.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("'", "&#39;")
    assert f"<bdi>{escaped}</bdi>" in letter.html


def test_a_file_of_the_practice_replaces_the_shipped_one_of_its_name(tmp_path: Path) -> None:
    (own(tmp_path) / "patient.sms.j2").write_text("{{ practice }}: see you never", encoding="utf-8")
    (own(tmp_path) / "patient.subject.j2").write_text("  Not\n on {{ date }}  ", encoding="utf-8")
    assert check_templates(tmp_path) == ()
    assert patient_sms(cancelled(), tmp_path) == "Smile Dental Adelaide: see you never"
    letter = patient_letter(cancelled(), tmp_path)
    assert letter.subject == "Not on Thu 26 Nov 2026"
    assert replace(letter, subject="") == replace(patient_letter(cancelled()), subject="")


def test_a_text_of_the_practice_without_html_goes_alone(tmp_path: Path) -> None:
    (own(tmp_path) / "patient.text.j2").write_text("Ring 08 5550 0110", encoding="utf-8")
    assert patient_letter(cancelled(), tmp_path).html == ""
    (own(tmp_path) / "patient.html.j2").write_text("<p>Ring 08 5550 0110", encoding="utf-8")
    assert patient_letter(cancelled(), tmp_path).html == "<p>Ring 08 5550 0110\n"
    (own(tmp_path) / "patient.text.j2").unlink()
    assert patient_letter(cancelled(), tmp_path).html == "<p>Ring 08 5550 0110\n"


BAD = {
    "{% if reason %}\nyes": "line 2: Unexpected end of template",
    "\n{{ pacient }}": "line 2: there is no pacient here, did you mean patient?",
    "{% if false %}{{ mobile }}{% endif %}": "line 1: there is no mobile here",
    "{{ patient | shout }}": "line 1: No filter named 'shout'",
    "one\n{{ patient.name }}": "line 2: 'str object' has no attribute 'name'",
    "{{ 1 // (reason | length) }}": "line 1: it cannot be filled in (ZeroDivisionError)",
    "{{ patient.__class__.__mro__ }}": "line 1: access to attribute '__class__'",
    "{% include 'desk.text.j2' %}": "line 1: a template cannot use another file",
    "{% extends 'desk.text.j2' %}": "line 1: a template cannot use another file",
    "{{ range(9) }}": "line 1: there is no range here",
    "{{ 'x' * 99999 }}": "it makes more than 20,000 characters",
}


@pytest.mark.parametrize(("source", "problem"), BAD.items())
def test_a_bad_template_is_refused_in_one_sentence_with_file_and_line(
    source: str, problem: str, tmp_path: Path
) -> None:
    file = own(tmp_path) / "patient.text.j2"
    file.write_text(source, encoding="utf-8")
    (found,) = check_templates(tmp_path)
    assert found.startswith(f"{file}")
    assert problem in found
    assert "\n" not in found
    if "length" not in source:
        with pytest.raises(BadTemplate) as refused:
            patient_letter(cancelled(), tmp_path)
        assert str(refused.value) == found
        assert refused.value.brief.startswith("the template patient.text.j2")


def test_what_fails_while_it_is_filled_in_names_no_patient(tmp_path: Path) -> None:
    (own(tmp_path) / "patient.text.j2").write_text("{{ '%d' | format(patient) }}", encoding="utf-8")
    with pytest.raises(BadTemplate) as refused:
        patient_letter(cancelled(patient=Patient("Canary Bird")), tmp_path)
    assert "Canary" not in str(refused.value)


def test_a_subject_cannot_name_the_patient(tmp_path: Path) -> None:
    for name in ("patient.subject.j2", "desk.subject.j2"):
        (own(tmp_path) / name).write_text("{{ patient }}", encoding="utf-8")
    assert len(check_templates(tmp_path)) == 2


def test_files_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    (own(tmp_path) / "patient.text.j2").write_bytes(b"\xff\xfe")
    (own(tmp_path) / "patient.html.j2").symlink_to(tmp_path / "nowhere")
    (own(tmp_path) / "pateint.sms.j2").write_text("x", encoding="utf-8")
    (tmp_path / "notes.txt").write_text("{{ x }}", encoding="utf-8")
    found = check_templates(tmp_path)
    assert [one.partition(": ")[2].partition(",")[0] for one in found] == [
        "did you mean patient.sms.j2?",
        "it is not UTF-8 text",
        "it cannot be read: No such file or directory",
    ]
    (missing,) = check_templates(tmp_path / "none")
    assert "is not a folder" in missing


MENTIONS = {
    "{{ reason }}": True,
    "{%- if reason -%}x{% endif %}": True,
    "{{ reason|upper }}": True,
    "{{ \"it's\" ~ reason ~ 'x' }}": True,
    r"{{ 'it\'s' ~ reason ~ 'x' }}": True,
    "{{ '}}' ~ reason }}": True,
    "{{ '{#' ~ reason ~ '#}' }}": True,
    "{% set why = reason %}{{ why }}": True,
    "Reason: none of your business": False,
    "{# {{ reason }} #}x": False,
    "{{ 'reason' }}": False,
    "{{ practice }} {% set reasons = 1 %}": False,
}


@pytest.mark.parametrize(("source", "mentions"), MENTIONS.items())
def test_what_mentions_the_reason_is_what_jinja_would_fill_in(
    source: str, mentions: bool, tmp_path: Path
) -> None:
    for name, channel in (("patient.text.j2", Channel.EMAIL), ("patient.sms.j2", Channel.SMS)):
        (own(tmp_path) / name).write_text(source, encoding="utf-8")
        assert mention_reason(channel, tmp_path) is mentions
    assert ("reason" in meta.find_undeclared_variables(Environment().parse(source))) is mentions


def test_the_reason_reaches_a_patient_unless_every_template_leaves_it_out(tmp_path: Path) -> None:
    assert mention_reason(Channel.EMAIL)
    assert mention_reason(Channel.SMS)
    (own(tmp_path) / "patient.text.j2").write_text("x", encoding="utf-8")
    assert not mention_reason(Channel.EMAIL, tmp_path)
    assert mention_reason(Channel.SMS, tmp_path), "the shipped SMS has it"
    (own(tmp_path) / "patient.sms.j2").write_text("x", encoding="utf-8")
    assert not mention_reason(Channel.SMS, tmp_path)
    (own(tmp_path) / "patient.html.j2").write_bytes(b"\xff")
    assert mention_reason(Channel.EMAIL, tmp_path), "what cannot be read may have it"


def test_asking_about_the_reason_does_not_wait_for_jinja() -> None:
    script = "from frontdesk.notify import messages; from frontdesk.bookings import Channel; messages.mention_reason(Channel.EMAIL); import sys; print('jinja2' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "False\n"


def test_every_shipped_template_can_be_used_and_every_variable_is_documented() -> None:
    assert {file.name for file in (SHIPPED / CANCEL).iterdir()} == set(VARIABLES)
    assert {folder.name for folder in SHIPPED.iterdir()} <= set(KINDS)
    assert check_templates(SHIPPED) == ()
    page = (Path(__file__).parents[2] / "docs" / "messages.md").read_text(encoding="utf-8")
    for name in (*VARIABLES, *frozenset().union(*VARIABLES.values())):
        assert f"`{name}`" in page


def test_a_practice_s_letterhead_comes_before_the_one_for_all() -> None:
    everyone = Letterhead("All <all@smile.example>", "desk@smile.example", Path("all"))
    settings = NotifySettings(everyone, {"adelaide": Letterhead(sender="adl@smile.example")})
    assert settings.letterhead_of("perth") == everyone
    assert settings.letterhead_of("adelaide") == replace(everyone, sender="adl@smile.example")


def test_a_template_that_runs_long_is_refused(tmp_path: Path) -> None:
    (own(tmp_path) / "patient.sms.j2").write_text("x" * (messages.LONGEST_SMS + 1), encoding="utf-8")
    with pytest.raises(BadTemplate, match="more than 1,000 characters"):
        patient_sms(cancelled(), tmp_path)


def test_each_kind_has_words_of_its_own(tmp_path: Path) -> None:
    missed, booking = "booking.mark_no_show", make_booking()
    assert not any(tells_patient(missed, channel) for channel in Channel)
    assert all(tells_patient(CANCEL, channel) for channel in Channel)
    with pytest.raises(BadTemplate):
        patient_letter(booking, tmp_path, missed)
    (own(tmp_path, missed) / "patient.sms.j2").write_text("We missed you, {{ patient }}", encoding="utf-8")
    assert tells_patient(missed, Channel.SMS, tmp_path)
    assert patient_sms(booking, tmp_path, missed) == "We missed you, Amelia Wilson"
    # A subject alone says nothing.
    (own(tmp_path, missed) / "patient.subject.j2").write_text("We missed you", encoding="utf-8")
    assert not tells_patient(missed, Channel.EMAIL, tmp_path)
    (own(tmp_path, missed) / "patient.text.j2").write_text("Ring us", encoding="utf-8")
    assert tells_patient(missed, Channel.EMAIL, tmp_path)
    assert patient_letter(booking, tmp_path, missed) == messages.Letter("We missed you", "Ring us\n")
    assert "cancelled" in patient_sms(booking, tmp_path)
    assert check_templates(tmp_path) == ()


def test_a_folder_that_is_not_laid_out_by_kind_is_refused(tmp_path: Path) -> None:
    (own(tmp_path, "booking.cancle") / "patient.text.j2").write_text("x", encoding="utf-8")
    (said,) = check_templates(tmp_path)
    assert said.endswith("patient.text.j2 belongs to no kind of message: did you mean booking.cancel?")
    (tmp_path / "patient.text.j2").write_text("x", encoding="utf-8")
    put = f"put the words of a cancellation into {tmp_path / CANCEL}"
    assert check_templates(tmp_path) == (f"{tmp_path} has patient.text.j2 directly in it: {put}",)
    (tmp_path / "desk.text.j2").write_text("x", encoding="utf-8")
    assert check_templates(tmp_path) == (f"{tmp_path} has desk.text.j2 and 1 more directly in it: {put}",)
