"""NWPU-RESISC45 in crops of 256 px; tests enlarge to 288 and take the centre."""

_base_ = './aid_256.py'
data_root = '{{$MMRS_DATA:data}}/NWPU-RESISC45'
train_dataloader = dict(dataset=dict(name='resisc45', data_root=data_root))
val_dataloader = dict(dataset=dict(name='resisc45', data_root=data_root))
test_dataloader = val_dataloader
