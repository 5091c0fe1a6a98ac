"""StyleKernel: kernels for each point of the picture, made of the parts of the painting that fit it."""
