"""Other people's text: code stays, what nobody sees goes, and what is cut says so."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatworkspace._domain.texts import cut, cut_inside, markdown, visible

CODE = """# Title

Run `make <user>` and **wait**; see [the docs](https://docs.example/a_(b)).

```sh
# a comment that is code
echo "![not a picture](x)" <!-- nor a comment --> `date` **$HOME** <user>
<script>alert(1)</script>
```

~~~
<style>x</style>



still code, four lines further down
~~~

> ```sh
> ls <!-- in a quote -->
>
> cat ![x](y)
> ```

- ```sh
  ls <!-- in a list -->

  cat <img src=x>
  ```
1. > ~~~
   > <!-- in both -->

    <!-- code by its indent -->
\t![tab](t)

A list:
* one <b>bold</b>
* two
"""


def test_code_stays_character_for_character() -> None:
    """Fences, spans and indents: `#` lines, backticks, `<user>`, `**`, comments and pictures in code are code; so is the Markdown around it."""
    assert markdown(CODE, 10_000) == CODE.rstrip("\n")


@pytest.mark.parametrize(
    ("readme", "shown"),
    [
        ("---\ntitle: x\n---\n# A", "# A"),
        ("\ufeff---\ntitle: x\n---\n# A", "# A"),
        ("\n  \n---\ntitle: x\n...\n# A", "# A"),
        ("---\ntitle: x\n# no end\n", "---\ntitle: x\n# no end"),
        ("\ufeff\r\n---\r\ntitle: x\r\n---\r\n# A\r\n", "# A"),
        ('---\n# of the author\n\n"a b": x\nlist:\n  - y\n---\n\n# A\n---\n', "# A\n---"),
        ("---\n---\n# A\n\n---\nB", "# A\n\n---\nB"),
        ("---\n\n---\n# A", "# A"),
        ("---\nRead this first.\n---\nB", "---\nRead this first.\n---\nB"),
        ("---\n# A\n---\nB", "---\n# A\n---\nB"),
        ("    ---\n    a: b\n    ---\nB", "    ---\n    a: b\n    ---\nB"),
        ("  \n    a: b", "  \n    a: b"),
        ("a <!-- b --> c", "a  c"),
        ("a <!-- b\n\nc", "a"),
        ("a <!-- `b` --> c", "a  c"),
        ("a <style>p {}</style> b", "a  b"),
        ("a <SCRIPT src=x>y</script > b", "a  b"),
        ("![logo](x.png) text", " text"),
        ("[![ci](b.svg)](https://ci.example) text", " text"),
        ("![logo][ref] <img src='x'> text", "  text"),
        ("```\n<!-- never closed", "```\n<!-- never closed"),
        ("`` a ` <!-- b --> `` <!-- c -->", "`` a ` <!-- b --> ``"),
        ("it`s <!-- a --> one", "it`s  one"),
        ("a\r\nb\rc", "a\nb\nc"),
    ],
)
def test_what_only_a_browser_understands_goes(readme: str, shown: str) -> None:
    """Front matter (behind a byte order mark or blank lines, too), comments, styles, scripts and pictures; nothing else."""
    assert markdown(readme, 1000) == shown.rstrip()


def test_a_readme_of_any_size_is_read_in_time() -> None:
    """What looks like the beginning of something, a hundred thousand times over, ends."""
    for piece in ("`", "``a`", "<!--", "![", "[![a](b)", "<script>", "<img ", "```\n", "---\n", "\u200b\x1b[", "> ", "- ", "> ```\n", "1. > "):
        markdown(piece * 100_000, 1000)


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("plain\ttext\n", "plain\ttext\n"),
        ("\x1b[31mred\x1b[0m \x1b]8;;https://x\x07link\x1b]8;;\x07", "red link"),
        ("\x9b31mred \x9d0;title\x9cgo", "red go"),
        ("a\x1b\u200b[31mb", "ab"),
        ("a\x00\x07\x7f\x85b", "ab"),
        ("a\u202ecod\u2066.exe\u200f", "acod.exe"),
        ("a\u200b\u2060\ufeffb", "ab"),
        ("a\U000e0041\U000e007fb", "ab"),
        ("\ud800half", "half"),
        ("क्\u200dष \U0001f469\u200d\U0001f4bb \u0646\u200c\u0647", "क्\u200dष \U0001f469\u200d\U0001f4bb \u0646\u200c\u0647"),
        ("one\r\ntwo\rthree", "one\ntwo\nthree"),
        ("\x1b]0;a title that is never ended\nthe error", "\nthe error"),
        ("\x90never ended\x07the error", "the error"),
    ],
)
def test_what_nobody_sees_goes(text: str, seen: str) -> None:
    """Controls, split escape sequences, directions, tags and half characters; joiners stay, for scripts and pictures need them."""
    assert visible(text) == seen


@given(st.text(st.characters(exclude_categories=("Cc", "Cf", "Cs"))))
def test_what_everybody_sees_stays(text: str) -> None:
    """Text without such characters arrives unchanged."""
    assert visible(text) == text


def test_what_is_cut_says_so() -> None:
    """And how much there was, of what was not looked at as well; of an error the end stays as well as the beginning, for it says why."""
    assert markdown("a" * 1_000_000, 100) == "a" * 73 + "… [1000000 characters, cut]"
    assert markdown(" " * 999_999 + "a", 100) == "… [737856 characters, cut]"
    assert cut("a" * 100, 100) == "a" * 100
    assert cut("a" * 1234, 100) == "a" * 76 + "… [1234 characters, cut]"
    error = "terraform apply: " + "x" * 900 + ": no space left on device"
    shown = cut_inside(error, 300)
    assert len(shown) <= 300
    assert shown.startswith("terraform apply: ")
    assert shown.endswith(": no space left on device")
    assert f"[{len(error)} characters, cut]" in shown
    assert cut("a" * 1234, 20) == cut_inside("a" * 1234, 20) == "aaaaaaaaaaaa… [1234]"


@given(st.text(max_size=400), st.integers(20, 400))
def test_a_cut_is_never_too_long(text: str, most: int) -> None:
    """Whatever the text, and however small the room."""
    assert len(cut(text, most)) <= most
    assert len(cut_inside(text, most)) <= most


@given(st.text(min_size=61, max_size=400), st.integers(20, 60))
def test_every_cut_says_how_much_there_was(text: str, most: int) -> None:
    """However small the room."""
    assert f"… [{len(text)}" in cut(text, most)
    assert f"… [{len(text)}" in cut_inside(text, most)
