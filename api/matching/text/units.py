"""Units of measure as they are written in four languages, and their one canonical spelling."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unit:
    """`factor` turns a number of this unit into the base unit of its `dimension`."""

    dimension: str
    factor: float


# Dimension -> canonical units from large to small: (symbol, size in the base unit).
SCALES: dict[str, tuple[tuple[str, float], ...]] = {
    "mass": (("t", 1e6), ("kg", 1e3), ("g", 1.0), ("mg", 1e-3)),
    "volume": (("m3", 1e6), ("l", 1e3), ("ml", 1.0)),
    "length": (("km", 1e6), ("m", 1e3), ("mm", 1.0), ("mkm", 1e-3)),
    "inch": (("in", 1.0),),
    "area": (("m2", 1.0),),
    "section": (("mm2", 1.0),),
    "power": (("mw", 1e6), ("kw", 1e3), ("w", 1.0)),
    "horsepower": (("hp", 1.0),),
    "apparent": (("kva", 1e3), ("va", 1.0)),
    "voltage": (("kv", 1e3), ("v", 1.0)),
    "current": (("a", 1.0),),
    "charge": (("ah", 1e3), ("mah", 1.0)),
    "energy": (("kwh", 1.0),),
    "calories": (("kcal", 1.0),),
    "data": (("tb", 1024.0), ("gb", 1.0), ("mb", 1 / 1024)),
    "frequency": (("ghz", 1e9), ("mhz", 1e6), ("khz", 1e3), ("hz", 1.0)),
    "pressure": (("mpa", 1.0),),
    "bar": (("bar", 1.0),),
    "flow": (("m3/h", 1.0),),
    "flow_minute": (("l/min", 1.0),),
    "speed": (("km/h", 1.0),),
    "rotation": (("rpm", 1.0),),
    "luminous": (("lm", 1.0),),
    "temperature": (("°c", 1.0),),
    "share": (("%", 1.0),),
    "density": (("g/cm3", 1.0),),
}

# The unit in which a range or a box of sizes is written, so that its parts stay comparable.
COMPOSITE: dict[str, str] = {"length": "mm", "mass": "g", "volume": "ml"}

_SPELLINGS: tuple[tuple[str, float, str], ...] = (
    # Sellers write grams per square metre of paper as plain grams, so both are one.
    ("mass", 1.0, "г/м2 гр/м2 г/кв.м g/m2 gsm 克/平方米 克/m2 克每平方米 克重 г гр g gr 克"),
    ("mass", 1.0, "gram grams грамм грамма граммов"),
    ("mass", 1e3, "кг kg kgs килограмм килограмма килограммов kilogram kilograms 公斤 千克"),
    ("mass", 1e6, "т тн тонн тонна тонны t ton tons tonne tonnes 吨"),
    ("mass", 1e-3, "мг mg 毫克"),
    ("volume", 1.0, "мл ml 毫升 см3 cm3 cc"),
    ("volume", 1e3, "л литр литра литров l ltr liter liters litre litres 升 公升"),
    ("volume", 1e6, "м3 м.куб куб.м куб.метр m3 cbm 立方米 立方 方"),
    ("length", 1e-3, "мкм mkm µm μm um 微米"),
    ("length", 1.0, "мм mm миллиметр миллиметров 毫米"),
    ("length", 10.0, "см cm сантиметр сантиметров 厘米 公分"),
    ("length", 1e3, "м метр метра метров m meter meters metre metres 米"),
    ("length", 1e6, "км km километр километров 公里 千米"),
    ("inch", 1.0, 'дюйм дюйма дюймов дюймовый in inch inches " ″ ” 英寸 寸 吋'),
    ("area", 1.0, "м2 м.кв кв.м кв.метр m2 sqm 平方米 平米"),
    ("section", 1.0, "мм2 мм.кв кв.мм mm2 平方毫米"),
    ("power", 1.0, "вт w ватт watt watts 瓦"),
    ("power", 1e3, "квт kw киловатт kilowatt 千瓦"),
    ("power", 1e6, "мвт mw мегаватт 兆瓦"),
    ("horsepower", 1.0, "л.с hp 马力"),
    ("apparent", 1.0, "ва va 伏安"),
    ("apparent", 1e3, "ква kva 千伏安"),
    ("voltage", 1.0, "v вольт volt volts 伏 伏特"),
    ("voltage", 1e3, "кв kv 千伏"),
    ("current", 1.0, "ампер amp amps 安 安培"),
    ("charge", 1e3, "ач а·ч ah 安时"),
    ("charge", 1.0, "мач ма·ч mah 毫安 毫安时"),
    ("energy", 1.0, "квтч квт·ч kwh 千瓦时"),
    ("calories", 1.0, "ккал kcal 大卡 千卡"),
    ("data", 1.0, "гб gb гигабайт"),
    ("data", 1024.0, "тб tb терабайт"),
    ("data", 1 / 1024, "мб mb мегабайт"),
    ("frequency", 1.0, "гц hz 赫兹"),
    ("frequency", 1e3, "кгц khz 千赫"),
    ("frequency", 1e6, "мгц mhz 兆赫"),
    ("frequency", 1e9, "ггц ghz"),
    ("pressure", 1.0, "мпа mpa 兆帕"),
    ("bar", 1.0, "бар bar"),
    ("flow", 1.0, "м3/ч м3/час m3/h 立方/小时 立方米/小时 方/小时"),
    ("flow_minute", 1.0, "л/мин l/min lpm 升/分 升/分钟"),
    ("speed", 1.0, "км/ч km/h 公里/小时"),
    ("rotation", 1.0, "об/мин rpm r/min 转/分 转"),
    ("luminous", 1.0, "лм lm 流明"),
    ("temperature", 1.0, "°c °с 摄氏度"),
    ("share", 1.0, "%"),
    ("density", 1.0, "г/см3 g/cm3"),
)

UNITS: dict[str, Unit] = {
    spelling: Unit(dimension, factor)
    for dimension, factor, spellings in _SPELLINGS
    for spelling in spellings.split()
}
