"""One picture of a scene's detections: the image with the outlines of its boxes, a legend and a scale."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mmrs.geo.gdal import replacing
from mmrs.geo.quicklook import DOTS_PER_INCH, FAINT, FOOT, HEAD, INK, LEGEND, LINE, MARGIN, Page, draw_foot
from mmrs.geo.stretch import to_picture
from mmrs.geo.vector import box_corners

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIDE = 8.0  # inches of the image: small objects are seen
MOST_CLASSES = 24


def write_box_picture(
    destination: str | os.PathLike[str],
    image: NDArray[Any],
    boxes: NDArray[Any],
    labels: NDArray[Any],
    class_names: Sequence[str],
    palette: Sequence[Sequence[int]],
    scale: tuple[float, float] = (1.0, 1.0),
    gsd: tuple[float, float] | None = None,
    north_up: bool = False,
    title: str = '',
    note: str = '',
) -> None:
    """Draws the outline of every box in the colour of its class, with a legend, a scale bar and a north arrow.

    Args:
        destination: The PNG.
        image: (bands, rows, columns) of any dtype, maybe decimated.
        boxes: (n, 4) or (n, 5) in pixels of the full image, see :func:`mmrs.geo.vector.write_boxes`.
        labels: (n,) class numbers.
        class_names: Names of the classes.
        palette: Colours of the classes, each (red, green, blue) from 0 to 255.
        scale: Pixels of ``image`` per pixel of the full image, across and down.
        gsd: Metres per pixel of ``image`` across and down; without it the picture says that it has no scale.
        north_up: Whether the upper edge is north; only then there is an arrow.
        title: Headline.
        note: Line below the number of objects, such as the least score.

    Raises:
        RasterError: If the file cannot be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.collections import PolyCollection
    from matplotlib.figure import Figure

    counts = np.bincount(np.asarray(labels, np.int64), minlength=len(class_names))
    shown = [int(index) for index in np.argsort(-counts, kind='stable') if counts[index]][:MOST_CLASSES]
    rows, columns = image.shape[1:]
    page = Page.fit(rows / columns * (gsd[1] / gsd[0] if gsd else 1), 1, len(shown) + 3, SIDE)
    figure = Figure(figsize=(page.width, page.height), dpi=DOTS_PER_INCH, facecolor='white')
    FigureCanvasAgg(figure)
    left, bottom = page.panels[0]
    axes = figure.add_axes(page.box(left, bottom, page.panel_width, page.panel_height))
    axes.imshow(to_picture(image), aspect='auto', interpolation='antialiased', extent=(0, columns, rows, 0))
    axes.set(xticks=[], yticks=[], xlim=(0, columns), ylim=(rows, 0))
    axes.spines[:].set(color=FAINT, linewidth=0.6)
    corners = box_corners(np.asarray(boxes, float)) * scale
    colours = np.array([palette[label] for label in labels], float).reshape(-1, 3) / 255
    for width, line in ((2.4, _halo(colours)), (1.2, colours)):
        axes.add_collection(PolyCollection(list(corners), facecolors='none', edgecolors=line, linewidths=width))
    _draw_legend(figure, page, [(class_names[one], palette[one], int(counts[one])) for one in shown], len(labels), note)
    draw_foot(figure, page, None if gsd is None else gsd[0] * columns, north_up)
    figure.text(MARGIN / page.width, 1 - 0.2 / page.height, title, fontsize=12, color=INK, va='top', weight='bold')
    with replacing(destination) as temporary:
        figure.savefig(temporary, format='png', metadata={'Software': None})


def _halo(colours: NDArray[np.float64]) -> NDArray[np.float64]:
    """Black around light colours and white around dark ones: every colour is seen on every ground."""
    dark = colours @ (0.3, 0.59, 0.11) < 0.35
    return np.repeat(np.where(dark, 0.95, 0.05)[:, None], 3, 1)


def _draw_legend(
    figure: Figure, page: Page, rows: Sequence[tuple[str, Sequence[int], int]], total: int, note: str
) -> None:
    """Number of all objects, and of those of each class that occurs, most frequent first."""
    from matplotlib.patches import Rectangle

    height = page.height - HEAD - FOOT
    axes = figure.add_axes(page.box(page.width - MARGIN - LEGEND, FOOT, LEGEND, height))
    axes.set(xlim=(0, LEGEND), ylim=(height, 0))
    axes.axis('off')
    axes.text(0, 0.5 * LINE, f'{total} object{"" if total == 1 else "s"}', fontsize=10, color=INK, va='center')
    axes.text(0, 1.3 * LINE, note, fontsize=8, color=FAINT, va='center')
    for line, (name, colour, count) in enumerate(rows, 2):
        y = (line + 0.5) * LINE
        face = tuple(value / 255 for value in colour)
        axes.add_patch(Rectangle((0, y - 0.07), 0.2, 0.14, facecolor='none', edgecolor=face, linewidth=2.2))
        axes.text(0.3, y, name, fontsize=9, color=INK, va='center')
        axes.text(LEGEND, y, str(count), fontsize=9, color=INK, va='center', ha='right')
