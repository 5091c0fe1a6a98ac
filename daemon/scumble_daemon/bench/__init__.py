"""Speed of what lies around the network: the wire, previews, and the first start."""
