"""What a check shows of an exercise on images: input, expected and got side by side, and the same in words."""

import base64
import dataclasses
import io

import numpy as np

from traindeep.plots import COLORS

LARGEST = 1 << 18  # values of an image or a batch that is still drawn


@dataclasses.dataclass(frozen=True)
class Pictures:
    """One image of a failed comparison. Arrays are (H, W) or (C, H, W); `which` is its place in the batch, "" for one image."""

    given: np.ndarray | None
    expected: np.ndarray
    got: np.ndarray
    which: str = ""

    def words(self) -> str:
        """What the picture shows, for who cannot see it."""
        image = f"Image {self.which}" if self.which else "The image"
        if self.expected.shape != self.got.shape:
            return f"{image}: expected shape {self.expected.shape}, got shape {self.got.shape}."
        off = self.off
        pixels, wrong = off.size, int(np.sum(off != 0))  # nan is not 0 either
        row, column = np.unravel_index(np.argmax(np.where(np.isnan(off), np.inf, abs(off))), off.shape)
        channels = len(_channels(self.got))
        where = "" if channels in (1, 3) else f" in channel {_busiest(self.expected, self.got)}"
        text = f"{image}: {wrong} of {pixels} pixels differ{where}, most of all the one in row {row}, column {column}"
        text += " (nan)." if np.isnan(off[row, column]) else f" (got - expected is {off[row, column]:.3g})."
        for name, other in (("all zeros", np.zeros_like(self.got)), ("the input, unchanged", self.given)):
            if other is not None and other.shape == self.got.shape and np.array_equal(other, self.got):
                text += f" What you return is {name}."
        return text

    @property
    def off(self) -> np.ndarray:
        """(H, W): got - expected; differences below 1e-6 of the range are 0.

        In colour, at each pixel that of the channel in which it is largest; else that of the one channel which is shown.
        """
        difference = np.moveaxis(_channels(self.got) - _channels(self.expected), 0, -1)
        if difference.shape[-1] != 3:
            shown = _busiest(self.expected, self.got)
            difference = difference[..., shown : shown + 1]
        worst = np.argmax(np.where(np.isnan(difference), np.inf, abs(difference)), axis=-1)
        off = np.take_along_axis(difference, worst[..., None], axis=-1)[..., 0]
        scale = np.nanmax(abs(self.expected), initial=0) or 1
        return np.where(abs(off) < 1e-6 * scale, 0, off)

    def png(self) -> bytes:
        """The picture: the same colour limits for all images, and a map of the differences in a diverging palette."""
        from matplotlib.figure import Figure

        panels = [("input", self.given)] if self.given is not None else []
        panels += [("expected", self.expected), ("got", self.got)]
        compared = self.expected.shape == self.got.shape
        figure = Figure(figsize=(2.3 * (len(panels) + compared) + 0.4 * compared, 2.6), dpi=100, layout="constrained")
        axes = np.atleast_1d(figure.subplots(1, len(panels) + compared))
        low, high = _limits([image for _, image in panels[:-1]])
        for ax, (title, image) in zip(axes, panels, strict=False):
            shown = np.clip((_channels(image) - low) / (high - low), 0, 1)
            if len(shown) == 3:
                ax.imshow(np.nan_to_num(np.moveaxis(shown, 0, -1)), interpolation="nearest")
            else:
                ax.imshow(
                    shown[_busiest(self.expected, self.got)], cmap="gray", vmin=0, vmax=1, interpolation="nearest"
                )
                ax.set_facecolor(COLORS["purple"])  # shows through where a value is nan
            ax.set_title(title, fontsize=11)
        if compared:
            off = self.off
            most = np.nanmax(abs(off), initial=0) or 1
            ax = axes[-1]
            shown = ax.imshow(off, cmap="PuOr_r", vmin=-most, vmax=most, interpolation="nearest")
            ax.set_facecolor("black")
            ax.set_title("got - expected", fontsize=11)
            figure.colorbar(shown, ax=ax, fraction=0.05)
        for ax in axes:
            ax.set(xticks=[], yticks=[])
        out = io.BytesIO()
        figure.savefig(out, format="png", metadata={"Software": None})
        return out.getvalue()

    def uri(self) -> str:
        """The picture as a data: URI."""
        return "data:image/png;base64," + base64.b64encode(self.png()).decode()


def pictures(given, expected, got) -> Pictures | None:
    """The image of a comparison in which it is most wrong; None where the values are no images.

    Args:
        given: The input, an image or a batch like the others, or None.
        expected, got: Images (H, W) or (C, H, W), or batches (N, C, H, W).
    """
    expected, got = np.asarray(expected), np.asarray(got)
    given = None if given is None else np.asarray(given)
    if not 2 <= expected.ndim <= 4 or got.ndim != expected.ndim or not got.size or not expected.size:
        return None
    if any(a.dtype.kind not in "biuf" or a.size > LARGEST for a in (expected, got)):
        return None
    if expected.ndim < 4:
        return Pictures(given if given is not None and 2 <= given.ndim <= 3 else None, expected, got)
    n = 0
    if expected.shape == got.shape:
        off = abs(got.astype(float) - expected).reshape(len(expected), -1)
        n = int(np.argmax(np.where(np.isnan(off), np.inf, off).max(axis=1)))
    same_batch = given is not None and given.ndim == 4 and len(given) == len(expected)
    which = f"{n + 1} of {len(expected)}"
    return Pictures(given[n] if same_batch else None, expected[n], got[min(n, len(got) - 1)], which)


def _channels(image: np.ndarray) -> np.ndarray:
    image = np.asarray(image, dtype=float)
    return image[None] if image.ndim == 2 else image


def _busiest(expected: np.ndarray, got: np.ndarray) -> int:
    """The channel in which two images differ most; one channel is shown of images that are not in colour."""
    if expected.shape != got.shape:
        return 0
    off = abs(_channels(got) - _channels(expected))
    return int(np.argmax(np.where(np.isnan(off), np.inf, off).max(axis=(1, 2))))


def _limits(images: list[np.ndarray]) -> tuple[float, float]:
    """Black and white of all panels: those of the kind of image, or the range of input and expected."""
    if all(image.dtype == np.uint8 for image in images):
        return 0.0, 255.0
    values = np.concatenate([np.ravel(image).astype(float) for image in images])
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    if low >= 0 and high <= 1:
        return 0.0, 1.0
    return (low, high) if high > low else (low - 1, low + 1)
