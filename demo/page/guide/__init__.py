"""What leads through the page: its address, the popover of the model, and the lesson."""
