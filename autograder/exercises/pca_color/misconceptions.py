"""Believable wrong answers to the exercise on colours. Each docstring is what a good tutor would say."""

import numpy as np

from autograder.exercise import replaces

# ---- fit -------------------------------------------------------------------------------------------------


def _pixels(X):
    X = np.asarray(X, dtype=float)
    if X.ndim != 4 or X.shape[1] != 3:
        raise ValueError("X must have shape (N, 3, H, W)")
    return X.transpose(0, 2, 3, 1).reshape(-1, 3)


def _eigen(pixels, count=None, mean=True):
    centred = pixels - pixels.mean(axis=0) if mean else pixels
    return np.linalg.eigh(centred.T @ centred / (count or len(pixels)))


@replaces("pca_color_fit")
def roots(X):
    """You return the roots of the eigenvalues, the standard deviations. Asked for are the eigenvalues themselves."""
    evals, evecs = _eigen(_pixels(X))
    return np.sqrt(evals.clip(0)), evecs


@replaces("pca_color_fit")
def squares(X):
    """You return the squares of the eigenvalues. np.linalg.eigh and an SVD of the covariance give the eigenvalues as they are."""
    evals, evecs = _eigen(_pixels(X))
    return evals**2, evecs


@replaces("pca_color_fit")
def singular_values(X):
    """You return the singular values of the pixels. An eigenvalue of the covariance is the square of one, divided by the number of pixels."""
    pixels = _pixels(X)
    evals, evecs = _eigen(pixels)
    return np.sqrt(evals.clip(0) * len(pixels)), evecs


@replaces("pca_color_fit")
def vectors_in_rows(X):
    """Your eigenvectors lie in the rows, as an SVD leaves them. Column i belongs to evals[i]: transpose."""
    evals, evecs = _eigen(_pixels(X))
    return evals, evecs.T


@replaces("pca_color_fit")
def sorted_apart(X):
    """You sort the eigenvalues, but not the eigenvectors, so they do not belong together any more. Reorder the columns as well."""
    evals, evecs = _eigen(_pixels(X))
    return evals[::-1], evecs


@replaces("pca_color_fit")
def not_centred(X):
    """You do not subtract the mean colour, so the first component points to the mean. A covariance is about the mean."""
    return _eigen(_pixels(X), mean=False)


@replaces("pca_color_fit")
def mean_of_everything(X):
    """You subtract one number, the mean of all values. Each channel has a mean of its own."""
    pixels = _pixels(X)
    return _eigen(pixels - pixels.mean(), mean=False)


@replaces("pca_color_fit")
def unbiased(X):
    """You divide by the number of pixels less 1. Here the mean is over all pixels."""
    pixels = _pixels(X)
    return _eigen(pixels, count=max(len(pixels) - 1, 1))


@replaces("pca_color_fit")
def not_divided(X):
    """You do not divide by the number of pixels, so the eigenvalues grow with the data. The covariance is a mean."""
    return _eigen(_pixels(X), count=1)


@replaces("pca_color_fit")
def divided_by_images(X):
    """You divide by the number of images. There are N H W colours: divide by the number of pixels."""
    return _eigen(_pixels(X), count=len(X))


@replaces("pca_color_fit")
def covariance_of_mean_colours(X):
    """You take the covariance of the mean colours of the images. Every pixel is a colour of its own."""
    _pixels(X)
    return _eigen(np.asarray(X, dtype=float).mean(axis=(2, 3)))


@replaces("pca_color_fit")
def reshaped_without_transposing(X):
    """You reshape (N, 3, H, W) to rows of three without moving the channels to the end, so a row is three neighbours of one channel. Transpose first."""
    _pixels(X)
    return _eigen(np.asarray(X, dtype=float).reshape(-1, 3))


@replaces("pca_color_fit")
def correlation(X):
    """You divide by the standard deviations, which gives the correlation. Asked for is the covariance."""
    pixels = _pixels(X)
    return _eigen((pixels - pixels.mean(axis=0)) / (pixels.std(axis=0) + 1e-12))


@replaces("pca_color_fit")
def channels_not_checked(X):
    """Your pca_color_fit accepts images that have not three channels. Refuse them with a ValueError that names X."""
    X = np.asarray(X, dtype=float)
    pixels = np.moveaxis(X, 1, -1).reshape(-1, X.shape[1])
    evals, evecs = _eigen(pixels)
    return evals, evecs


@replaces("pca_color_fit")
def centred_in_place(X):
    """Your result is right, but you subtracted the mean from the images themselves. Work on a copy."""
    result = _eigen(_pixels(X))
    if X.dtype.kind == "f":
        X -= X.mean(axis=(0, 2, 3), keepdims=True)
    return result


# ---- apply -----------------------------------------------------------------------------------------------


def _img(img):
    img = np.asarray(img, dtype=float)
    if img.ndim != 3 or len(img) != 3:
        raise ValueError("img must have shape (3, H, W)")
    return img


def _add(img, colour):
    return _img(img) + np.reshape(colour, (3, 1, 1))


@replaces("pca_color_apply")
def root_of_the_eigenvalue(img, evals, evecs, alpha):
    """You multiply with the root of the eigenvalue. It is the eigenvalue itself, as the paper has it."""
    return _add(img, evecs @ (alpha * np.sqrt(evals)))


@replaces("pca_color_apply")
def without_eigenvalues(img, evals, evecs, alpha):
    """You leave out the eigenvalues, so all directions change alike. Colours change most in the direction in which they vary most."""
    return _add(img, evecs @ alpha)


@replaces("pca_color_apply")
def divided_by_eigenvalues(img, evals, evecs, alpha):
    """You divide by the eigenvalues: that would be whitening. Here each direction is multiplied by its eigenvalue."""
    return _add(img, evecs @ (alpha / evals))


@replaces("pca_color_apply")
def rows_instead_of_columns(img, evals, evecs, alpha):
    """You use the rows of evecs. The eigenvectors are its columns: evecs @ (alpha * evals)."""
    return _add(img, evecs.T @ (alpha * evals))


@replaces("pca_color_apply")
def multiplied(img, evals, evecs, alpha):
    """You multiply the image by the colour. It is added to every pixel."""
    return _img(img) * np.reshape(evecs @ (alpha * evals), (3, 1, 1))


@replaces("pca_color_apply")
def one_plus_colour(img, evals, evecs, alpha):
    """You multiply the image by 1 plus the colour, so dark pixels hardly change. The colour is added, to all pixels alike."""
    return _img(img) * (1 + np.reshape(evecs @ (alpha * evals), (3, 1, 1)))


@replaces("pca_color_apply")
def subtracted(img, evals, evecs, alpha):
    """You subtract the colour. It is added."""
    return _add(img, -(evecs @ (alpha * evals)))


@replaces("pca_color_apply")
def added_along_columns(img, evals, evecs, alpha):
    """You add the three numbers along the last axis of the image. They belong to the channels, axis 0: give the colour the shape (3, 1, 1)."""
    colour = evecs @ (alpha * evals)
    img = _img(img)
    return img + np.resize(colour, img.shape[2])


@replaces("pca_color_apply")
def grey(img, evals, evecs, alpha):
    """You add the sum of the three numbers to all channels, so only the brightness changes. Each channel gets its own number."""
    return _img(img) + (evecs @ (alpha * evals)).sum()


@replaces("pca_color_apply")
def projected(img, evals, evecs, alpha):
    """You change each pixel by its own share of the components. What is added depends on alpha only, and is the same for all pixels."""
    img = _img(img)
    return img + np.einsum("ci,i,di,dyx->cyx", evecs, alpha * evals, evecs, img)


@replaces("pca_color_apply")
def clipped(img, evals, evecs, alpha):
    """You clip the result to the range from 0 to 1. Nothing is clipped here: the data may be centred."""
    return _add(img, evecs @ (alpha * evals)).clip(0, 1)


@replaces("pca_color_apply")
def colour_truncated(img, evals, evecs, alpha):
    """Your result has the dtype of the image, so whole numbers lose what is behind the point. Return floats."""
    return _add(img, evecs @ (alpha * evals)).astype(np.asarray(img).dtype)


@replaces("pca_color_apply")
def added_in_place(img, evals, evecs, alpha):
    """Your result is right, but you added the colour to the image itself. Make a new array."""
    out = _add(img, evecs @ (alpha * evals))
    if img.dtype.kind == "f":
        img[...] = out
    return out


@replaces("pca_color_apply")
def image_not_checked(img, evals, evecs, alpha):
    """Your pca_color_apply accepts images that have not three channels. Refuse them with a ValueError that names img."""
    img = np.asarray(img, dtype=float)
    colour = np.resize(evecs @ (alpha * evals), len(img))
    return img + colour.reshape(-1, *[1] * (img.ndim - 1))


# ---- draw ------------------------------------------------------------------------------------------------


def _random(img, evals, evecs, sigma, rng, *, draw=None, tell=lambda alpha: alpha):
    if sigma < 0:
        raise ValueError("sigma must be at least 0")
    alpha = (draw or (lambda: rng.normal(0, sigma, 3)))()
    return _add(img, evecs @ (alpha * evals)), tell(alpha)


@replaces("random_pca_color")
def alpha_of_each_pixel(img, evals, evecs, sigma, rng):
    """You draw an alpha for each pixel: that is noise, not another light. One draw serves the whole image."""
    if sigma < 0:
        raise ValueError("sigma must be at least 0")
    img = _img(img)
    alpha = rng.normal(0, sigma, (3, *img.shape[1:]))
    return img + np.einsum("ci,i,iyx->cyx", evecs, evals, alpha), alpha[:, 0, 0]


@replaces("random_pca_color")
def variance_for_deviation(img, evals, evecs, sigma, rng):
    """You draw with variance sigma: rng.normal wants the standard deviation, and you gave it the root of sigma. Give it sigma."""
    return _random(img, evals, evecs, sigma, rng, draw=lambda: rng.normal(0, np.sqrt(max(sigma, 0)), 3))


@replaces("random_pca_color")
def deviation_squared(img, evals, evecs, sigma, rng):
    """You draw with standard deviation sigma^2. rng.normal wants sigma itself."""
    return _random(img, evals, evecs, sigma, rng, draw=lambda: rng.normal(0, sigma**2, 3))


@replaces("random_pca_color")
def deviation_of_one(img, evals, evecs, sigma, rng):
    """Your alpha have standard deviation 1, whatever sigma. Multiply by sigma."""
    return _random(img, evals, evecs, sigma, rng, draw=lambda: rng.normal(0, 1, 3))


@replaces("random_pca_color")
def uniform_numbers(img, evals, evecs, sigma, rng):
    """You draw uniform numbers. Asked for are normal ones with standard deviation sigma."""
    return _random(img, evals, evecs, sigma, rng, draw=lambda: rng.uniform(-sigma, sigma, 3))


@replaces("random_pca_color")
def never_negative(img, evals, evecs, sigma, rng):
    """Your alpha are never negative, so images only change in one direction. The mean of alpha is 0."""
    return _random(img, evals, evecs, sigma, rng, draw=lambda: abs(rng.normal(0, sigma, 3)))


@replaces("random_pca_color")
def one_number_for_all_components(img, evals, evecs, sigma, rng):
    """You draw one number and use it for all three components. Each has an alpha of its own."""
    return _random(img, evals, evecs, sigma, rng, draw=lambda: np.full(3, rng.normal(0, sigma)))


@replaces("random_pca_color")
def alpha_drawn_again(img, evals, evecs, sigma, rng):
    """The alpha that you return is not the one of the image: it was drawn a second time. Draw once, and use and return the same numbers."""
    return _random(img, evals, evecs, sigma, rng, tell=lambda alpha: rng.normal(0, sigma, 3))


@replaces("random_pca_color")
def colour_for_alpha(img, evals, evecs, sigma, rng):
    """You return the colour that was added. Asked for are the three numbers alpha that were drawn."""
    return _random(img, evals, evecs, sigma, rng, tell=lambda alpha: evecs @ (alpha * evals))


@replaces("random_pca_color")
def global_generator(img, evals, evecs, sigma, rng):
    """You draw from NumPy's global generator. Use the one that you are given, or nobody can repeat the experiment."""
    return _random(img, evals, evecs, sigma, rng, draw=lambda: np.random.normal(0, sigma, 3))


@replaces("random_pca_color")
def reseeded(img, evals, evecs, sigma, rng):
    """You make a generator with a fixed seed in every call, so all images change alike. Use the generator that you are given."""
    return _random(img, evals, evecs, sigma, np.random.default_rng(0))


@replaces("random_pca_color")
def sigma_not_checked(img, evals, evecs, sigma, rng):
    """You accept a negative sigma. A standard deviation is at least 0: refuse it with a ValueError that names sigma."""
    return _random(img, evals, evecs, abs(sigma), rng)
