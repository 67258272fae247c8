"""Second stage of SkySense++ on RS-Semantic, 32 GPUs x 8 mosaics. Never trained here."""

_base_ = [
    '../_base_/models/msl_skysensepp-huge.py',
    '../_base_/datasets/rs_semantic.py',
    '../_base_/schedules/skysensepp_pretrain_30k.py',
]
