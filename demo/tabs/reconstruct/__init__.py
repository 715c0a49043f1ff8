"""The Reconstruct tab: a drawing or an upload at every stage of the model."""
