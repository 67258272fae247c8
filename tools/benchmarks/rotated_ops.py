"""Rotated IoU and rotated NMS against the compiled operators of mmcv on CPU (RoIAlignRotated: sampling_ops.py).

Needs an mmcv with its compiled extension (it is the peer); mmrs itself needs torch and torchvision only::

    python tools/benchmarks/rotated_ops.py            # everything
    python tools/benchmarks/rotated_ops.py iou nms    # parts: iou, nms, classes

One thread by default: the peer uses one, and on a busy machine a second one that waits for its turn stalls the first.
Exit code 1 if a gate is missed or a result differs.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

import numpy as np
import torch
from _harness import compare, machine_line, markdown_table
from torch import Tensor

CLASSES = 15
Row = dict[str, object]


def scene(count: int, overlapping: float, seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """Boxes of 8 to 60 px with scores and labels, on a square where that share of pairs has touching circles."""
    generator = torch.Generator().manual_seed(seed)

    def uniform(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(count, generator=generator)

    width, height, angle = uniform(8, 60), uniform(8, 60), uniform(-np.pi / 2, np.pi / 2)
    # Mean of pi (r1 + r2)^2 over pairs, solved for the side of the square.
    radius = torch.hypot(width, height) / 2
    side = float((2 * np.pi * (radius.square().mean() + radius.mean() ** 2) / overlapping).sqrt())
    boxes = torch.stack([uniform(0, side), uniform(0, side), width, height, angle], 1)
    scores = torch.randperm(count, generator=generator).float() / count
    labels = torch.randint(CLASSES, (count,), generator=generator)
    return boxes, scores, labels


def exact_error(ious: Tensor, first: Tensor, second: Tensor, sample: int = 2000) -> float:
    """Largest difference from shapely's float64 geometry on a sample of overlapping pairs."""
    try:
        import shapely
    except ImportError:
        return float('nan')
    pairs = (ious > 0).nonzero()
    pairs = pairs[torch.randperm(len(pairs), generator=torch.Generator().manual_seed(0))[:sample]]
    one, other = shapely.polygons(_corners(first[pairs[:, 0]])), shapely.polygons(_corners(second[pairs[:, 1]]))
    common = shapely.area(shapely.intersection(one, other))
    truth = common / (shapely.area(one) + shapely.area(other) - common)
    return float(np.abs(ious[pairs[:, 0], pairs[:, 1]].double().numpy() - truth).max())


def _corners(boxes: Tensor) -> np.ndarray:
    x, y, width, height, angle = boxes.double().numpy().T
    u = np.stack([np.cos(angle), np.sin(angle)], 1) * width[:, None] / 2
    v = np.stack([-np.sin(angle), np.cos(angle)], 1) * height[:, None] / 2
    centre = np.stack([x, y], 1)
    return np.stack([centre - u - v, centre + u - v, centre + u + v, centre - u + v], 1)


def bench_iou() -> tuple[list[Row], list[str]]:
    """Full IoU matrices, sparse (0.7 % of the pairs overlap) and dense (15 %), 50 near-duplicates in each."""
    from mmcv.ops import box_iou_rotated as peer

    from mmrs.ops.rotated import box_iou_rotated

    rows, failures = [], []
    for name, share, gate in (('sparse', 0.0115, 20), ('dense', 0.3, 4)):
        for count in (1000, 2000):
            first, second = scene(count, share, 1)[0], scene(count, share, 2)[0]
            second = torch.cat([second[: count - 50], first[:50] + 1e-4])
            out = torch.empty(count, count)
            box_iou_rotated(first, second, out, mode_flag=0, aligned=False)
            error, peer_error = exact_error(out, first, second), exact_error(peer(first, second), first, second)
            result = compare(
                lambda a=first, b=second: peer(a, b),
                lambda a=first, b=second, o=out: box_iou_rotated(a, b, o, mode_flag=0, aligned=False),
            )
            overlap = f'{100 * float((out > 0).float().mean()):.1f} %'
            extra = {'max error': f'{error:.1e}', 'peer error': f'{peer_error:.1e}', 'gate': f'>= {gate}'}
            rows.append(result.row(case=f'IoU {name} {count} x {count}', overlap=overlap) | extra)
            failures += _check(rows[-1], result.ratio >= gate and not error > 1e-5)
    return rows, failures


def bench_nms() -> tuple[list[Row], list[str]]:
    """Class-agnostic suppression; kept indices must be identical."""
    from mmcv.ops import nms_rotated as peer

    rows, failures = [], []
    for count, gate in ((1000, 2), (2000, 5), (5000, 5)):
        for threshold in (0.1, 0.5):
            boxes, scores, _ = scene(count, 0.03)
            ours = _our_nms(boxes, scores, None, threshold)
            same = torch.equal(peer(boxes, scores, threshold)[1], ours())
            result = compare(lambda b=boxes, s=scores, t=threshold: peer(b, s, t), ours)
            labels = {'case': f'NMS {count}', 'threshold': threshold, 'kept': len(ours())}
            rows.append(result.row(**labels) | {'identical': same, 'gate': f'>= {gate}'})
            failures += _check(rows[-1], same and result.ratio >= gate)
    return rows, failures


def bench_classes() -> tuple[list[Row], list[str]]:
    """Per-class suppression in one call against the compiled operator class by class."""
    from mmcv.ops import nms_rotated as peer

    def one_by_one(boxes: Tensor, scores: Tensor, labels: Tensor, threshold: float) -> Tensor:
        kept = []
        for label in labels.unique():
            members = (labels == label).nonzero().view(-1)
            kept.append(members[peer(boxes[members], scores[members], threshold)[1]])
        every = torch.cat(kept)
        return every[scores[every].argsort(descending=True)]

    rows, failures = [], []
    for count, gate in ((1000, 1), (2000, 1.5), (5000, 3)):
        for threshold in (0.1, 0.5):
            boxes, scores, labels = scene(count, 0.03)
            ours = _our_nms(boxes, scores, labels, threshold)
            theirs = lambda b=boxes, s=scores, i=labels, t=threshold: one_by_one(b, s, i, t)  # noqa: E731
            same = torch.equal(theirs(), ours())
            result = compare(theirs, ours)
            names = {'case': f'NMS {count}, {CLASSES} classes', 'threshold': threshold, 'kept': len(ours())}
            rows.append(result.row(**names) | {'identical': same, 'gate': f'>= {gate}'})
            failures += _check(rows[-1], same and result.ratio >= gate)
    return rows, failures


def _our_nms(boxes: Tensor, scores: Tensor, labels: Tensor | None, threshold: float) -> Callable[[], Tensor]:
    from mmrs.ops.greedy import nms_rotated

    def run() -> Tensor:
        # The steps of mmcv's wrapper, so that both sides are timed with them.
        dets = boxes if labels is None else torch.cat([boxes, labels.unsqueeze(1)], 1)
        order = scores.sort(0, descending=True).indices
        given = scores.new_empty(0, dtype=torch.int) if labels is None else labels
        kept = nms_rotated(dets, scores, order, dets[order], given, threshold, labels is not None)
        torch.cat([boxes[kept], scores[kept, None]], 1)
        return kept

    return run


def _check(row: Row, passed: bool) -> list[str]:
    row['passed'] = 'yes' if passed else 'NO'
    return [] if passed else [str(row['case'])]


BENCHES = {'iou': bench_iou, 'nms': bench_nms, 'classes': bench_classes}


def main() -> int:
    """Runs the chosen parts and prints their tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or '').splitlines()[0])
    parser.add_argument('parts', nargs='*', choices=[*BENCHES, []], help='default: all')
    parser.add_argument('--threads', type=int, default=1, help='threads of torch (default: 1)')
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    parts = args.parts or list(BENCHES)
    failures = []
    print(machine_line(), end='\n\n')
    for part in parts:
        rows, missed = BENCHES[part]()
        failures += missed
        print(markdown_table(rows), end='\n\n', flush=True)
    print('missed: ' + ', '.join(failures) if failures else 'all gates passed')
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
