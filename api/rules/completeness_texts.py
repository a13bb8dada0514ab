"""What a seller is told of a gap, in the languages of the market. Pure."""

from collections.abc import Mapping

from api.rules.completeness import ENOUGH_IMAGES, ENOUGH_LETTERS, Aspect, Gap

TEXTS: Mapping[Aspect, Mapping[str, str]] = {
    Aspect.NAMES: {
        "ky": "Товардын атын дагы бул тилдерде жазыңыз: {missing}",
        "ru": "Добавьте название на языках: {missing}",
        "en": "Add a name in: {missing}",
        "zh": "请补充以下语言的名称：{missing}",
    },
    Aspect.DESCRIPTIONS: {
        "ky": "Кеминде {letters} тамгадан турган сүрөттөмө жазыңыз: {missing}",
        "ru": "Добавьте описание не короче {letters} знаков на языках: {missing}",
        "en": "Add a description of at least {letters} letters in: {missing}",
        "zh": "请补充不少于 {letters} 个字符的说明，语言：{missing}",
    },
    Aspect.CATEGORY: {
        "ky": "CPV кодун көрсөтүңүз: сатып алуучулар товарды ушул код менен табат",
        "ru": "Укажите код CPV: по нему покупатели находят товар",
        "en": "Give a CPV code: buyers find goods by it",
        "zh": "请填写 CPV 代码：采购方据此查找产品",
    },
    Aspect.HS_CODE: {
        "ky": "ТЭИ ТН (HS) кодун көрсөтүңүз: ансыз бажы төлөмү эсептелбейт",
        "ru": "Укажите код ТН ВЭД (HS): без него не считаются пошлины",
        "en": "Give an HS code: duties cannot be computed without it",
        "zh": "请填写海关 HS 编码：没有它无法计算关税",
    },
    Aspect.IDENTITY: {
        "ky": "GTIN же маркасын жана моделин көрсөтүңүз",
        "ru": "Укажите GTIN либо марку и модель",
        "en": "Give a GTIN, or brand and model",
        "zh": "请填写 GTIN，或品牌和型号",
    },
    Aspect.ATTRIBUTES: {
        "ky": "Категория үчүн керектүү мүнөздөмөлөрдү кошуңуз: {missing}",
        "ru": "Добавьте характеристики, нужные для категории: {missing}",
        "en": "Add the attributes that its category asks for: {missing}",
        "zh": "请补充该类别所需的属性：{missing}",
    },
    Aspect.IMAGES: {
        "ky": "Сүрөттөрдүн санын {images} чейин жеткириңиз",
        "ru": "Доведите число изображений до {images}",
        "en": "Show it on {images} images",
        "zh": "请将图片增加到 {images} 张",
    },
    Aspect.AVAILABILITY: {
        "ky": "Кампадагы калдыкты же өндүрүү кубаттуулугун көрсөтүңүз",
        "ru": "Укажите остаток на складе или производственную мощность",
        "en": "Say how many are in stock, or how many you can make",
        "zh": "请填写库存数量或产能",
    },
    Aspect.ALT_TEXTS: {
        "ky": "Ар бир сүрөттө эмне көрсөтүлгөнүн сөз менен жазыңыз",
        "ru": "Опишите словами, что показано на каждом изображении",
        "en": "Say in words what each image shows",
        "zh": "请用文字说明每张图片的内容",
    },
    Aspect.MEASURES: {
        "ky": "Таңгаксыз салмагын жана өлчөмдөрүн көрсөтүңүз: {missing}",
        "ru": "Укажите массу и размеры без упаковки: {missing}",
        "en": "Give weight and measures without any package: {missing}",
        "zh": "请填写不含包装的重量和尺寸：{missing}",
    },
    Aspect.PACKAGES: {
        "ky": "Товар кандай таңгакталганын көрсөтүңүз: жеткирүү ошого жараша эсептелет",
        "ru": "Укажите, как товар упакован: от этого зависит доставка",
        "en": "Say how it is packed: delivery depends on it",
        "zh": "请填写包装方式：运输费用取决于此",
    },
    Aspect.REVIEWED: {
        "ky": "Машина которгон тексттерди текшериңиз",
        "ru": "Проверьте тексты, переведённые машиной",
        "en": "Have the machine-made texts looked through",
        "zh": "请人工核对机器翻译的文本",
    },
}
_ANY = {"ky": "каалаганы", "ru": "любые", "en": "any", "zh": "任意"}


def said(gap: Gap) -> dict[str, str]:
    """The advice by language."""
    return {
        language: text.format(
            missing=", ".join(gap.missing) or _ANY[language],
            letters=ENOUGH_LETTERS,
            images=ENOUGH_IMAGES,
        )
        for language, text in TEXTS[gap.aspect].items()
    }
