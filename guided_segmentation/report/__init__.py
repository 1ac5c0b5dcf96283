"""An experiment's results as one HTML page, as tables and as figures.

The HTML is in `templates`; Python computes what it shows. The page needs no
script, no network and no other file: pictures are inline.

Source of the tables and figures: Oh et al., "Exploiting saliency for object
segmentation from image level labels", CVPR 2017, table 2, table 3 and figures
3, 6, 7 and 11 to 13.
"""
