"""Registries of scope ``mmrs``: children of mmengine's, so that any host config can write ``type='mmrs.Name'``."""

from mmengine.registry import DATA_SAMPLERS as MMENGINE_DATA_SAMPLERS
from mmengine.registry import DATASETS as MMENGINE_DATASETS
from mmengine.registry import HOOKS as MMENGINE_HOOKS
from mmengine.registry import METRICS as MMENGINE_METRICS
from mmengine.registry import MODELS as MMENGINE_MODELS
from mmengine.registry import OPTIM_WRAPPER_CONSTRUCTORS as MMENGINE_OPTIM_WRAPPER_CONSTRUCTORS
from mmengine.registry import TRANSFORMS as MMENGINE_TRANSFORMS
from mmengine.registry import VISUALIZERS as MMENGINE_VISUALIZERS
from mmengine.registry import WEIGHT_INITIALIZERS as MMENGINE_WEIGHT_INITIALIZERS
from mmengine.registry import Registry

MODELS = Registry(
    'model',
    parent=MMENGINE_MODELS,
    scope='mmrs',
    locations=['mmrs.models', 'mmrs.models.data_preprocessor', 'mmrs.models.heads.mars_mmseg'],
)
DATASETS = Registry('dataset', parent=MMENGINE_DATASETS, scope='mmrs', locations=['mmrs.datasets.segmentation'])
DATA_SAMPLERS = Registry('data sampler', parent=MMENGINE_DATA_SAMPLERS, scope='mmrs', locations=['mmrs.datasets'])
TRANSFORMS = Registry('transform', parent=MMENGINE_TRANSFORMS, scope='mmrs', locations=['mmrs.datasets.transforms'])
HOOKS = Registry('hook', parent=MMENGINE_HOOKS, scope='mmrs', locations=['mmrs.engine'])
METRICS = Registry('metric', parent=MMENGINE_METRICS, scope='mmrs', locations=['mmrs.evaluation'])
OPTIM_WRAPPER_CONSTRUCTORS = Registry(
    'optimizer wrapper constructor',
    parent=MMENGINE_OPTIM_WRAPPER_CONSTRUCTORS,
    scope='mmrs',
    locations=['mmrs.engine'],
)
VISUALIZERS = Registry('visualizer', parent=MMENGINE_VISUALIZERS, scope='mmrs', locations=['mmrs.engine'])
WEIGHT_INITIALIZERS = Registry(
    'weight initializer',
    parent=MMENGINE_WEIGHT_INITIALIZERS,
    scope='mmrs',
    locations=['mmrs.weights.initializer'],
)
