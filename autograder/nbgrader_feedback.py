"""What `nbgrader generate_feedback` and formgrader load by dotted name: a student's page, and text made harmless.

nbgrader's own page repeats the hidden tests and the HTML that students wrote. Ours comes from the result that lies in
the autograded notebook and from the gradebook.
"""

import glob
import html
import json
from dataclasses import replace
from pathlib import Path

import bleach
import jinja2
import nbformat
from markupsafe import Markup
from nbconvert.exporters import Exporter
from nbconvert.filters import markdown2html
from nbformat import NotebookNode
from nbgrader.api import Gradebook, SubmittedNotebook
from traitlets import default

from autograder import report
from autograder.course import grade_id
from autograder.nbgrader_plugin import exercise_of
from autograder.result import Result

LONGEST = 50_000  # characters of a written answer that are shown
TAGS = [
    "p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "pre", "code", "div", "span", "em", "strong",
    "del", "b", "i", "sub", "sup", "a", "img", "table", "thead", "tbody", "tr", "th", "td", "details", "summary",
]  # fmt: skip
ATTRIBUTES = {"a": ["href", "title"], "img": ["src", "alt", "title", "width"], "*": ["class"]}


class FeedbackExporter(Exporter):
    """The page a student gets: our report of the result, and what people entered in the gradebook."""

    def __init__(self, config=None, **kwargs):
        super().__init__(config=config, **kwargs)
        # nbgrader reads the id of a student as a pattern: [a] would get no page.
        wanted = self.parent.coursedir
        for folder in glob.glob(self.parent._format_source(wanted.assignment_id, wanted.student_id)):
            notebooks = sorted(map(str, Path(folder).glob(f"{wanted.notebook_id}.ipynb")))
            if notebooks:
                self.parent.assignments[folder] = notebooks

    @default("file_extension")
    def _file_extension_default(self):
        return ".html"

    def from_filename(self, filename, resources=None, **kwargs):
        names, folders = resources["nbgrader"], self.parent.coursedir
        nb = nbformat.read(filename, as_version=4)
        if "result" not in nb.metadata.get("traindeep", {}):
            raise ValueError(f"{filename} was not graded by our plug-in; run nbgrader autograde --force first")
        with Gradebook(folders.db_url, folders.course_id) as gradebook:
            notebook = gradebook.find_submission_notebook(names["notebook"], names["assignment"], names["student"])
            page = feedback_page(nb, notebook)
        resources["output_extension"] = self.file_extension
        return page, resources


def feedback_page(nb: NotebookNode, notebook: SubmittedNotebook) -> str:
    """Our report, with the gradebook's scores: where they differ from the result's, a person changed them."""
    result = Result.from_json(json.dumps(nb.metadata.traindeep["result"]))
    comments = {comment.name: comment for comment in notebook.comments}
    answers = {grade_id(cell): cell.source for cell in nb.cells}
    scores, remarks, written = {}, [], []
    for grade in notebook.grades:
        exercise = exercise_of(grade.name, result)
        comment = comments.get(exercise.id if exercise else grade.name)
        remark = (comment.manual_comment if comment else "") or ""
        if exercise is None:
            waits = grade.needs_manual_grade and grade.manual_score is None
            points = "not graded yet" if waits else f"{report.points(grade.score)} of {report.points(grade.max_score)}"
            answered = comment is None or comment.auto_comment is None
            text = Markup(harmless_markdown(answers.get(grade.name, ""))) if answered else "You did not answer this."
            written.append((grade.name, points, text, remark))
            continue
        scores[exercise.id] = grade.score
        if grade.auto_score is None and grade.manual_score is None:
            remark = f"Not graded yet, through no fault of yours. {remark}"
        elif grade.score != exercise.score:
            remark = f"Changed from {report.points(exercise.score)} to {report.points(grade.score)} points. {remark}"
        if remark:
            remarks.append((exercise.title, remark))
    exercises = tuple(replace(item, score=scores.get(item.id, item.score)) for item in result.exercises)
    page = report.feedback_html(replace(result, exercises=exercises, score=sum(item.score for item in exercises)))
    penalty = notebook.late_submission_penalty or 0.0
    shown = {"grade": notebook.score - penalty, "most": notebook.max_score, "penalty": penalty, "remarks": remarks}
    for mark, template, values in (("</header>", _GRADE, shown), ("<footer>", _WRITTEN, {"written": written})):
        head, found, rest = page.partition(mark)
        section = template.render(values, points=report.points)
        page = head + found + section + rest if mark.startswith("</") else head + section + found + rest
    return page


_templates = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
_GRADE = _templates.from_string("""
<h2>Your grade: {{ points(grade) }} of {{ points(most) }} points</h2>
{% if penalty %}
<p>{{ points(penalty) }} points were taken off because the submission was late.</p>
{% endif %}
{% for title, remark in remarks %}
<div class="idea" style="white-space: pre-wrap"><b>{{ title }}</b>{{ remark }}</div>
{% endfor %}
""")
_WRITTEN = _templates.from_string("""
{% if written %}
<h2>Answered in words</h2>
{% endif %}
{% for name, got, answer, remark in written %}
<section class="card">
  <div class="head"><h3>{{ name }}</h3><div class="got">{{ got }}</div></div>
  {% if remark %}<div class="idea" style="white-space: pre-wrap"><b>Comment</b>{{ remark }}</div>{% endif %}
  <div class="meta">{{ answer }}</div>
</section>
{% endfor %}
""")


def harmless_markdown(text: str) -> str:
    """Markdown as HTML that cannot run anything: formgrader shows students' text inside the grader's Jupyter session."""
    try:
        return bleach.clean(markdown2html(text[:LONGEST]), TAGS, ATTRIBUTES, protocols=["http", "https", "mailto"])
    except (Exception, RecursionError):  # there is no text that a grader cannot read
        return f"<pre>{html.escape(text[:LONGEST])}</pre>"
