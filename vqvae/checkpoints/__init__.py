"""A model on disk: the folder of a checkpoint, its card, its gallery, and the hub."""
