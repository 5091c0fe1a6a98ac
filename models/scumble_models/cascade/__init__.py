"""Coarse to fine: strokes that keep their size relative to the picture, whatever its resolution.

The network paints a small copy; each finer level takes the enlarged result with the content's own finer band,
paints it again, and keeps the coarser result's low band. This is the hierarchical transfer of Wang et al.
("Multimodal Transfer", CVPR 2017), which URST cites.
"""
