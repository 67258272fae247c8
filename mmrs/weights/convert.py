"""Key conversion between released files and ours: ordered tables of rules and small pure functions.

Our layout of a ViT is that of DINOv2 and timm (``blocks.0.attn.qkv.weight``), so a DINOv2 file needs no renaming.
A new family adds its markers and rules to the tables; the functions stay. Values are never looked at, only names, so
this module imports no torch.

Source of the names: facebookresearch/dinov2 ``b8931f7`` and onedl-mmpretrain ``VisionTransformer``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

from mmrs.errors import WeightsError
from mmrs.weights import mars_names as mars
from mmrs.weights import skysense_names as skysense

Value = TypeVar('Value')
Rules = tuple[tuple[str, str], ...]


class KeyFormat(str, Enum):
    """Naming of the tensors in a file."""

    MMRS = 'mmrs'
    DINOV2 = 'dinov2'
    DINOV2_CHUNKED = 'dinov2-chunked'
    MMPRETRAIN = 'mmpretrain'
    SKYSENSE_VIT = 'skysense-vit'
    SKYSENSE_HR = 'skysense-hr'
    SKYSENSE_FUSION = 'skysense-fusion'
    SKYSENSEPP = 'skysensepp'
    TIMM_SWINV2 = 'timm-swinv2'
    MARS = 'mars'
    MARS_PRETRAINING = 'mars-pretraining'
    UNKNOWN = 'unknown'


# What training wrappers put into a name: DDP, FSDP, activation checkpointing, torch.compile.
WRAPPERS = re.compile(r'(?:^|(?<=\.))(?:module|_fsdp_wrapped_module|_checkpoint_wrapped_module|_orig_mod)\.')

# Names that every file of a format holds. What precedes them is the prefix. Teacher files name a block
# ``blocks.<chunk>.<block>``: the block's number is absolute, the chunk says nothing.
MARKERS: dict[KeyFormat, tuple[str, str]] = {
    KeyFormat.DINOV2: ('patch_embed.proj.weight', 'blocks.0.attn.qkv.weight'),
    KeyFormat.DINOV2_CHUNKED: ('patch_embed.proj.weight', 'blocks.0.0.attn.qkv.weight'),
    KeyFormat.MMPRETRAIN: ('patch_embed.projection.weight', 'layers.0.attn.qkv.weight'),
    KeyFormat.SKYSENSE_VIT: skysense.VIT_MARKERS,
    KeyFormat.SKYSENSE_HR: skysense.HR_MARKERS,
    KeyFormat.SKYSENSE_FUSION: skysense.FUSION_MARKERS,
    KeyFormat.SKYSENSEPP: skysense.WHOLE_MARKERS,
    KeyFormat.TIMM_SWINV2: mars.TIMM_MARKERS,
    KeyFormat.MARS: mars.RELEASE_MARKERS,
    KeyFormat.MARS_PRETRAINING: mars.WHOLE_MARKERS,
}
# Formats of a model whose parts are models of other formats: part in the file, its name with us, its format.
PARTS: dict[KeyFormat, dict[str, tuple[str, KeyFormat]]] = {
    KeyFormat.SKYSENSEPP: {
        'backbone_hr': ('backbone_hr', KeyFormat.SKYSENSE_HR),
        'backbone_gep': ('backbone_hr', KeyFormat.SKYSENSE_HR),  # in SkySense's own checkpoints
        'backbone_s2': ('backbone_s2', KeyFormat.SKYSENSE_VIT),
        'backbone_s1': ('backbone_s1', KeyFormat.SKYSENSE_VIT),
        'fusion': ('fusion', KeyFormat.SKYSENSE_FUSION),
    },
    KeyFormat.MARS_PRETRAINING: {},  # our pre-training model has the same parts under the same names
}

# A rule is (pattern of the whole name, replacement); the first that matches is used, a name without one stays.
TO_MMRS: dict[KeyFormat, Rules] = {
    KeyFormat.DINOV2: (),
    KeyFormat.DINOV2_CHUNKED: ((r'blocks\.\d+\.(\d+)\.(.+)', r'blocks.\1.\2'),),
    KeyFormat.MMPRETRAIN: (
        (r'patch_embed\.projection\.(\w+)', r'patch_embed.proj.\1'),
        (r'layers\.(\d+)\.ln([12])\.(\w+)', r'blocks.\1.norm\2.\3'),
        (r'layers\.(\d+)\.attn\.gamma1\.weight', r'blocks.\1.ls1.gamma'),
        (r'layers\.(\d+)\.attn\.(\w+\.\w+)', r'blocks.\1.attn.\2'),
        (r'layers\.(\d+)\.ffn\.gamma2\.weight', r'blocks.\1.ls2.gamma'),
        (r'layers\.(\d+)\.ffn\.layers\.0\.0\.(\w+)', r'blocks.\1.mlp.fc1.\2'),
        (r'layers\.(\d+)\.ffn\.layers\.1\.(\w+)', r'blocks.\1.mlp.fc2.\2'),
        (r'layers\.(\d+)\.ffn\.(w12|w3)\.(\w+)', r'blocks.\1.mlp.\2.\3'),
        (r'ln1\.(\w+)', r'norm.\1'),
    ),
    KeyFormat.SKYSENSE_VIT: skysense.VIT_IN,
    KeyFormat.SKYSENSE_HR: skysense.HR_IN,
    KeyFormat.SKYSENSE_FUSION: skysense.FUSION_IN,
    KeyFormat.SKYSENSEPP: (),
    KeyFormat.TIMM_SWINV2: (),
    KeyFormat.MARS: mars.RELEASE_IN,
    KeyFormat.MARS_PRETRAINING: (),
}
FROM_MMRS: dict[KeyFormat, Rules] = {
    KeyFormat.MMRS: (),
    KeyFormat.DINOV2: (),
    KeyFormat.MMPRETRAIN: (
        (r'patch_embed\.proj\.(\w+)', r'patch_embed.projection.\1'),
        (r'blocks\.(\d+)\.norm([12])\.(\w+)', r'layers.\1.ln\2.\3'),
        (r'blocks\.(\d+)\.ls1\.gamma', r'layers.\1.attn.gamma1.weight'),
        (r'blocks\.(\d+)\.attn\.(\w+\.\w+)', r'layers.\1.attn.\2'),
        (r'blocks\.(\d+)\.ls2\.gamma', r'layers.\1.ffn.gamma2.weight'),
        (r'blocks\.(\d+)\.mlp\.fc1\.(\w+)', r'layers.\1.ffn.layers.0.0.\2'),
        (r'blocks\.(\d+)\.mlp\.fc2\.(\w+)', r'layers.\1.ffn.layers.1.\2'),
        (r'blocks\.(\d+)\.mlp\.(w12|w3)\.(\w+)', r'layers.\1.ffn.\2.\3'),
        (r'norm\.(\w+)', r'ln1.\1'),
    ),
    KeyFormat.SKYSENSE_VIT: skysense.VIT_OUT,
    KeyFormat.SKYSENSE_HR: skysense.HR_OUT,
    KeyFormat.SKYSENSE_FUSION: skysense.FUSION_OUT,
    KeyFormat.SKYSENSEPP: (),
    KeyFormat.TIMM_SWINV2: (),
    KeyFormat.MARS: mars.RELEASE_OUT,
    KeyFormat.MARS_PRETRAINING: (),
}
# Used in pretraining only: dropped, unless the model that is loaded has it too.
PRETRAINING_ONLY = frozenset({'mask_token'})
# Dropped where the model that is loaded is known and has them not.
OPTIONAL = skysense.OPTIONAL
# Formats whose files may hold a final norm and an unused classifier beyond the model that is loaded.
OF_TIMM = frozenset({KeyFormat.TIMM_SWINV2, KeyFormat.MARS, KeyFormat.MARS_PRETRAINING})
# What is left out of a format: its models do without.
DROPPED = {KeyFormat.MMPRETRAIN: PRETRAINING_ONLY, KeyFormat.MARS: PRETRAINING_ONLY | mars.OPTIONAL}
# What a format has no place for.
UNSUPPORTED: dict[KeyFormat, frozenset[str]] = {KeyFormat.MMPRETRAIN: frozenset({'register_tokens'})}


@dataclass(frozen=True)
class Converted(Generic[Value]):
    """State dict in our names.

    Attributes:
        state: Tensors by our names.
        key_format: Naming that was found.
        prefix: What preceded every name, with the dot; empty if nothing did.
        dropped: Original names that were left out: other parts of the file, and pretraining-only tensors.
    """

    state: dict[str, Value]
    key_format: KeyFormat
    prefix: str
    dropped: tuple[str, ...]


def detect_format(keys: Iterable[str]) -> KeyFormat:
    """Tells the naming of a file whose prefix has been taken off."""
    names = set(keys)
    for key_format, markers in MARKERS.items():
        if names.issuperset(markers):
            return key_format
    return KeyFormat.UNKNOWN


def find_prefixes(keys: Iterable[str]) -> list[str]:
    """Lists where a known model starts in a file: ``['']``, ``['backbone.']``, ``['student.', 'teacher.']``."""
    names = set(keys)
    found = set()
    for first, second in MARKERS.values():
        starts = {name[: -len(first)] for name in names if name == first or name.endswith(f'.{first}')}
        found |= {start for start in starts if start + second in names}
    return sorted(found)


def to_mmrs(
    state: Mapping[str, Value], prefix: str | None = None, wanted: Collection[str] = (), subject: str = 'state dict'
) -> Converted[Value]:
    """Converts a released file's state dict to our names.

    Args:
        state: Tensors by name. Nothing is changed in it.
        prefix: Part of the file that is wanted, such as ``'backbone'``; a file that is this part alone is taken as it
            is. ``''`` takes the whole file. None takes the only model that is found in it.
        wanted: Names of the model that is loaded, if known: its pretraining-only tensors are kept, and a file that has
            these names already, prefix and all, stays whole.
        subject: What error messages call the file.

    Raises:
        WeightsError: If no known model is found under the prefix, more than one without a prefix, or two tensors end up
            under one name.
    """
    plain = _rename(state, lambda name: WRAPPERS.sub('', name), subject)
    chosen = _choose_prefix(plain, prefix, wanted, subject)
    part = {name[len(chosen) :]: value for name, value in plain.items() if name.startswith(chosen)}
    dropped = [name for name in plain if not name.startswith(chosen)]
    key_format = detect_format(part)
    if key_format is not KeyFormat.UNKNOWN:
        part = _rename(part, lambda name: _name_in_mmrs(name, key_format), subject)
    optional = PRETRAINING_ONLY | OPTIONAL if wanted else PRETRAINING_ONLY
    ends: tuple[str, ...] = skysense.DERIVED
    if key_format in OF_TIMM:
        ends, optional = ends + mars.CLASSIFIER, optional | (mars.OPTIONAL if wanted else frozenset())
    unwanted = [name for name in part if name not in wanted and (name in optional or name.endswith(ends))]
    state_of_ours = {name: value for name, value in part.items() if name not in unwanted}
    return Converted(state_of_ours, key_format, chosen, tuple(dropped + [chosen + name for name in unwanted]))


def from_mmrs(
    state: Mapping[str, Value], key_format: KeyFormat, prefix: str = '', subject: str = 'state dict'
) -> dict[str, Value]:
    """Converts a state dict in our names to another naming.

    Args:
        state: Tensors by our names.
        key_format: Naming that is wanted: mmrs, dinov2 or mmpretrain.
        prefix: Put before every name, such as ``'backbone'``.
        subject: What error messages call the file.

    Raises:
        WeightsError: If that naming has no place for one of the tensors.
    """
    homeless = sorted(UNSUPPORTED.get(key_format, frozenset()) & state.keys())
    if homeless:
        raise WeightsError(
            subject, f'tensors {", ".join(homeless)}', f'a model that {key_format.value} can build', 'Keep it as mmrs.'
        )
    dropped = DROPPED.get(key_format, frozenset())
    head = f'{prefix.rstrip(".")}.' if prefix else ''
    wanted = {name: value for name, value in state.items() if name not in dropped}
    return _rename(wanted, lambda name: head + _name_from_mmrs(name, key_format), subject)


def find_part(keys: Iterable[str], parts: Sequence[str]) -> str | None:
    """Finds the part of a larger file that a model is, by the names that files give to it.

    Args:
        keys: Names in the file, training wrappers and all.
        parts: Names of the part, such as ``('backbone_s2',)``.

    Returns:
        Its whole prefix, such as ``'model.backbone_s2.'``; None if the file has no such part.
    """
    starts = find_prefixes(WRAPPERS.sub('', key) for key in keys)
    return next((start for part in parts for start in starts if f'.{start}'.endswith(f'.{part}.')), None)


def _name_in_mmrs(name: str, key_format: KeyFormat) -> str:
    part, _, rest = name.partition('.')
    ours, inner = PARTS.get(key_format, {}).get(part, (part, key_format))
    if inner is not key_format:
        return f'{ours}.{apply_rules(rest, TO_MMRS[inner])}'
    return apply_rules(name, TO_MMRS[key_format])


def _name_from_mmrs(name: str, key_format: KeyFormat) -> str:
    part, _, rest = name.partition('.')
    for theirs, (ours, inner) in PARTS.get(key_format, {}).items():
        if ours == part:
            return f'{theirs}.{apply_rules(rest, FROM_MMRS[inner])}'
    return apply_rules(name, FROM_MMRS[key_format])


def apply_rules(name: str, rules: Rules) -> str:
    """Renames by the first rule whose pattern matches the whole name."""
    for pattern, replacement in rules:
        match = re.fullmatch(pattern, name)
        if match:
            return match.expand(replacement)
    return name


def _rename(state: Mapping[str, Value], rename: Callable[[str], str], subject: str) -> dict[str, Value]:
    """Renames every key; two that meet under one name are an error, not a silent loss."""
    renamed = {name: rename(name) for name in state}
    if len(set(renamed.values())) < len(renamed):
        twice = sorted(name for name, count in Counter(renamed.values()).items() if count > 1)
        raise WeightsError(
            subject,
            f'several tensors for {", ".join(twice[:3])}',
            'one tensor for each name',
            'The file mixes two models or namings: save one of them alone.',
        )
    return {renamed[name]: value for name, value in state.items()}


def _without_parts(prefixes: list[str], state: Mapping[str, object]) -> list[str]:
    """Leaves out prefixes of the parts of a whole model that is found too."""
    wholes = [start for start in prefixes if any({start + name for name in MARKERS[k]} <= state.keys() for k in PARTS)]
    inside = {start for start in prefixes for whole in wholes if start != whole and start.startswith(whole)}
    return [start for start in prefixes if start not in inside]


def _holding(state: Collection[str], wanted: Collection[str]) -> list[str]:
    """Prefixes under which a file has every wanted name, such as a whole model inside what trained it."""
    first = next(iter(wanted), '')
    starts = {name[: -len(first)] for name in state if first and name.endswith(f'.{first}')}
    return [start for start in sorted(starts) if all(start + name in state for name in wanted)]


def _choose_prefix(state: Mapping[str, object], prefix: str | None, wanted: Collection[str], subject: str) -> str:
    if prefix == '':
        return ''
    found = find_prefixes(state)
    if prefix:
        start = f'{prefix.rstrip(".")}.'
        if any(name.startswith(start) for name in state):
            return start
        deeper = [item for item in found if item.endswith(f'.{start}')]
        if len(deeper) == 1:
            return deeper[0]
        if found == ['']:
            return ''
        tops = sorted({name.split('.')[0] for name in state})
        raise WeightsError(
            subject,
            f'names that start with {", ".join(tops[:6])}',
            f'names that start with {start}',
            'Give the prefix of the part that you want.',
        )
    if any(name.startswith(start) for start in found for name in wanted if start and name in state):
        return ''
    whole = _holding(state, wanted)
    if len(whole) == 1:
        return whole[0]
    found = _without_parts(found, state)
    if len(found) > 1:
        raise WeightsError(
            subject,
            f'{len(found)} models, under {", ".join(repr(item) for item in found)}',
            'one model',
            'Give the prefix of the one that you want.',
        )
    return found[0] if found else ''
