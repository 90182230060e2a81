"""The packages that not every installation needs: what is said where one of them is missing."""


def is_missing(what: str, packages: str) -> str:
    """Return the sentence that `what` needs `packages`, and how they are installed."""
    return (
        f"{what} needs {packages}, which this installation does not have. In a clone of frontdesk's repository"
        " run: pipx install --force '.[calendar,postgres,server]'"
        " (an installation by pip: pip install '.[calendar,postgres,server]')"
    )
