"""How a character may have been written by whoever repeats a value: JSON, URLs, shells, quotes of languages. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator

Writing = Callable[[str], str]


def _url(character: str) -> str:
    if character.isascii() and (character.isalnum() or character in "-._~"):
        return character
    return "".join(f"%{byte:02X}" for byte in character.encode("utf-8", "surrogatepass"))


def _small_url(character: str) -> str:
    return _url(character).lower() if len(_url(character)) > 1 else character


def _form(character: str) -> str:
    return "+" if character == " " else _url(character)


_NAMED = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}


def _json(character: str) -> str:
    """As JSON has to: what is not in ASCII stays."""
    return _NAMED.get(character) or (f"\\u{ord(character):04x}" if character < " " else character)


def _json_of_python(character: str) -> str:
    return _json(character) if character < "\x7f" else "".join(f"\\u{unit:04x}" for unit in _units(character))


def _json_in_capitals(character: str) -> str:
    """As Java and .NET write it."""
    named = _NAMED.get(character)
    return named or (character if " " <= character < "\x7f" else "".join(f"\\u{unit:04X}" for unit in _units(character)))


def _json_of_go(character: str) -> str:
    return f"\\u{ord(character):04x}" if character in "<>&\u2028\u2029" else _json(character)


def _json_of_older_go(character: str) -> str:
    return f"\\u{ord(character):04x}" if character in "\b\f" else _json_of_go(character)


def _units(character: str) -> Iterator[int]:
    code = character.encode("utf-16-be", "surrogatepass")
    return (int.from_bytes(code[at : at + 2], "big") for at in range(0, len(code), 2))


def _quoted_by_go(character: str) -> str:
    """As %q writes it, in whose quotes tools of HashiCorp show values."""
    named = {**_NAMED, "\a": "\\a", "\v": "\\v"}.get(character)
    if named is not None or character.isprintable():
        return named or character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x80 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _quoted_by_python(character: str) -> str:
    return repr(character)[1:-1]


def _bytes_of_python(character: str) -> str:
    return repr(character.encode("utf-8", "surrogatepass"))[2:-1]


def _twice(once: Writing, then: Writing | None = None) -> Writing:
    again = then or _json
    return lambda character: "".join(map(again, once(character)))


_CHARACTERS = {"quote": "'", "double": '"', "less": "<", "greater": ">", "ampersand": "&", "newline": "\n", "slash": "/"}


def _replaced(**instead: str) -> Writing:
    by = {_CHARACTERS[name]: text for name, text in instead.items()}
    return lambda character: by.get(character, character)


WRITINGS: tuple[Writing, ...] = (
    str,
    _json,
    _json_of_python,
    _json_in_capitals,
    _json_of_go,
    _json_of_older_go,
    _twice(_json),
    _twice(_json_of_python),
    _twice(_json_of_go),
    lambda character: "\\/" if character == "/" else _json(character),
    _quoted_by_go,
    _quoted_by_python,
    lambda character: "\\'" if character == "'" else _quoted_by_python(character),
    _bytes_of_python,
    _url,
    _small_url,
    _form,
    _twice(_url, _url),
    _replaced(quote="'\\''"),
    _replaced(quote="'\"'\"'"),
    lambda character: f"\\{character}" if character in "\\\"'$`!&|;<>()[]{}*?#~ " else character,
    lambda character: f"\\{character}" if character in '\\"$`!' else character,
    _replaced(less="&lt;", greater="&gt;", ampersand="&amp;"),
    _replaced(less="&lt;", greater="&gt;", ampersand="&amp;", double="&quot;", quote="&#x27;"),
    _replaced(less="&lt;", greater="&gt;", ampersand="&amp;", double="&#34;", quote="&#39;"),
    _replaced(less="&lt;", greater="&gt;", ampersand="&amp;", double="&quot;", quote="&apos;"),
    _replaced(newline="\r\n"),
)
"""Plain; JSON as everybody, Python, Java and Go write it, also in JSON; quotes of Go and Python; URLs and forms; shells; HTML; lines of DOS."""
