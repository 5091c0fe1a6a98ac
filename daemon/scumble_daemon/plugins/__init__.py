"""The editors' plug-ins: putting one together, finding an editor's folders, installing it there."""
