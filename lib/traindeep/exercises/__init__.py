"""Visible tests and hints, one module per exercise, named by its id."""
