"""Catalogue of released weights: typed records, no torch, no network.

Every fact here has a source in the record. Where the authors publish no checksum, ``sha256`` is None or carries
``sha256_source``; where they state no licence, the record says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from mmrs.errors import WeightsError
from mmrs.geo.sensors import SENSORS
from mmrs.weights.convert import KeyFormat

# RGB on the scale 0 to 255: what both families normalise with.
IMAGENET_MEAN = (123.675, 116.28, 103.53)
IMAGENET_STD = (58.395, 57.12, 57.375)


@dataclass(frozen=True)
class Entry:
    """One released set of weights.

    Attributes:
        name: What configs and the command line call it.
        model: Config of the backbone that it fills, for ``MODELS.build``.
        parameters: Number of parameters of that backbone.
        url: Direct address of the file; None where there is none.
        share_page: Page from which a person fetches the file where there is no direct address.
        share_note: What to know at that page (password, which file).
        sha256: Checksum of the file; None where none is known.
        sha256_source: Who says so, where it is not the authors.
        licence: Licence of the weights, or that none is stated.
        bands: Order of the input channels.
        sensor: What the weights were trained on.
        mean: Per band, on the scale of the pixel values.
        std: Per band, on the scale of the pixel values.
        img_size: Side of the training images in pixels, which sets the position embedding's grid.
        key_format: Naming of the tensors in the file.
        min_coverage: Share of the backbone's tensors that a load must fill.
        source: Paper and repository.
        file_name: Name of the file as published, where there is no direct address.
        size: Bytes of the published file; None where not known.
        md5: Checksum that the publisher gives; None where it gives none.
        broken: What is wrong with the published file; None if nothing is known to be.
    """

    name: str
    model: Mapping[str, Any] = field(hash=False)
    parameters: int
    url: str | None
    share_page: str | None
    share_note: str | None
    sha256: str | None
    sha256_source: str | None
    licence: str
    bands: tuple[str, ...]
    sensor: str
    mean: tuple[float, ...]
    std: tuple[float, ...]
    img_size: int
    key_format: KeyFormat
    min_coverage: float
    source: str
    file_name: str | None = None
    size: int | None = None
    md5: str | None = None
    broken: str | None = None

    @property
    def file_stems(self) -> tuple[str, ...]:
        """Names, without suffix, under which the file may lie in the weights folder."""
        published = self.file_name or (self.url.rsplit('/', 1)[-1] if self.url else None)
        return (self.name, published.rsplit('.', 1)[0]) if published else (self.name,)


def _cgeartheye(size: str, img_size: int, parameters: int) -> Entry:
    return Entry(
        name=f'cgeartheye-{size}-{img_size}',
        model=MappingProxyType({'type': 'mmrs.CGEarthEye', 'size': size, 'img_size': img_size}),
        parameters=parameters,
        url=None,
        share_page='https://pan.baidu.com/s/12bds0ZTMwyRVgv7Nkq51Aw?pwd=cgwx',
        share_note='Baidu Netdisk, password cgwx: a person has to fetch it, in a browser or with the Baidu client',
        sha256=None,
        sha256_source=None,
        licence='not stated (the code is MIT)',
        bands=('red', 'green', 'blue'),
        sensor='Jilin-1 RGB, 0.75 m',
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
        img_size=img_size,
        key_format=KeyFormat.MMPRETRAIN,
        min_coverage=1.0,
        source='arXiv 2507.00356; github.com/1921134176/CGEarthEye',
    )


def _dinov2(size: str, letter: str, parameters: int, sha256: str | None) -> Entry:
    return Entry(
        name=f'dinov2-{size}',
        model=MappingProxyType({'type': 'mmrs.CGEarthEye', 'size': size, 'img_size': 518, 'pos_embed_mode': 'dinov2'}),
        parameters=parameters,
        url=f'https://dl.fbaipublicfiles.com/dinov2/dinov2_vit{letter}14/dinov2_vit{letter}14_pretrain.pth',
        share_page=None,
        share_note=None,
        sha256=sha256,
        sha256_source='independent mirrors agree; the authors publish none' if sha256 else None,
        licence='Apache-2.0',
        bands=('red', 'green', 'blue'),
        sensor='web photographs (LVD-142M)',
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
        img_size=518,
        key_format=KeyFormat.DINOV2,
        min_coverage=1.0,
        source='arXiv 2304.07193; github.com/facebookresearch/dinov2',
    )


_RGB = ('red', 'green', 'blue')
_S2, _S1 = SENSORS['sentinel2-l2a'], SENSORS['sentinel1-grd']
_INPUT = {
    'hr': (_RGB, IMAGENET_MEAN, IMAGENET_STD, 'optical RGB, about 0.05 to 4 m'),
    's2': (_S2.bands, _S2.mean, _S2.std, 'Sentinel-2 L2A, reflectance x 10,000'),
    's1': (_S1.bands, _S1.mean, _S1.std, 'Sentinel-1 GRD, dB'),
}
_SKYSENSE_MODELS: Mapping[str, tuple[Mapping[str, Any], int, KeyFormat]] = {
    'hr': ({'type': 'mmrs.SkySenseHR'}, 664_383_600, KeyFormat.SKYSENSE_HR),
    's2': ({'type': 'mmrs.SkySenseS2'}, 302_490_624, KeyFormat.SKYSENSE_VIT),
    's1': ({'type': 'mmrs.SkySenseS1'}, 302_359_552, KeyFormat.SKYSENSE_VIT),
    'fusion': ({'type': 'mmrs.SkySenseFusion'}, 305_195_008, KeyFormat.SKYSENSE_FUSION),
    'whole': ({'type': 'mmrs.SkySensePP', 'completion': {'exchange': 'sum'}}, 1_809_455_265, KeyFormat.SKYSENSEPP),
}


def _skysense(name: str, part: str, file_name: str, stage: int, sha256: str | None = None) -> Entry:
    model, parameters, key_format = _SKYSENSE_MODELS[part]
    parts = [_INPUT[part]] if part in _INPUT else [_INPUT[item] for item in ('hr', 's2', 's1')]
    repository = 'SkySensePlusPlus' if stage == 2 else 'SkySense'
    return Entry(
        name=name,
        model=MappingProxyType(model),
        parameters=parameters,
        url=None,
        share_page=f'https://github.com/kang-wu/{repository}',
        share_note=f'its README links the page of {file_name}, from which a person has to fetch it',
        sha256=sha256,
        sha256_source='reported by others; the authors publish none' if sha256 else None,
        licence='not stated for the files (code Apache-2.0 by its README; SkySense weights: non-commercial research)',
        bands=tuple(band for item in parts for band in item[0]),
        sensor='; '.join(item[3] for item in parts),
        mean=tuple(value for item in parts for value in item[1]),
        std=tuple(value for item in parts for value in item[2]),
        img_size={'hr': 512, 's2': 16, 's1': 16}.get(part, 512) if stage == 2 else {'hr': 2048}.get(part, 64),
        key_format=key_format,
        # converted files may lack the bias of the patch embedding, one tensor of 291
        min_coverage=0.99 if 'mmseg' in name else 1.0,
        source='doi 10.1038/s42256-025-01078-8' if stage == 2 else 'CVPR 2024, arXiv 2312.10115',
        file_name=file_name,
    )


_MARS_INPUT = {
    'rgb': (SENSORS['mars-rgb'], 'MaRS-16M optical, 0.35 m, 8 bits'),
    # Capella's statistics are in mmrs.geo.sensors too
    'sar': (SENSORS['umbra'], 'Umbra (8 bits, statistics given here) and Capella (16 bits) X band amplitude, 0.35 m'),
}


def _mars(size: str, modality: str, parameters: int, size_bytes: int, md5: str, complete: int | None = None) -> Entry:
    (sensor, text), broken = _MARS_INPUT[modality], None
    if complete is not None:
        broken = f'the published upload is {size_bytes:,} of about {complete:,} bytes: cut short where it is published'
    return Entry(
        name=f'mars-{size}-{modality}',
        model=MappingProxyType({'type': 'mmrs.MaRS', 'size': size, 'modality': modality}),
        parameters=parameters,
        url=f'https://zenodo.org/records/17800805/files/mars_{size}_{modality}_encoder_only.pth',
        share_page=None,
        share_note=None,
        sha256=None,
        sha256_source=None,
        licence='not stated (academic use, says the repository)',
        bands=sensor.bands,
        sensor=text,
        mean=sensor.mean,
        std=sensor.std,
        img_size=512,
        key_format=KeyFormat.MARS,
        min_coverage=1.0,
        source='DOI 10.1609/aaai.v40i14.38153; Zenodo 17800805; github.com/WanderRainy/MaRS',
        size=size_bytes,
        md5=md5,
        broken=broken,
    )


def _imagenet(size: str, tag: str, parameters: int) -> Entry:
    """SwinV2 that MaRS starts from and is taught by; it is loaded as an encoder of MaRS."""
    return Entry(
        name=f'swinv2-{size}-imagenet',
        model=MappingProxyType({'type': 'mmrs.MaRS', 'size': size, 'modality': 'rgb'}),
        parameters=parameters,
        url=f'https://huggingface.co/timm/{tag}/resolve/main/model.safetensors',
        share_page=None,
        share_note=None,
        sha256=None,
        sha256_source=None,
        licence='MIT',
        bands=_RGB,
        sensor='web photographs (ImageNet)',
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
        img_size=256,
        key_format=KeyFormat.TIMM_SWINV2,
        min_coverage=1.0,
        source='arXiv 2111.09883; timm',
        file_name=f'{tag}.safetensors',
    )


ENTRIES: tuple[Entry, ...] = (
    _cgeartheye('small', 518, 22_056_192),
    _cgeartheye('base', 518, 86_579_712),
    _cgeartheye('large', 518, 304_367_616),
    _cgeartheye('huge', 518, 632_271_360),
    _cgeartheye('giant', 518, 1_136_479_232),
    _cgeartheye('giant', 224, 1_134_769_664),
    _dinov2('small', 's', 22_056_192, 'b938bf1bc15cd2ec0feacfe3a1bb553fe8ea9ca46a7e1d8d00217f29aef60cd9'),
    _dinov2('base', 'b', 86_579_712, '0b8b82f85de91b424aded121c7e1dcc2b7bc6d0adeea651bf73a13307fad8c73'),
    _dinov2('large', 'l', 304_367_616, 'd5383ea8f4877b2472eb973e0fd72d557c7da5d3611bd527ceeb1d7162cbf428'),
    _dinov2('giant', 'g', 1_136_479_232, None),
    _skysense(
        'skysensepp',
        'whole',
        'skysensepp_release.ckpt',
        2,
        '32a08982baea125f60feb95fe0a04dfe450ec9c12ee846384cbadd8ff6c5661c',
    ),
    *(_skysense(f'skysensepp-{part}', part, f'skysensepp_release_{part}.pth', 2) for part in ('hr', 's2', 's1')),
    *(_skysense(f'skysensepp-mmseg-{p}', p, f'skysensepp_mmcvt_{p}.pth', 2) for p in ('s2', 's1', 'fusion')),
    *(_skysense(f'skysense-{part}', part, f'skysense_model_backbone_{part}.pth', 1) for part in ('hr', 's2', 's1')),
    _skysense('skysense-fusion', 'fusion', 'skysense_model_fusion.pth', 1),
    _mars('base', 'rgb', 86_891_768, 347_703_439, '5ab1b978f783cbded01427c50b0c0dbb'),
    _mars('base', 'sar', 86_887_672, 347_687_055, '8789da9bc9a44853d50d92371a1b4a6c'),
    _mars('large', 'rgb', 195_199_860, 634_126_336, '60574c1b87a7fb9006521fb5c031ee2c', complete=780_900_000),
    _mars('large', 'sar', 195_193_716, 639_631_360, '6f04c3b8120f0331f22059961b9db6e7', complete=780_900_000),
    _imagenet('base', 'swinv2_base_window8_256.ms_in1k', 86_891_768),
    _imagenet('large', 'swinv2_large_window12to16_192to256.ms_in22k_ft_in1k', 195_199_860),
)
CATALOGUE: Mapping[str, Entry] = MappingProxyType({entry.name: entry for entry in ENTRIES})


def get(name: str) -> Entry:
    """Finds an entry.

    Args:
        name: Catalogue name, such as ``cgeartheye-giant-518``.

    Raises:
        WeightsError: If there is none; names the closest.
    """
    if name in CATALOGUE:
        return CATALOGUE[name]
    import difflib

    close = difflib.get_close_matches(name, CATALOGUE, n=3, cutoff=0.4)
    hint = f'Did you mean {", ".join(close)}? ' if close else ''
    raise WeightsError(name, 'no such catalogue entry', 'a name that is listed', f'{hint}See `mmrs weights list`.')


def known_as_broken(size: int) -> str | None:
    """Tells what is wrong with a file of this many bytes, if it is one that is broken where it is published."""
    entry = next((item for item in ENTRIES if item.broken is not None and item.size == size), None)
    return f'{entry.name}: {entry.broken}' if entry else None
