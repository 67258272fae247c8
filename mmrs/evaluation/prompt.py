"""How well annotations are completed by the example above them, beside answers that look at no pixel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from mmengine.evaluator import BaseMetric
from numpy.typing import NDArray

from mmrs.errors import DataError
from mmrs.evaluation.confusion import ratio
from mmrs.registry import METRICS

ANSWERS = ('mIoU', 'copy', 'majority')


@METRICS.register_module()
class PromptIoU(BaseMetric):
    """Mean IoU of the classes in the hidden lower halves of annotation mosaics, in percent.

    Intersections and unions of a class of a set are summed over all samples whose annotation names it, then the mean
    is taken over classes. Two answers that look at no pixel are scored in the same way: ``copy``, the annotation of
    the upper half; ``majority``, the id that is most frequent there.

    Reads what ``mmrs.SkySensePretrain`` answers, with ``set_name``, ``classes`` and ``ids`` of the sample.

    Args:
        **kwargs: ``collect_device``, ``prefix`` and ``collect_dir`` of mmengine.
    """

    default_prefix = 'prompt'

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.results: list[dict[tuple[str, int], NDArray[np.int64]]] = []

    def process(self, data_batch: Any, data_samples: Sequence[Mapping[str, Any]]) -> None:
        """Counts a batch.

        Raises:
            DataError: What is hidden is not the lower half, or a sample does not name its classes.
        """
        for sample in data_samples:
            if not {'set_name', 'classes', 'ids'} <= set(sample):
                fix = "Use mmrs.PaintAnnotation(output='ids') and carry them by mmrs.PackMosaic(meta_keys=...)."
                raise DataError('sample', f'{sorted(sample)}', 'set_name, classes and ids', fix)
            found, truth, hidden = (sample[key].cpu().numpy() for key in ('prediction', 'annotation', 'hidden'))
            middle = len(truth) // 2
            if hidden[:middle].any() or not hidden[middle:].all():
                fix = 'Use mmrs.MaskAnnotation(lower_half=1.0) for validation.'
                raise DataError(sample['set_name'], 'another mask', 'a hidden lower half', fix)
            shown = truth[:middle]
            blind = np.full_like(shown, np.bincount(shown.ravel()).argmax())
            answers = np.stack([found[middle:], shown, blind])
            for number, ident in zip(sample['classes'], sample['ids'], strict=True):
                self.results.append({(sample['set_name'], number): _counts(answers, truth[middle:], ident)})

    def compute_metrics(self, results: list[dict[tuple[str, int], NDArray[np.int64]]]) -> dict[str, float]:
        """Pools the counts: ``mIoU``, ``copy`` and ``majority``, and the IoU of each class of each set."""
        totals: dict[tuple[str, int], NDArray[np.int64]] = {}
        for result in results:
            for key, counts in result.items():
                totals[key] = totals.get(key, np.zeros_like(counts)) + counts
        scores = {key: [100 * ratio(*pair) for pair in counts] for key, counts in sorted(totals.items())}
        means = np.nanmean(list(scores.values()), axis=0)
        single = {f'IoU_{name}_{number}': round(values[0], 2) for (name, number), values in scores.items()}
        return {**{name: round(float(mean), 2) for name, mean in zip(ANSWERS, means, strict=True)}, **single}


def _counts(answers: NDArray[Any], truth: NDArray[Any], ident: int) -> NDArray[np.int64]:
    """Intersection and union of every answer with the truth: (answers, 2)."""
    found, true = answers == ident, truth == ident
    return np.stack([(found & true).sum((1, 2)), (found | true).sum((1, 2))], axis=1)
