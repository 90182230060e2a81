"""The config: what it says, and the sentence for what it may not say."""

import json
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from frontdesk import config
from frontdesk.attempts import RetryPolicy
from frontdesk.billing.settings import BillingSettings, Price
from frontdesk.bookings import Channel, Pms, Practice
from frontdesk.cli.outside import Outside
from frontdesk.commands.cancel import ReasonAtHand
from frontdesk.config import Config, ConfigError
from frontdesk.credentials import Credentials
from frontdesk.deliveries import BILLER_CONNECTION
from frontdesk.notify.settings import GatewaySettings, Letterhead, MailSettings, NotifySettings
from frontdesk.pms.port import Account

PRACTICE = """
[[practices]]
id = "adelaide"
name = "Smile Dental Adelaide"
short = "ADL"
time_zone = "Australia/Adelaide"
"""
MAIL = """
[notify]
from = "Smile Dental <bookings@smile.example>"
[notify.email]
url = "smtp+starttls://mail.example:587"
"""
CONNECTION = """
[connections.smile]
kind = "praktika"
"""
EXPORTED = """
[connections.smile]
kind = "csv"
name = "Dentix"
path = "exports"
"""
PUBLISHED = """
[connections.smile]
kind = "ics"
name = "Dentix"
credential = "calendar"
"""
BILLING = """
[billing]
account = "smile"
time_zone = "Australia/Sydney"
[[billing.prices]]
price = "99.00"
"""
REASONS = "[ui]\nreasons = [{}]"
SMS = """
[notify.sms]
profile = "sms.toml"
"""


@pytest.fixture(autouse=True)
def _nobody_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", config.FILE_VARIABLE):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LOGNAME", "kim")


def read(folder: Path, content: str) -> Config:
    file = folder / "desk.toml"
    file.write_text(content, encoding="utf-8")
    (folder / "sms.toml").touch()
    return config.load(file)


def only_practice(folder: Path, content: str) -> Practice:
    (practice,) = read(folder, content).practices
    return practice


class TestWhereItIs:
    def test_without_any_file_the_program_works_on_a_local_store(self, tmp_path: Path) -> None:
        found = config.load()

        assert found.file is None
        assert found.store_file == config.default_store_file()
        assert tmp_path in found.store_file.parents
        assert found.operator.name == "kim"
        assert found.log_file == config.default_log_file()

    @pytest.mark.parametrize("login", [" ", "\u200b"])
    def test_the_operator_always_has_a_name(self, monkeypatch: pytest.MonkeyPatch, login: str) -> None:
        monkeypatch.setattr("getpass.getuser", lambda: login)
        assert config.load().operator.name == "unknown"

    def test_the_platforms_place_is_read(self) -> None:
        file = config.default_file()
        file.parent.mkdir(parents=True)
        file.write_text('operator = "Jo Park"')

        assert config.load().operator.name == "Jo Park"

    def test_the_variable_goes_before_the_platforms_place_and_a_named_file_before_both(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "variable.toml").write_text('operator = "Variable"')
        (tmp_path / "named.toml").write_text('operator = "Named"')
        monkeypatch.setenv(config.FILE_VARIABLE, str(tmp_path / "variable.toml"))

        assert config.load().operator.name == "Variable"
        assert config.load(tmp_path / "named.toml").operator.name == "Named"

    def test_a_file_that_somebody_named_must_exist(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with pytest.raises(ConfigError, match=r"no file .*gone\.toml"):
            config.load(tmp_path / "gone.toml")
        monkeypatch.setenv(config.FILE_VARIABLE, str(tmp_path / "lost.toml"))
        with pytest.raises(ConfigError, match=r"no file .*lost\.toml"):
            config.load()


class TestStore:
    @pytest.mark.parametrize(
        ("url", "meant"),
        [
            ("sqlite:///desk.db", "sqlite:///{folder}/desk.db"),
            ("sqlite:////var/lib/frontdesk/desk.db", "sqlite:////var/lib/frontdesk/desk.db"),
            ("sqlite:///~/desk.db", "sqlite:///{folder}/home/desk.db"),
            (
                "postgresql+psycopg://kim@db.example/frontdesk",
                "postgresql+psycopg://kim@db.example/frontdesk",
            ),
            ("postgresql://kim@db.example/frontdesk", "postgresql+psycopg://kim@db.example/frontdesk"),
        ],
    )
    def test_where_the_store_is(self, tmp_path: Path, url: str, meant: str) -> None:
        found = read(tmp_path, f'[store]\nurl = "{url}"')

        assert found.store_url == meant.format(folder=tmp_path)
        assert (found.store_file is None) == url.startswith("postgres")

    def test_a_store_that_is_a_server(self, tmp_path: Path) -> None:
        for url in ("https://bookings.example/", "https://bookings.example", "http://localhost:8411"):
            found = read(tmp_path, f'[store]\nurl = "{url}"\ncredential = "desk"')
            assert (found.store_url, found.store_credential) == (url.rstrip("/"), "desk")
            assert found.is_served
            assert found.store_file is None

    @pytest.mark.parametrize(
        ("url", "said"),
        [
            ("http://bookings.example", "would send without encryption: use https://"),
            ("https://kim@bookings.example", "without user and query"),
            ("https://bookings.example/?x=1", "without user and query"),
            ("mysql://kim@db.example/x", "must begin with sqlite"),
            ("sqlite://", "must name a file"),
            ("sqlite:///:memory:", "must name a file"),
            ("sqlite:///desk.db?mode=ro", "must name a file"),
            ("postgresql+psycopg://kim@[bad/x", "cannot be read|can be read"),
        ],
    )
    def test_what_is_no_store(self, tmp_path: Path, url: str, said: str) -> None:
        with pytest.raises(ConfigError, match=said):
            read(tmp_path, f'[store]\nurl = "{url}"')

    @pytest.mark.parametrize(
        "line",
        [
            'url = "postgresql+psycopg://kim:hunter2@db.example/x"',
            'url = "postgresql+psycopg://kim@db.example/x?password=hunter2"',
            'password = "hunter2"',
        ],
    )
    def test_a_password_is_refused_and_not_repeated(self, tmp_path: Path, line: str) -> None:
        with pytest.raises(ConfigError) as caught:
            read(tmp_path, f"[store]\n{line}")

        assert "frontdesk credentials set NAME" in caught.value.hint
        assert "hunter2" not in caught.value.hint


class TestPractices:
    def test_a_practice_without_anything_else(self, tmp_path: Path) -> None:
        assert only_practice(tmp_path, PRACTICE) == Practice(
            "adelaide", "Smile Dental Adelaide", "ADL", "Australia/Adelaide"
        )

    @pytest.mark.parametrize(
        ("connection", "pms"),
        [
            ('kind = "praktika"', Pms("smile", "praktika", "Praktika", True, False, True, True, True)),
            (
                'kind = "core-practice"',
                Pms("smile", "core-practice", "Core Practice", True, False, True, True, True),
            ),
            ('kind = "cliniko"', Pms("smile", "cliniko", "Cliniko", True, False, True, False, False)),
            (
                'kind = "open-dental"',
                Pms("smile", "open-dental", "Open Dental", True, False, True, True, True),
            ),
            ('kind = "fhir"', Pms("smile", "fhir", "FHIR", True, False, True, True, True)),
            ('kind = "manual"\nname = "Dentix"', Pms("smile", "manual", "Dentix", can_cancel=False)),
            ('kind = "csv"\nname = "Dentix"', Pms("smile", "csv", "Dentix", can_cancel=False)),
            ('kind = "ics"\nname = "Dentix"', Pms("smile", "ics", "Dentix", can_cancel=False)),
        ],
    )
    def test_its_pms_is_a_connection(self, tmp_path: Path, connection: str, pms: Pms) -> None:
        content = f'{PRACTICE}pms = "smile"\n[connections.smile]\n{connection}\n'

        assert only_practice(tmp_path, content).pms == pms

    def test_its_pms_may_stand_in_it(self, tmp_path: Path) -> None:
        content = PRACTICE + '[practices.pms]\nkind = "manual"\nname = "Paper"\n'

        assert only_practice(tmp_path, content).pms == Pms("adelaide", "manual", "Paper", can_cancel=False)

    @pytest.mark.parametrize(
        ("more", "channels"),
        [
            ("", ()),
            (MAIL, (Channel.EMAIL,)),
            (MAIL + SMS, (Channel.EMAIL, Channel.SMS)),
            (SMS, (Channel.SMS,)),
            (MAIL.replace("from", "patient = ['sms', 'email']\nfrom") + SMS, (Channel.SMS, Channel.EMAIL)),
            ("[notify]\npatient = []\n" + SMS, ()),
        ],
    )
    def test_a_channel_exists_only_where_its_section_does(
        self, tmp_path: Path, more: str, channels: tuple[Channel, ...]
    ) -> None:
        assert only_practice(tmp_path, PRACTICE + more).patient_channels == channels

    def test_text_is_cleaned(self, tmp_path: Path) -> None:
        found = read(
            tmp_path,
            'operator = "Kim\\u001b]0;x\\u0007 Nguyen"\n'
            + PRACTICE.replace("Smile Dental", "Smile\\u202e\\n  Dental"),
        )

        assert found.operator.name == "Kim\ufffd]0;x\ufffd Nguyen"
        assert found.practices[0].name == "Smile\ufffd Dental Adelaide"

    def test_home_is_the_first_practice_unless_it_is_said(self, tmp_path: Path) -> None:
        second = PRACTICE.replace("adelaide", "port").replace("ADL", "PRT")

        assert read(tmp_path, PRACTICE + second).home == "adelaide"
        assert read(tmp_path, 'home = "port"\n' + PRACTICE + second).home == "port"

    def test_home_may_be_a_practice_that_only_the_store_knows(self, tmp_path: Path) -> None:
        assert read(tmp_path, 'home = "port"').home == "port"


class TestOutside:
    def test_an_account_is_what_this_machine_can_reach(self, tmp_path: Path) -> None:
        (tmp_path / "ca.pem").touch()
        content = f"""{CONNECTION}
base_url = "https://pms.example/"
tenant = "smile"
credential = "praktika-smile"
credentials = {{ key2 = "praktika-second" }}
auth = {{ token_url = "https://pms.example/token", client_id = "desk" }}
ca_file = "ca.pem"
allow_private = true
[connections.other]
kind = "core-practice"
"""
        assert read(tmp_path, content).accounts == {
            "smile": Account(
                "smile",
                "praktika",
                "https://pms.example",
                "smile",
                {"secret": "praktika-smile", "key2": "praktika-second"},
                {"token_url": "https://pms.example/token", "client_id": "desk", "scope": ""},
                tmp_path / "ca.pem",
                allow_private=True,
            )
        }

    def test_a_sign_in_may_leave_out_what_the_profile_says(self, tmp_path: Path) -> None:
        content = f'{CONNECTION}\nbase_url = "https://pms.example"\nauth = {{ client_id = "desk" }}\n'

        assert read(tmp_path, content).accounts["smile"].auth == {
            "token_url": "",
            "client_id": "desk",
            "scope": "",
        }

    def test_plain_http_goes_where_the_config_says_so(self, tmp_path: Path) -> None:
        content = CONNECTION + 'base_url = "http://127.0.0.1:8800"\nallow_http = true\n'

        assert read(tmp_path, content).accounts["smile"].allow_http

    def test_an_account_may_stand_in_its_practice(self, tmp_path: Path) -> None:
        content = PRACTICE + '[practices.pms]\nkind = "fhir"\nbase_url = "https://fhir.example"\n'

        assert read(tmp_path, content).accounts["adelaide"].base_url == "https://fhir.example"

    def test_an_sms_carries_the_reason_only_where_the_config_says_so(self, tmp_path: Path) -> None:
        (tmp_path / "sms.toml").write_text("")
        (tmp_path / "letters").mkdir()
        for content, channels in (
            (PRACTICE + MAIL, (Channel.EMAIL,)),
            (PRACTICE + MAIL + SMS, (Channel.EMAIL,)),
            (PRACTICE + MAIL + SMS + "reason = true", (Channel.EMAIL, Channel.SMS)),
        ):
            (practice,) = read(tmp_path, content).practices
            assert practice.reason_channels == channels
        (tmp_path / "letters" / "booking.cancel").mkdir()
        (tmp_path / "letters" / "booking.cancel" / "patient.text.j2").write_text("Ring us.")
        own = PRACTICE + MAIL.replace("from", 'templates = "letters"\nfrom') + SMS + "reason = true"
        (practice,) = read(tmp_path, own).practices
        assert practice.reason_channels == (Channel.SMS,)

    def test_texts_that_lie_in_no_folder_of_a_kind_are_refused(self, tmp_path: Path) -> None:
        (tmp_path / "letters").mkdir()
        (tmp_path / "letters" / "patient.text.j2").write_text("Ring us.")
        for content, where in (
            (MAIL.replace("from", "templates = 'letters'\nfrom"), r"\[notify\] templates"),
            (PRACTICE + "[practices.notify]\ntemplates = 'letters'" + MAIL, "notify templates"),
        ):
            with pytest.raises(ConfigError, match=f"{where}: .*letters has patient.text.j2 directly in it"):
                read(tmp_path, content)

    def test_what_patients_are_asked_to_ring(self, tmp_path: Path) -> None:
        for phone in ("08 5550 0100", "(08) 5550-0100", "+61 8 5550 0100", "1300 SMILES"):
            (practice,) = read(tmp_path, PRACTICE + f'phone = "{phone}"').practices
            assert practice.phone == phone
        assert read(tmp_path, PRACTICE).practices[0].phone == ""

    def test_when_a_patient_counts_as_not_come_and_who_is_billed(self, tmp_path: Path) -> None:
        said = "account = 'smile'\nno_show_after_minutes = 10"
        practice = only_practice(tmp_path, PRACTICE + said + BILLING)
        assert (practice.account, practice.no_show_after_minutes) == ("smile", 10)
        practice = only_practice(tmp_path, PRACTICE)
        assert (practice.account, practice.no_show_after_minutes) == ("", 15)

    @pytest.mark.parametrize(
        ("given", "made"),
        [
            ("adelaide", "ADE"),
            ("adelaide adelaide-2", "ADE A2"),
            ("smile-north smile-south", "SMI SS"),
            ("smile-south smile-sud smile-sea", "SMI SS SML"),
            ("x", "X"),
            ("x_1 x-1", "X1 X2"),
            ("ab1=ABC abcd", "ABC ABD"),
            ("7th-street", "7TH"),
        ],
    )
    def test_a_practice_without_a_short_name_gets_one_from_its_id(
        self, tmp_path: Path, given: str, made: str
    ) -> None:
        content = ""
        for one in given.split():
            id_, _, short = one.partition("=")
            section = PRACTICE.replace('"adelaide"', f'"{id_}"')
            content += section.replace('short = "ADL"', f'short = "{short}"' if short else "")
        names = [practice.short for practice in read(tmp_path, content).practices]
        assert names == made.split()

    def test_any_number_of_practices_of_one_beginning_have_names_of_their_own(self, tmp_path: Path) -> None:
        sections = [PRACTICE.replace('"adelaide"', f'"a-{number}"') for number in range(300)]
        content = "".join(sections).replace('short = "ADL"', "")
        names = [practice.short for practice in read(tmp_path, content).practices]
        assert len(set(names)) == 300
        assert all(1 <= len(name) <= 3 and name == name.upper() for name in names)

    def test_how_messages_leave(self, tmp_path: Path) -> None:
        (tmp_path / "letters").mkdir()
        content = (
            PRACTICE
            + 'email = "desk@smile.example"\n[practices.notify]\nfrom = "Port <port@smile.example>"\n'
            + MAIL.replace("from", 'templates = "letters"\nfrom')
            + 'credential = "smtp"\n'
            + SMS
        )
        own = Letterhead("Port <port@smile.example>", "desk@smile.example", tmp_path / "letters")

        assert read(tmp_path, content).notify == NotifySettings(
            Letterhead("Smile Dental <bookings@smile.example>", "", tmp_path / "letters"),
            {"adelaide": own},
            MailSettings("smtp+starttls://mail.example:587", "smtp"),
            GatewaySettings(tmp_path / "sms.toml"),
        )
        assert read(tmp_path, PRACTICE).notify is None

    @pytest.mark.parametrize(
        ("url", "meant"),
        [("maildir:mail", "maildir://{folder}/mail"), ("maildir:///srv/mail", "maildir:///srv/mail")],
    )
    def test_a_relative_maildir_lies_beside_the_config(self, tmp_path: Path, url: str, meant: str) -> None:
        found = read(tmp_path, MAIL.replace("smtp+starttls://mail.example:587", url)).notify

        assert found is not None
        assert found.mail == MailSettings(meant.format(folder=tmp_path))

    def test_a_desk_is_written_to_only_where_mail_leaves(self, tmp_path: Path) -> None:
        practice = PRACTICE + 'email = "desk@smile.example"\n'

        assert only_practice(tmp_path, practice).email == ""
        assert only_practice(tmp_path, practice + MAIL).email == "desk@smile.example"

    def test_when_a_person_is_called(self, tmp_path: Path) -> None:
        assert read(tmp_path, "").retry == RetryPolicy(timedelta(hours=2), 8)
        assert read(tmp_path, "[delivery]\nnear_hours = 0.5\nmax_attempts = 3").retry == RetryPolicy(
            timedelta(minutes=30), 3
        )


class TestBilling:
    def test_without_its_section_nothing_is_billed(self, tmp_path: Path) -> None:
        assert read(tmp_path, PRACTICE).billing is None

    def test_an_account_without_anything_else(self, tmp_path: Path) -> None:
        expected = BillingSettings("smile", "Australia/Sydney", (Price(9900),), Decimal(0), 1, 14, "")
        assert read(tmp_path, BILLING).billing == expected

    def test_everything_said(self, tmp_path: Path) -> None:
        (tmp_path / "biller.toml").touch()
        said = "tax_percent = 8.1\nday_of_month = 28\ndue_days = 0\nbiller = 'biller.toml'\n"
        dated = "[[billing.prices]]\nprice = '5.05'\npractice = 'adelaide'\nfrom = 2027-01-01"
        content = PRACTICE + "account = 'smile'" + BILLING.replace("[[", said + "[[") + dated
        assert read(tmp_path, content).billing == BillingSettings(
            "smile",
            "Australia/Sydney",
            (Price(9900), Price(505, "adelaide", date(2027, 1, 1))),
            Decimal("8.1"),
            28,
            0,
            str(tmp_path / "biller.toml"),
        )

    def test_a_biller_may_be_written_to(self, tmp_path: Path) -> None:
        content = BILLING.replace("[[", "biller = 'billing@marketplace.example'\n[[")
        billing = read(tmp_path, content).billing
        assert billing is not None
        assert billing.biller == "billing@marketplace.example"

    @pytest.mark.parametrize("credential", ["", "marketplace"])
    def test_a_biller_may_be_told_over_http(self, tmp_path: Path, credential: str) -> None:
        (tmp_path / "biller.toml").touch()
        said = "biller = 'biller.toml'\n" + (f"biller_credential = '{credential}'\n" if credential else "")
        found = read(tmp_path, BILLING.replace("[[", f"{said}[["))
        assert found.biller == GatewaySettings(tmp_path / "biller.toml", credential)
        outside = Outside(found, Credentials(tmp_path, {"FRONTDESK_CREDENTIAL_MARKETPLACE": "kept apart"}))
        assert outside.secrets_needed == {BILLER_CONNECTION: (credential,) if credential else ()}
        assert outside.connections == {BILLER_CONNECTION}
        assert outside.carriers().keys() == {BILLER_CONNECTION}

    def test_a_biller_who_is_written_to_has_no_profile(self, tmp_path: Path) -> None:
        content = BILLING.replace("[[", "biller = 'billing@marketplace.example'\n[[")
        assert read(tmp_path, content).biller is None
        assert read(tmp_path, BILLING).biller is None

    @pytest.mark.parametrize(
        ("account", "mail", "biller", "told"),
        [
            ("account = 'smile'", MAIL, "billing@marketplace.example", "billing@marketplace.example"),
            ("", MAIL, "billing@marketplace.example", ""),
            ("account = 'smile'", "", "billing@marketplace.example", ""),
            ("account = 'smile'", MAIL, "biller.toml", "biller.toml"),
            ("account = 'smile'", "", "./biller.toml", "biller.toml"),
            ("", MAIL, "biller.toml", ""),
        ],
        ids=["by e-mail", "no account", "no mail", "over HTTP", "over HTTP alone", "over HTTP, no account"],
    )
    def test_a_practice_writes_to_the_biller_of_its_account(
        self, tmp_path: Path, account: str, mail: str, biller: str, told: str
    ) -> None:
        (tmp_path / "biller.toml").touch()
        content = PRACTICE + account + BILLING.replace("[[", f"biller = '{biller}'\n[[") + mail
        assert only_practice(tmp_path, content).biller == told


def replaced(key: str, value: str) -> str:
    return "\n".join(
        f"{key} = {value}" if line.startswith(f"{key} =") else line for line in PRACTICE.splitlines()
    )


def test_a_site_of_a_pms_is_one_practices(tmp_path: Path) -> None:
    one = PRACTICE + "pms = 'smile'\nlocation = '1'\n"
    other = one.replace("adelaide", "port").replace("ADL", "PRT")
    found = read(tmp_path, CONNECTION + one + other.replace("'1'", "'2'"))
    assert [practice.location for practice in found.practices] == ["1", "2"]
    with pytest.raises(ConfigError, match=r"\[\[practices\]\] 2 location: 1 is Smile Dental Adelaide"):
        read(tmp_path, CONNECTION + one + other)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            "operator = kim",
            "is not TOML at line 1, column 12: no value can be read there: text stands in straight",
        ),
        (
            "operator = “Kim”",
            "at line 1, column 12: no value can be read there: text stands in straight quotes",
        ),
        ("operator", "a key and its value are written KEY = VALUE"),
        ("operator: 'Kim'", "a key and its value are written KEY = VALUE"),
        ("operator = 'Kim' home = 'x'", "something is left over behind the value"),
        ("operator = 'Kim", "a text has no closing quote"),
        ("operator = 'Kim'\noperator = 'Lee'", "this key is there twice: take one of them out"),
        ("[store]\n[store]", "this section is there twice: put its keys under one of them"),
        ("[store\nurl = 'x'", "a bracket is missing"),
        ("[notify]\npatient = ['sms'", "a list has no closing"),
        ('[notify]\ntemplates = "C:\\Letters"', "a backslash in a text is written twice"),
        ("[store]\ncredential = 'Desk'", r"\[store\] credential may hold small letters, digits and - only"),
        (
            "[connections.smile]\nkind = 'praktika'\napi_key = 'x'",
            "secrets never go into a config; name it there with credential = .NAME., and keep it with: frontdesk",
        ),
        (
            "[[practices]]\nid = 'x'\nname = 'X'\nshort = 'X'",
            "needs a time_zone: an IANA name such as Australia/",
        ),
        ("operater = 'Kim'", "the top of the file has no key operater, did you mean operator?"),
        ("[stor]\nurl = 'x'", "no key stor, did you mean store?"),
        ("[store]\nulr = 'x'", r"\[store\] has no key ulr, did you mean url?"),
        ("[porter]\nbind = 'x'", "has no key porter, known are: billing, connections, delivery, home"),
        ("[server]\nbind = 'x'", r"\[server\] bind must be HOST:PORT"),
        ("[server]\ncert = 'none.pem'", r"\[server\] cert and key belong together"),
        ("[server]\ncert = 'none.pem'\nkey = 'none.pem'", r"\[server\] cert: there is no file"),
        ("operator = 3", "operator must be text in quotes, not a whole number"),
        ("store = 3", "store must be a table, not a whole number"),
        (
            "[keys]\n'booking.cancel' = true",
            r"\[keys\] booking.cancel must be text in quotes, not true or false",
        ),
        ("[keys]\n'booking.cancel' = 'x y'", r"\[keys\] booking.cancel must be one key"),
        ("[keys]\n'booking.cancel' = ''", r"\[keys\] booking.cancel must be one key"),
        ("[practices]\nid = 'x'", r"practices must be a list, not a table: write \[\[practices\]\]"),
        ("[[practices]]\nid = 'x'", r"\[\[practices\]\] 1 needs a name"),
        (PRACTICE + PRACTICE, r"\[\[practices\]\] 2 id: adelaide is taken"),
        (PRACTICE + replaced("id", "'b'"), r"\[\[practices\]\] 2 short: ADL is taken"),
        (replaced("id", "'a/b'"), r"\[\[practices\]\] 1 id may hold letters, digits and - only"),
        (replaced("short", "'ABCD'"), r"\[\[practices\]\] 1 short must have at most 3 characters"),
        (replaced("short", "'A B'"), r"\[\[practices\]\] 1 short must be letters"),
        (replaced("name", '"\\u200b"'), r"\[\[practices\]\] 1 name must not be empty"),
        (
            replaced("time_zone", "'Australia/Adelade'"),
            r"\[\[practices\]\] 1 time_zone: there is no such time zone, did you mean Australia/Adelaide?",
        ),
        (replaced("time_zone", "'Australia'"), "no such time zone"),
        (replaced("time_zone", "'../../etc/passwd'"), "no such time zone, it is written like"),
        (replaced("time_zone", "''"), "no such time zone"),
        (PRACTICE + "phone = 'ring us'", r"\[\[practices\]\] 1 phone must be a telephone number, such as 08"),
        (PRACTICE + "email = 'desk at smile'", r"\[\[practices\]\] 1 email must be an e-mail address"),
        (PRACTICE + "pms = 'smyle'\n[connections.smile]\nkind = 'praktika'", "did you mean smile?"),
        (PRACTICE + "pms = 'smile'", r"pms: there is no \[connections.smile\], the config has no connection"),
        (
            PRACTICE + "[practices.notify]\nfrom = 'x@y.example'",
            r"\[\[practices\]\] 1 notify needs a \[notify\]",
        ),
        (PRACTICE + "[practices.notify]\nfrom = 'x'" + MAIL, r"\[\[practices\]\] 1 notify from must be an"),
        (PRACTICE + "[practices.notify]\ntemplates = 'gone'" + MAIL, r"notify templates: there is no folder"),
        (
            MAIL.replace("from", "templates = 'gone'\nfrom"),
            r"\[notify\] templates: there is no folder .*gone",
        ),
        (MAIL + "ca_file = 'gone.pem'", r"\[notify.email\] ca_file: there is no file .*gone.pem"),
        (SMS.replace("sms.toml", "gone.toml"), r"\[notify.sms\] profile: there is no file .*gone.toml"),
        (PRACTICE + "no_show_after_minutes = -1", r"\[\[practices\]\] 1 no_show_after_minutes"),
        ("[ui]\nlock_minutes = 481", r"\[ui\] lock_minutes must be at most 480"),
        (REASONS.format('{ patient = "Sorry" }'), r"\[\[ui.reasons\]\] 1 needs a file: the word under"),
        (REASONS.format('{ file = "" }'), r"\[\[ui.reasons\]\] 1 file must have at least 1"),
        (REASONS.format('{ file = "\\u200b" }'), r"\[ui\] reasons: file is empty: write the word"),
        (REASONS.format('{ file = "Sick", colour = "red" }'), r"\[\[ui.reasons\]\] 1 has no key colour"),
        (REASONS.format('{ file = "Sick" }, { file = " Sick" }'), r'\[ui\] reasons: "Sick" is there twice'),
        (REASONS.format('{ file = "%s" }' % ("x" * 41)), r"\[\[ui.reasons\]\] 1 file must have at most 40"),
        (
            REASONS.format('{ file = "Sick", patient = "%s" }' % ("x" * 256)),
            "1 patient must have at most 255",
        ),
        (
            REASONS.format(", ".join(f'{{ file = "{n}" }}' for n in range(10))),
            r"\[ui\] reasons: there may be at most 9",
        ),
        (PRACTICE + "account = 'smile'", r"\[\[practices\]\] 1 account needs a \[billing\] that says"),
        (
            PRACTICE + "account = 'smiel'" + BILLING,
            r"\[\[practices\]\] 1 account: there is no billing account smiel, did you mean smile?",
        ),
        (
            PRACTICE + "account = 'smile'" + BILLING + "from = 2027-01-01",
            r"\[\[billing.prices\]\] needs a price without from for adelaide, or for all",
        ),
        (BILLING.replace("Sydney", "Sidney"), r"\[billing\] time_zone: there is no such time zone, did you"),
        (BILLING.replace('"smile"', '"\\u200b"'), r"\[billing\] account must not be empty"),
        (
            "[billing]\naccount = 'x'\ntime_zone = 'Australia/Sydney'",
            r"\[billing\] needs a \[\[billing.prices\]\]",
        ),
        (BILLING.replace('"99.00"', "99.0"), r"\[\[billing.prices\]\] 1 price must be text in quotes, not a"),
        (
            BILLING.replace('"99.00"', '"99.5"'),
            r"\[\[billing.prices\]\] 1 price must be an amount without tax",
        ),
        (BILLING + "prize = 1", r"\[\[billing.prices\]\] 1 has no key prize, did you mean price?"),
        (
            BILLING + "[[billing.prices]]\nprice = '1'",
            r"\[\[billing.prices\]\] 2: there is another price for the same practice from the same day on",
        ),
        (
            PRACTICE + BILLING + "practice = 'adelaid'",
            r"\[\[billing.prices\]\] 1 practice: there is no practice adelaid, did you mean adelaide?",
        ),
        (
            BILLING.replace("[[", "tax_percent = 101\n[["),
            r"\[billing\] tax_percent must be at most 100",
        ),
        (BILLING.replace("[[", "day_of_month = 29\n[["), r"\[billing\] day_of_month must be at most 28"),
        (BILLING.replace("[[", "biller = 'nobody'\n[["), r"\[billing\] biller must be an e-mail address"),
        (
            BILLING.replace("[[", "biller = 'a@b.example'\nbiller_credential = 'x'\n[["),
            r"\[billing\] biller_credential is for a biller that a file such as biller.toml describes",
        ),
        (BILLING.replace("[[", "biller = 'gone.toml'\n[["), r"\[billing\] biller: there is no file"),
        ("[delivery]\nnear_hours = -1", r"\[delivery\] near_hours"),
        ("[delivery]\nmax_attempts = 0", r"\[delivery\] max_attempts"),
        (CONNECTION + "ca_file = 'gone.pem'", r"\[connections.smile\] ca_file: there is no file"),
        (CONNECTION + "user_agent_email = 'nobody'", "user_agent_email must be an e-mail address"),
        (CONNECTION + "fhir_version = 'R9'", "fhir_version: there is no R9"),
        (CONNECTION + "base_url = 'https://pms.example/?key=1'", "must be an https:// address"),
        (CONNECTION + "base_url = 'ftp://pms.example'", "must be an https:// address"),
        (
            CONNECTION + "auth = { token_url = 'http://pms.example/token' }",
            r"\[connections.smile\] auth token_url would send without encryption",
        ),
        (
            "[connections.smile]\nkind = 'manual'\nname = 'Paper'\nbase_url = 'https://pms.example'",
            "updated by hand",
        ),
        (
            PRACTICE + "[practices.pms]\nkind = 'praktika'\n[connections.adelaide]\nkind = 'praktika'\n",
            r"\[\[practices\]\] 1 pms: there is a \[connections.adelaide\] too",
        ),
        (PRACTICE + "[practices.pms]\nkind = 'manual'", r"\[\[practices\]\] 1 pms name must not be empty"),
        (
            "[connections.smile]\nkind = 'praktica'",
            r"\[connections.smile\] kind: there is no praktica, did you",
        ),
        (
            "[connections.smile]\nkind = 'praktika'\nname = 'X'",
            "name is for the kinds manual, csv, ics, hl7 only",
        ),
        (
            "[connections.smile]\nkind = 'praktika'\ntoken = 'hunter2'",
            "token: secrets never go into a config",
        ),
        (CONNECTION + "path = 'x'", r"\[connections.smile\] path is for kind csv and ics only"),
        (CONNECTION + "map = 'x'", r"\[connections.smile\] map is for kind csv only"),
        (CONNECTION + "summary = '{patient}'", r"\[connections.smile\] summary is for kind ics only"),
        (EXPORTED + "practitioner = 'calendar'", r"practitioner is for kind ics only"),
        (EXPORTED + "base_url = 'https://pms.example'", r"a file or a feed, it has no base_url"),
        (EXPORTED + "tenant = 'smile'", r"a file or a feed, it has no tenant"),
        (EXPORTED + "credential = 'x'", r"no secret but the address of a feed is needed"),
        (EXPORTED + "map = 'gone.toml'", r"\[connections.smile\] map: there is no file"),
        (EXPORTED + "window = 'all'", r"\[connections.smile\] window"),
        (EXPORTED + "window = { from = 'today', days = 0 }", r"window\] days must be at least 1"),
        (EXPORTED + "window = { from = 'now' }", r"window\] from: there is no now"),
        (EXPORTED + "window = { day = 1 }", r"window\] has no key day, did you mean days"),
        (PUBLISHED + "path = 'x'", r"has a path and a credential"),
        (PUBLISHED + "credentials = { key2 = 'x' }", r"no secret but the address of a feed is needed"),
        (PUBLISHED, r"\[connections.smile\] summary must say where the patient's name stands"),
        (PUBLISHED + "summary = '{type}'", r"summary must say where the patient's name stands"),
        (
            PUBLISHED + "summary = '{patient'",
            r"\[connections.smile\] summary has a \{ or \} without its partner",
        ),
        (
            PUBLISHED + "summary = '{patient}'\ndescription = ['{a}']",
            r"description names \{a\}, which is none of",
        ),
        (PUBLISHED + "summary = '{patient}'\nwindow = 'file'", r"window: a calendar has no last day"),
        ("[connections.'a b']\nkind = 'praktika'", r"a name in \[connections\] may hold"),
        (
            "[connections.smile]\nkind = 'praktika'\nbase_url = 'http://pms.example'",
            "would send without encryption: use https://, or set allow_http",
        ),
        (
            "[connections.smile]\nkind = 'praktika'\nbase_url = 'https://a:hunter2@pms.example'",
            "holds a password",
        ),
        ("[connections.smile]\nkind = 'praktika'\ncredential = 'A B'", "credential may hold"),
        ("home = 'adelaid'\n" + PRACTICE, "home: there is no practice adelaid, did you mean adelaide?"),
        ("[notify]\npatient = ['emial']", r"\[notify\] patient: there is no emial, did you mean email?"),
        ("[notify]\npatient = ['sms', 'sms']", "names a channel twice"),
        ("[notify.email]\nurl = 'smtps://mail.example'", r"\[notify\] from must be an address"),
        (
            "[notify]\nfrom = 'a@b, c@d'\n[notify.email]\nurl = 'smtps://mail.example'",
            "from must be an address",
        ),
        ("[notify]\nreply_to = 'nobody'", "reply_to must be an address"),
        (MAIL.replace("smtp+starttls", "smtp"), "would send without encryption"),
        (MAIL.replace("smtp+starttls", "imap"), "email. url must begin with smtp"),
        (MAIL.replace("smtp+starttls://mail.example:587", "maildir:"), "must name a folder"),
        (MAIL.replace("mail.example:587", ""), "must name a host"),
        (MAIL.replace("mail.example", "kim:hunter2@mail.example"), "holds a password"),
    ],
)
def test_one_sentence_says_what_is_wrong_and_in_which_file(tmp_path: Path, content: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        read(tmp_path, content)

    assert caught.value.hint.startswith(f"{tmp_path / 'desk.toml'}: ")
    assert "hunter2" not in caught.value.hint
    assert "\n" not in caught.value.hint
    assert caught.value.exit_code == 2


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "desk.toml").write_bytes(b"operator = '\xff'")
    with pytest.raises(ConfigError, match="is not UTF-8"):
        config.load(tmp_path / "desk.toml")
    with pytest.raises(ConfigError, match="cannot be read"):
        config.load(tmp_path)


def test_the_log_lies_beside_the_config_unless_it_says_where(tmp_path: Path) -> None:
    assert read(tmp_path, "[log]\nfile = 'desk.log'").log_file == tmp_path / "desk.log"
    assert read(tmp_path, "[log]\nfile = '/var/log/desk.log'").log_file == Path("/var/log/desk.log")
    assert read(tmp_path, "").log_file == config.default_log_file()


def test_reasons_at_hand_are_carried_in_their_order(tmp_path: Path) -> None:
    said = REASONS.format('{ file = "Sick" }, { file = "Away", patient = "Your dentist\\tis away." }')
    assert read(tmp_path, said).reasons == (
        ReasonAtHand("Sick"),
        ReasonAtHand("Away", "Your dentist is away."),
    )
    assert read(tmp_path, "").reasons == ()


def test_keys_are_carried(tmp_path: Path) -> None:
    assert read(tmp_path, "[keys]\n'booking.cancel' = ' x '").keys == {"booking.cancel": "x"}


def test_the_schema_in_the_documents_is_the_one_of_the_program() -> None:
    committed = Path(__file__).parents[2] / "docs" / "config.schema.json"

    assert committed.read_text(encoding="utf-8") == config.json_schema()


def test_the_schema_refuses_unknown_keys_everywhere() -> None:
    definitions = json.loads(config.json_schema())["$defs"]

    assert len(definitions) > 5
    assert all(not one.get("additionalProperties", True) for one in definitions.values() if "enum" not in one)
