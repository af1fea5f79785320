"""The examples that the type checkers read do what they say."""

from tests.typing.examples import *  # noqa: F403 - pytest collects what is called test_
