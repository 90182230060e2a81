"""Profiles as files: the shipped ones load, a bad one is refused with file, key and reason."""

from pathlib import Path

import pytest

from frontdesk.pms.kinds import describe, kinds, open_diary, open_pms, profile_path
from frontdesk.pms.port import Account, UnusableSettings, Verified
from frontdesk.pms.profile_file import load
from frontdesk.pms.rest_diary import abilities
from tests.unit.pms_profiles import MINIMAL, NOW, write_profile


def refusal(file: Path) -> str:
    with pytest.raises(UnusableSettings) as refused:
        load(file)
    assert refused.value.hint.startswith(f"{file}: ")
    return refused.value.hint.removeprefix(f"{file}: ")


@pytest.mark.parametrize(
    ("kind", "name", "proof"),
    [
        ("praktika", "Praktika", Verified.ASSUMED),
        ("core-practice", "Core Practice", Verified.ASSUMED),
        ("cliniko", "Cliniko", Verified.CONTRACT),
    ],
)
def test_shipped_profiles(kind: str, name: str, proof: Verified) -> None:
    profile = load(profile_path(kind, Path()))
    assert (profile.name, profile.proof) == (name, proof)
    told = describe(kind, Path())
    assert (told.name, told.can_cancel, told.tells_patient, told.verified) == (
        name,
        profile.can_cancel,
        profile.tells_patient,
        proof,
    )
    can = abilities(profile)
    assert (told.can_be_read, told.tells_changes, told.tells_patients) == (
        True,
        can.changed_since,
        can.has_patients,
    )
    assert (told.tells_locations, told.tells_blocks, told.tells_hours) == (
        can.has_locations,
        can.has_blocks,
        can.has_hours,
    )


@pytest.mark.parametrize("kind", ["praktika", "core-practice", "cliniko"])
def test_no_mark_of_a_shipped_profile_may_be_missing(kind: str) -> None:
    """What is not told is not told to be so: somebody may have arrived."""
    assert all(mark.required for mark in load(profile_path(kind, Path())).status.marks)


def test_the_least_that_a_profile_says(tmp_path: Path) -> None:
    profile = load(write_profile(tmp_path))
    assert profile.name == "Diary"
    assert profile.routes.cancel


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("[fields]", "[feilds]"), "the top of the file has no key feilds, did you mean fields?"),
        (('start = "/start"', ""), "[fields] needs a start"),
        (('id = "/id"', "id = 3"), "[fields] id must be text in quotes, not a whole number"),
        (('id = "/id"', 'id = "id"'), "fields.id must begin with /, such as /id"),
        (('field = "/status"', 'field = "status"'), "status.field must begin with /, such as /status"),
        (
            ('Gone = "cancelled"', 'Gone = "canceled"'),
            "[status.words] Gone: there is no canceled, did you mean cancelled?",
        ),
        (
            ('Gone = "cancelled"', 'Gone = "other"'),
            "[status] never says cancelled: no cancellation could be proven",
        ),
        (('field = "/status"', ""), "[status] needs field and words, or neither"),
        (('path = "/a/{id}"', 'path = "/a/{ref}"'), "[routes.get] path has no {ref}, known are: id, tenant"),
        (('path = "/a/{id}"', 'path = "/a"'), "[routes.get] must have {id} in it, the appointment"),
        (('path = "/a/{id}"', 'path = "a/{id}"'), "[routes.get] path"),
        (
            ('method = "POST"', 'method = "GET"'),
            "[routes.cancel] method must not be GET: it changes something",
        ),
        (('method = "POST"', 'method = "SEND"'), "[routes.cancel] method: there is no SEND"),
        (('"{reason}"', '"{reasons}"'), "[routes.cancel] body has no {reasons}, did you mean reason?"),
        (
            ('method = "POST"', 'method = "POST"\nshows_result = false'),
            "[routes.cancel] shows_result is false: set verify_after_write, or nothing is ever proven",
        ),
        (
            ('[routes.cancel]\npath = "/a/{id}/cancel"\nmethod = "POST"\nbody = { why = "{reason}" }', ""),
            "can_cancel is true, but there is no [routes.cancel]",
        ),
        (('kind = "bearer"', 'kind = "barer"'), "[auth] kind: there is no barer, did you mean bearer?"),
        (('kind = "bearer"', 'kind = "headers"'), '[auth] headers belong to kind "headers", and to no other'),
        (('kind = "bearer"', 'kind = "bearer"\npassword2 = "x"'), "[auth] has no key password2"),
        (
            ('kind = "bearer"', 'kind = "headers"\nheaders = { "X Key" = "{secret}" }'),
            "[auth] headers has 'X Key', which is not the name of a header",
        ),
        (
            ("[auth]", '[times]\nzone = "Adelaide"\n[auth]'),
            "[times] zone must be offset, practice, or a name such as",
        ),
        (
            ("[auth]", '[times]\nformat = "isoo"\n[auth]'),
            "[times] format must be iso, epoch, epoch-ms, or a pattern",
        ),
        (
            ("[auth]", '[times]\nformat = "%d/%m/%Y %H:%M"\n[auth]'),
            "[times] zone is offset, but format has no %z",
        ),
        (
            ("[auth]", '[times]\nformat = "%d/%m/%Y %I:%M"\nzone = "practice"\n[auth]'),
            "[times] format: %d/%m/%Y %I:%M has %I without %p",
        ),
        (
            ("[auth]", '[times]\nformat = "%d/%m/%Y"\nzone = "practice"\n[auth]'),
            "[times] format must have day, month, year and the time of day",
        ),
        (
            ("[auth]", '[times]\nformat = "%d/%m/%Y %H:%MZ"\nzone = "practice"\n[auth]'),
            "[times] format names a time zone, and zone another one: write the offset as %z",
        ),
        (("[auth]", '[paging]\nkind = "page"\n[auth]'), "[paging] needs [routes.list], which is missing"),
        (
            ("[auth]", '[reason]\nlimit = 120\noverflow = "note"\n[auth]'),
            '[reason] overflow is "note", but [routes.cancel] has no {note}',
        ),
        (
            ('"{reason}"', '"{reason_code}"'),
            "[reason] needs an other_code: most reasons have no code of their own",
        ),
        (
            ("[auth]", '[appointment_version]\nheader = "ETag"\nfield = "/v"\n[auth]'),
            "[appointment_version] has header and field",
        ),
        (
            ('name = "Diary"', 'prefix = "/{practice}"\nname = "Diary"'),
            "prefix has no {practice}, known are: tenant",
        ),
        (
            ("[routes.get]", '[routes.patient]\npath = "/p"\nname = "/name"\n[routes.get]'),
            "[routes.patient] must have {id} in it, the patient",
        ),
        (
            ("[routes.get]", '[routes.patient]\npath = "/p/{id}"\nname = "name"\n[routes.get]'),
            "routes.patient.name must begin with /, such as /name",
        ),
        (
            ("[routes.get]", '[routes.changes]\npath = "/a"\n[routes.get]'),
            "[routes.changes] must have {since} in it, the time of the last look",
        ),
        (
            (
                "[routes.get]",
                '[routes.changes]\npath = "/a/{since}"\n[[routes.changes.also]]\nold = "{start}"\n[routes.get]',
            ),
            "[routes.changes] also has no {start}",
        ),
        (
            (
                "[routes.get]",
                '[routes.blocks]\npath = "/b"\nid = "/id"\nstart = "/s"\nend = "/e"\n[routes.get]',
            ),
            "[routes.blocks] needs a practitioner, or {id} in its path",
        ),
        (
            ("[routes.get]", '[routes.blocks]\npath = "/b/{id}"\nid = "/id"\nstart = "/s"\n[routes.get]'),
            "[routes.blocks] needs an end or a duration",
        ),
        (
            (
                "[routes.get]",
                '[routes.hours]\npath = "/h"\nweekday = "/d"\nstarts = "/s"\nends = "/e"\n[routes.get]',
            ),
            "[routes.hours] needs a practitioner, or {id} in its path",
        ),
        (
            ("[routes.get]", '[routes.locations]\npath = "/l"\nid = "/id"\nname = "/name"\n[routes.get]'),
            "[routes.locations] needs [fields] location: which site an appointment is at",
        ),
        (
            ('field = "/status"', 'field = "/status"\ngone = ["deleted_at"]'),
            "status.gone must begin with /, such as /deleted_at",
        ),
        (
            ("[routes.get]", '[[status.marks]]\nfield = "came"\nmeans = "no-show"\n[routes.get]'),
            "status.marks.field must begin with /, such as /came",
        ),
        (('name = "Diary"', "name = Diary"), "is not TOML at line 2, column 8: no value can be read there"),
        (('name = "Diary"', 'name = ""'), "name must have at least 1 characters"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_bad_profile_is_refused_with_key_and_reason(
    change: tuple[str, str], complaint: str, tmp_path: Path
) -> None:
    assert change[0] in MINIMAL
    file = write_profile(tmp_path, change)
    assert refusal(file).startswith(complaint)


def test_paging_that_cannot_go_on_is_refused(tmp_path: Path) -> None:
    with_list = ("[routes.cancel]", '[routes.list]\npath = "/a"\nitems = "/items"\n[routes.cancel]')
    for paging, complaint in (
        ('kind = "page"', "[paging] page needs a parameter"),
        ('kind = "cursor"\nparameter = "after"', "[paging] cursor needs next"),
        ('kind = "next-link"', "[paging] next-link needs next"),
        ('kind = "page"\nsize = 0', "[paging] size"),
    ):
        file = write_profile(tmp_path, with_list, ("[auth]", f"[paging]\n{paging}\n[auth]"))
        assert refusal(file).startswith(complaint)


def test_a_file_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnusableSettings, match=f"^there is no file {tmp_path / 'missing.toml'}$"):
        load(tmp_path / "missing.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    assert refusal(tmp_path / "binary.toml") == "is not UTF-8 text"


# The registry


def test_kinds_are_described_without_what_carries_them_out(tmp_path: Path) -> None:
    write_profile(
        tmp_path, ("can_cancel = true", "can_cancel = false"), ("name", "tells_patient = true\nname")
    )
    told = describe("diary.toml", tmp_path)
    assert (told.name, told.can_cancel, told.tells_patient) == ("Diary", False, True)
    assert describe(str(tmp_path / "diary.toml"), Path()) == told
    assert not describe("manual", tmp_path).can_cancel
    assert describe("fhir", tmp_path).can_cancel
    assert {"praktika", "core-practice", "cliniko", "fhir", "manual"} <= set(kinds())


@pytest.mark.parametrize(
    ("kind", "complaint"),
    [
        ("practika", "there is no practika, did you mean praktika?"),
        ("other.toml", "No such file"),
        ("nameless.toml", "the top of the file needs a name"),
        ("mistyped.toml", "can_cancel and tells_patient must be true or false"),
        ("broken.toml", "Invalid"),
    ],
)
def test_a_kind_that_is_none(kind: str, complaint: str, tmp_path: Path) -> None:
    for name, head in (
        ("nameless", ""),
        ("mistyped", 'name = "A"\ncan_cancel = "no"'),
        ("broken", "name = A"),
    ):
        (tmp_path / f"{name}.toml").write_text(f"{head}\n[routes]\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"there is no|\.toml") as refused:
        describe(kind, tmp_path)
    assert complaint in str(refused.value)


@pytest.mark.parametrize(
    ("account", "complaint"),
    [
        (Account("c", "nothing"), "[connections.c] kind: there is no nothing"),
        (Account("c", "manual"), "[connections.c]: a manual system is updated by hand"),
        (Account("c", "praktika", "https://pms.example"), "[connections.c] needs a tenant"),
        (Account("c", "praktika", tenant="smile"), "[connections.c] needs a base_url"),
        (Account("c", "praktika", "https://pms.example", "smile"), "[connections.c] needs a credential"),
        (Account("c", "cliniko", credentials={"secret": "s"}), "[connections.c] needs a user_agent_email"),
        (Account("c", "fhir"), "[connections.c] needs a base_url"),
        (
            Account(
                "c",
                "fhir",
                "https://pms.example",
                auth={"token_url": "", "client_id": "a"},
                credentials={"secret": "s"},
            ),
            "[connections.c] needs auth",
        ),
    ],
    ids=lambda value: value.kind if isinstance(value, Account) else "",
)
def test_an_account_that_lacks_something(account: Account, complaint: str) -> None:
    with pytest.raises(UnusableSettings) as refused:
        open_pms(account, lambda name: f"{name}-au1", "Australia/Adelaide", lambda: NOW)
    assert refused.value.hint.startswith(complaint)


def test_a_tenant_in_the_host_is_a_label(tmp_path: Path) -> None:
    file = write_profile(tmp_path, ("name", 'base_url = "https://{tenant}.pms.example"\nname'))
    for tenant in ("smile.evil.example/", "a b", "-"):
        account = Account("c", str(file), tenant=tenant, credentials={"secret": "s"})
        with pytest.raises(UnusableSettings, match="only letters and digits"):
            open_pms(account, str, "Australia/Adelaide", lambda: NOW)


class Point:
    """An entry point of an installed package."""

    def __init__(self, *, works: bool) -> None:
        self.name, self._works = "otherpms", works

    def load(self) -> object:
        if not self._works:
            raise ImportError
        return lambda account, _secrets, time_zone, _now: (account.kind, time_zone)


def test_a_package_can_bring_a_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: [Point(works=True)])
    assert "otherpms" in kinds()
    assert describe("otherpms", Path()).can_cancel
    opened: object = open_pms(Account("c", "otherpms"), str, "UTC", lambda: NOW)
    assert opened == ("otherpms", "UTC")
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: [Point(works=False)])
    with pytest.raises(UnusableSettings, match="otherpms does not load: ImportError"):
        open_pms(Account("c", "otherpms"), str, "UTC", lambda: NOW)


@pytest.mark.parametrize(
    ("account", "complaint"),
    [
        (Account("c", "nothing"), "[connections.c] kind: there is no nothing"),
        (
            Account("c", "manual"),
            "[connections.c]: frontdesk cannot read the diary of a system of the kind manual",
        ),
        (Account("c", "praktika", "https://pms.example"), "[connections.c] needs a tenant"),
        (Account("c", "cliniko", credentials={"secret": "s"}), "[connections.c] needs a user_agent_email"),
    ],
    ids=lambda value: value.kind if isinstance(value, Account) else "",
)
def test_an_account_whose_diary_cannot_be_read(account: Account, complaint: str) -> None:
    with pytest.raises(UnusableSettings) as refused:
        open_diary(account, lambda name: f"{name}-au1", "Australia/Adelaide", lambda: NOW)
    assert refused.value.hint.startswith(complaint)


@pytest.mark.parametrize("kind", ["praktika", "core-practice", "cliniko"])
async def test_the_diary_of_a_shipped_profile_can_be_read(kind: str) -> None:
    account = Account(
        "c",
        kind,
        "https://pms.example",
        "smile",
        credentials={"secret": "s"},
        user_agent_email="desk@smile.example",
    )
    diary = open_diary(account, str, "Australia/Adelaide", lambda: NOW)
    assert diary.abilities.name == describe(kind, Path()).name
    assert describe(kind, Path()).can_be_read
    await diary.close()
