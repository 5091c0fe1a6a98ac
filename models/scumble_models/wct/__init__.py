"""WCT: features whitened and given the painting's correlations, level by level (Li et al., NeurIPS 2017)."""
