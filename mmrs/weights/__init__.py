"""Released weights: catalogue, key conversion and safe loading."""
