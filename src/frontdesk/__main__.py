"""`python -m frontdesk` is `frontdesk`."""

from frontdesk.cli import main

if __name__ == "__main__":
    main()
