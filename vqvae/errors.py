"""The base of the errors that say what was given, what is valid and what to do, in one sentence."""


class VqvaeError(Exception):
    """What was asked cannot be done with what was given. The text is one sentence for a person."""
