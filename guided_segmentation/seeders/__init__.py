"""Where objects are: score maps and seeds from image-level labels."""
