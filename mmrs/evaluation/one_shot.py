"""Flood-3i's protocol of segmentation by one example (SkySense++ specification, section 6)."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mmrs.datasets.pixels import read_pixels
from mmrs.errors import ConfigError, DataError
from mmrs.evaluation.confusion import class_iou, confusion_matrix, ratio

FOREGROUND = 127  # red of a prediction above which it is the class
MISSING = ('wrong', 'perfect')


@dataclass(frozen=True)
class Question:
    """One class of one image.

    Attributes:
        image: Name of the image.
        mask: Name of its label.
        class_index: The class, as in the label.
    """

    image: str
    mask: str
    class_index: int

    @property
    def prediction(self) -> str:
        """Name of the picture in which the class is white."""
        return f'{Path(self.mask).stem}-{self.class_index}.png'


def read_questions(path: str | os.PathLike[str]) -> list[Question]:
    """Reads ``val.txt``: a name of an image, a separator, and two digits of the class, a line each.

    Raises:
        DataError: The file cannot be read, or a line is no question.
    """
    try:
        lines = Path(path).read_text(encoding='utf-8').splitlines()
    except OSError as error:
        fix = 'Give the list of the split.'
        raise DataError(path, error.strerror or 'an error', 'names and classes', fix) from error
    questions = []
    for number, line in enumerate(lines, 1):
        name, digits = line.strip()[:-3], line.strip()[-2:]
        if not line.strip():
            continue
        if not digits.isdecimal() or not Path(name).suffix:
            raise DataError(path, f'line {number}: {line!r}', 'such as 6651_1.jpg_05', 'Correct the line.')
        mask = str(Path(name.replace('_', '_lab_', 1)).with_suffix('.png'))
        questions.append(Question(name, mask, int(digits)))
    return questions


def one_shot_scores(
    answers: Iterable[tuple[int, NDArray[np.bool_], NDArray[np.bool_] | None]],
    classes: Sequence[int],
    missing: str = 'wrong',
) -> dict[str, float]:
    """Scores of a class over all images that were asked for it, and their means over the classes.

    Args:
        answers: Class, truth (H, W), and prediction, or None where there is none.
        classes: Classes that count.
        missing: What a lacking prediction is worth: ``wrong``, every pixel of it; or ``perfect``, as the published
            script counts it by an error.

    Returns:
        From 0 to 1: ``mIoU`` and ``mAcc`` (recall), and ``IoU_<class>`` and ``Acc_<class>``, NaN for a class that
        nobody asked for, which no mean counts; and ``missing``, how many predictions were lacking.

    Raises:
        ConfigError: ``missing`` is none of both.
        DataError: Shapes differ, or a class is not among those that count.
    """
    if missing not in MISSING:
        raise ConfigError('missing', repr(missing), f'one of {MISSING}', 'Correct the option.')
    matrices = {index: np.zeros((2, 2), np.int64) for index in classes}
    lacking = 0
    for index, truth, prediction in answers:
        if index not in matrices:
            raise DataError(f'class {index}', 'no class that counts', f'one of {list(classes)}', 'Correct the list.')
        if prediction is None:
            lacking += 1
            prediction = ~truth if missing == 'wrong' else truth
        matrices[index] += confusion_matrix(
            prediction.astype(np.uint8), truth.astype(np.uint8), 2, name=f'class {index}'
        )
    iou = {index: float(class_iou(matrix)[1]) for index, matrix in matrices.items()}
    recall = {index: ratio(matrix[1, 1], matrix[1].sum()) for index, matrix in matrices.items()}
    return {
        'mIoU': _mean(iou.values()),
        'mAcc': _mean(recall.values()),
        **{f'IoU_{index}': value for index, value in iou.items()},
        **{f'Acc_{index}': value for index, value in recall.items()},
        'missing': lacking,
    }


def _mean(values: Iterable[float]) -> float:
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else float('nan')


def score_folder(
    questions: Sequence[Question],
    predictions: str | os.PathLike[str],
    masks: str | os.PathLike[str],
    classes: Sequence[int] = tuple(range(1, 10)),
    missing: str = 'wrong',
) -> dict[str, float]:
    """Scores a folder of pictures, one for each question, resized to the label.

    Args:
        questions: Of :func:`read_questions`.
        predictions: Folder of :attr:`Question.prediction`.
        masks: Folder of the labels.
        classes: See :func:`one_shot_scores`.
        missing: See :func:`one_shot_scores`.

    Raises:
        RasterError: A file cannot be read.
        DataError: See :func:`one_shot_scores`.
    """

    def answers() -> Iterable[tuple[int, NDArray[np.bool_], NDArray[np.bool_] | None]]:
        for question in questions:
            truth = read_pixels(Path(masks) / question.mask)[0] == question.class_index
            path = Path(predictions) / question.prediction
            answer = None
            if path.is_file():
                size = (truth.shape[1], truth.shape[0])
                red = np.ascontiguousarray(read_pixels(path)[0])
                answer = cv2.resize(red, size, interpolation=cv2.INTER_NEAREST_EXACT) > FOREGROUND
            yield question.class_index, truth, answer

    return one_shot_scores(answers(), classes, missing)
