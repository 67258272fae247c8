"""Cutting into tiles and merging back: no object is lost, places map back exactly, broken runs go on."""

from __future__ import annotations

import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from PIL import Image

from mmrs.datasets.boxes import read_boxes
from mmrs.datasets.dota_merge import Detections, merge_folder, merge_tiles, read_task1
from mmrs.datasets.dota_tiles import NAME, Tiling, cut_images, place_of, tile_name
from mmrs.errors import DataError
from mmrs.geo.vector import box_corners

TILING = Tiling(size=64, overlap=24, least=0.5)


def write_image(folder: Path, name: str, size: tuple[int, int], lines: list[str]) -> None:
    (folder / 'images').mkdir(parents=True, exist_ok=True)
    (folder / 'labelTxt').mkdir(exist_ok=True)
    pixels = np.random.default_rng(0).integers(1, 255, (size[1], size[0], 3), np.uint8)
    Image.fromarray(pixels).save(folder / 'images' / f'{name}.png')
    (folder / 'labelTxt' / f'{name}.txt').write_text('imagesource:none\ngsd:1\n' + ''.join(f'{one}\n' for one in lines))


def cut(folder: Path, tiling: Tiling = TILING, **options):
    return cut_images(folder / 'images', folder / 'labelTxt', folder / 'tiles', tiling, **options)


@settings(max_examples=25, deadline=None)
@given(
    some.lists(some.tuples(some.integers(12, 168), some.integers(12, 108), some.integers(4, 20), some.integers(2, 12)),
               min_size=1, max_size=8),
    some.sampled_from([(1.0,), (0.5, 1.0)]),
)  # fmt: skip
def test_every_object_lies_whole_in_a_tile_and_maps_back_exactly(things, rates) -> None:
    corners = box_corners(np.array([(x, y, w, h, x / 7) for x, y, w, h in things], float)).round(1)
    lines = [' '.join(map(str, quad.ravel())) + f' ship {i % 3}' for i, quad in enumerate(corners)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_image(folder, 'P0__a', (180, 120), lines)
        done = cut(folder, Tiling(64, 24, rates, 0.5))
        whole = set()
        for path in (folder / 'tiles' / 'annfiles').iterdir():
            image, left, top = place_of(path.stem)
            side = int(NAME.fullmatch(path.stem)[2])
            assert image == 'P0__a' and (left + side <= 180 or left == 0)
            for box in read_boxes(path):
                quad = np.array(box.corners)
                match = np.flatnonzero((np.abs(corners - (quad + (left, top))) < 1e-3).all((1, 2)))
                assert len(match) and any(box.difficult == one % 3 for one in match)
                if quad.min() >= 0 and quad.max() <= side:
                    whole.add(tuple((quad + (left, top)).round(1).ravel()))
        inside = [quad for quad in corners if quad.min() >= 0 and (quad <= (180, 120)).all()]
        assert {tuple(quad.ravel()) for quad in inside} <= whole
        assert done.tiles == len(list((folder / 'tiles' / 'images').iterdir())) and done.left_out == 0


def test_pixels_are_those_of_the_image_and_small_images_are_filled(tmp_path: Path) -> None:
    write_image(tmp_path, 'big', (100, 70), [])
    write_image(tmp_path, 'small', (30, 20), ['1 1 9 1 9 5 1 5 ship 1'])
    assert cut(tmp_path).empty == 4
    image = np.asarray(Image.open(tmp_path / 'images/big.png'))
    for path in (tmp_path / 'tiles/images').glob('big__*'):
        _, left, top = place_of(path.stem)
        assert (np.asarray(Image.open(path)) == image[top : top + 64, left : left + 64]).all()
    tile = np.asarray(Image.open(tmp_path / 'tiles/images/small__64__0___0.png'))
    assert tile.shape == (64, 64, 3) and not tile[20:].any() and not tile[:, 30:].any() and tile[:20, :30].all()
    assert read_boxes(tmp_path / 'tiles/annfiles/small__64__0___0.txt')[0].difficult == 1


def test_cut_boxes_empty_tiles_and_boxes_left_out(tmp_path: Path) -> None:
    lines = ['50 10 90 10 90 20 50 20 ship 0', '5 5 5 5 9 9 5 9 ship 0', '300 1 309 1 309 5 300 5 ship 0']
    write_image(tmp_path, 'a', (180, 64), lines)
    done = cut(tmp_path, Tiling(64, 0, least=0.3, cut=True, keep_empty=False))
    assert (done.tiles, done.empty, done.objects, done.left_out) == (2, 1, 2, 2)
    left, right = sorted((tmp_path / 'tiles/annfiles').iterdir(), key=lambda path: place_of(path.stem)[1])
    assert max(x for x, _ in read_boxes(left)[0].corners) == 64
    assert min(x for x, _ in read_boxes(right)[0].corners) == 0


def test_dry_run_resume_and_other_settings(tmp_path: Path) -> None:
    write_image(tmp_path, 'a', (100, 70), [])
    write_image(tmp_path, 'b', (100, 70), [])
    assert cut(tmp_path, dry_run=True).tiles == 8 and not (tmp_path / 'tiles').exists()
    assert cut(tmp_path).images == 2
    lost = next((tmp_path / 'tiles/images').glob('a__*'))
    stamps = {path: path.stat().st_mtime_ns for path in (tmp_path / 'tiles').rglob('*.png') if path != lost}
    lost.unlink()
    again = cut(tmp_path)
    assert (again.images, again.kept) == (1, 1) and lost.is_file()
    assert {path: path.stat().st_mtime_ns for path in stamps} == stamps
    with pytest.raises(DataError, match='--overwrite'):
        cut(tmp_path, Tiling(64, 20))
    assert cut(tmp_path, Tiling(100, 20), overwrite=True).tiles == 2
    assert len(list((tmp_path / 'tiles/images').iterdir())) == 2


@pytest.mark.parametrize(
    ('options', 'told'),
    [
        (dict(size=8), '--size'),
        (dict(size=64, overlap=64), '--overlap'),
        (dict(rates=()), '--rates'),
        (dict(least=0), '--iof'),
    ],
)
def test_settings_that_cannot_be(tmp_path: Path, options: dict, told: str) -> None:
    with pytest.raises(DataError, match=told):
        cut(tmp_path, Tiling(**options))


def test_missing_files(tmp_path: Path) -> None:
    with pytest.raises(DataError, match='no image'):
        cut(tmp_path)
    write_image(tmp_path, 'a', (30, 30), [])
    (tmp_path / 'labelTxt/a.txt').unlink()
    with pytest.raises(DataError, match=r'no a\.txt \(1 of 1'):
        cut(tmp_path)


def test_detections_of_tiles_become_those_of_images() -> None:
    one = np.array([10.0, 10, 30, 10, 30, 20, 10, 20])
    names = [
        tile_name('P1', 64, 40, 0),
        tile_name('P1', 64, 20, 0),
        tile_name('P2', 64, 40, 0),
        tile_name('P1', 64, 40, 40),
    ]
    quads = np.stack([one, one + [20, 0] * 4, one, one])
    merged = merge_tiles(Detections(names, np.array([0.5, 0.9, 0.4, 0.3]), quads))
    assert merged.images == ['P1', 'P1', 'P2'] and merged.scores.tolist() == [0.9, 0.3, 0.4]
    assert merged.quads[0].tolist() == (one + [40, 0] * 4).tolist() and merged.quads[1, 1] == 50
    with pytest.raises(DataError, match='a name without a place'):
        merge_tiles(Detections(['P1'], np.ones(1), quads[:1]))


def test_the_zip_file(tmp_path: Path) -> None:
    line = f'{tile_name("P1", 64, 5, 7)} 0.9 10 10 30 10 30 20 10 20\n'
    (tmp_path / 'Task1_ship.txt').write_text(line * 2)
    (tmp_path / 'Task1_plane.txt').write_text('')
    counts = merge_folder(tmp_path, tmp_path / 'out.zip')
    assert counts == {'plane': (0, 0), 'ship': (2, 1)}
    with zipfile.ZipFile(tmp_path / 'out.zip') as file:
        assert file.read('Task1_ship.txt') == b'P1 0.9000 15.00 17.00 35.00 17.00 35.00 27.00 15.00 27.00\n'
        assert file.read('Task1_plane.txt') == b''
    with pytest.raises(DataError, match='--overwrite'):
        merge_folder(tmp_path, tmp_path / 'out.zip')
    (tmp_path / 'Task1_ship.txt').write_text('P1 0.9 10\n')
    with pytest.raises(DataError, match='line 1'):
        read_task1(tmp_path / 'Task1_ship.txt')
