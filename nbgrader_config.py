"""Settings that nbgrader reads in this folder, from the shell and in formgrader. docs/nbgrader.md explains their use."""

import os
import shutil
import sys
import warnings
from pathlib import Path

c = get_config()  # noqa: F821  (nbgrader defines it)

# formgrader and `nbgrader autograde` may be started from elsewhere.
c.CourseDirectory.root = str(Path(__file__).resolve().parent)
c.CourseDirectory.course_id = "traindeep"
c.CourseDirectory.source_directory = (
    "build/source"  # written by `autograder build`, with the hidden line of every check
)
c.CourseDirectory.release_directory = "notebooks"

# nbgrader 0.9.6 builds its rows in an order of which SQLAlchemy 2.1 warns, three times for each student.
warnings.filterwarnings("ignore", module="nbgrader.api")

# nbgrader starts `alembic` by name to make a gradebook, also where the environment was not activated.
if shutil.which("alembic") is None:
    os.environ["PATH"] += os.pathsep + str(Path(sys.executable).parent)

# TRAINDEEP_PLAIN_NBGRADER=1 leaves grading to nbgrader itself: student code then runs as you, next to the gradebook.
if not os.environ.get("TRAINDEEP_PLAIN_NBGRADER"):
    c.Autograde.exporter_class = "autograder.nbgrader_plugin.SubmissionExporter"
    c.Autograde.autograde_preprocessors = ["autograder.nbgrader_plugin.Grade"]  # late penalties included
    c.GenerateFeedback.exporter_class = "autograder.nbgrader_feedback.FeedbackExporter"
    c.GenerateFeedback.preprocessors = []

# The rest is for plain nbgrader. A warning must not cost the points of a cell; a deleted check is put back.
c.IgnorePattern.enabled = True
c.IgnorePattern.pattern = r"(?s)."
c.OverwriteCells.add_missing_cells = True
c.Execute.timeout = 120

# formgrader shows what students wrote inside your Jupyter session: scripts in it must not run there.
c.HTMLExporter.filters = {"markdown2html": "autograder.nbgrader_feedback.harmless_markdown"}
