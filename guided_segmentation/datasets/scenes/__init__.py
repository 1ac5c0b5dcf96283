"""The drawing of synthetic scenes, from shapes to composed images."""
