"""What a template asks for, compared with what was found."""

import json

from .expressions import UNKNOWN


def differences(expected, found, path="", ignored=frozenset()):
    """`path: expected …, found …` for each thing asked for that is not so. What nobody asked for may be there."""
    if path in ignored or expected is UNKNOWN:
        return []
    if found is None and expected not in ([], {}):
        return [f"{path}: expected {_short(expected)}, found nothing"]
    if isinstance(expected, dict):
        if not isinstance(found, dict):
            return [f"{path}: expected {_short(expected)}, found {_short(found)}"]
        return [
            line for name, value in expected.items()
            for line in differences(value, found.get(name), f"{path}.{name}" if path else name, ignored)]
    if isinstance(expected, list):
        return _list_differences(expected, found, path, ignored)
    return [] if _plain(expected) == _plain(found) else [f"{path}: expected {_short(expected)}, found {_short(found)}"]


def _list_differences(expected, found, path, ignored):
    """Lists are sets here: AWS gives them back in an order of its own."""
    rest = list(found or []) if isinstance(found, list) else [found]
    lines = []
    for value in expected:
        tries = [(differences(value, other, path + "[]", ignored), index) for index, other in enumerate(rest)]
        best = min(tries, key=lambda pair: len(pair[0]), default=([f"{path}: {_short(value)} is missing"], None))
        if best[1] is not None and not best[0]:
            rest.pop(best[1])
        else:
            lines += best[0]
    # Tags are AWS's to add; of everything else there may be no more than was asked for.
    if rest and not lines and not path.endswith("Tags"):
        lines.append(f"{path}: {_short(rest)} is there too")
    return lines


def _plain(value):
    """Numbers and truth as text: templates write '8' and true where an interface gives 8 and 'true'."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _short(value):
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) < 300 else text[:300] + "…"
