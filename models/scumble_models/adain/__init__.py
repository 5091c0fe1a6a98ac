"""AdaIN (Huang and Belongie, ICCV 2017): style transfer by the statistics of one VGG layer."""

from scumble_models.adain.network import AdaIN

__all__ = ["AdaIN"]
