"""Adapters that break a rule on purpose: a class, or the one method of an unbroken one in which it differs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Generic, TypeVar

A = TypeVar("A")
K = TypeVar("K")
Really = Callable[..., Any]
"""The method as it should be."""


class Breaking(Generic[A]):
    """All that are made from one kind of adapter, each with the rules that it is known to break."""

    def __init__(self, prefix: str, base: type[A]) -> None:
        self.broken: dict[type[A], tuple[str, ...]] = {}
        self._prefix = prefix
        self._base = base

    def breaks(self, *rules: str) -> Callable[[type[K]], type[K]]:
        """Add a class."""

        def add(kind: type[K]) -> type[K]:
            self.broken[kind] = tuple(f"{self._prefix}.{rule}" for rule in rules)  # type: ignore[index] # pyright: ignore[reportArgumentType] # a kind of A
            return kind

        return add

    def method(self, call: str, *rules: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Add a class that differs in one method: the function is given the adapter, the method as it should be, and the arguments."""

        def add(instead: Callable[..., Any]) -> Callable[..., Any]:
            def method(it: A, *arguments: Any, **more: Any) -> Any:
                return instead(it, partial(getattr(self._base, call), it), *arguments, **more)

            name = "".join(word.capitalize() for word in instead.__name__.split("_"))
            self.breaks(*rules)(type(name, (self._base,), {call: method}))
            return instead

        return add
