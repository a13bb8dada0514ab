"""The words of landed cost: modes, kinds of charges and duties, what a charge is shared out by."""

from enum import StrEnum


class ChargeKind(StrEnum):
    """What a charge of a rate card is for; each but `payment` has its row in the matrix."""

    LOADING = "loading"
    CARRIAGE = "carriage"
    HANDLING = "handling"
    EXPORT_CLEARANCE = "export_clearance"
    TRANSIT = "transit"
    IMPORT_CLEARANCE = "import_clearance"
    UNLOADING = "unloading"
    PAYMENT = "payment"


class Segment(StrEnum):
    """Where on the way a charge falls. What comes up to the Union's border is in the customs value.

    `local` is at the destination: after the main carriage, and not insured with it.
    """

    PRE_BORDER = "pre_border"
    POST_BORDER = "post_border"
    LOCAL = "local"


class Basis(StrEnum):
    """What one amount of a rate card is for."""

    SHIPMENT = "shipment"
    VEHICLE = "vehicle"
    KILOGRAM = "kilogram"
    CUBIC_METRE = "cubic_metre"
    PACKAGE = "package"


class Driver(StrEnum):
    """By what a shared charge is allocated to the lines."""

    WEIGHT = "weight"
    VOLUME = "volume"
    VALUE = "value"
    PACKAGE = "package"
    LINE = "line"


class DutyKind(StrEnum):
    """How a duty is computed: of the value, of the quantity, or of both (the greater, or the sum)."""

    AD_VALOREM = "ad_valorem"
    SPECIFIC = "specific"
    COMBINED_MAX = "combined_max"
    COMBINED_SUM = "combined_sum"


class RemedyKind(StrEnum):
    """A measure of trade defence that is paid beside the duty."""

    ANTI_DUMPING = "anti_dumping"
    SAFEGUARD = "safeguard"
    COUNTERVAILING = "countervailing"


class StatedKind(StrEnum):
    """A part of the price that the seller states separately."""

    POST_BORDER_CARRIAGE = "post_border_carriage"
    UNLOADING = "unloading"
    DUTIES = "duties"
    VAT = "vat"


class Regime(StrEnum):
    """What a delivery is for customs: an import, from another state of the Union, or at home."""

    IMPORT = "import"
    UNION = "union"
    DOMESTIC = "domestic"


class ParameterCode(StrEnum):
    """The dated numbers of import; rates are fractions, amounts are in the country's currency."""

    FEE_RATE = "customs_fee_rate"
    FEE_MIN = "customs_fee_min"
    FEE_MAX = "customs_fee_max"
    VAT_RATE = "import_vat_rate"
    VAT_ON_FEE = "vat_base_includes_fee"
    INSURANCE_RATE = "insurance_rate"
    INSURANCE_COVERAGE = "insurance_coverage"
    FX_MAX_AGE = "fx_max_age_days"
    FREIGHT_SHARE = "freight_share"
