"""Names that other programs give themselves, made fit to be shown."""

LONGEST_NAME = 40


def clean_name(name: object) -> str:
    """The name without what could upset a terminal, cut to `LONGEST_NAME` characters.

    Raises:
        ValueError: it is no text.
    """
    if not isinstance(name, str):
        raise ValueError(f"name: {str(name)[:LONGEST_NAME]!r}, expected a text")
    shown = "".join(sign if sign.isprintable() else "?" for sign in name[:LONGEST_NAME]).strip()
    return shown or "nameless"
