"""The instructor's side: builds the course, and grades submissions with hidden tests that student code never sees."""

import sys

# nbformat imports jsonschema, which imports this if it is installed and spends 1.3 seconds on a grammar of URIs, in
# every process. No notebook's schema has a URI to check; jsonschema goes on without it.
sys.modules.setdefault("rfc3987_syntax", None)
