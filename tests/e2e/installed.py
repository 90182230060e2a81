"""An installation as docs/ssh.md describes it: a Python of its own, and the wrapper for SSH beside it."""

import os
import re
import sysconfig
import venv
from pathlib import Path

import frontdesk

ROOT = Path(__file__).parents[2]
WRAPPER = ROOT / "packaging" / "ssh" / "frontdesk-ssh"


def install(folder: Path, config: Path, *, at_start: str = "") -> Path:
    """Install this frontdesk and its wrapper in `folder`, for `config`; return the wrapper.

    `at_start` is a line of Python, beginning with `import`, that this Python runs first.
    Without it nothing is different from the real thing: `python -I` takes no other module.
    """
    venv.create(folder, symlinks=True, with_pip=False)
    places = sysconfig.get_path("purelib", "venv", {"base": str(folder)})
    libraries = [Path(frontdesk.__file__).parents[1], Path(sysconfig.get_path("purelib"))]
    lines = [at_start, *map(str, libraries)] if at_start else [*map(str, libraries)]
    (Path(places) / "frontdesk.pth").write_text("".join(f"{line}\n" for line in lines))
    wrapper = folder / "bin" / "frontdesk-ssh"
    wrapper.write_text(for_machine(WRAPPER.read_text(), folder / "bin" / "python", config))
    wrapper.chmod(0o755)
    return wrapper


def for_machine(wrapper: str, python: Path, config: Path) -> str:
    """Return the wrapper with the two lines that whoever installs it may have to change."""
    for name, value in (("PYTHON", python), ("CONFIG", config)):
        wrapper, times = re.subn(rf"^{name}=.*$", f"{name}={value}", wrapper, flags=re.MULTILINE)
        assert times == 1, f"the wrapper has one line {name}="
    return wrapper


def descendants(pid: int) -> list[int]:
    """Return the processes that a process has started and that are still there. For Linux."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in map(int, (task / "children").read_text().split()):
            found += [child, *descendants(child)]
    return found


def open_for_writing(pid: int) -> set[Path]:
    """Return the files that a process may write to now. For Linux."""
    found = set()
    for number in os.listdir(f"/proc/{pid}/fd"):  # noqa: PTH208 - they may be gone in the next moment
        try:
            place = Path(os.readlink(f"/proc/{pid}/fd/{number}"))  # noqa: PTH115 - of a link that may be gone
            info = Path(f"/proc/{pid}/fdinfo/{number}").read_text()
        except FileNotFoundError:
            continue
        flags = int(re.findall(r"^flags:\s+(\d+)", info, re.MULTILINE)[0], 8)
        if place.is_file() and flags & os.O_ACCMODE != os.O_RDONLY:
            found.add(place)
    return found
