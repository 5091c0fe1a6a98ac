"""LinearWCT: the matrix between content and style predicted by two small networks (Li et al., CVPR 2019)."""
