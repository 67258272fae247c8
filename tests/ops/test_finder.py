"""``mmcv.ops`` works without a compiler, wherever it is imported, and a compiled extension wins."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from mmrs.errors import OperatorError
from mmrs.ops import compiled_available, extension, finder, operators_in_use

NEEDED = """nms softnms nms_match nms_rotated nms_quadri roi_align_forward roi_align_backward roi_pool_forward
    roi_pool_backward roi_align_rotated_forward roi_align_rotated_backward box_iou_rotated box_iou_quadri bbox_overlaps
    sigmoid_focal_loss_forward sigmoid_focal_loss_backward softmax_focal_loss_forward softmax_focal_loss_backward
    deform_conv_forward deform_conv_backward_input deform_conv_backward_parameters modulated_deform_conv_forward
    modulated_deform_conv_backward ms_deform_attn_forward ms_deform_attn_backward active_rotated_filter_forward
    active_rotated_filter_backward rotated_feature_align_forward rotated_feature_align_backward min_area_polygons
    points_in_polygons_forward convex_iou convex_giou diff_iou_rotated_sort_vertices_forward""".split()
needs_stand_in = pytest.mark.skipif(operators_in_use() != 'mmrs', reason='mmcv has its own compiled operators here')

# Base model of a stock config that cannot be built without mmcv.ops.
STOCK_MODELS = {
    'mmseg': '_base_/models/pointrend_r50.py',
    'mmdet': '_base_/models/faster-rcnn_r50_fpn.py',
    'mmrotate': 'oriented_rcnn/oriented-rcnn-le90_r50_fpn_1x_dota.py',
}

WORKERS = """
{imports}
import sys
import torch
from torch.utils.data import DataLoader, Dataset

class Suppressed(Dataset):
    def __len__(self):
        return 4

    def __getitem__(self, index):
        from mmcv.ops import nms_rotated
        boxes = torch.tensor([[10., 10, 4, 4, 0], [10, 10, 4, 4, 0], [30, 30, 4, 4, 0]])
        return nms_rotated(boxes, torch.tensor([.9, .8, .7]), 0.5)[1]

if __name__ == '__main__':
    loader = DataLoader(Suppressed(), num_workers=1, multiprocessing_context=sys.argv[1])
    print([batch.tolist() for batch in loader])
"""


def python(*arguments: str | Path, folder: Path, path: Path | None = None, fails: bool = False) -> str:
    """Runs a fresh interpreter away from the repository; returns what it printed."""
    variables = {name: value for name, value in os.environ.items() if name != 'PYTHONPATH'}
    variables |= {'OMP_NUM_THREADS': '1', 'PYTHONWARNINGS': 'ignore'} | ({'PYTHONPATH': str(path)} if path else {})
    done = subprocess.run(
        [sys.executable, *map(str, arguments)], cwd=folder, env=variables, capture_output=True, text=True
    )
    assert (done.returncode != 0) == fails, done.stderr[-3000:]
    return done.stderr if fails else done.stdout


def torch_hook_installed() -> None:
    entries = importlib.metadata.entry_points(group='torch.backends')
    assert any(entry.value == 'mmrs.ops.finder:install' for entry in entries), (
        'the installed metadata of mmrs is older than its setup.py: install it again (pip install -e .)'
    )


def test_importing_mmrs_is_light(tmp_path):
    code = (
        'import sys, mmrs; from mmrs import ops\n'
        'print(ops.operators_in_use(), "torch" in sys.modules, "mmcv" in sys.modules)'
    )
    assert python('-c', code, folder=tmp_path).split() == [operators_in_use(), 'False', 'False']


def test_installed_once_and_last():
    finder.install()
    finder.install()
    assert [type(entry) for entry in sys.meta_path].count(finder.ExtensionFinder) == 1
    assert finder.ExtensionFinder().find_spec('mmcv.ops') is None


def test_every_operator_of_the_table_exists():
    assert set(NEEDED) <= set(extension.OPERATORS)
    assert all(callable(extension.operator(name)) for name in extension.OPERATORS)


def test_other_operators_say_what_to_do():
    function = pickle.loads(pickle.dumps(extension.operator('voxelize_forward')))
    with pytest.raises(OperatorError, match="'voxelize_forward'.*--no-build-isolation"):
        function(1, key=2)


@needs_stand_in
def test_private_names_are_missing():
    import mmcv._ext

    assert not hasattr(mmcv._ext, '__path__')
    assert hasattr(mmcv._ext, 'voxelize_forward')
    assert mmcv._ext.nms is extension.operator('nms')


@pytest.mark.parametrize('compiled', [True, False])
def test_a_compiled_extension_wins(tmp_path, compiled):
    package = tmp_path / 'mmcv'
    package.mkdir()
    (package / '__init__.py').touch()
    if compiled:
        (package / '_ext.py').write_text('nms = "compiled"')
    code = 'import mmrs, mmcv._ext; print(mmrs.ops.operators_in_use(), mmrs.ops.compiled_available(), mmcv._ext.nms)'
    words = python('-c', code, folder=tmp_path, path=tmp_path).split()
    assert words[:2] == (['compiled', 'True'] if compiled else ['mmrs', 'False'])
    assert (words[2] == 'compiled') == compiled


def test_no_mmcv_at_all(monkeypatch):
    monkeypatch.setattr(importlib.util, 'find_spec', lambda name: None)
    assert operators_in_use() == 'none' and not compiled_available()


def test_the_standard_packages_import(tmp_path):
    code = (
        'import mmrs, mmseg, mmdet, mmrotate, mmpretrain; from mmcv.ops import *\n'
        'import mmseg.models, mmdet.models, mmrotate.models, mmpretrain.models; print(nms_rotated.__module__)'
    )
    assert python('-c', code, folder=tmp_path).splitlines()[-1] == 'mmcv.ops.nms'


@pytest.mark.parametrize('start, imports', [('fork', 'import mmrs'), ('spawn', 'import mmrs'), ('spawn', '')])
def test_dataloader_workers(tmp_path, start, imports):
    if not imports:
        torch_hook_installed()
    script = tmp_path / 'script.py'
    script.write_text(WORKERS.format(imports=imports))
    assert python(script, start, folder=tmp_path).strip() == str([[[0, 2]]] * 4)


@pytest.mark.parametrize('host', STOCK_MODELS)
def test_stock_train_script_builds_its_model(tmp_path, host):
    found = importlib.util.find_spec(host)
    shipped = Path(found.submodule_search_locations[0], '.mim') if found else Path('missing')
    if not shipped.is_dir():
        pytest.skip(f'{host} is not installed with its tools and configs')
    if host == 'mmrotate':
        torch_hook_installed()  # This script imports all models before it reads the config.
    config = tmp_path / 'config.py'
    cleared = ['train_dataloader', 'train_cfg', 'optim_wrapper', 'val_dataloader', 'val_cfg', 'val_evaluator']
    cleared += ['test_dataloader', 'test_cfg', 'test_evaluator', 'param_scheduler']
    lines = [f'_base_ = {str(shipped / "configs" / STOCK_MODELS[host])!r}', f'default_scope = {host!r}']
    lines.append("custom_imports = dict(imports=['mmrs'])")
    config.write_text('\n'.join(lines + [f'{name} = None' for name in cleared]))
    # A runner without training loop complains after it has built the model.
    message = python(shipped / 'tools/train.py', config, '--work-dir', tmp_path / 'run', folder=tmp_path, fails=True)
    assert '`self._train_loop` should not be None' in message.splitlines()[-1], message[-3000:]
