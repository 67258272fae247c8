"""Rasters, tile grids, blending and vector output. Numpy and rasterio only: no torch here."""
