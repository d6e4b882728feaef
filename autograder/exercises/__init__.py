"""Instructor side of each exercise: hidden tests, misconceptions, variants, in a folder named by its id."""
