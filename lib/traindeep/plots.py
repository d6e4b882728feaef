"""How the experiments show what they found: one style, a few figures, one line that states the claim."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Polygon

NAMES = ("black", "orange", "sky", "green", "yellow", "blue", "red", "purple")
COLORS = dict(zip(NAMES, map(mpl.colors.to_hex, mpl.color_sequences["okabe_ito"]), strict=True))
# Lines: yellow is too pale on white.
CYCLE = [COLORS[name] for name in ("blue", "red", "green", "purple", "orange", "sky", "black")]
MARKERS = ["o", "s", "^", "D", "v", "P", "X"]  # so that colour is never the only difference


def style() -> None:
    """Set the look of all figures of a notebook: the colour-blind safe palette of Okabe and Ito, no clutter."""
    plt.rcParams.update(
        {
            "axes.prop_cycle": mpl.cycler(color=CYCLE, marker=MARKERS),
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "axes.titlelocation": "left",
            "axes.titlesize": 11,
            "figure.constrained_layout.use": True,
            "figure.dpi": 110,
            "font.size": 10,
            "grid.alpha": 0.25,
            "legend.frameon": False,
            "lines.markersize": 5,
        }
    )


def mean_with_spread(ax: Axes, x, runs, *, label: str = "", color: str | None = None, marker: str | None = None):
    """Draw the mean over seeds as a line, and plus and minus one standard deviation over seeds as a band.

    Args:
        x: (K,) positions.
        runs: (seeds, K) values; the deviation divides by seeds - 1 (one run: no band).

    Returns:
        The line.
    """
    runs = np.atleast_2d(np.asarray(runs, dtype=float))
    mean = runs.mean(axis=0)
    look = {key: value for key, value in {"color": color, "marker": marker}.items() if value is not None}
    (line,) = ax.plot(x, mean, label=label, **look)
    if len(runs) > 1:
        sd = runs.std(axis=0, ddof=1)
        ax.fill_between(x, mean - sd, mean + sd, color=line.get_color(), alpha=0.2, linewidth=0)
    return line


def claim(sentence: str, effect, *, holds: bool, unit: str = "") -> None:
    """Print the result of an experiment in one line: claim | effect with spread over seeds | reproduced or not.

    Args:
        effect: One number per seed; shown as mean and standard deviation (dividing by seeds - 1).
        holds: Whether the claim held, usually in every seed.
    """
    values = np.atleast_1d(np.asarray(effect, dtype=float))
    shown = f"{values.mean():.3g}"
    if len(values) > 1:
        shown += f" +- {values.std(ddof=1):.2g}"
    plural = "" if len(values) == 1 else "s"
    print(
        f"{sentence} | {shown}{' ' * bool(unit)}{unit} ({len(values)} seed{plural})"
        f" | {'reproduced' if holds else 'NOT reproduced'}"
    )


# The box of axes_box: so many images, channels and pixels; big enough to show a pattern, small enough to count.
N, C, P = 4, 6, 5


def axes_box(ax: Axes, averaged: str, *, groups: int = 1, title: str = "") -> None:
    """Draw a batch of images as a box N x C x (H, W) and colour the values that share one mean and variance.

    One set of values is orange; the others alternate between two greys.

    Args:
        averaged: The axes that are averaged over, letters of "NCHW": "NHW" batch norm, "N" one statistic per
            pixel, "CHW" layer norm, "HW" instance norm. H and W are one axis of the picture: both or neither.
        groups: With "CHW": the number of groups of channels (group norm); 1, 2, 3 or 6.
        title: Stands above the box.

    Raises:
        ValueError: averaged or groups cannot be drawn.
    """
    letters = set(averaged)
    if not letters or letters - set("NCHW") or ("H" in letters) != ("W" in letters):
        raise ValueError(f"averaged must be letters of NCHW with both or neither of H and W, got {averaged!r}")
    if groups < 1 or C % groups or (groups > 1 and "C" not in letters):
        raise ValueError(f"groups must divide {C}, and be 1 unless C is averaged, got {groups}")

    def statistic(n: int, c: int, p: int) -> tuple[int, int, int]:
        """Which of the statistics the value at (n, c, p) belongs to."""
        return (
            0 if "N" in letters else n,
            c * groups // C if "C" in letters else c,
            0 if "H" in letters else p,
        )

    shown = statistic(N - 1, 0, 0)  # the corner nearest to the reader

    def draw(n: int, c: int, p: int, corners: list, shade: float) -> None:
        which = statistic(n, c, p)
        color = COLORS["orange"] if which == shown else ("0.80", "0.93")[sum(which) % 2]
        color = np.array(mpl.colors.to_rgb(color)) * shade
        # x to the right: images; y down: pixels; away from the reader: channels
        points = [(i + 0.55 * j, -k + 0.45 * j) for i, j, k in corners]
        ax.add_patch(Polygon(points, facecolor=color, edgecolor="white", linewidth=1))

    for n in range(N):
        for p in range(P):
            draw(n, 0, p, [(n, 0, p), (n + 1, 0, p), (n + 1, 0, p + 1), (n, 0, p + 1)], 1.0)
        for c in range(C):
            draw(n, c, 0, [(n, c, 0), (n + 1, c, 0), (n + 1, c + 1, 0), (n, c + 1, 0)], 0.93)
    for c in range(C):
        for p in range(P):
            draw(N - 1, c, p, [(N, c, p), (N, c + 1, p), (N, c + 1, p + 1), (N, c, p + 1)], 0.82)

    ax.text(N / 2, -P - 0.25, "N images", ha="center", va="top")
    ax.text(-0.25, -P / 2, "H·W pixels", ha="right", va="center", rotation=90)
    ax.text(N + 0.55 * C / 2 + 0.35, -P + 0.45 * C / 2 - 0.3, "C channels", ha="center", va="top", rotation=39)
    size = {"N": "N", "C": f"C/{groups}" if groups > 1 else "C", "H": "H", "W": "W"}
    values = "·".join(size[a] for a in "NCHW" if a in letters)
    kept = "·".join([a for a in "NCHW" if a not in letters] + ([str(groups)] if groups > 1 else []))
    caption = f"{values} values per mean,\n{kept + ' means' if kept else 'one mean'}"
    ax.text(N / 2 + 0.8, -P - 1.3, caption, ha="center", va="top", weight="bold")
    ax.set(xlim=(-1, N + 0.55 * C + 0.6), ylim=(-P - 2.9, 0.45 * C + 0.3), aspect="equal", title=title)
    ax.axis("off")
