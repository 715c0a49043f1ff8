"""Data sets as uint8 tensors in memory: public ones, folders and zips of images, digits drawn
here."""
