"""What the panel's buttons let people say."""

from dashboards.demo.protocol import Posted

ANGRY = 50
_SUBJECTS = (
    "the app of {brand} lost my booking",
    "{brand} cancelled on me without a word",
    "{brand} charged me twice",
    "nobody at {brand} answers the phone",
    "{brand} left us standing in the rain",
    "my parcel from {brand} arrived broken",
    "{brand} refuses the refund",
)
_FEELINGS = (
    "this is awful",
    "I am furious",
    "what a disgrace",
    "terrible, terrible service",
    "worst day this year",
    "I hate it",
    "shameful",
    "so angry I could cry",
)
PASTED = "{brand} is a fraud, a horrible disgrace. Everybody leave {brand} now!"


def angry_people(brand: str) -> list[Posted]:
    """Fifty people, each with their own words."""
    return [
        Posted(
            "",
            f"visitor_{number}",
            f"{_SUBJECTS[number % len(_SUBJECTS)].format(brand=brand)}, "
            f"{_FEELINGS[number % len(_FEELINGS)]}. Case {1000 + 37 * number}.",
        )
        for number in range(ANGRY)
    ]


def pasted(brand: str) -> list[Posted]:
    """Fifty mentions of one text, from three accounts."""
    text = PASTED.format(brand=brand)
    return [Posted("", f"visitor_paste_{number % 3}", text) for number in range(ANGRY)]
