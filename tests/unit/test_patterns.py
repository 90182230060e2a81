"""Patterns: what a text has where, and how a pattern may not be written."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontdesk.pms.files.patterns import Pattern


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("{patient} - {type}", "Ann Lee - Check", {"patient": "Ann Lee", "type": "Check"}),
        (
            "{patient} - {type}",
            "Anne-Marie Lee - Check - up",
            {"patient": "Anne-Marie Lee", "type": "Check - up"},
        ),
        ("{type}: {patient}", "Check: Ann", {"type": "Check", "patient": "Ann"}),
        ("{patient} ({type})", "Ann (the first) (Check)", {"patient": "Ann", "type": "the first) (Check"}),
        ("{patient} ({type})", "Ann (Check) late", None),
        ("{patient} - {type}", "Lunch", None),
        ("{patient} - {type}", " - Check", None),
        ("{patient} - {type}", "Ann - ", None),
        ("{_} {patient} [{patient_ref}]", "09:15 Ann Lee [7]", {"patient": "Ann Lee", "patient_ref": "7"}),
        ("Appt {patient}", "Appt Ann", {"patient": "Ann"}),
        ("Appt {patient}", "appt Ann", None),
        ("{patient}", "Ann \x1b Lee", {"patient": "Ann \ufffd Lee"}),
        ("{patient}", "  ", None),
    ],
)
def test_what_stands_in_the_fields(pattern: str, text: str, found: dict[str, str] | None) -> None:
    assert Pattern.parse(pattern).read(text) == found


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("Lunch", "names no field"),
        ("{patient", "without its partner"),
        ("{patient}}", "without its partner"),
        ("{name}", r"names \{name\}, which is none of \{patient\}"),
        ("{}", r"names \{\}"),
        ("{patient}{type}", "two fields side by side"),
        ("{patient} {patient}", r"names \{patient\} twice"),
    ],
)
def test_a_pattern_that_could_mean_anything_is_refused(pattern: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Pattern.parse(pattern)


NAMES = st.text(st.characters(categories=("Lu", "Ll", "Nd")), min_size=1, max_size=20)


@given(NAMES, NAMES)
@settings(max_examples=50)
def test_what_is_written_so_is_read_back(patient: str, kind: str) -> None:
    found = Pattern.parse("Dr: {patient} / {type}.").read(f"Dr: {patient} / {kind}.")

    assert found is not None
    assert found.keys() == {"patient", "type"}
