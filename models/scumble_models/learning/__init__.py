"""Learning a style: a decoder fitted to one painting, from a common start.

One network for every style paints in one texture and tints it. Here an engine's decoder and the style's own
signals are fitted to a single painting by the losses of Gatys et al. (2016), as the networks of one style are
(Johnson et al., 2016), while the encoder stays: one content's features serve all styles, and decoders that
began at one start, or between what did, can be interpolated.
"""

from scumble_models.learning.learner import Learner
from scumble_models.learning.settings import RECIPE, LearnSettings

__all__ = ["RECIPE", "LearnSettings", "Learner"]
