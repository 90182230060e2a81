"""Files and folders that the config names: a relative one lies beside it."""

from pathlib import Path

import platformdirs

from frontdesk.private_files import why_changeable


def existing_file(given: str, where: str, folder: Path) -> Path | None:
    """Return the file, or None where none is named.

    Raises ValueError when it is not there, or when others can change it: such a file says which
    servers are trusted, or where a secret is sent.
    """
    if not given:
        return None
    file = folder / Path(given).expanduser()
    if not file.is_file():
        raise ValueError(f"{where}: there is no file {file}")
    if why := why_changeable(file):
        raise ValueError(f"{where}: {why}")
    return file


def existing_folder(given: str, where: str, folder: Path) -> Path | None:
    """Return the folder, or None where none is named. Raises ValueError when it is not there."""
    if not given:
        return None
    place = folder / Path(given).expanduser()
    if not place.is_dir():
        raise ValueError(f"{where}: there is no folder {place}")
    return place


def state_folder() -> Path:
    """Return where the program keeps what it remembers of itself from one run to the next."""
    return platformdirs.user_state_path("frontdesk", appauthor=False)
