"""The options of a preset, given to what takes them."""


def call(function, arguments, options, field):
    """`function(*arguments, **options)`, where the options come from a field of a preset.

    Raises:
        ValueError: If the function does not take them.

    Example:

    >>> call(max, (1, 2), {"key": abs}, "data_options")
    2
    """
    try:
        return function(*arguments, **options)
    except TypeError as error:
        raise ValueError(
            f"The preset's {field} do not fit: {error}. Received: {options}."
        ) from error
