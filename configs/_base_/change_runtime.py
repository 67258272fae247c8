# Change detection on mmsegmentation: pictures show both dates with hits, misses and false alarms.
_base_ = './mmseg_runtime.py'
visualizer = dict(type='mmrs.ChangeVisualizer')
