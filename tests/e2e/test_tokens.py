"""`frontdesk tokens`: made once, shown once, listed, revoked."""

import sqlite3
from contextlib import closing

import pytest

from frontdesk.bookings import Scope
from frontdesk.errors import Unauthorised
from frontdesk.store.port import DeskToken
from tests.e2e.line_mode import LineDesk
from tests.making import Store

DESK_TWO = ("tokens", "create", "--name", "Desk Two", "--scope", "read", "--scope", "cancel")


def admitted(desk: LineDesk, secret: str) -> DeskToken:
    async def ask(store: Store) -> DeskToken:
        return await store.registry.admit(secret)

    return desk.ask(ask)


def test_the_secret_alone_is_on_stdout_and_opens_what_was_asked_for(desk: LineDesk) -> None:
    result = desk(*DESK_TWO, "--practice", "Smile Dental Adelaide", "--days", "30")

    assert result.exit_code == 0, result.stderr
    token = admitted(desk, result.stdout.removesuffix("\n"))
    assert (token.name, token.scopes) == ("Desk Two", frozenset({Scope.READ, Scope.CANCEL}))
    assert token.practices == frozenset({"adelaide"})
    assert token.expires_at is not None
    assert (token.expires_at - token.created_at).days in (29, 30)
    assert f"Desk Two, {token.id}, read, cancel, adelaide, made " in result.stderr
    assert result.stdout.strip() not in result.stderr


def test_without_a_practice_or_an_end_it_is_good_everywhere_until_revoked(desk: LineDesk) -> None:
    token = admitted(desk, desk(*DESK_TWO).stdout.strip())

    assert (token.practices, token.expires_at) == (None, None)


def test_the_list_is_aligned_and_has_no_secret(desk: LineDesk) -> None:
    assert desk("tokens", "list").stdout == "There are no desk tokens.\n"
    secret = desk(*DESK_TWO).stdout.strip()
    desk("tokens", "create", "--name", "Wall", "--scope", "READ", "--practice", "perth", "--days", "90")

    shown = desk("tokens", "list").stdout

    first, second = shown.splitlines()
    assert first.startswith(f"Desk Two  {secret.split('_')[1]}  read, cancel  all practices  made ")
    assert first.endswith("  does not expire")
    assert second.startswith("Wall      ")
    assert "  read          perth          made " in second
    assert first.index("made ") == second.index("made ")
    assert second.index("expires ") == first.index("does not expire")
    assert secret.split("_", 2)[2] not in shown


def test_a_scope_of_a_newer_program_is_listed_and_opens_nothing_here(desk: LineDesk) -> None:
    secret = desk(*DESK_TWO).stdout.strip()
    with closing(sqlite3.connect(desk.store_file)) as database:
        database.execute("UPDATE token SET scopes = 'dream,cancel,read'")
        database.commit()
    assert "  read, cancel, dream (not known here)  " in desk("tokens", "list").stdout
    assert {one for one in admitted(desk, secret).scopes if one.is_known} == {Scope.READ, Scope.CANCEL}


def test_a_revoked_token_opens_nothing_and_stays_on_the_list(desk: LineDesk) -> None:
    secret = desk(*DESK_TWO).stdout.strip()
    number = secret.split("_")[1]

    result = desk("tokens", "revoke", number)

    assert result.stdout == f"Desk Two ({number}) is revoked and opens nothing any more.\n"
    with pytest.raises(Unauthorised, match="was revoked"):
        admitted(desk, secret)
    assert "  revoked " in desk("tokens", "list").stdout


def test_who_made_and_revoked_it_is_on_record(desk: LineDesk) -> None:
    desk("tokens", "revoke", desk(*DESK_TWO).stdout.split("_")[1])

    with closing(sqlite3.connect(desk.store_file)) as database:
        events = database.execute(
            "SELECT operator, action FROM audit ORDER BY number DESC LIMIT 2"
        ).fetchall()
    assert events == [("Kim Nguyen", "token.revoked"), ("Kim Nguyen", "token.created")]
    assert desk("audit", "verify").exit_code == 0


def test_what_cannot_be_is_refused_with_what_is_known(desk: LineDesk) -> None:
    desk(*DESK_TWO)
    for arguments, said in {
        ("create", "--name", "Wall", "--scope", "reed"): "there is no reed, did you mean read?",
        ("create", "--name", "Wall", "--scope", "cancel"): "add --scope read",
        (*DESK_TWO[1:], "--practice", "adelade"): "did you mean adelaide",
        (*DESK_TWO[1:], "--days", "0"): "0 is not from 1 to 3,650",
        ("create", "--scope", "read"): "--name is missing",
        ("revoke", "nothing"): "there is no token nothing, known are: ",
    }.items():
        result = desk("tokens", *arguments)
        assert (result.exit_code, result.stdout) == (2, "")
        assert said in result.stderr, arguments
        assert len(result.stderr.splitlines()) == 1
    assert len(desk("tokens", "list").stdout.splitlines()) == 1


def test_a_name_of_nothing_is_refused(desk: LineDesk) -> None:
    result = desk("tokens", "create", "--name", "  ", "--scope", "read")

    assert (result.exit_code, result.stdout) == (1, "")


def test_tokens_of_another_server_are_made_there(desk: LineDesk) -> None:
    desk.store_section = '[store]\nurl = "https://bookings.example"\ncredential = "desk"'
    desk.write_config()

    for arguments in (DESK_TWO, ("tokens", "list"), ("tokens", "revoke", "00000000")):
        result = desk(*arguments)
        assert (result.exit_code, result.stdout) == (1, "")
        assert "on the machine of https://bookings.example" in result.stderr
