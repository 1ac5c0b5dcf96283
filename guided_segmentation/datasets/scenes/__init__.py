"""How the drawn scenes are drawn; `synthetic` is the way in."""
