"""What the released code of MaRS computes (mmrs.models.pretrain.RELEASE), slips included; a leaf takes it by name."""

release = dict(
    mask_mode='release',
    teacher_cos_dim='token',
    teacher_masked=True,
    contrast=dict(drop_first_token=True, normalize_global=False, hier_label='release'),
)
