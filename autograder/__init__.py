"""The instructor's side: builds the course, and grades submissions with hidden tests that student code never sees."""
