"""Class-agnostic saliency: how far objects extend, learned from boxes.

Source: Oh et al., CVPR 2017, sections 5.1 and 6.1.
"""
