"""`python -m autograder`."""

from autograder.cli import command

command()
