"""One HTML page with the figures and pictures of an experiment.

The page is whole in itself: no script, no network, images inline.

Source of the form and of the paper's figures: Oh et al., "Exploiting saliency
for object segmentation from image level labels", CVPR 2017, table 2, table 3
and figures 6, 7 and 11 to 13.
"""
