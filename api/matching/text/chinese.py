"""Chinese text cut into words."""

import logging
import re
import tempfile
import threading
import warnings
from functools import cache

with warnings.catch_warnings():
    # jieba 0.42 has unescaped patterns, which Python reports when it first compiles them.
    warnings.simplefilter("ignore", SyntaxWarning)
    warnings.simplefilter("ignore", DeprecationWarning)
    import jieba

HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]+")
_lock = threading.Lock()


def cut(text: str) -> list[str]:
    """The words of `text`, in order."""
    return [str(word) for word in _tokenizer().cut(text)]


def search_words(text: str) -> list[str]:
    """The words of `text` and the shorter words inside them."""
    return [str(word) for word in _tokenizer().cut_for_search(text)]


def _tokenizer() -> "jieba.Tokenizer":
    with _lock:
        return _build()


@cache
def _build() -> "jieba.Tokenizer":
    jieba.setLogLevel(logging.WARNING)
    tokenizer = jieba.Tokenizer()
    # jieba would load a cache from the shared temporary folder, where anyone can put a file.
    with tempfile.TemporaryDirectory() as folder:
        tokenizer.tmp_dir = folder
        tokenizer.initialize()
    return tokenizer
