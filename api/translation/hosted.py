"""Engines that others run: LibreTranslate and DeepL, over the guarded client.

LibreTranslate: `POST /translate` with `q`, `source`, `target`, `format`, `api_key`, answers
`translatedText`. DeepL: `POST /v2/translate` with `text`, `source_lang`, `target_lang`,
`tag_handling`, answers `translations`. Both take lists and answer in their order.
"""

import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import anyio
from pydantic import SecretStr, TypeAdapter, ValidationError

from api.core import outbound
from api.core.outbound import OutboundFailed
from api.matching.text.language import Language
from api.translation import protection
from api.translation.port import EngineUnavailable, Reason, Rendering
from api.translation.term_by_term import TermByTerm

MOST_BYTES = 1024 * 1024
_DEEPL_TARGETS = {Language.RU: "RU", Language.EN: "EN-US", Language.ZH: "ZH-HANS"}
_LATER = frozenset({401, 403, 408, 425, 429, 456})
"""Refusals that are not about the text: the key, the quota, the moment. So is every 5xx."""
_TEXTS: TypeAdapter[list[str]] = TypeAdapter(list[str])


class _Refused(Exception):
    """The engine does not take this request, and would not take it later."""


class _Hosted:
    """What hosted engines have in common: protected terms, and one request for all texts."""

    name: str

    def __init__(self, url: str, key: SecretStr | None) -> None:
        self._url, self._key = url.rstrip("/"), key
        self.version = (urlsplit(url).hostname or "")[:40]
        self._known = TermByTerm()

    def translate(
        self, texts: Sequence[str], source: Language, into: Language
    ) -> Sequence[Rendering]:
        """A rendering for each text, in their order. Raises EngineUnavailable."""
        if not self._speaks(source, into):
            return [Rendering(None, reason=Reason.PAIR_NOT_SUPPORTED) for _ in texts]
        asked = [protection.protect(text, source, into, self._known) for text in texts]
        try:
            answers = self._ask([each.markup for each in asked], source, into)
        except _Refused:
            return [Rendering(None, reason=Reason.ENGINE_REFUSED) for _ in texts]
        except (ValidationError, ValueError, KeyError, TypeError):
            answers = []
        if len(answers) != len(texts):
            return [Rendering(None, reason=Reason.ANSWER_UNUSABLE) for _ in texts]
        return [_checked(each.terms, answer) for each, answer in zip(asked, answers, strict=True)]

    def _speaks(self, source: Language, into: Language) -> bool:
        return True

    def _ask(self, markup: list[str], source: Language, into: Language) -> list[str]:
        raise NotImplementedError

    def _post(self, path: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> Any:
        """The document of an answer with status 200. Raises EngineUnavailable, _Refused, ValueError.

        What is raised says nothing of the request, which carries the key.
        """
        content = json.dumps(body, ensure_ascii=False).encode()
        told = {
            "content-type": "application/json",
            "content-length": str(len(content)),
            **headers,
        }
        sending = partial(
            outbound.send, "POST", self._url + path, headers=told, body=content, most=MOST_BYTES
        )
        try:
            answer = anyio.run(sending)
        except OutboundFailed as error:
            failed = f"{self.name}: {error}"
        else:
            if answer.status == 200:
                return json.loads(answer.body)
            if answer.status < 500 and answer.status not in _LATER:
                raise _Refused
            failed = f"{self.name} answers {answer.status}"
        raise EngineUnavailable(failed)


class LibreTranslate(_Hosted):
    """A server of LibreTranslate, one's own or its makers'."""

    name = "libretranslate"

    def _ask(self, markup: list[str], source: Language, into: Language) -> list[str]:
        body = {"q": markup, "source": source.value, "target": into.value, "format": "html"}
        if self._key is not None:
            body["api_key"] = self._key.get_secret_value()
        return _TEXTS.validate_python(self._post("/translate", body, {})["translatedText"])


class DeepL(_Hosted):
    """DeepL's API, which does not speak Kyrgyz."""

    name = "deepl"

    def _speaks(self, source: Language, into: Language) -> bool:
        return source in _DEEPL_TARGETS and into in _DEEPL_TARGETS

    def _ask(self, markup: list[str], source: Language, into: Language) -> list[str]:
        assert self._key is not None, "the settings ask for a key"
        body = {
            "text": markup,
            "source_lang": source.value.upper(),
            "target_lang": _DEEPL_TARGETS[into],
            "tag_handling": "html",
        }
        key = {"authorization": f"DeepL-Auth-Key {self._key.get_secret_value()}"}
        found = self._post("/v2/translate", body, key)["translations"]
        return _TEXTS.validate_python([each["text"] for each in found])


def _checked(terms: tuple[str, ...], answer: str) -> Rendering:
    text = protection.restore(answer)
    if not text:
        return Rendering(None, reason=Reason.ANSWER_UNUSABLE)
    if protection.lost(terms, text):
        return Rendering(None, reason=Reason.TERMS_LOST)
    return Rendering(text)
