"""``mmrs doctor``: what is installed, what is wrong, what to do."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options."""
    parser.add_argument('--json', action='store_true', help='print a list of findings for programs')


def run(args: argparse.Namespace) -> int:
    """Prints the report.

    Returns:
        1 if something is broken, else 0.
    """
    from mmrs.apis.doctor import examine

    findings = examine()
    wrong = [finding for finding in findings if finding.status == 'wrong']
    if args.json:
        print(json.dumps([asdict(finding) for finding in findings], indent=2))
        return bool(wrong)
    marks = {'ok': ' ', 'note': '!', 'wrong': 'x'}
    width = max(len(finding.name) for finding in findings)
    for finding in findings:
        print(f'{marks[finding.status]} {finding.name:{width}}  {finding.value}')
        if finding.fix:
            print(f'  {"":{width}}  -> {finding.fix}')
    print(f'\n{len(wrong)} broken: see the lines with x.' if wrong else '\nNothing is broken.')
    return bool(wrong)
