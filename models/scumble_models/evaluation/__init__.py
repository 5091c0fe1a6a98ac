"""Evaluation of weights on pairs of photos and paintings: the same measures for every candidate."""
