"""How good seeds, guides and predictions are."""
