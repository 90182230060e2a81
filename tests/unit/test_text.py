"""Text from outside: harmless on a screen, whole as a name, found by what is typed."""

import re
import unicodedata
from dataclasses import dataclass, replace
from enum import StrEnum

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from frontdesk.text import MAX_MARKS, REPLACEMENT, begins, clean, clean_fields, clean_line, fold
from tests.making import make_incoming, make_patient, make_practice

ANYTHING = st.text(st.characters(codec=None), max_size=20)
"""Every code point there is, lone surrogates among them."""

_TROUBLE = (
    "\u0301\u0308\u0323\u0304\u093c\u094d\u0e34\u17d2\u20dd"  # marks that compose, stack, or enclose
    "\u0cc6\u0cc2\u0cca\u0903\u09be\u09c7\u0b47\u0b56"  # vowel signs that compose with each other
    "\u200c\u200d\u200b\u00ad\u034f\u2060\ufeff\ufe0f\u180b\U000e0100"  # joiners and the invisible
    "\u1100\u1161\u11a8\u1160\u3164\u2800\uffa0"  # jamo and blanks
    "\u0915\u0928\u0628\u06cc\u05d0\u0e01\uac00\u4e2d"  # letters of several scripts
    "\u01d6\u1e69\u0958\u212b\ufb1d\u0149\u00b4 aeu1-'"  # what normalization takes apart or together
    "\U0001f468\U0001f3fd\U0001f1e6\x1b\x9b\u202e\u2066\u200e\ud800\U000e0041\ue000"
)
TANGLES = st.text(st.sampled_from(sorted(_TROUBLE)), max_size=16)
"""Marks, joiners and letters in orders that nobody writes but a generator finds."""

OUTSIDE = ANYTHING | TANGLES

_JOINERS = "\u200c\u200d"


def check_clean(value: str) -> None:
    """Check everything that `clean` promises of any text."""
    cleaned = clean(value)
    assert clean(cleaned) == cleaned
    assert unicodedata.is_normalized("NFC", cleaned)
    assert cleaned == " ".join(cleaned.split())
    cleaned.encode()
    for char in cleaned:
        assert char in _JOINERS or unicodedata.category(char) not in {
            "Cc",
            "Cf",
            "Cs",
            "Co",
            "Cn",
            "Zl",
            "Zp",
        }
        assert char == " " or not char.isspace()
        assert not re.match("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\uffa0]", char)
        assert not re.match("[\ufe00-\ufe0f\U000e0000-\U000e0fff]", char)
    for joiner in re.finditer(f"[{_JOINERS}]", cleaned):
        around = cleaned[joiner.start() - 1 : joiner.start()], cleaned[joiner.end() : joiner.end() + 1]
        for char in around:
            name = unicodedata.name(char)
            assert char.isalpha() or unicodedata.category(char) in {"Mn", "Mc"}, name
            assert not name.startswith(("CJK", "HANGUL", "HEBREW", "LATIN", "THAI"))
    run = 0
    for char in f" {cleaned}":
        run = run + 1 if unicodedata.category(char) in {"Mn", "Me"} else 0
        assert run <= MAX_MARKS
    assert not cleaned or unicodedata.category(cleaned[0])[0] != "M"
    assert all(unicodedata.category(after)[0] != "M" for after in re.findall(" (.)", cleaned))
    assert (cell_len(cleaned) > 0) == bool(cleaned)


def check_fold(value: str) -> None:
    """Check everything that `fold` promises of any text."""
    words = fold(value)
    assert fold(" ".join(words)) == words
    for word in words:
        assert word
        assert word.isalnum()
        assert word == word.casefold()
    assert fold(clean(value).upper()) == fold(clean(value)) or not value.isascii()


@settings(max_examples=50, deadline=None)
@given(OUTSIDE)
@example("a  \u200e \u0301b\n\x1b]0;x\x07  c ")
def test_a_line_is_as_harmless_and_keeps_what_lines_it_up(value: str) -> None:
    line = clean_line(value)
    assert clean_line(line) == line
    for piece in re.split("[ \u200e]", line):
        check_clean(piece)
    assert len(line) - len(line.lstrip(" ")) >= len(value) - len(value.lstrip(" "))


@settings(max_examples=50, deadline=None)
@given(OUTSIDE)
@example("\U0001f3fd")
@example("\u01d6\u200d\u0323\u0301\u0301\u0301")
@example("\u0928\u0951\u0951\u0951\u200d\u0951x")
@example("\u0ca8\u0cc6\u0cc6\u0cc6\u0cc6\u20dd\u0cc2")
@example("\u0915\u200d\u3164")
@example("\u0628\u200d\u200d\u0628")
def test_any_text_becomes_harmless(value: str) -> None:
    check_clean(value)


@settings(max_examples=50, deadline=None)
@given(OUTSIDE)
@example("\u0149\u00df\u0130\u1e9e\u00b4\u2126\u210c")
def test_folding_folded_words_changes_nothing(value: str) -> None:
    check_fold(value)


@pytest.mark.full
@settings(max_examples=10_000, deadline=None)
@given(OUTSIDE)
def test_any_text_becomes_harmless_and_folds_in_depth(value: str) -> None:
    check_clean(value)
    check_fold(value)


@pytest.mark.full
@pytest.mark.parametrize("plane", [0, 1, 2, 3, 14, 16])
def test_every_code_point(plane: int) -> None:
    for code in range(plane << 16, (plane + 1) << 16):
        char = chr(code)
        for value in (char, f"a{char}b", f"\u0628{char}\u0628"):
            cleaned = clean(value)
            assert clean(cleaned) == cleaned
            assert cleaned.replace("\u200c", "").replace("\u200d", "").isprintable()
            assert (cell_len(cleaned) > 0) == bool(cleaned)


@pytest.mark.parametrize("code", [*range(0x20), *range(0x7F, 0xA0)])
def test_no_control_survives(code: int) -> None:
    assert clean(f"a{chr(code)}b") == ("a b" if chr(code).isspace() else f"a{REPLACEMENT}b")


@pytest.mark.parametrize(
    "code",
    [
        *range(0x202A, 0x202F),
        *range(0x2066, 0x206A),
        0x061C,
        0x200E,
        0x200F,
        0xE0001,
        *range(0xE0020, 0xE0080),
    ],
)
def test_bidi_and_tag_characters_show(code: int) -> None:
    assert clean(f"a{chr(code)}b") == f"a{REPLACEMENT}b"


@pytest.mark.parametrize(
    "code", [0xAD, 0x34F, 0x17B4, 0x180B, 0x200B, 0x200C, 0x200D, 0x2060, 0xFE0F, 0xFEFF, 0xE0100, 0xE01EF]
)
def test_what_is_invisible_goes(code: int) -> None:
    assert clean(f"a{chr(code)}b") == "ab"


@pytest.mark.parametrize("code", [0xA0, 0x115F, 0x1160, 0x2003, 0x2028, 0x2800, 0x3000, 0x3164, 0xFFA0])
def test_what_prints_as_nothing_is_a_space(code: int) -> None:
    assert clean(f"{chr(code)}a{chr(code)}{chr(code)}b{chr(code)}") == "a b"


def test_an_attack_is_text() -> None:
    name = "[@click=app.quit]Smith[/] \x1b]0;x\x07"
    assert clean(name) == f"[@click=app.quit]Smith[/] {REPLACEMENT}]0;x{REPLACEMENT}"


def test_is_one_line() -> None:
    assert clean("  patient ill\r\nsince\tMonday\x85\u2029 ") == "patient ill since Monday"
    assert clean("") == clean(" \n") == clean("\u0301") == ""


def test_lone_surrogates_show() -> None:
    assert clean("a\ud83db") == f"a{REPLACEMENT}b"
    assert clean("\udce9") == REPLACEMENT


def test_text_is_composed() -> None:
    assert clean("Zoe\u0308") == "Zo\u00eb"
    assert clean("Zoe\u200b\u0308") == "Zo\u00eb"
    assert clean("A\u030angstro\u0308m \u212b") == "\u00c5ngstr\u00f6m \u00c5"


def test_stacked_marks_are_cut() -> None:
    assert clean("H" + "\u0335" * 50 + "i") == "H" + "\u0335" * MAX_MARKS + "i"
    assert clean("\u0915" + "\u093e" * 50) == "\u0915" + "\u093e" * MAX_MARKS
    assert clean("\u0915" + "\u200d\u094d" * 50) == "\u0915" + "\u200d\u094d" * (MAX_MARKS // 2)
    assert clean("\u1100" + "\u1161" * 50) == "\uac00" + "\u1161" * MAX_MARKS


@pytest.mark.parametrize(
    "name",
    [
        "محمد عبد الله",
        "فَاطِمَة الزَّهْرَاء",
        "علی\u200cرضا",  # Persian: the non-joiner keeps the two halves apart
        "می\u200cنا",
        "דָּוִד בֶּן־גּוּרִיּוֹן",
        "שָׁלוֹם",
        "สมชาย ใจดี",
        "น้ำผึ้ง",
        "Nguyễn Thị Đặng",
        "क्षितिज",
        "र\u200d्य",  # Marathi: the joiner shapes the ra
        "ශ්\u200dරී",  # Sinhala: Sri
        "ক্ষিতীশ",
        "김민준",
        "山田 太郎",
        "Zoë O’Brien-Kovač",
        "Þórunn Łukasz Øystein",
    ],
)
def test_names_stay_whole(name: str) -> None:
    composed = unicodedata.normalize("NFC", name)
    assert clean(name) == composed
    check_clean(name)


def test_joiners_go_where_no_letter_carries_them() -> None:
    assert clean("Ki\u200dm") == "Kim"
    assert clean("עלי\u200cרז") == "עלירז"
    assert clean("中\u200d文") == "中文"
    assert clean("K\u200dع") == "Kع"
    assert clean("ع\u200dK") == "عK"
    assert clean("\u200dعلی\u200c رضا\u200c") == "علی رضا"
    assert clean("١\u200c٢") == "١٢"
    assert clean("علی\u200c\u200c\u200dرضا") == "علی\u200cرضا"


def test_an_emoji_family_stands_side_by_side() -> None:
    family = clean("\U0001f468\u200d\U0001f469\u200d\U0001f467")
    assert family == "\U0001f468\U0001f469\U0001f467"
    assert cell_len(family) == 6
    assert clean("\u2764\ufe0f") == "\u2764"
    assert clean("\U0001f44d\U0001f3fd") == "\U0001f44d"


class _Kind(StrEnum):
    ODD = "  odd  "


@dataclass(frozen=True)
class _Inner:
    name: str = ""
    number: int = 0


@dataclass(frozen=True)
class _Outer:
    name: str
    inner: _Inner
    maybe: _Inner | None = None
    kind: _Kind = _Kind.ODD
    many: tuple[_Inner | str, ...] = ()


def test_every_field_is_cleaned_however_deep() -> None:
    dirty = " \x1b "
    record = _Outer(dirty, _Inner(dirty, 3), many=(_Inner(dirty), dirty))
    fresh = clean_fields(record)
    assert fresh == _Outer(REPLACEMENT, _Inner(REPLACEMENT, 3), many=(_Inner(REPLACEMENT), REPLACEMENT))
    assert record.name == dirty
    assert fresh.kind is _Kind.ODD


def test_a_clean_record_is_the_same_one() -> None:
    practice, incoming = make_practice(), make_incoming()
    assert clean_fields(practice) is practice
    assert clean_fields(incoming) is incoming
    dirty = replace(incoming, patient=make_patient(name="Mia\x1b"))
    assert clean_fields(dirty) == replace(incoming, patient=make_patient(name=f"Mia{REPLACEMENT}"))


@pytest.mark.parametrize(
    ("written", "typed"),
    [
        ("Kovač", "kovac"),
        ("O'Brien", "obrien"),
        *((f"O{apostrophe}Brien", "OBRIEN") for apostrophe in "'’‘‛ʼʻʹ′`´＇ꞌ"),
        ("Smith-Jones", "smith jones"),
        ("Smith\u2010Jones", "smith jones"),
        ("Nguyễn Thị Đặng", "nguyen thi dang"),
        ("Łukasz Wałęsa", "lukasz walesa"),
        ("Øystein Sørensen", "oystein sorensen"),
        ("Þórunn Æsa Œuvre", "thorunn aesa oeuvre"),
        ("Yıldız İnan", "yildiz inan"),
        ("Weiß", "WEISS"),
        ("ＴＡＮ", "tan"),
        ("Zoe\u0308", "Zoë"),
        ("علی\u200cرضا", "علیرضا"),
        ("Renée d’Arc", "renee darc"),
    ],
)
def test_is_found_by_what_is_typed(written: str, typed: str) -> None:
    assert fold(written) == fold(typed)
    assert fold(clean(written)) == fold(typed)


def test_words_of_every_script_stay_words() -> None:
    assert fold("วิชัย ใจดี") == ("วชย", "ใจด")
    assert len(fold("कुमार रवि")) == 2
    assert fold("שָׁלוֹם") == ("שלום",)
    assert fold("O'Brien-Kovač") == ("obrien", "kovac")
    assert fold("SD-10482 (0491 570 006)") == ("sd", "10482", "0491", "570", "006")
    assert fold(" - '_. ") == ()


def test_every_part_has_to_begin_a_word() -> None:
    words = fold("Dr Ana Kovač")
    assert begins(fold("kov an"), words)
    assert begins((), words)
    assert not begins(fold("ovac"), words)
    assert not begins(fold("kov mir"), words)
