"""docs/hostile.md from the rows of `python tests/hostile --json` and of hostile_others.py."""

HEAD = """\
# What hostile and odd submissions do to a grader

Every attack of `tests/hostile/` is graded between two honest submissions: {attacks} of them, on {isolation}. The
columns of stock nbgrader 0.9.6 and otter-grader 7.0.0 come from the same corpus: {others} of the attacks, those that mean
something to a grader that runs a notebook's kernel{sample}. There each batch runs behind a bubblewrap of its own, without
network and with bounded memory, processes and files; the graders themselves have no wall, and none is asked of them.

    python tests/hostile --jobs 2 --json build/hostile-ours.json
    python benchmarks/hostile_others.py --json build/hostile-others.json{each}
    python benchmarks/hostile_others.py --json build/hostile-others.json --ours build/hostile-ours.json --page docs/hostile.md

A run at the other level (`--isolation confined`) or as another user is a file of its own, which the last command takes
with `--also NAME=FILE`. `make hostile` runs our column; continuous integration runs the first attack of each number
(`make hostile EACH=1`), which is every line of the list and every one of our own, and leaves their variations to this
page.

- **fine**: the right score, and no harm
- **FULL**: points that were not earned
- **LOST**: earned points lost, or no grade, for a harmless oddity or for one bad exercise
- **BATCH**: another student is not graded, or graded otherwise
- **LEAK**: a planted secret is in what the grader writes, or a service was called
- **CODE**: a file or process was left or changed outside the grader's own

nbgrader is `nbgrader autograde` with its defaults (but `IgnorePattern`, so that a warning costs no points), without our
plug-in. otter-grader is `otter run`, one process for each submission, as its containers do it, without the containers.
The notebook is whole but for its experiment cells; its hidden tests run in the kernel, as `autograder.kernel` runs them.
What an attack is worth to these graders is not always what it is worth to ours: an attack that aims at our sandbox
does nothing to them and reads "fine".

"""
TOTAL = "Of {count} attacks, {name}: {words}.\n"


def page(ours: list[dict], others: dict[str, dict[str, dict]], also: dict[str, list[dict]], note: str = "") -> str:
    """The whole page.

    Args:
        ours, others: Rows of our run, and of each other grader by attack; one that it has not seen yet has a dash.
        also: More runs of ours, by name.
        note: A sentence on how the rows came about.
    """
    seen = set().union(*others.values()) if others else set()
    shown = [row for row in ours if row["name"] in seen] + [row for row in ours if row["name"] not in seen]
    shown.sort(key=lambda row: row["number"])
    numbers = [row["number"] for row in ours if row["name"] in seen]
    most = max(map(numbers.count, numbers), default=0)
    complete = len(seen) == len(ours) or most > 3
    text = HEAD.format(
        attacks=len(ours),
        isolation=ours[0]["isolation"] if ours else "nothing",
        others=len(seen),
        sample="" if complete else f", at most {most} of each number",
        each="" if complete else f" --each {most}",
    )
    text += TOTAL.format(count=len(ours), name="ours", words=counted([kind_of_ours(row) for row in ours]))
    for name, rows in also.items():
        words = counted([kind_of_ours(row) for row in rows])
        text += "\n" + TOTAL.format(count=len(rows), name=f"ours, {name}", words=words)
        bad = [row for row in rows if kind_of_ours(row) not in ("fine", "known limit")]
        text += "".join(f"- {plain(row['says'])} {plain(ours_cell(row))}\n" for row in bad)
    for grader, rows in others.items():
        words = counted([kind for row in rows.values() for kind in row["classes"]])
        text += "\n" + TOTAL.format(count=len(rows), name=grader, words=words)
    text += f"\n{note}\n" if note else ""
    text += "\n| | attack | ours | nbgrader | otter |\n| --- | --- | --- | --- | --- |\n"
    for row in shown:
        cells = [str(row["number"]), row["says"], ours_cell(row)]
        cells += [other_cell(others.get(grader, {}).get(row["name"])) for grader in ("nbgrader", "otter")]
        text += "| " + " | ".join(map(plain, cells)) + " |\n"
    return text


def counted(kinds: list[str]) -> str:
    """fine 3, FULL 2, ..."""
    return ", ".join(f"{kind} {kinds.count(kind)}" for kind in dict.fromkeys(sorted(kinds, key=str.swapcase)))


def kind_of_ours(row: dict) -> str:
    if row["harm"]:
        return "HARM"
    return "not as expected" if row["objections"] else "known limit" if row.get("limit") else "fine"


def ours_cell(row: dict) -> str:
    kind = kind_of_ours(row)
    why = "; ".join([*row["harm"], *row["objections"]]) or row.get("limit", "")
    score = "no result" if row["score"] is None else f"{row['score']:g} points"
    return f"{kind}: {why}" if why else f"{kind}: {score}"


def other_cell(row: dict | None) -> str:
    return "-" if row is None else f"{', '.join(row['classes'])}: {row['why']}"


def plain(text: str) -> str:
    """One line of a table, whatever an attack has put into it."""
    text = "".join(c if c.isprintable() else " " for c in " ".join(text.split()))[:200]
    for char in "\\|<>*_`[]":
        text = text.replace(char, f"\\{char}")
    return text
