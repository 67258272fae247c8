"""Real places of one to three dates at 64 pixels, one folder a date: `tools/data/places.py SAMPLES data/places`.

The probe learns scenes of AID from frozen features, and is tested on others.
"""

_base_ = './synthetic_seasons.py'
data_root = '{{$MMRS_DATA:data}}/places'
probe_root = '{{$MMRS_DATA:data}}/aid_rsicd'
train_dataloader = dict(dataset=dict(data_root=data_root, seasons=('q1', 'q2', 'q3')))
probe = dict(
    type='mmrs.ProbeHook',
    module='teacher.backbone',
    train=f'{probe_root}/train',
    val=f'{probe_root}/val',
    interval=100,
    pixels=64,
)
