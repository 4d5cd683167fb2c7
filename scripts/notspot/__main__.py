"""``python -m notspot`` is the command `notspot`."""

from notspot.cli import main

main()
