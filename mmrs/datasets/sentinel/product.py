"""A product in SAFE format, a folder or a zip: its files, without unpacking."""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from xml.etree import ElementTree

from mmrs.errors import DataError

AGAIN = 'Download it again: mmrs data stac, or browser.dataspace.copernicus.eu.'
KINDS = {'optical': r'MTD_MSIL2A\.xml', 'sar': r'annotation/[^/]+\.xml'}


@dataclass(frozen=True)
class Product:
    """Files of a product.

    Attributes:
        path: The folder or zip.
        root: Folder in the zip that holds them, with a slash at its end, or ''.
        names: Below ``root``.
        kind: ``'optical'`` (Sentinel-2 L2A) or ``'sar'`` (Sentinel-1 GRD).
    """

    path: Path
    root: str
    names: tuple[str, ...]
    kind: str

    def find(self, pattern: str) -> list[str]:
        """Names that match.

        Args:
            pattern: Regular expression for the whole name.
        """
        return [name for name in self.names if re.fullmatch(pattern, name)]

    def gdal_path(self, name: str) -> str:
        """What GDAL calls a file.

        Args:
            name: One of ``names``.

        Raises:
            DataError: If there is none.
        """
        if name not in self.names:
            raise DataError(self.path, f'no {name}', 'the file that its metadata names', AGAIN)
        return str(self.path / name) if self.path.is_dir() else f'/vsizip/{{{self.path}}}/{self.root}{name}'

    def xml(self, name: str) -> ElementTree.Element:
        """A metadata file.

        Args:
            name: One of ``names``.

        Raises:
            DataError: If it cannot be read.
        """
        try:
            if self.path.is_dir():
                return ElementTree.fromstring((self.path / name).read_bytes())
            with zipfile.ZipFile(self.path) as archive:
                return ElementTree.fromstring(archive.read(self.root + name))
        except (OSError, KeyError, ElementTree.ParseError, zipfile.BadZipFile) as error:
            raise DataError(f'{self.path}: {name}', f'no readable XML ({error})', 'metadata', AGAIN) from error


def open_product(path: str | os.PathLike[str]) -> Product:
    """Lists the files of a product.

    Args:
        path: Folder (``NAME.SAFE``) or zip.

    Raises:
        DataError: If it cannot be read, or is no Sentinel-2 L2A or Sentinel-1 product.
    """
    place = Path(path).absolute()
    if place.is_dir():
        names = [file.relative_to(place).as_posix() for file in sorted(place.rglob('*')) if file.is_file()]
    else:
        try:
            with zipfile.ZipFile(place) as archive:
                names = sorted(info.filename for info in archive.infolist() if not info.is_dir())
        except (OSError, zipfile.BadZipFile) as error:
            raise DataError(place, f'no readable zip ({error})', 'a product', AGAIN) from error
    for kind, pattern in KINDS.items():
        roots = {found[1] for name in names if (found := re.fullmatch(rf'((?:[^/]+/)?){pattern}', name))}
        if len(roots) == 1:
            root = roots.pop()
            return Product(place, root, tuple(n[len(root) :] for n in names if n.startswith(root)), kind)
    if any(name.endswith('MTD_MSIL1C.xml') for name in names):
        fix = 'Download the Level-2A product of this tile, or process it with Sen2Cor.'
        raise DataError(place, 'a Sentinel-2 Level-1C product', 'Level-2A, surface reflectance', fix)
    raise DataError(place, f'{len(names)} files of something else', 'Sentinel-2 L2A or Sentinel-1 GRD', AGAIN)


def find_products(source: str | os.PathLike[str]) -> Iterator[Path]:
    """Products in a folder: zips, and folders that end in ``.SAFE``; or the product itself.

    Args:
        source: Folder, or one product.

    Raises:
        DataError: If there is none.
    """
    root = Path(source)
    if root.is_file() or root.suffix == '.SAFE':
        yield root
        return
    found = [p for p in sorted(root.glob('*')) if p.suffix.lower() == '.zip' or (p.suffix == '.SAFE' and p.is_dir())]
    if not found:
        raise DataError(root, 'no product', 'NAME.SAFE folders or NAME.zip files', 'Name another folder.')
    yield from found


def text_of(element: ElementTree.Element, tag: str, source: Path) -> str:
    """Text of the first element of a name.

    Args:
        element: Where to look.
        tag: The name.
        source: What an error names.

    Raises:
        DataError: If there is none.
    """
    found = next(element.iter(tag), None)
    if found is None or not found.text:
        raise DataError(source, f'no {tag} in its metadata', 'one', AGAIN)
    return found.text.strip()


def number_of(element: ElementTree.Element, tag: str, source: Path) -> float:
    """Number of the first element of a name.

    Args:
        element: Where to look.
        tag: The name.
        source: What an error names.

    Raises:
        DataError: If there is none that is a number.
    """
    text = text_of(element, tag, source)
    try:
        return float(text)
    except ValueError as error:
        raise DataError(source, f'{tag} {text!r}', 'a number', AGAIN) from error


def time_of(element: ElementTree.Element, tag: str, source: Path) -> datetime:
    """Time of the first element of a name, in UTC and whole seconds.

    Args:
        element: Where to look.
        tag: The name.
        source: What an error names.

    Raises:
        DataError: If there is none that is a time.
    """
    text = text_of(element, tag, source)
    try:
        return datetime.fromisoformat(text[:19]).replace(tzinfo=timezone.utc)
    except ValueError as error:
        raise DataError(source, f'{tag} {text!r}', 'a time such as 2020-06-12T10:10:31Z', AGAIN) from error
