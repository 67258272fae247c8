"""Sentinel-1 GRD and Sentinel-2 L2A products as they are downloaded, brought to one grid of map tiles."""
