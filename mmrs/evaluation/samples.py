"""What metrics read from the samples that mmengine's evaluator hands over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from mmrs.errors import DataError


def name_of(sample: Mapping[str, Any]) -> str:
    """The file that a sample is of, for messages."""
    return str(sample.get('img_path', 'a sample'))


def array_of(sample: Mapping[str, Any], key: str) -> np.ndarray:
    """One field of a sample as an array, whether it is an array, a tensor or a data element with ``data``.

    Raises:
        DataError: The sample has no such field.
    """
    if key not in sample:
        fix = 'Let the model or the pipeline pack it.'
        raise DataError(name_of(sample), f'no {key!r} (there are {", ".join(sorted(sample))})', 'this field', fix)
    value = sample[key]
    value = value['data'] if isinstance(value, Mapping) else value
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu()
        value = (value.float() if value.dtype == torch.bfloat16 else value).numpy()
    return np.asarray(value)


def pair_of(sample: Mapping[str, Any], prediction: str, target: str) -> tuple[np.ndarray, np.ndarray]:
    """Predicted and true array of one sample, of one shape once axes of length 1 are gone.

    Raises:
        DataError: A field is missing, or the shapes differ.
    """
    found, true = (array_of(sample, key).squeeze() for key in (prediction, target))
    check_shapes(found, true, name_of(sample))
    return found, true


def check_shapes(prediction: np.ndarray, target: np.ndarray, name: str = 'prediction') -> None:
    """Refuses arrays of two shapes, and empty ones.

    Raises:
        DataError: Shapes differ, or there is nothing to compare.
    """
    if prediction.shape != target.shape:
        fix = 'Resize the prediction to its target.'
        raise DataError(name, f'a prediction of shape {prediction.shape}', f'{target.shape}, as its target', fix)
    if not target.size:
        raise DataError(name, f'an array of shape {target.shape}', 'at least one value', 'Check the data set.')


def check_finite(values: np.ndarray, name: str) -> None:
    """Refuses NaN and infinity.

    Raises:
        DataError: Some value is no finite number.
    """
    wrong = int(np.count_nonzero(~np.isfinite(values)))
    if wrong:
        fix = 'Check the training for divergence, and the data for nodata.'
        raise DataError(name, f'{wrong} of {values.size} values NaN or infinite', 'finite numbers', fix)


def check_results(results: Sequence[Any], metric: str) -> None:
    """Refuses an evaluation that saw no sample.

    Raises:
        DataError: ``results`` is empty.
    """
    if not results:
        raise DataError(metric, 'no samples', 'at least one', 'Check data_root and the split of the data set.')
