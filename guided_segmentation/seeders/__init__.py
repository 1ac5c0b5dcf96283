"""Seeders: score maps and seeds of objects from image-level labels."""
