"""The look of another photo: its light and colours by a linear map in Oklab, with nothing bent."""

from scumble_models.photo.network import PhotoLook

__all__ = ["PhotoLook"]
