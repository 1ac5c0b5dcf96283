"""Losses, the optimiser of Caffe, and the one training loop."""
