"""The reference implementations. Instructor side of the wall: never part of the student bundle."""
