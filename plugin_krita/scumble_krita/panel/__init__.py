"""What stands in the docker. Nothing in here knows Krita: `editor.Editor` is all that it asks of it."""
