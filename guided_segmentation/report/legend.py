"""Display names of the guides, and their colours in charts."""

NAMES = {
    "seeds_only": "Seeds only",
    "g0": "G0",
    "g1": "G1",
    "g2": "G2",
    "g2_round2": "G2, round 2",
    "oaa": "OAA",
    "saliency_oracle": "Saliency oracle",
    "full_supervision": "Full supervision",
}

COLOURS = {
    "seeds_only": "#d98a00",
    "g0": "#56b4e9",
    "g1": "#8a6fc9",
    "g2": "#0b5fa5",
    "g2_round2": "#0a3a66",
    "oaa": "#c2568f",
    "saliency_oracle": "#14936b",
    "full_supervision": "#6b6f76",
}


def item(guide: str) -> dict[str, str]:
    """Returns the name and the colour of a guide, for templates.

    Args:
      guide: A key of NAMES.
    """
    return {"key": guide, "name": NAMES[guide], "colour": COLOURS[guide]}
