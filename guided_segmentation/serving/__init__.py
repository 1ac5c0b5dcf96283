"""Trained networks as SavedModels and other formats, and a client for them."""
