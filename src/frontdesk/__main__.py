"""`python -m frontdesk` is `frontdesk`."""

import sys

from frontdesk.supervisor import opens_the_screen, under_supervision


def main() -> None:
    """Run `frontdesk`; what opens the screen in a child of this process, which has loaded nothing yet."""
    if opens_the_screen(sys.argv[1:]):
        under_supervision(_run)
    else:
        _run()


def _run() -> None:
    from frontdesk.cli import main

    main()


if __name__ == "__main__":
    main()
