"""The revisions, one after the other; each says why it is safe beside the previous release."""
