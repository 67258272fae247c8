"""Torch stand-ins for the operators of mmcv's compiled extension."""
