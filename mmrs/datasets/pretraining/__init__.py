"""Raw optical and SAR scenes to paired patches for pretraining: ``mmrs data build``."""
