"""Files of boxes as detection datasets have them: COCO, DOTA text and DIOR-R XML."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mmrs.datasets.boxes import CORNERS

Quads = NDArray[np.float64]


def write_dota(path: Path, quads: Quads, names: Sequence[str], difficult: Sequence[int] | None = None) -> None:
    """Writes one image's boxes: eight coordinates, class and difficulty a line.

    Args:
        path: The text file; its folder is made.
        quads: (n, 4, 2) corners in pixels.
        names: Class of each.
        difficult: Difficulty of each; None is 0.
    """
    lines = [
        ' '.join(f'{round(float(value), 4):.10g}' for value in quad.ravel()) + f' {name} {hard}\n'
        for quad, name, hard in zip(quads, names, difficult or [0] * len(names), strict=True)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(''.join(lines))


def write_xml(path: Path, image: str, size: tuple[int, ...], quads: Quads, names: Sequence[str]) -> None:
    """Writes one image's boxes as DIOR-R has them.

    Args:
        path: The XML file; its folder is made.
        image: File name of the image.
        size: Rows and columns.
        quads: (n, 4, 2) corners in pixels.
        names: Class of each.
    """
    root = ElementTree.Element('annotation')
    ElementTree.SubElement(root, 'filename').text = image
    extent = ElementTree.SubElement(root, 'size')
    for key, value in (('width', size[1]), ('height', size[0]), ('depth', 3)):
        ElementTree.SubElement(extent, key).text = str(value)
    for quad, name in zip(quads, names, strict=True):
        item = ElementTree.SubElement(root, 'object')
        ElementTree.SubElement(item, 'name').text = name
        ElementTree.SubElement(item, 'difficult').text = '0'
        box = ElementTree.SubElement(item, 'robndbox')
        for corner, point in zip(CORNERS, quad, strict=True):
            for axis, value in zip('xy', point, strict=True):
                ElementTree.SubElement(box, f'{axis}_{corner}').text = f'{value:.2f}'
    path.parent.mkdir(parents=True, exist_ok=True)
    ElementTree.indent(root)
    ElementTree.ElementTree(root).write(path, encoding='utf-8')


class CocoFile:
    """COCO annotations that grow image by image.

    Args:
        path: The JSON file.
        classes: Names; ids count from 1.
    """

    def __init__(self, path: Path, classes: Sequence[str]) -> None:
        self.path, self.classes = path, list(classes)

    def add(self, image: str, size: tuple[int, ...], quads: Quads, names: Sequence[str]) -> None:
        """Adds an image with upright boxes around quadrilaterals, cut at the image's edge.

        Args:
            image: File name of the image.
            size: Rows and columns.
            quads: (n, 4, 2) corners in pixels.
            names: Class of each.
        """
        content = json.loads(self.path.read_text()) if self.path.exists() else self._empty()
        number = len(content['images'])
        content['images'].append(dict(id=number, file_name=image, height=size[0], width=size[1]))
        for quad, name in zip(quads, names, strict=True):
            left, top = np.maximum(quad.min(0), 0).round(2).tolist()
            right, bottom = np.minimum(quad.max(0), (size[1], size[0])).round(2).tolist()
            box = [left, top, round(right - left, 2), round(bottom - top, 2)]
            area = round(box[2] * box[3], 2)
            ids = dict(id=len(content['annotations']) + 1, image_id=number, category_id=self.classes.index(name) + 1)
            content['annotations'].append(dict(**ids, bbox=box, area=area, iscrowd=0))
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps(content))

    def _empty(self) -> dict[str, list[dict[str, object]]]:
        categories: list[dict[str, object]] = [dict(id=n, name=name) for n, name in enumerate(self.classes, 1)]
        return dict(images=[], annotations=[], categories=categories)
