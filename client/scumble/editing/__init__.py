"""What the plug-ins of both editors need beyond the wire, free of any toolkit."""

from __future__ import annotations

from .effect import Effect, StyleChoice
from .gallery import Gallery, GalleryStyle
from .glimpses import Glimpses
from .history import HistoryEntry
from .jobs import JobController, JobEvent
from .learning import BackgroundLearning, LearningEvent
from .presets import Preset, delete_preset, list_presets, load_preset, save_preset
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
    "Preset",
    "StyleChoice",
    "Texts",
    "delete_preset",
    "list_presets",
    "load_preset",
    "load_settings",
    "save_preset",
    "save_settings",
    "settings_file",
]
