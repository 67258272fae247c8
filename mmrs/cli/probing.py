"""How ``mmrs weights probe`` asks and tells."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from mmrs.cli.tables import new_table, print_table

if TYPE_CHECKING:
    from mmrs.apis.probe import Probed


def add_probe_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of ``mmrs weights probe``."""
    parser.add_argument('weights', metavar='NAME|FILE', help='catalogue name, or checkpoint')
    parser.add_argument('--config', metavar='CONFIG', help='config of the pretraining that wrote FILE')
    parser.add_argument('--module', help="the backbone's name in that model, such as teacher.backbone")
    parser.add_argument('--train', metavar='DIR', help='labelled scenes, one folder a class')
    parser.add_argument('--val', metavar='DIR', help='held-out scenes, one folder a class')
    parser.add_argument('--pixels', type=int, help='side of the images (224)')
    parser.add_argument('--seeds', type=int, default=3, help='random initialisations to compare with (3)')
    parser.add_argument('--shots', type=int, help='labelled scenes a class, drawn anew with every seed (all)')
    parser.add_argument('--device', default='cpu', help='where the backbone runs (cpu)')
    parser.add_argument('--json', action='store_true', help='print every look as JSON')


def probe(args: argparse.Namespace) -> int:
    """Probes and prints one line a look, or means and deviations over seeds."""
    from mmrs.apis.probe import probe_weights

    # What libraries print as they are imported is not part of the answer.
    with contextlib.redirect_stdout(io.StringIO()):
        looks = list(
            probe_weights(
                args.weights,
                args.train,
                args.val,
                config=args.config,
                module=args.module,
                pixels=args.pixels,
                seeds=args.seeds,
                shots=args.shots,
                device=args.device,
            )
        )
    if args.json:
        print(json.dumps([asdict(look) for look in looks], indent=2))
    else:
        _tell(looks)
    return 0


def _tell(looks: Sequence[Probed]) -> None:
    names = list(looks[0].scores)
    table = new_table('weights', 'seeds', *names)
    for weights in dict.fromkeys(look.weights for look in looks):
        rows = [look.scores for look in looks if look.weights == weights]
        table.add_row(weights, str(len(rows)), *(_spread([row[name] for row in rows]) for name in names))
    print_table(table)


def _spread(values: Sequence[float]) -> str:
    from statistics import mean, stdev

    return f'{mean(values):.3f}' + (f' ± {stdev(values):.3f}' if len(values) > 1 else '')
