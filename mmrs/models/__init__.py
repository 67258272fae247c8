"""Part of mmrs."""
