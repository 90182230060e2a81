"""What a terminal that is not UTF-8 is sent."""

import codecs

import pytest

from frontdesk.terminal import A_SIGN_A_CELL, _a_sign_a_cell


@pytest.mark.parametrize(
    ("text", "encoding", "sent"),
    [
        ("Žofie", "ascii", b"?ofie"),
        ("Zoë", "latin-1", b"Zo\xeb"),
        ("לוי\u200e 12", "latin-1", b"??? 12"),
        ("נָעֳ", "ascii", b"??"),
        ("王 x", "ascii", b"?? x"),
    ],
)
def test_a_letter_that_it_lacks_takes_its_cells(text: str, encoding: str, sent: bytes) -> None:
    codecs.register_error(A_SIGN_A_CELL, _a_sign_a_cell)
    assert text.encode(encoding, A_SIGN_A_CELL) == sent
