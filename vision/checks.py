"""Range checks of config fields: one clear line naming type, field, value and expectation."""

# Upper bound of factors, rates and lengths that have no natural one: more is a slip of the pen.
LARGEST = 1e6


def require(holds: bool, owner: object, field: str, expected: str) -> None:
    """Refuse a config field that breaks its range.

    Args:
        holds: whether the field is in range.
        owner: the config instance.
        field: name of the field.
        expected: the range in words.

    Raises:
        ValueError: if `holds` is false, naming type, field, value and expectation.
    """
    if not holds:
        found = getattr(owner, field)
        raise ValueError(f"{type(owner).__name__}.{field}: got {found!r}, expected {expected}")
