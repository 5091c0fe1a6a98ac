"""AdaAttN: each point of the picture takes mean and deviation from the parts of the painting that fit it."""
