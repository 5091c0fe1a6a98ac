"""The panel of Krita's docker under PyQt6, without a screen."""
