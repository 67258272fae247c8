"""The stage of MaRS on optical images alone: reconstruction by the RGB branch, no teacher. Ours but the idea."""

model = dict(
    type='mmrs.MaRSPretrain',
    size='base',
    modalities=('rgb',),
    contrast_type='none',
    teacher=False,
)
