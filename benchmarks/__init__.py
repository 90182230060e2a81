"""`make bench`: how fast the program is, and how much it writes, beside programs that are known.

Everything is measured from outside, in a real pty, in one run: see `docs/performance.md`.
"""
