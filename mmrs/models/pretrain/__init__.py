"""Pretraining: whole models and their losses."""
