"""Pre-training of MaRS with both branches, corrected where the released code slips; see docs/pretraining-mars.md."""

model = dict(
    type='mmrs.MaRSPretrain',
    size='base',
    contrast_type='cross',
    mask_mode='simmim',
    teacher_cos_dim='channel',
    teacher_masked=False,
    contrast=dict(drop_first_token=False, normalize_global=True, hier_label='own'),
    gather_negatives=False,  # True contrasts with the tokens of all processes
)
