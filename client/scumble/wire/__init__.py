"""What goes over the wire: ZMTP, the codec, the messages."""
