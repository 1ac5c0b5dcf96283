"""What a reader calls the guides, and the colours that stand for them."""

NAMES = {
    "seeds_only": "Seeds only",
    "g0": "G0",
    "g2": "G2",
    "saliency_oracle": "Saliency oracle",
    "full": "Full supervision",
}

COLOURS = {
    "seeds_only": "#d98a00",
    "g0": "#56b4e9",
    "g2": "#0b5fa5",
    "saliency_oracle": "#14936b",
    "full": "#6b6f76",
}
