"""Horizontal and oriented detection.

The modules import mmdetection, and those of RHINO mmrotate too; the registry imports each when a config names it.
"""
