"""Search in STAC catalogues, and download what was found."""
