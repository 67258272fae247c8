"""One picture of a scene's detections: the image with the outlines of its boxes and a legend."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from mmrs.geo.gdal import replacing
from mmrs.geo.stretch import to_picture
from mmrs.geo.vector import box_corners

LINE, MARGIN = 16, 8  # pixels
MOST_CLASSES = 24


def write_box_picture(
    destination: str | os.PathLike[str],
    image: NDArray[Any],
    boxes: NDArray[Any],
    labels: NDArray[Any],
    class_names: Sequence[str],
    palette: Sequence[Sequence[int]],
    scale: tuple[float, float] = (1.0, 1.0),
) -> None:
    """Draws the outline of every box in the colour of its class, and a legend with numbers of objects.

    Args:
        destination: The PNG.
        image: (bands, rows, columns) of any dtype, maybe decimated.
        boxes: (n, 4) or (n, 5) in pixels of the full image, see :func:`mmrs.geo.vector.write_boxes`.
        labels: (n,) class numbers.
        class_names: Names of the classes.
        palette: Colours of the classes, each (red, green, blue) from 0 to 255.
        scale: Pixels of ``image`` per pixel of the full image, across and down.

    Raises:
        RasterError: If the file cannot be written.
    """
    scene = Image.fromarray(to_picture(image))
    draw = ImageDraw.Draw(scene)
    width = 1 if min(scene.size) < 512 else 2
    for corners, label in zip(box_corners(np.asarray(boxes, float)) * scale, labels, strict=True):
        draw.polygon([tuple(point) for point in corners], outline=tuple(palette[label]), width=width)
    counts = np.bincount(np.asarray(labels, np.int64), minlength=len(class_names))
    shown = [index for index in np.argsort(-counts, kind='stable') if counts[index]][:MOST_CLASSES]
    legend = Image.new('RGB', (220, max(scene.height, 2 * MARGIN + LINE * (len(shown) + 1))), 'white')
    pen = ImageDraw.Draw(legend)
    pen.text((MARGIN, MARGIN), f'{len(labels)} objects', fill='black')
    for line, index in enumerate(shown, 1):
        top = MARGIN + line * LINE
        pen.rectangle((MARGIN, top + 1, MARGIN + 10, top + 11), fill=tuple(palette[index]))
        pen.text((MARGIN + 18, top), f'{class_names[index]}: {counts[index]}', fill='black')
    page = Image.new('RGB', (scene.width + legend.width, legend.height), 'white')
    page.paste(scene, (0, 0))
    page.paste(legend, (scene.width, 0))
    with replacing(destination) as temporary:
        page.save(temporary, format='PNG')
