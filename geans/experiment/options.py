"""Calls with the options of a preset."""


def call(function, arguments, options, field):
    """Returns `function(*arguments, **options)`; raises a `ValueError` if options do not fit."""
    try:
        return function(*arguments, **options)
    except TypeError as error:
        raise ValueError(
            f"The preset's {field} do not fit: {error}. Received: {options}."
        ) from error
