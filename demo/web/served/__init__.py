"""What has an address of its own beside the page: scripts, weights, downloads."""
