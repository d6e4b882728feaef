"""Our grader once it is warm: what each submission of a class costs after the start-up.

python benchmarks/warm.py SUBMITTED OUT ISOLATION JOBS    one line of JSON per submission, in the order they finish
"""

import json
import sys
import time
from pathlib import Path

from classroom import ASSIGNMENT
from cpu import inside

from autograder.batch import Settings, grade_all
from autograder.course import Course
from autograder.finding import find
from autograder.grading import course_seed


def main() -> None:
    submitted, out, isolation, jobs = sys.argv[1:]
    course, clock = Course.find(Path(__file__).parent), inside()
    settings = Settings(course.root, Path(out), isolation, course_seed(course))
    cpu, wall = clock(), time.perf_counter()
    for done in grade_all(find([Path(submitted)], ASSIGNMENT), settings, int(jobs)):
        cpu, wall, before = clock(), time.perf_counter(), (cpu, wall)
        result = done.result
        line = {"student": result.student, "cpu_s": cpu - before[0], "wall_s": wall - before[1]}
        print(json.dumps(line | {"score": result.score, "isolation": result.isolation}), flush=True)


if __name__ == "__main__":
    main()
