"""The demo: a web page that shows every step from a photograph to its mask."""
