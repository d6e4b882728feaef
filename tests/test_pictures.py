"""A failed check of images shows them: side by side, with the same colour limits, and in words."""

import base64
import io
import re

import matplotlib.image
import numpy as np
import pytest
from traindeep import display
from traindeep.checks import Report, TestResult, run_test
from traindeep.compare import Answer, Compare, Signature
from traindeep.pictures import pictures
from traindeep.student import LocalStudent

IMAGE = np.linspace(0, 1, 3 * 5 * 4).reshape(3, 5, 4)


def mirrored(img):
    return img[..., ::-1].copy()


class Oracle:
    def expected(self, test, index, call):
        return Answer(mirrored(*call.args))

    def mistakes(self, test, index, call):
        return ()


def failed(answer, image=IMAGE, images=("img", "out"), reveal=True):
    """What a test of `flip` finds about an answer."""
    signatures = {"flip": Signature.parse("img -> out")}
    compare = Compare(LocalStudent({"flip": answer}), Oracle(), "test", signatures, reveal, images)

    def test_flip(compare):
        """The image is mirrored."""
        compare("flip", image)

    return run_test(test_flip, student=None, compare=compare, rng=None)


def test_a_wrong_image_is_drawn_beside_input_and_expected():
    """Three images and the map of differences, in a picture that a browser can show."""
    found = failed(lambda img: img * 1.0).pictures
    np.testing.assert_array_equal(found.expected, mirrored(IMAGE))
    np.testing.assert_array_equal(found.got, IMAGE)
    png = matplotlib.image.imread(io.BytesIO(found.png()))
    assert png.shape[1] > 3 * png.shape[0]
    assert found.uri() == "data:image/png;base64," + base64.b64encode(found.png()).decode()


def test_the_words_say_where_and_what():
    """Row and column of the largest difference, how many pixels differ, and an answer that did nothing."""
    image = np.zeros((2, 1, 4, 6))
    wrong = image.copy()
    wrong[1, 0, 2, 5] = 0.25
    words = pictures(image, image, wrong).words()
    assert words.startswith(
        "Image 2 of 2: 1 of 24 pixels differ, most of all the one in row 2, column 5 (got - expected is 0.25)"
    )
    assert "What you return is the input, unchanged." in failed(lambda img: img * 1.0).pictures.words()
    assert "What you return is all zeros." in failed(lambda img: img * 0.0).pictures.words()
    assert "(nan)" in failed(lambda img: mirrored(img) * np.nan).pictures.words()
    assert "got shape (3, 4, 4)" in failed(lambda img: mirrored(img)[:, :4]).pictures.words()


def test_of_images_that_are_not_in_colour_one_channel_is_shown():
    """With two channels the picture, the map of differences and the words are about the one that differs most."""
    image = np.zeros((2, 3, 4))
    wrong = image.copy()
    wrong[0, 0, 0], wrong[1, 2, 3] = 0.5, -1.0
    found = pictures(image, image, wrong)
    assert "1 of 12 pixels differ in channel 1, most of all the one in row 2, column 3" in found.words()
    assert np.count_nonzero(found.off) == 1
    assert found.png().startswith(b"\x89PNG")


def test_input_expected_and_got_have_the_same_colours():
    """A value has one shade of grey in all three images, even where an answer leaves the range."""
    given = np.tile(np.linspace(0, 1, 4), (4, 1))
    png = matplotlib.image.imread(io.BytesIO(pictures(given, given, given * 3).png()))[..., :3]
    middle = png[len(png) // 2]
    grey = (np.ptp(middle, axis=1) < 0.01) & (abs(middle[:, 0] - 1 / 3) < 0.02)
    runs = np.flatnonzero(np.diff(np.r_[0, grey.astype(int), 0]) == 1)
    assert len(runs) == 2, "1/3 is in input and expected, and nowhere in three times as bright an image"


@pytest.mark.parametrize(
    "answer", [lambda img: None, lambda img: img.tolist(), lambda img: img + 0j, lambda img: np.zeros((3, 900, 900))]
)
def test_what_cannot_be_drawn_is_left_out(answer):
    """No array, a complex one, one that is far too large: the message stands alone."""
    found = failed(answer)
    assert found.outcome == "failed"
    assert found.pictures is None


def test_pictures_are_for_images_and_for_visible_tests():
    """Other exercises have none, and a hidden test never shows what it expected."""
    assert failed(lambda img: img * 1.0, images=()).pictures is None
    assert failed(lambda img: img * 1.0, reveal=False).pictures is None


def test_the_page_holds_the_picture_and_its_words_twice():
    """As an image with an alternative text, and as a sentence below it."""
    result = failed(lambda img: img * 1.0)
    assert isinstance(result, TestResult)
    page = display.CheckPage(Report("warp", "Title.", "failed", (result,), hidden=2, hints=3))
    (source, alt) = re.search(r'<img src="(data:image/png;base64,[^"]+)" alt="([^"]+)"', page._repr_html_()).groups()
    assert source == result.pictures.uri()
    assert alt.endswith(result.pictures.words())
    assert result.pictures.words() in " ".join(str(page).split())
