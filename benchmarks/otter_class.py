"""Grade a class with otter-grader, in otter's own environment: `python otter_class.py FOLDER ASSIGNMENT`."""

import json
import sys
from pathlib import Path

from otter import api


def main() -> None:
    folder, assignment = Path(sys.argv[1]), sys.argv[2]
    scores = {}
    for path in sorted(folder.glob(f"submitted/*/{assignment}/{assignment}.ipynb")):
        results = api.grade_submission(str(path), str(folder / "autograder.zip"), quiet=True)
        # Rounded exercise by exercise, as the other graders do: sums of thirds differ in the last digit otherwise.
        scores[path.parts[-3]] = sum(round(results.get_result(name).score, 2) for name in results.test_files)
    (folder / "scores.json").write_text(json.dumps(scores))


if __name__ == "__main__":
    main()
