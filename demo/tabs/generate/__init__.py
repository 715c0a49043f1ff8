"""The Generate tab: samples from a prior, step by step, and what they are near."""
