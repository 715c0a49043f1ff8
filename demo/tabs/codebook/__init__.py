"""The Codebook tab: usage, atlas, maps, the details and the past of a code."""
