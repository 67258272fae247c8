"""DSIFN-CD: pairs of 512 px at 0.3 m. No recipe is published; that of LEVIR-CD."""

_base_ = './levir_cd_512.py'
data_root = '{{$MMRS_DATA:data}}/DSIFN-CD'
train_dataloader = dict(dataset=dict(layout='dsifn-cd', data_root=data_root))
val_dataloader = dict(dataset=dict(layout='dsifn-cd', data_root=data_root))
test_dataloader = dict(dataset=dict(layout='dsifn-cd', data_root=data_root))
