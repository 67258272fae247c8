"""RS-Semantic, the thirteen labelled sets of SkySense++'s second stage, as mosaics of annotated tiles."""
