"""The shape of the config file: every section and key it may have, and no other.

The JSON schema for editors is made from these structs.
"""

import json
from datetime import date
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from frontdesk.bookings import REASON_LIMIT, Channel
from frontdesk.complaints import PASSWORD_ADVICE
from frontdesk.credentials import NAME

Identifier = Annotated[str, Meta(pattern="^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
CredentialName = Annotated[str, Meta(pattern=NAME, description="the name of a secret")]


class Section(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A table of the file. A key that it does not know is refused."""


class Store(Section, frozen=True):
    """Where bookings live."""

    url: Annotated[
        str,
        Meta(
            description="sqlite:///FILE (a relative FILE lies beside the config), "
            f"postgresql+psycopg://USER@HOST/DATABASE without a password: {PASSWORD_ADVICE}, "
            "or https://HOST of a frontdesk serve (http:// on this machine only)"
        ),
    ] = ""
    credential: Annotated[
        CredentialName | None, Meta(description="the database's password, or the desk token for https")
    ] = None
    ca_file: Annotated[
        str, Meta(description="certificates to trust besides the system's, PEM; for https")
    ] = ""


class Auth(Section, frozen=True):
    """The sign-in of a PMS that uses OAuth2 client credentials; what its profile says may be left out."""

    token_url: str = ""
    client_id: Annotated[str, Meta(max_length=200)] = ""
    scope: Annotated[str, Meta(max_length=500)] = ""


class Window(Section, frozen=True):
    """The days of which an export has everything."""

    from_: Annotated[Literal["today"], Meta(description="the day on which it was written")] = msgspec.field(
        name="from", default="today"
    )
    days: Annotated[int, Meta(ge=1, le=400)] = 60


class Wake(Section, frozen=True):
    """What a PMS proves itself by when it calls /diary/CONNECTION/wake of frontdesk serve."""

    credential: CredentialName
    header: Annotated[str, Meta(min_length=1, max_length=100, description="the header that the proof is in")]
    kind: Annotated[
        Literal["token", "hmac-sha256"],
        Meta(description="token: the secret itself; hmac-sha256: a signature of the body by it"),
    ] = "token"


class Connection(Section, frozen=True):
    """One account at a practice management system; several practices can share it."""

    kind: Annotated[
        str,
        Meta(
            min_length=1,
            description="praktika, core-practice, cliniko, open-dental, fhir, csv, ics, hl7, manual, "
            "or the path of a profile, my-pms.toml",
        ),
    ]
    name: Annotated[
        str,
        Meta(max_length=200, description="what a system of the kinds manual, csv, ics and hl7 is called"),
    ] = ""
    base_url: Annotated[
        str, Meta(description="where its API is; without it this machine does not tell the PMS")
    ] = ""
    tenant: Annotated[str, Meta(max_length=200)] = ""
    credential: CredentialName | None = None
    credentials: Annotated[
        dict[str, CredentialName], Meta(description='further secrets by their role: { key2 = "NAME" }')
    ] = {}
    auth: Auth | None = None
    ca_file: Annotated[str, Meta(description="certificates to trust besides the system's, PEM")] = ""
    allow_http: Annotated[bool, Meta(description="send without encryption, if base_url says http://")] = False
    allow_private: Annotated[bool, Meta(description="allow addresses of this machine or network")] = False
    user_agent_email: Annotated[
        str, Meta(description="an address that the PMS may write to about this program; Cliniko asks for it")
    ] = ""
    fhir_version: Annotated[Literal["R4", "R5"], Meta(description="kind fhir only")] = "R4"
    path: Annotated[
        str,
        Meta(
            description="kinds csv and ics: the file that the PMS exports, its folder, or a pattern such as "
            "exports/diary-*.csv; the newest file counts"
        ),
    ] = ""
    map: Annotated[str, Meta(description="kind csv: the map that says what the columns mean")] = ""
    window: Annotated[
        Window | Literal["file"] | None,
        Meta(
            description='the days of which the export has everything: { from = "today", days = 60 }, or '
            '"file" (kind csv): from its first to its last day'
        ),
    ] = None
    summary: Annotated[
        str | tuple[str, ...],
        Meta(description='kind ics: how the title of an event is written, such as "{patient} - {type}"'),
    ] = ""
    description: Annotated[
        str | tuple[str, ...],
        Meta(description='kind ics: how lines of its text are written, such as "Mobile: {mobile}"'),
    ] = ""
    practitioner: Annotated[
        str,
        Meta(
            max_length=100,
            description="kind ics: whom an event is with: calendar (the calendar's name), organizer, "
            "or a field such as LOCATION",
        ),
    ] = ""
    listen: Annotated[
        str,
        Meta(
            description="kind hl7: HOST:PORT where messages come in; without it this machine takes none. Hosts "
            "other than 127.0.0.1 need peers, cert, key and client_ca"
        ),
    ] = ""
    peers: Annotated[
        tuple[str, ...],
        Meta(description="kind hl7: the addresses and networks that may connect; default: this machine"),
    ] = ()
    sender: Annotated[
        str,
        Meta(max_length=400, description="kind hl7: what MSH-3 and MSH-4 of its messages say, DENTIX/MAIN"),
    ] = ""
    cert: Annotated[str, Meta(description="kind hl7: the certificate chain to show, PEM")] = ""
    key: Annotated[str, Meta(description="kind hl7: the certificate's key, PEM, mode 0600")] = ""
    client_ca: Annotated[
        str, Meta(description="kind hl7: the certificates that have signed those of the peers, PEM")
    ] = ""
    wake: Annotated[
        Wake | None, Meta(description="how the PMS proves itself when it asks frontdesk serve to be read")
    ] = None


class Letterhead(Section, frozen=True):
    """What one practice's messages have of their own."""

    from_: str = msgspec.field(name="from", default="")
    reply_to: str = ""
    templates: Annotated[
        str,
        Meta(
            description="a folder with a folder for each kind of message, whose files replace the shipped texts"
        ),
    ] = ""


class Practice(Section, frozen=True):
    """A clinic, as it is put into the store."""

    id: Identifier
    name: Name
    time_zone: Annotated[str, Meta(description="an IANA name such as Australia/Adelaide")]
    short: Annotated[
        str, Meta(max_length=3, description="its name in three letters; default: made from the id")
    ] = ""
    email: Annotated[
        str, Meta(description="the practice gets an e-mail of each cancellation at this address")
    ] = ""
    phone: Annotated[
        str, Meta(max_length=40, description="the number that messages ask patients to ring")
    ] = ""
    account: Annotated[
        str, Meta(description="the billing account of its new patients; without it: they are not billed")
    ] = ""
    location: Annotated[
        str, Meta(description="the id of its site in the PMS; needed only where an account has several")
    ] = ""
    no_show_after_minutes: Annotated[
        int,
        Meta(
            ge=0,
            le=240,
            description="minutes after the start in which a patient may still come: until then a "
            "no-show counts only when the patient told you",
        ),
    ] = 15
    pms: Annotated[
        str | Connection,
        Meta(description="a connection's name, or its keys; without it there is no PMS to tell"),
    ] = ""
    notify: Annotated[Letterhead, Meta(description="instead of what [notify] says")] = Letterhead()


class Email(Section, frozen=True):
    """How mail leaves; with this section patients are told by e-mail."""

    url: Annotated[
        str,
        Meta(
            description="smtp+starttls://USER@HOST:587, smtps://, or maildir:///PATH (a relative PATH, "
            "maildir:PATH, lies beside the config); smtp:// on this machine only"
        ),
    ]
    credential: CredentialName | None = None
    ca_file: Annotated[str, Meta(description="certificates to trust besides the system's, PEM")] = ""


class Sms(Section, frozen=True):
    """How text messages leave; with this section patients are told by SMS."""

    profile: Annotated[str, Meta(min_length=1, description="a file that describes the gateway")]
    credential: CredentialName | None = None
    reason: Annotated[
        bool, Meta(description="the SMS carries the cancellation reason too: a mobile is often a family's")
    ] = False


class Notify(Section, frozen=True):
    """Who tells patients, and how."""

    from_: str = msgspec.field(name="from", default="")
    reply_to: str = ""
    patient: Annotated[
        tuple[Channel, ...], Meta(description="the order to try; an empty list: your staff tell patients")
    ] = (Channel.EMAIL, Channel.SMS)
    templates: Annotated[
        str,
        Meta(
            description="a folder with a folder for each kind of message, whose files replace the shipped texts"
        ),
    ] = ""
    email: Email | None = None
    sms: Sms | None = None


class Delivery(Section, frozen=True):
    """When a person is called to what could not be carried out."""

    near_hours: Annotated[
        float,
        Meta(
            ge=0,
            le=168,
            description="within so many hours of the appointment Attention lists a delivery after one failure",
        ),
    ] = 2.0
    max_attempts: Annotated[
        int, Meta(ge=1, le=50, description="earlier Attention lists it after so many failures")
    ] = 8


class Sync(Section, frozen=True):
    """How often the diaries of PMSs are read; with this section open desks and servers read them."""

    every: Annotated[
        float,
        Meta(ge=0.1, le=60, description="minutes between two reads; outside 7:00 to 20:00 six times as many"),
    ] = 5.0
    near_every: Annotated[
        float, Meta(ge=1, le=240, description="minutes between two compares of today and the next two days")
    ] = 30.0
    full_at: Annotated[
        str,
        Meta(
            pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$",
            description="when at night all of a diary is compared, by the practice's clock; within two hours of it",
        ),
    ] = "02:00"
    tell: Annotated[
        str,
        Meta(
            max_length=200, description="whom desks are to tell when a PMS suddenly shows far fewer bookings"
        ),
    ] = ""


class ReasonAtHand(Section, frozen=True):
    """A cancellation reason that the desk can choose instead of typing it."""

    file: Annotated[
        str, Meta(min_length=1, max_length=40, description="the word under which the practice files it")
    ]
    patient: Annotated[
        str,
        Meta(
            max_length=REASON_LIMIT,
            description="what the patient may read; empty: the patient gets no reason",
        ),
    ] = ""


class Ui(Section, frozen=True):
    """How the screen is painted."""

    theme: Annotated[
        Literal["auto", "dark", "light", "plain"],
        Meta(
            description="dark and light: colours for a terminal of that background; plain: its own two colours; "
            "auto: the theme that suits what the terminal says its background is"
        ),
    ] = "auto"
    mouse: Annotated[
        bool | None,
        Meta(
            description="a click marks a row, a double click opens its menu, the wheel moves; nothing is ever "
            "confirmed by it. Without it: true, but false over SSH, where the terminal's own copying is worth more"
        ),
    ] = None
    diff: Annotated[
        bool,
        Meta(
            description="write only what changed to the terminal; "
            "false: whole parts of the screen, some fifty times as many bytes"
        ),
    ] = True
    lock_minutes: Annotated[
        float, Meta(ge=0, le=480, description="lock the screen after so many minutes without a key; 0: never")
    ] = 5.0
    reasons: Annotated[
        tuple[ReasonAtHand, ...],
        Meta(max_length=9, description="what Down in an empty reason offers, at most nine"),
    ] = ()


class Server(Section, frozen=True):
    """How `frontdesk serve` is reached."""

    bind: Annotated[str, Meta(description="HOST:PORT to listen on; other desks reach it by TLS only")] = (
        "127.0.0.1:8411"
    )
    cert: Annotated[str, Meta(description="the certificate chain, PEM")] = ""
    key: Annotated[str, Meta(description="the certificate's key, PEM, mode 0600")] = ""
    behind_proxy: Annotated[
        bool, Meta(description="true: a proxy on this machine does TLS and passes the client's address on")
    ] = False
    requests_a_minute: Annotated[int, Meta(ge=60, description="a desk that sends more has to wait")] = 3000


class Price(Section, frozen=True):
    """What one new patient costs a practice."""

    price: Annotated[str, Meta(description='in the account\'s money, without tax, such as "99.00"')]
    practice: Annotated[str, Meta(description="its id; default: every practice of the account")] = ""
    from_: Annotated[
        date | None, Meta(description="the first day that it counts; without it: until the first dated one")
    ] = msgspec.field(name="from", default=None)


class Billing(Section, frozen=True):
    """What the practices of an account are charged for new patients, and when."""

    account: Annotated[str, Meta(min_length=1, max_length=200, description="what practices name as account")]
    time_zone: Annotated[str, Meta(description="whose months count, an IANA name such as Australia/Sydney")]
    prices: tuple[Price, ...] = ()
    tax_percent: Annotated[float, Meta(ge=0, le=100, description="comes on top of the prices")] = 0.0
    day_of_month: Annotated[
        int, Meta(ge=1, le=28, description="of the next month, on which a month's invoice is issued")
    ] = 1
    due_days: Annotated[
        int, Meta(ge=0, le=365, description="to pay in, from the day on which the invoice is final")
    ] = 14
    biller: Annotated[
        str,
        Meta(
            description="the mail address that gets requests not to be charged; "
            "or a file such as biller.toml, which describes how the biller takes them over HTTP"
        ),
    ] = ""
    biller_credential: Annotated[
        CredentialName | None, Meta(description="the secret that the biller's file sends as {secret}")
    ] = None


class Log(Section, frozen=True):
    """Where trouble is written down, without patient data."""

    file: Annotated[str, Meta(description="a relative FILE lies beside the config")] = ""


class ConfigFile(Section, frozen=True):
    """frontdesk's config file, TOML."""

    operator: Annotated[str, Meta(max_length=200, description="default: the login name")] = ""
    home: Annotated[
        str, Meta(description="the practice whose clock this desk goes by; default: the first")
    ] = ""
    store: Store = Store()
    connections: dict[Identifier, Connection] = {}
    practices: tuple[Practice, ...] = ()
    notify: Notify | None = None
    delivery: Delivery = Delivery()
    sync: Sync | None = None
    server: Server = Server()
    keys: Annotated[dict[str, str], Meta(description='a key for a command: "booking.cancel" = "x"')] = {}
    ui: Ui = Ui()
    billing: Billing | None = None
    log: Log = Log()


def json_schema() -> str:
    """Return the JSON schema of the config file, as `docs/config.schema.json` holds it."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(ConfigFile)}
    return json.dumps(schema, indent=2) + "\n"
