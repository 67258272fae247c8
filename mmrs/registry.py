"""Registries of scope ``mmrs``: children of mmengine's, so that any host config can write ``type='mmrs.Name'``."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from mmengine.registry import DATA_SAMPLERS as MMENGINE_DATA_SAMPLERS
from mmengine.registry import DATASETS as MMENGINE_DATASETS
from mmengine.registry import FUNCTIONS as MMENGINE_FUNCTIONS
from mmengine.registry import HOOKS as MMENGINE_HOOKS
from mmengine.registry import METRICS as MMENGINE_METRICS
from mmengine.registry import MODELS as MMENGINE_MODELS
from mmengine.registry import OPTIM_WRAPPER_CONSTRUCTORS as MMENGINE_OPTIM_WRAPPER_CONSTRUCTORS
from mmengine.registry import OPTIM_WRAPPERS as MMENGINE_OPTIM_WRAPPERS
from mmengine.registry import TASK_UTILS as MMENGINE_TASK_UTILS
from mmengine.registry import TRANSFORMS as MMENGINE_TRANSFORMS
from mmengine.registry import VISBACKENDS as MMENGINE_VISBACKENDS
from mmengine.registry import VISUALIZERS as MMENGINE_VISUALIZERS
from mmengine.registry import WEIGHT_INITIALIZERS as MMENGINE_WEIGHT_INITIALIZERS
from mmengine.registry import Registry


class HostRegistry(Registry):
    """A registry whose parts for one host are imported when they are asked for: other hosts stay unloaded.

    Args:
        late: Module that registers a name.
        **kwargs: As in mmengine.
    """

    def __init__(self, *args: Any, late: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.late = dict(late)

    def get(self, key: str) -> Any:
        """Class or function of that name, None if there is none.

        Args:
            key: Its name, with or without scope.
        """
        scope, name = self.split_scope_key(key)
        if scope in (None, self.scope) and name in self.late and name not in self.module_dict:
            import_module(self.late[name])
        return super().get(key)


MODELS = HostRegistry(
    'model',
    parent=MMENGINE_MODELS,
    scope='mmrs',
    locations=['mmrs.models'],
    late=dict(
        BAN='mmrs.models.change.ban',
        BANMLPDecoder='mmrs.models.change.ban',
        BitemporalAdapterHead='mmrs.models.change.ban',
        DetDataPreprocessor='mmrs.models.detection.data_preprocessor',
        ForegroundDiceLoss='mmrs.models.change.losses',
        GaussianKLDLoss='mmrs.models.detection.kld_loss',
        MaRSFCNHead='mmrs.models.heads.mars_mmseg',
        MaRSChangeHead='mmrs.models.heads.mars_mmseg',
        MaRSHeightHead='mmrs.models.heads.mars_mmseg',
        RHINO='mmrs.models.detection.rhino',
        RHINOHead='mmrs.models.detection.rhino_head',
        RotatedTTAModel='mmrs.models.detection.rotated_views',
        SegDataPreProcessor='mmrs.models.data_preprocessor',
        SiamEncoderDecoder='mmrs.models.change.siamese',
    ),
)
DATASETS = HostRegistry(
    'dataset',
    parent=MMENGINE_DATASETS,
    scope='mmrs',
    locations=['mmrs.datasets.segmentation', 'mmrs.datasets.change'],
    late=dict(
        **dict.fromkeys(['CatalogueSceneDataset', 'SceneFolderDataset', 'TreeSatAI'], 'mmrs.datasets.classification'),
        CatalogueCocoDataset='mmrs.datasets.detection',
        CatalogueOrientedDataset='mmrs.datasets.oriented',
        LargeSceneDataset='mmrs.datasets.large_scenes',
        MaRSPairs='mmrs.datasets.mars_pairs',
        MaRSShards='mmrs.datasets.mars_shards',
        OpticalTiles='mmrs.datasets.mars_pairs',
        SeasonDataset='mmrs.datasets.seasons',
        SemanticMosaics='mmrs.datasets.rs_semantic.dataset',
        SyntheticScenes='mmrs.datasets.large_scenes',
    ),
)
DATA_SAMPLERS = Registry(
    'data sampler', parent=MMENGINE_DATA_SAMPLERS, scope='mmrs', locations=['mmrs.datasets.shard_sampler']
)
FUNCTIONS = Registry('function', parent=MMENGINE_FUNCTIONS, scope='mmrs', locations=['mmrs.datasets.collate'])
TRANSFORMS = Registry('transform', parent=MMENGINE_TRANSFORMS, scope='mmrs', locations=['mmrs.datasets.transforms'])
TASK_UTILS = Registry(
    'task util', parent=MMENGINE_TASK_UTILS, scope='mmrs', locations=['mmrs.models.detection.match_costs']
)
HOOKS = Registry('hook', parent=MMENGINE_HOOKS, scope='mmrs', locations=['mmrs.engine'])
METRICS = Registry('metric', parent=MMENGINE_METRICS, scope='mmrs', locations=['mmrs.evaluation'])
OPTIM_WRAPPER_CONSTRUCTORS = Registry(
    'optimizer wrapper constructor',
    parent=MMENGINE_OPTIM_WRAPPER_CONSTRUCTORS,
    scope='mmrs',
    locations=['mmrs.engine'],
)
OPTIM_WRAPPERS = Registry('optim_wrapper', parent=MMENGINE_OPTIM_WRAPPERS, scope='mmrs', locations=['mmrs.engine'])
VISBACKENDS = Registry('vis_backend', parent=MMENGINE_VISBACKENDS, scope='mmrs', locations=['mmrs.engine'])
VISUALIZERS = HostRegistry(
    'visualizer',
    parent=MMENGINE_VISUALIZERS,
    scope='mmrs',
    locations=['mmrs.engine'],
    late={'ChangeVisualizer': 'mmrs.engine.change_visualizer'},
)
WEIGHT_INITIALIZERS = Registry(
    'weight initializer',
    parent=MMENGINE_WEIGHT_INITIALIZERS,
    scope='mmrs',
    locations=['mmrs.weights.initializer'],
)
