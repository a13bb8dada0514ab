"""Words that name no product: marketing, tender verbs, packing, function words."""

import re

from api.matching.text.language import Language

# Function words of Kyrgyz that carry no meaning for matching.
KYRGYZ_FUNCTION = frozenset(
    [
        "жана",
        "үчүн",
        "менен",
        "боюнча",
        "болгон",
        "бар",
        "жок",
        "бул",
        "ошол",
        "анын",
        "үчүнчү",
        "чейин",
        "кийин",
        "аркылуу",
        "тууралуу",
        "жөнүндө",
        "карата",
        "ылайык",
        "катары",
        "гана",
        "дагы",
        "эле",
        "да",
        "де",
        "же",
        "болуп",
        "турган",
        "керек",
        "керектүү",
        "тиешелүү",
        "үстүнөн",
        "алдында",
        "ичинде",
        "астында",
        "улам",
        "сайын",
        "жалпы",
        "ж.б",
    ]
)
# Words of the tender itself: buying, delivering, work on the product.
KYRGYZ_TENDER = (
    "сатып алуусу|сатып алуу|сатып берүү|жеткирип берүү|жеткирүү жана орнотуу|жеткирүү|берүү|"
    "менен камсыз кылуу|менен камсыздоо|камсыз кылуу|камсыздоо|алмаштыруу|орнотуу|монтаждоо|"
    "ижарага алуу|ижаралоо|басып чыгаруу|даярдоо|өндүрүү|оңдоо|жаңылоо|тейлөө|кызмат көрсөтүү|"
    "кызматы|кызматтары|тендер|лот|сатылып алынат|керек|алуу|ташуу|жүргүзүү"
)
KYRGYZ_BUYING = (
    "сатып алуусу|сатып алуу|сатып берүү|жеткирип берүү|жеткирүү|менен камсыз кылуу|"
    "камсыз кылуу|камсыздоо|тендер|лот"
)
RUSSIAN_TENDER = (
    r"(?:государственн\w+ )?закуп\w*|поставк\w+|приобретени\w+|покупк\w+|"
    r"(?:выполнение|оказание|проведение)\s+(?:работ|услуг)\w*(?:\s+по)?|"
    r"услуг\w+\s+по\s+\w+|работ\w+\s+по\s+\w+|обеспечени\w+|изготовлени\w+|"
    r"монтаж\w*|установк\w+|аренд\w+|тендер\w*|конкурс\w*|лот|запрос\s+котировок|товар\w*"
)
ENGLISH_TENDER = r"supply|procurement|purchase|delivery|provision|tender|rfq|request for quotation"
CHINESE_TENDER = "采购项目|采购|招标|供应|求购|询价|项目"

CHINESE_MARKETING = (
    "厂家直销|厂家批发|厂家直供|厂家供应|厂家定制|源头厂家|生产厂家|工厂直销|工厂店|厂家|批发价|批发|"
    "现货供应|现货|直销|直供|包邮|热销|热卖|爆款|新款|新品|促销|特价|优惠|正品|品质保证|"
    "质量保证|量大从优|量大价优|支持定制|可定制|定制|定做|一件代发|出口|外贸|跨境|专供|"
    "源头|优质|高品质|高质量|低价|实惠|网红|同款|推荐|官方|旗舰店|品牌|正规|资质齐全|全国发货"
)
ENGLISH_MARKETING = (
    r"factory\s+(?:direct(?:ly)?|price|supply|outlet)|wholesale|manufacturers?|suppliers?|hot\s+sale|"
    r"hot\s+selling|best\s+(?:price|seller|selling)|high\s+quality|good\s+quality|top\s+quality|"
    r"cheap|low\s+price|new\s+arrival|newest|new\s+design|in\s+stock|free\s+shipping|customi[sz]ed|"
    r"custom|oem|odm|promotion(?:al)?|china|chinese|professional|popular|premium|drop\s?shipping|"
    r"moq|on\s+sale|for\s+sale|supply|bulk|ready\s+to\s+ship|fast\s+delivery"
)
CHINESE_PACKING = re.compile(
    r"(?:整箱|整套|全套|盒装|袋装|瓶装|桶装|箱装|散装|罐装|包装|套装|整机)|"
    r"(?<![A-Za-z\d.])\d+(?:\.\d+)?\s?(?:包|支|个|只|盒|箱|件|套|台|片|张|卷|瓶|袋|桶|把|双|条|根|块|人|号|路|座|层|年|代|合一)"
    r"(?:装|/[\u4e00-\u9fff]{1,2})?"
)
ENGLISH_PACKING = re.compile(
    r"\b\d+\s*(?:pcs?|pieces?|sheets?|sets?|packs?|reams?|box(?:es)?|cartons?|bags?|rolls?|pairs?|"
    r"units?|layers?|seats?|persons?|stars?)\b(?:\s*(?:per|/)\s*\w+)?",
    re.IGNORECASE,
)
RUSSIAN_PACKING = re.compile(
    r"\b(?:в\s+количестве\s+)?\d+(?:[\s\u00a0]\d{3})*\s*(?:шт|штук|пач\w*|упак\w*|упаков\w*|компл\w*|"
    r"ед|единиц\w*|короб\w*|рулон\w*|мест\w*|пар|экз\w*|комплект\w*)\b\.?",
    re.IGNORECASE,
)

RUSSIAN_STOP = frozenset(
    [
        "и",
        "в",
        "во",
        "на",
        "с",
        "со",
        "по",
        "для",
        "от",
        "до",
        "из",
        "к",
        "у",
        "о",
        "об",
        "за",
        "при",
        "без",
        "под",
        "или",
        "не",
        "что",
        "как",
        "это",
        "все",
        "шт",
        "а",
        "но",
        "также",
        "либо",
        "его",
        "их",
        "ее",
        "над",
        "между",
        "через",
        "согласно",
    ]
)
ENGLISH_STOP = frozenset(
    [
        "a",
        "an",
        "the",
        "of",
        "for",
        "with",
        "and",
        "or",
        "in",
        "on",
        "to",
        "by",
        "from",
        "per",
        "at",
        "is",
        "are",
        "be",
        "as",
        "that",
        "this",
        "other",
        "than",
        "not",
        "no",
        "etc",
        "or",
    ]
)
FUNCTION = {
    Language.KY: KYRGYZ_FUNCTION,
    Language.RU: RUSSIAN_STOP,
    Language.EN: ENGLISH_STOP,
    Language.ZH: frozenset[str](),
}
