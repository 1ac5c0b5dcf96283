"""Fine-tuning of networks: recipes, inputs, losses, optimizers, trainer."""
