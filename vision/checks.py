"""Range checks of config fields: one clear line naming type, field, value and expectation."""


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
