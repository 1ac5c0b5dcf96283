"""The error of bad input, which a binary reports in one line."""


class InputError(ValueError):
    """Input that cannot be used: a flag, a file, a folder or its content.

    The message says what was wanted, what was found, in which file or image,
    and what to do. Contracts between functions raise ValueError or TypeError:
    breaking them is a mistake of the program, whose traceback helps.
    """
