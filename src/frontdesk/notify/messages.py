"""What a patient and a practice's desk are told of what was done to a booking.

The words are Jinja templates, in a folder for each kind of command; files of the same names in
a practice's folder replace the shipped ones. Jinja itself is loaded only when something is
rendered or checked.
"""

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from frontdesk import text, times
from frontdesk.attempts import Claim
from frontdesk.bookings import Booking, Channel
from frontdesk.complaints import nearest
from frontdesk.deliveries import Reader, reader

if TYPE_CHECKING:
    from jinja2 import Template, nodes
    from jinja2.sandbox import SandboxedEnvironment

SHIPPED = Path(__file__).parent / "templates"

CANCEL = "booking.cancel"
KINDS = (CANCEL, "booking.move", "booking.mark_no_show", "booking.take_back_no_show")
"""The kinds of commands that somebody can be told of, each with the folder of its name."""

PATIENT_SUBJECT, PATIENT_TEXT, PATIENT_HTML, PATIENT_SMS = (
    "patient.subject.j2",
    "patient.text.j2",
    "patient.html.j2",
    "patient.sms.j2",
)
DESK_SUBJECT, DESK_TEXT = "desk.subject.j2", "desk.text.j2"

_ABOUT_THE_BOOKING = frozenset({"practice", "day", "date", "time", "zone", "practitioner", "reference"})
_TO_THE_PATIENT = _ABOUT_THE_BOOKING | {"patient", "reason", "phone"}
_TO_THE_DESK = _TO_THE_PATIENT | {"appointment_type", "operator", "cancelled_at", "mobile"}

VARIABLES: Mapping[str, frozenset[str]] = {
    # Subjects are headers: they show on locked screens and travel through logs.
    PATIENT_SUBJECT: _ABOUT_THE_BOOKING,
    PATIENT_TEXT: _TO_THE_PATIENT,
    PATIENT_HTML: _TO_THE_PATIENT,
    PATIENT_SMS: _TO_THE_PATIENT,
    DESK_SUBJECT: _ABOUT_THE_BOOKING,
    DESK_TEXT: _TO_THE_DESK,
}
"""The templates there are, and what each may use."""

LONGEST_BODY, LONGEST_SUBJECT, LONGEST_SMS = 20_000, 200, 1_000
"""Characters. A practice's template that makes more is a mistake."""

_QUOTED = r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*\""""
_CODE = re.compile(
    rf"\{{#.*?#\}}|(\{{\{{(?:{_QUOTED}|[^'\"])*?\}}\}}|\{{%(?:{_QUOTED}|[^'\"])*?%\}})", re.DOTALL
)
"""A comment, or in its group what Jinja takes for code."""

_REASON = re.compile(r"(?<![\w.])reason\b")

_PLAIN = str.maketrans(
    {
        "‘": "'",
        "’": "'",
        "“": '"',
        "”": '"',
        "–": "-",
        "—": "-",
        "…": "...",
    }
)
"""One typographic quote would halve what fits into an SMS: it is not in the GSM alphabet (3GPP TS 23.038)."""


class BadTemplate(ValueError):
    """A template cannot be used. The text is one sentence with the file and the line."""

    def __init__(self, file: Path, problem: str, line: int | None = None) -> None:
        place = f", line {line}" if line else ""
        super().__init__(f"{file}{place}: {problem}")
        self.brief = f"the template {file.name}{place}: {problem}"


@dataclass(frozen=True, slots=True)
class Letter:
    """An e-mail in words; `html` is empty where there is text only."""

    subject: str
    text: str
    html: str = ""


@dataclass(frozen=True, slots=True)
class _Files:
    """The templates of one kind of command; `folder` has the practice's own ones."""

    kind: str
    folder: Path | None

    def in_force(self, name: str) -> Path:
        """Return the file that counts: the practice's own one if there is one."""
        own = self._own(name)
        # lexists: a link that leads nowhere is a mistake to be told of, not a template left out.
        return own if own and _is_there(own) else SHIPPED / self.kind / name

    def is_own(self, name: str) -> bool:
        """Whether the practice has a file of its own in place of the shipped one."""
        own = self._own(name)
        return own is not None and _is_there(own)

    def has_html(self) -> bool:
        """Whether the e-mail to the patient has an HTML part.

        A practice that replaces the text alone means it: the shipped HTML would say something else.
        """
        is_there = _is_there(self.in_force(PATIENT_HTML))
        return is_there and (self.is_own(PATIENT_HTML) or not self.is_own(PATIENT_TEXT))

    def _own(self, name: str) -> Path | None:
        return self.folder / self.kind / name if self.folder else None


def kind_of(claim: Claim) -> str:
    """Return the kind of the command that a message tells of."""
    return claim.command.ask.kind


def tells_patient(kind: str, channel: Channel, folder: Path | None = None) -> bool:
    """Whether there are words that tell the patient of a command of `kind` this way.

    Without a template for it the patient is sent nothing; a practice may have one of its own.
    """
    names = (PATIENT_SUBJECT, PATIENT_TEXT) if channel is Channel.EMAIL else (PATIENT_SMS,)
    files = _Files(kind, folder)
    return all(_is_there(files.in_force(name)) for name in names)


def patient_letter(booking: Booking, folder: Path | None = None, kind: str = CANCEL) -> Letter:
    """Return the e-mail that tells the patient. `folder` has the practice's own templates.

    Raises BadTemplate.
    """
    words, files = _words(booking, Channel.EMAIL), _Files(kind, folder)
    return Letter(
        _subject(PATIENT_SUBJECT, files, words),
        _render(PATIENT_TEXT, files, words, LONGEST_BODY),
        _render(PATIENT_HTML, files, words, LONGEST_BODY) if files.has_html() else "",
    )


def patient_sms(booking: Booking, folder: Path | None = None, kind: str = CANCEL) -> str:
    """Return the SMS that tells the patient, one line. Raises BadTemplate."""
    words, files = _words(booking, Channel.SMS), _Files(kind, folder)
    return text.clean(_render(PATIENT_SMS, files, words, LONGEST_SMS)).translate(_PLAIN)


def desk_letter(booking: Booking, folder: Path | None = None, kind: str = CANCEL) -> Letter:
    """Return the e-mail that tells the practice's desk. Raises BadTemplate."""
    files = _Files(kind, folder)
    words = _words(booking)
    done = booking.cancellation
    words |= {
        # The desk reads the reason whatever the patient is told.
        "reason": done.reason if done else "",
        "appointment_type": booking.appointment_type,
        "mobile": booking.patient.mobile,
        "operator": str(done.by) if done else "",
        "cancelled_at": times.when_in_full(done.at, booking.practice.zone) if done else "",
    }
    return Letter(
        _subject(DESK_SUBJECT, files, words),
        _render(DESK_TEXT, files, words, LONGEST_BODY),
    )


def mention_reason(channel: Channel, folder: Path | None = None, kind: str = CANCEL) -> bool:
    """Whether what a patient can get this way repeats the reason, with the practice's own templates.

    It reads the files and no more, so that a start need not wait for Jinja. A file that
    cannot be read counts as one that does: nobody is promised too much.
    """
    files = _Files(kind, folder)
    letter = [PATIENT_TEXT, *([PATIENT_HTML] if files.has_html() else [])]
    names = letter if channel is Channel.EMAIL else [PATIENT_SMS]
    return any(_mentions_reason(files.in_force(name)) for name in names)


def check_templates(folder: Path) -> tuple[str, ...]:
    """Return what is wrong with a practice's templates, a sentence each; nothing when they can be used."""
    if not folder.is_dir():
        return (
            f"{folder} is not a folder: make it and put your templates into it, or take templates out of the config",
        )
    if why := why_not_by_kind(folder):
        return (why,)
    wrong = [
        f"{file} belongs to no kind of message: {nearest(file.parent.name, KINDS)}"
        if file.parent.name not in KINDS
        else f"{file} replaces no template: {nearest(file.name, VARIABLES)}"
        for file in sorted(folder.glob("*/*.j2"))
        if file.parent.name not in KINDS or file.name not in VARIABLES
    ]
    for kind in KINDS:
        files = _Files(kind, folder)
        for name in filter(files.is_own, VARIABLES):
            try:
                for sample in (dict.fromkeys(VARIABLES[name], "x"), dict.fromkeys(VARIABLES[name], "")):
                    _render(name, files, sample, LONGEST_BODY)
            except BadTemplate as problem:
                wrong.append(str(problem))
    return tuple(wrong)


def why_not_by_kind(folder: Path) -> str:
    """Return why a folder of templates cannot be meant: its files must lie in a folder of a kind."""
    loose = sorted(file.name for file in folder.glob("*.j2"))
    if not loose:
        return ""
    those = loose[0] if len(loose) == 1 else f"{loose[0]} and {len(loose) - 1} more"
    return f"{folder} has {those} directly in it: put the words of a cancellation into {folder / CANCEL}"


def _words(booking: Booking, channel: Channel | None = None) -> dict[str, str]:
    practice, zone = booking.practice, booking.practice.zone
    start = booking.starts_at
    done = booking.cancellation
    # The dialog has told the operator whether the patient reads it.
    is_for_patient = reader(booking, practice) is Reader.PATIENT and channel in practice.reason_channels
    return {
        "practice": practice.name,
        "phone": practice.phone,
        "patient": booking.patient.name,
        "practitioner": booking.practitioner.name,
        "reference": booking.ref,
        "day": times.day_for_patients(times.local_date(start, zone)),
        "date": times.day_with_year(times.local_date(start, zone)),
        "time": times.time_for_patients(start, zone),
        "zone": f"{times.zone_name(zone)} time",
        "reason": done.reason if done and is_for_patient else "",
    }


def _is_there(file: Path) -> bool:
    return file.is_symlink() or file.exists()


def _mentions_reason(file: Path) -> bool:
    try:
        source = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return True
    return any(_REASON.search(re.sub(_QUOTED, "''", code)) for code in _CODE.findall(source))


def _subject(name: str, files: _Files, words: Mapping[str, str]) -> str:
    return text.clean(_render(name, files, words, LONGEST_SUBJECT))


def _render(name: str, files: _Files, words: Mapping[str, str], longest: int) -> str:
    file = files.in_force(name)
    template = _compiled(name, file)
    try:
        rendered = template.render({key: words[key] for key in VARIABLES[name]})
    except Exception as error:
        raise BadTemplate(file, _why(error), _line_in(error.__traceback__, file)) from None
    if len(rendered) > longest:
        raise BadTemplate(file, f"it makes more than {longest:,} characters")
    return rendered.strip() + "\n"


def _compiled(name: str, file: Path) -> "Template":
    from jinja2 import Template, TemplateSyntaxError

    environment = _environment()
    try:
        source = file.read_text(encoding="utf-8")
        tree = environment.parse(source, name, str(file))
        _refuse_what_is_not_there(tree, name, file)
        code = environment.compile(tree, name, str(file))
    except OSError as error:
        raise BadTemplate(file, f"it cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise BadTemplate(file, "it is not UTF-8 text") from None
    except TemplateSyntaxError as error:
        raise BadTemplate(file, text.clean(error.message or "it is not a template"), error.lineno) from None
    return Template.from_code(environment, code, environment.globals)


@functools.cache
def _environment() -> "SandboxedEnvironment":
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined,
        autoescape=lambda name: name == PATIENT_HTML,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.clear()
    return environment


def _refuse_what_is_not_there(tree: "nodes.Template", name: str, file: Path) -> None:
    """Refuse variables and other files that this template has not got, even where no test would meet them."""
    from jinja2 import meta, nodes

    for other in tree.find_all((nodes.Include, nodes.Extends, nodes.Import, nodes.FromImport)):
        raise BadTemplate(file, "a template cannot use another file", other.lineno)
    known = VARIABLES[name]
    unknown = meta.find_undeclared_variables(tree) - known
    for used in tree.find_all(nodes.Name):
        if used.name in unknown:
            raise BadTemplate(
                file,
                f"there is no {text.clean(used.name)} here, {nearest(used.name, known)}",
                used.lineno,
            )


def _why(error: Exception) -> str:
    """What a template did wrong. Only Jinja's own words are repeated: any other could hold a patient."""
    from jinja2 import TemplateError

    if isinstance(error, TemplateError) and error.message:
        return text.clean(error.message)
    return f"it cannot be filled in ({type(error).__name__})"


def _line_in(trace: TracebackType | None, file: Path) -> int | None:
    line = None
    while trace:
        # Jinja rewrites tracebacks so that they name the template and its lines.
        if trace.tb_frame.f_code.co_filename == str(file):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
