"""NWPU-RESISC45: 45 scenes of 256 px; trains on the 20 % list, tests on the other 80 %."""

_base_ = './aid.py'
data_root = '{{$MMRS_DATA:data}}/NWPU-RESISC45'
train_dataloader = dict(dataset=dict(name='resisc45', data_root=data_root))
val_dataloader = dict(dataset=dict(name='resisc45', data_root=data_root))
test_dataloader = val_dataloader
