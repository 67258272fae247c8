"""Datasets. Importing this package is cheap; ``mmrs.datasets.segmentation`` imports mmsegmentation."""
