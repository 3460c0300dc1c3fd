"""Invented brands, and as many more as a load asks for."""

from pipeline.brands import Brand

AIRLINE = Brand(
    name="Veloria Air",
    aliases=("Veloria",),
    handles=("veloria_air",),
    own_accounts=("veloria_air", "veloria_help"),
    exclusions=("villa veloria",),
    languages=("en", "de", "nl", "id"),
    zone="Europe/Amsterdam",
)
PHONES = Brand(
    name="Lumeno",
    aliases=("Lumeno Phones",),
    handles=("lumeno_phones",),
    own_accounts=("lumeno_phones",),
    languages=("en", "id", "de"),
    zone="Asia/Jakarta",
)
BANK = Brand(
    name="Brixholm Bank",
    aliases=("Brixholm",),
    handles=("brixholm_bank",),
    own_accounts=("brixholm_bank",),
    languages=("en", "de"),
    zone="Europe/London",
)
FOOD = Brand(
    name="Oatelle",
    handles=("oatelle_foods",),
    own_accounts=("oatelle_foods",),
    languages=("nl", "en", "de"),
    zone="Europe/Amsterdam",
)

BRANDS = (AIRLINE, PHONES, BANK, FOOD)
"""The first is the one the big crises happen to, the third the one of the smaller crisis."""

WEIGHTS = (1.0, 0.5, 0.55, 0.3)
"""How much is said of each, the first being 1; further ones get 0.4."""

_BEGINNINGS = ("bra", "cel", "dro", "fin", "gal", "hes", "jun", "kor", "lis", "mar", "nev", "pol")
_ENDINGS = ("adex", "ento", "iqua", "olis", "umar", "yvon", "ertia", "anto", "ilo", "opan")


def invented_brands(count: int) -> tuple[Brand, ...]:
    """Make `count` brands with different names: the four above, then made-up ones.

    >>> [brand.name for brand in invented_brands(6)][4:]
    ['Bradroolis', 'Celfinumar']
    """
    brands = list(BRANDS[:count])
    for number in range(count - len(brands)):
        first, second = divmod(number, len(_BEGINNINGS))
        name = (
            f"{_BEGINNINGS[second]}{_BEGINNINGS[(second + first + 2) % len(_BEGINNINGS)]}"
            f"{_ENDINGS[(second + 3 * first + 3) % len(_ENDINGS)]}"
        ).capitalize()
        if any(brand.name == name for brand in brands):
            name = f"{name} {number}"
        handle = name.lower().replace(" ", "_") + "_hq"
        brands.append(Brand(name=name, handles=(handle,), own_accounts=(handle,)))
    return tuple(brands)
