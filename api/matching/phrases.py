"""The words of explanations in Kyrgyz, Russian, English and Chinese."""

from collections.abc import Mapping

from api.matching.text.language import Language
from api.rules.matching_blockers import BlockerCode as Code

_KY, _RU, _EN, _ZH = Language.KY, Language.RU, Language.EN, Language.ZH
type Phrase = Mapping[Language, str]

RANK: Phrase = {
    _KY: "{rank}-орун",
    _RU: "Место {rank}",
    _EN: "Rank {rank}",
    _ZH: "第{rank}名",
}
WORDS: Phrase = {
    _KY: "дал келген сөздөр: {words}",
    _RU: "совпали слова: {words}",
    _EN: "matching words: {words}",
    _ZH: "匹配词语：{words}",
}
NEAREST: Phrase = {
    _KY: "мааниси жакын: «{offer}»",
    _RU: "близко по смыслу: «{offer}»",
    _EN: "near in meaning: “{offer}”",
    _ZH: "含义相近：“{offer}”",
}
CODE_SAME: Phrase = {
    _KY: "классификация коду бирдей",
    _RU: "код классификации совпадает",
    _EN: "same classification code",
    _ZH: "分类代码一致",
}
CODE_NEAR: Phrase = {
    _KY: "классификация коду жакын",
    _RU: "код классификации близкий",
    _EN: "neighbouring classification code",
    _ZH: "分类代码相近",
}
PRICE: Phrase = {
    _KY: "баасы {unit_price} {currency}/{per}, {ordered} {unit} үчүн {total} {currency}",
    _RU: "цена {unit_price} {currency}/{per}, за {ordered} {unit} — {total} {currency}",
    _EN: "price {unit_price} {currency}/{per}, {total} {currency} for {ordered} {unit}",
    _ZH: "单价{unit_price} {currency}/{per}，{ordered}{unit}合计{total} {currency}",
}
BUDGET: Phrase = {
    _KY: "(болжол менен {converted} {quote})",
    _RU: "(около {converted} {quote})",
    _EN: "(about {converted} {quote})",
    _ZH: "（约{converted} {quote}）",
}
LEAD: Phrase = {
    _KY: "даярдоо {lead} күн, жолу болжол менен {transit} күн, берилген мөөнөт {period} күн",
    _RU: "изготовление {lead} дн., дорога около {transit} дн., на всё отведено {period} дн.",
    _EN: "{lead} days to make, about {transit} days on the way, {period} days allowed",
    _ZH: "备货{lead}天，运输约{transit}天，要求{period}天内交付",
}
TERMS: Phrase = {
    _KY: "шарттары {incoterm} {place}",
    _RU: "условия {incoterm} {place}",
    _EN: "terms {incoterm} {place}",
    _ZH: "贸易术语{incoterm} {place}",
}
DOMESTIC: Phrase = {
    _KY: "жеткирүү өлкөсүнүн жеткирүүчүсү",
    _RU: "поставщик из страны поставки",
    _EN: "supplier of the country of delivery",
    _ZH: "交货国本地供应商",
}
SIMILAR: Phrase = {
    _KY: "ошол эле сатуучунун {count} окшош сунушу бар",
    _RU: "у того же продавца ещё {count} похожих предложений",
    _EN: "{count} similar offers of the same seller",
    _ZH: "同一卖家另有{count}个类似报价",
}
OBSTACLES: Phrase = {
    _KY: "Тоскоолдуктар: {list}",
    _RU: "Препятствия: {list}",
    _EN: "Obstacles: {list}",
    _ZH: "障碍：{list}",
}
NO_OBSTACLES: Phrase = {
    _KY: "Тоскоолдуктар табылган жок",
    _RU: "Препятствий не найдено",
    _EN: "No obstacles found",
    _ZH: "未发现障碍",
}

BLOCKERS: Mapping[Code, Phrase] = {
    Code.CERTIFICATE_MISSING: {
        _KY: "{scheme} сертификаты көрсөтүлгөн эмес",
        _RU: "нет сертификата {scheme}",
        _EN: "the certificate {scheme} is missing",
        _ZH: "缺少{scheme}证书",
    },
    Code.CERTIFICATE_EXPIRED: {
        _KY: "{scheme} сертификатынын мөөнөтү {expired_on} күнү бүтөт",
        _RU: "срок сертификата {scheme} истекает {expired_on}, до заказа",
        _EN: "the certificate {scheme} ends on {expired_on}, before the order",
        _ZH: "{scheme}证书于{expired_on}到期，早于订货日",
    },
    Code.BELOW_MIN_ORDER_QUANTITY: {
        _KY: "суралган {asked} {unit} эң аз заказдан ({required} {unit}) аз",
        _RU: "нужно {asked} {unit}, а минимальный заказ {required} {unit}",
        _EN: "{asked} {unit} wanted, the minimum order is {required} {unit}",
        _ZH: "需求{asked}{unit}，低于起订量{required}{unit}",
    },
    Code.NOT_AVAILABLE_IN_TIME: {
        _KY: "{asked} {unit} керек, ал күнгө чейин {available} {unit} убада кылынат",
        _RU: "нужно {asked} {unit}, к сроку можно обещать {available} {unit}",
        _EN: "{asked} {unit} needed, {available} {unit} can be promised in time",
        _ZH: "需要{asked}{unit}，按期只能承诺{available}{unit}",
    },
    Code.LEAD_TIME_EXCEEDS_PERIOD: {
        _KY: "{needed} күн керек (даярдоо {lead}, жол {transit}), бирок {period} күн берилген",
        _RU: "нужно {needed} дн. (изготовление {lead}, дорога {transit}), а отведено {period}",
        _EN: "{needed} days needed ({lead} to make, {transit} on the way), {period} allowed",
        _ZH: "需要{needed}天（备货{lead}天，运输{transit}天），仅允许{period}天",
    },
    Code.INCOTERM_NOT_ACCEPTED: {
        _KY: "{incoterm} шарты кабыл алынбайт (кабыл алынат: {accepted})",
        _RU: "условие {incoterm} не принимается (принимаются: {accepted})",
        _EN: "the term {incoterm} is not accepted (accepted: {accepted})",
        _ZH: "不接受{incoterm}（可接受：{accepted}）",
    },
    Code.INCOTERM_MODE_CONFLICT: {
        _KY: "{incoterm} деңиз ташуусу үчүн; {proposal} деп кайра жазса болот",
        _RU: "{incoterm} только для морской перевозки; можно переписать как {proposal}",
        _EN: "{incoterm} is for ships only; it can be restated as {proposal}",
        _ZH: "{incoterm}仅适用于海运，可改为{proposal}",
    },
    Code.SUPPLIER_DEBARRED: {
        _KY: "жеткирүүчү {until} чейин ишенимсиздер реестринде",
        _RU: "поставщик в реестре недобросовестных до {until}",
        _EN: "the supplier is debarred until {until}",
        _ZH: "供应商被列入不良名单至{until}",
    },
    Code.SUPPLIER_UNVERIFIED: {
        _KY: "жеткирүүчү текшерилген эмес (деңгээли {level}, керектүүсү {required})",
        _RU: "поставщик не проверен (уровень {level}, нужен {required})",
        _EN: "the supplier is not verified (level {level}, {required} required)",
        _ZH: "供应商未通过核验（级别{level}，要求{required}）",
    },
    Code.OFFER_EXPIRED_BEFORE_AWARD: {
        _KY: "сунуш {valid_through} чейин гана жарактуу, заказ {ordered_on} күнү күтүлөт",
        _RU: "предложение действует до {valid_through}, заказ ожидается {ordered_on}",
        _EN: "the offer is valid until {valid_through}, the order is expected on {ordered_on}",
        _ZH: "报价有效期至{valid_through}，预计{ordered_on}订货",
    },
    Code.UNIT_MISMATCH: {
        _KY: "өлчөм бирдиктери дал келбейт ({asked} жана {offered})",
        _RU: "единицы не сравнимы ({asked} и {offered})",
        _EN: "the units cannot be compared ({asked} and {offered})",
        _ZH: "计量单位不可比（{asked}与{offered}）",
    },
}

_UNITS: Mapping[str, tuple[str, str, str, str]] = {
    "C62": ("даана", "шт.", "pc|pcs", "个"),
    "H87": ("даана", "шт.", "pc|pcs", "件"),
    "SET": ("топтом", "компл.", "set|sets", "套"),
    "PR": ("жуп", "пар", "pair|pairs", "双"),
    "KGM": ("кг", "кг", "kg", "公斤"),
    "TNE": ("тонна", "т", "t", "吨"),
    "LTR": ("литр", "л", "l", "升"),
    "MTR": ("метр", "м", "m", "米"),
    "MTK": ("м²", "м²", "m²", "平方米"),
    "MTQ": ("м³", "м³", "m³", "立方米"),
    "XBX": ("кутуча", "кор.", "box|boxes", "盒"),
    "XPK": ("таңгак", "уп.", "pack|packs", "包"),
    "XRO": ("түрмөк", "рул.", "roll|rolls", "卷"),
    "RM": ("пачка", "пач.", "ream|reams", "令"),
}


def unit(code: str, language: Language, *, one: bool = False) -> str:
    """A unit in words, several of it or `one`; its Rec 20 code when it is a rare one."""
    names = _UNITS.get(code)
    if names is None:
        return code
    forms = names[(_KY, _RU, _EN, _ZH).index(language)].split("|")
    return forms[0] if one else forms[-1]
