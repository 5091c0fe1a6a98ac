"""What the plug-ins of both editors need beyond the wire, free of any toolkit."""

from __future__ import annotations

from .effect import Effect, StyleChoice
from .gallery import Gallery, GalleryStyle
from .glimpses import Glimpses
from .history import HistoryEntry
from .jobs import JobController, JobEvent
from .learning import BackgroundLearning, LearningEvent
from .settings import EditorSettings, load_settings, save_settings, settings_file
from .texts import Texts

__all__ = [
    "BackgroundLearning",
    "EditorSettings",
    "Effect",
    "Gallery",
    "GalleryStyle",
    "Glimpses",
    "HistoryEntry",
    "JobController",
    "JobEvent",
    "LearningEvent",
    "StyleChoice",
    "Texts",
    "load_settings",
    "save_settings",
    "settings_file",
]
