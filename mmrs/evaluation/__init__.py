"""Metrics of the downstream tasks: pure functions on arrays, and their ``mmrs.`` types for mmengine's evaluator."""

from mmrs.evaluation.change import ChangeMetric
from mmrs.evaluation.damage import DamageMetric
from mmrs.evaluation.height import HeightMetric
from mmrs.evaluation.prompt import PromptIoU
from mmrs.evaluation.registration import RegistrationMetric
from mmrs.evaluation.translation import TranslationMetric

__all__ = [
    'ChangeMetric',
    'DamageMetric',
    'HeightMetric',
    'PromptIoU',
    'RegistrationMetric',
    'TranslationMetric',
]
