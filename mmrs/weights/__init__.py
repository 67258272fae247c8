"""Released weights: catalogue, key conversion and safe loading.

The catalogue and the key conversion import no torch; loading lives in :mod:`mmrs.weights.load`.
"""
