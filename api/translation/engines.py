"""The engine that an installation has chosen."""

from api.core import settings
from api.translation.hosted import DeepL, LibreTranslate
from api.translation.port import Engine
from api.translation.term_by_term import TermByTerm

_HOSTED = {"libretranslate": LibreTranslate, "deepl": DeepL}


def chosen() -> Engine:
    """The engine of KERBEN_TRANSLATION_ENGINE."""
    config = settings.get()
    hosted = _HOSTED.get(config.translation_engine)
    if hosted is None:
        return TermByTerm()
    assert config.translation_url is not None, "the settings ask for a URL"
    return hosted(config.translation_url, config.translation_key)
