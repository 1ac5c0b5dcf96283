"""How far objects reach: class-agnostic saliency from boxes."""
