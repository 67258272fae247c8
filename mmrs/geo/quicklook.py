"""One picture of a finished map: image, classes, legend and scale."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mmrs.geo.gdal import replacing
from mmrs.geo.stretch import to_picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NODATA_COLOUR = (235, 235, 235)
INK, FAINT = '#222222', '#8a8a8a'
# Inches.
PANEL, GAP, MARGIN, HEAD, FOOT, LEGEND, LINE = 5.0, 0.2, 0.3, 0.62, 0.55, 2.5, 0.27
DOTS_PER_INCH = 150
MOST_CLASSES = 16


def write_quicklook(
    destination: str | os.PathLike[str],
    class_map: NDArray[Any],
    class_names: Sequence[str],
    palette: Sequence[Sequence[int]],
    image: NDArray[Any] | Mapping[str, NDArray[Any]] | None = None,
    nodata: int | None = 255,
    gsd: tuple[float, float] | None = None,
    north_up: bool = False,
    shares: Sequence[float] | None = None,
    title: str = '',
) -> None:
    """Draws the image and its class map with a legend, the share of each class, a scale bar and a north arrow.

    Args:
        destination: The PNG.
        class_map: (rows, columns) of a decimated map.
        class_names: Names of the values from 0.
        palette: Colours of the values from 0, each (red, green, blue) from 0 to 255.
        image: (bands, rows, columns) of the same extent, of any dtype; or several by title, such as two dates.
        nodata: Value of missing pixels in the map; they count in no share.
        gsd: Metres per pixel of ``class_map`` along (rows, columns); without it the picture says that it has no scale.
        north_up: Whether the upper edge is north; only then there is an arrow.
        shares: Share of each class from 0 to 1, where it is known better than from ``class_map``.
        title: Headline.

    Raises:
        RasterError: If the file cannot be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    aspect = class_map.shape[0] / class_map.shape[1] * (gsd[1] / gsd[0] if gsd else 1)
    shares = _shares(class_map, len(class_names)) if shares is None else shares
    lines = min(MOST_CLASSES, sum(share > 0 for share in shares)) + 1
    images = {} if image is None else image if isinstance(image, Mapping) else {'Image': image}
    page = Page.fit(aspect, 1 + len(images), lines)
    figure = Figure(figsize=(page.width, page.height), dpi=DOTS_PER_INCH, facecolor='white')
    FigureCanvasAgg(figure)
    pictures = [('Classes', _coloured(class_map, palette, nodata), 'nearest')]
    for place, (label, pixels) in enumerate(images.items()):
        same = nodata is not None and pixels.shape[1:] == class_map.shape
        picture = to_picture(pixels, class_map != nodata if same else None)
        pictures.insert(place, (label, picture, 'antialiased'))
    for (label, picture, interpolation), (left, bottom) in zip(pictures, page.panels, strict=True):
        axes = figure.add_axes(page.box(left, bottom, page.panel_width, page.panel_height))
        axes.imshow(picture, aspect='auto', interpolation=interpolation)
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set(color=FAINT, linewidth=0.6)
        axes.set_title(label, loc='left', fontsize=9, color=FAINT, pad=3)
    _draw_legend(figure, page, class_names, palette, shares, nodata is not None and bool((class_map == nodata).any()))
    metres = None if gsd is None else gsd[0] * class_map.shape[1]
    draw_foot(figure, page, metres, north_up)
    figure.text(MARGIN / page.width, 1 - 0.2 / page.height, title, fontsize=12, color=INK, va='top', weight='bold')
    with replacing(destination) as temporary:
        figure.savefig(temporary, format='png', metadata={'Software': None})


@dataclass(frozen=True)
class Page:
    """Sizes and places in inches; panels from their lower left corners."""

    width: float
    height: float
    panel_width: float
    panel_height: float
    panels: tuple[tuple[float, float], ...]

    @classmethod
    def fit(cls, aspect: float, count: int, lines: int, side: float = PANEL) -> Page:
        """Lays out panels beside (wide ones below) each other, and a legend.

        Args:
            aspect: Height of a panel by its width.
            count: Number of panels.
            lines: Lines of the legend.
            side: Longer side of a panel.
        """
        stacked = count > 1 and aspect < 0.55
        panel_width, panel_height = (side, side * aspect) if aspect <= 1 else (side / aspect, side)
        if stacked:
            panel_width, panel_height = 2 * panel_width, 2 * panel_height
        panel_width, panel_height = max(panel_width, 1.2), max(panel_height, 0.6)
        across, down = (1, count) if stacked else (count, 1)
        step = panel_height + GAP + 0.15
        columns = across * panel_width + (across - 1) * GAP
        rows = down * panel_height + (down - 1) * (GAP + 0.15)
        body = max(rows, LINE * (lines + 0.5))
        places = [
            (MARGIN + i * (panel_width + GAP), FOOT + body - panel_height - j * step)
            for j in range(down)
            for i in range(across)
        ]
        size = (MARGIN + columns + GAP + LEGEND + MARGIN, HEAD + body + FOOT)
        return cls(*size, panel_width, panel_height, tuple(places))

    def box(self, left: float, bottom: float, width: float, height: float) -> tuple[float, float, float, float]:
        """Place of axes in shares of the page, from inches."""
        return left / self.width, bottom / self.height, width / self.width, height / self.height


def _coloured(class_map: NDArray[Any], palette: Sequence[Sequence[int]], nodata: int | None) -> NDArray[np.uint8]:
    table = np.full((int(class_map.max(initial=0)) + 1, 3), 127, np.uint8)
    known = min(len(palette), len(table))
    table[:known] = np.array(palette[:known], np.uint8).reshape(-1, 3)
    if nodata is not None and 0 <= nodata < len(table):
        table[nodata] = NODATA_COLOUR
    return table[np.maximum(class_map, 0)]


def _shares(class_map: NDArray[Any], count: int) -> list[float]:
    counts = np.array([np.count_nonzero(class_map == value) for value in range(count)], float)
    return list(counts / max(counts.sum(), 1))


def _draw_legend(
    figure: Figure,
    page: Page,
    names: Sequence[str],
    palette: Sequence[Sequence[int]],
    shares: Sequence[float],
    has_nodata: bool,
) -> None:
    """Classes that occur, most frequent first, each with a bar as long as its share."""
    height = page.height - HEAD - FOOT
    axes = figure.add_axes(page.box(page.width - MARGIN - LEGEND, FOOT, LEGEND, height))
    axes.set(xlim=(0, LEGEND), ylim=(height, 0))
    axes.axis('off')
    order = sorted((index for index, share in enumerate(shares) if share > 0), key=lambda index: -shares[index])
    room = min(MOST_CLASSES, int(height / LINE) - has_nodata)
    shown, rest = (order, []) if len(order) <= room else (order[: room - 1], order[room - 1 :])
    rows = [(names[index], palette[index], shares[index]) for index in shown]
    if rest:
        rows.append((f'{len(rest)} more', (127, 127, 127), sum(shares[index] for index in rest)))
    longest = max((share for *_, share in rows), default=1.0)
    for line, (name, colour, share) in enumerate(rows):
        _draw_class(axes, (line + 0.5) * LINE, name, colour, share, share / longest)
    if has_nodata:
        _draw_class(axes, (len(rows) + 0.5) * LINE, 'no data', NODATA_COLOUR, None, 0.0)


def _draw_class(axes: Axes, y: float, name: str, colour: Sequence[int], share: float | None, length: float) -> None:
    from matplotlib.patches import Rectangle

    face = tuple(value / 255 for value in colour)
    axes.add_patch(Rectangle((0, y - 0.07), 0.2, 0.14, facecolor=face, edgecolor=FAINT, linewidth=0.4))
    text = name if len(name) <= 24 else f'{name[:23]}…'
    axes.text(0.28, y, text, fontsize=8.5, color=INK, va='center')
    if share is None:
        return
    percent = '<0.1 %' if share < 0.001 else f'{100 * share:.1f} %'
    axes.text(LEGEND, y, percent, fontsize=8.5, color=INK, va='center', ha='right')
    axes.add_patch(Rectangle((0.28, y + 0.085), (LEGEND - 0.28) * length, 0.018, facecolor=face, edgecolor='none'))


def draw_foot(figure: Figure, page: Page, metres: float | None, north_up: bool) -> None:
    """Scale bar under the last panel, with the north arrow at its right end."""
    left, bottom = page.panels[-1]
    axes = figure.add_axes(page.box(left, bottom - FOOT, page.panel_width, FOOT))
    axes.set(xlim=(0, page.panel_width), ylim=(0, FOOT))
    axes.axis('off')
    if metres is None:
        axes.text(0, 0.36, 'no ground scale: the scene has no CRS', fontsize=8, color=FAINT, va='center')
    else:
        _draw_scale(axes, page.panel_width / metres)
    if north_up:
        x, style = page.panel_width - 0.1, {'arrowstyle': '-|>', 'color': INK, 'linewidth': 1.0}
        axes.annotate('', (x, 0.48), (x, 0.16), arrowprops=style)
        axes.text(x - 0.12, 0.32, 'N', fontsize=9, color=INK, va='center', ha='right', weight='bold')


def _draw_scale(axes: Axes, inches_per_metre: float) -> None:
    from matplotlib.patches import Rectangle

    metres = nice_length(1.6 / inches_per_metre)
    length = metres * inches_per_metre
    for part in range(4):
        face = INK if part % 2 == 0 else 'white'
        place = (part * length / 4, 0.33)
        axes.add_patch(Rectangle(place, length / 4, 0.06, facecolor=face, edgecolor=INK, linewidth=0.6))
    text = f'{metres / 1000:g} km' if metres >= 1000 else f'{metres:g} m'
    axes.text(length + 0.08, 0.36, text, fontsize=8.5, color=INK, va='center')


def nice_length(longest: float) -> float:
    """The greatest of 1, 2, 5, 10, 20, ... that is not above a length.

    Args:
        longest: Any positive length.
    """
    power = 10.0 ** np.floor(np.log10(longest))
    return float(max(step * power for step in (1, 2, 5) if step * power <= longest))
