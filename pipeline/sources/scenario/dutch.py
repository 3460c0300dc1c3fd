"""Dutch sentences."""

from pipeline.sources.scenario.phrases import Mood, Phrasebook

DUTCH = Phrasebook(
    code="nl",
    openers=(
        "", "", "", "Nou,", "Zojuist:", "Nieuws uit {c}:", "Nog een keer:", "{w}ochtend,",
        "Dag {n}:", "Vanuit de rij:", "Vandaag ben ik aan de beurt:", "Tweede keer deze maand:",
    ),
    tails=(
        "", "", "", "#{f}", "({f})", "Dat was {f}.", "{m} minuten geleden.", "Kenmerk {f}.",
        "Net als {p} op {w}.", "We zijn hier met {n}.", "In {c} ook.", "{p} weet ervan.",
        "Sinds {w}.", "{p} was er ook bij.",
    ),
    weekdays=("maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag"),
    sentences={
        Mood.CALM_NEGATIVE: (
            "{b} is mijn reservering kwijt en aan de balie waren ze onbeleefd.",
            "{m} minuten in de wacht bij {b}, verschrikkelijk.",
            "{b} heeft dubbel afgeschreven, schandalig.",
            "erg teleurgesteld in {b}, niemand weet iets.",
            "de nieuwe app van {b} is waardeloos en loopt steeds vast.",
            "{b} levert het verkeerde en wil niet terugbetalen.",
            "mijn klacht bij {b} ligt al {n} weken stil.",
            "{b} heeft de verjaardag van {p} verpest.",
        ),
        Mood.NEUTRAL: (
            "weet iemand of {b} op {w} open is in {c}?",
            "{b} heeft nu een kantoor in {c}, naast het station.",
            "onderweg naar {c} met {b}.",
            "hoe verander ik de naam bij {b}?",
            "{p} werkt sinds {w} bij {b} in {c}.",
            "{b} komt op {w} met cijfers.",
            "vergelijk {b} met {n} andere voor de reis naar {c}.",
            "de balie van {b} is links in de hal.",
        ),
        Mood.POSITIVE: (
            "dank je {b}, {p} aan de balie was geweldig.",
            "{b} heeft het in {m} minuten opgelost, topservice.",
            "de nieuwe site van {b} vind ik erg mooi.",
            "fijnste reis in {n} jaar, goed gedaan {b}.",
            "{b} betaalde meteen terug, heel tevreden.",
            "de mensen van {b} in {c} zijn vriendelijk en snel.",
        ),
        Mood.FAILURE: (
            "{b} schrapt {f} en laat {m} mensen in {c} op de grond zitten, een schande.",
            "bij de check-in van {b} werkt niets meer, chaos in {c}.",
            "al {n} uur gestrand bij de check-in in {c} door {b}, geen eten, geen uitleg.",
            "{b} raakt {m} koffers kwijt op een ochtend, ongelofelijk slecht.",
            "niemand bij de check-in van {b} vertelt ons iets, een nachtmerrie.",
            "slechtste dag ooit met {b}, check-in kapot, {f} zonder bericht geschrapt.",
            "mijn moeder zit alleen bij de check-in in {c}, {b} helpt haar niet, ik ben woedend.",
            "{b} heeft onze vakantie verpest.",
        ),
        Mood.OUTAGE: (
            "{b} blokkeert mijn pas in de winkel, gênant en vervelend.",
            "kan de huur niet betalen, mijn pas van {b} doet al {m} minuten niets.",
            "mijn salaris is weg bij {b}, een nachtmerrie.",
            "{b} toont een verkeerd saldo, dat is eng.",
            "mijn pas van {b} weigert, echt waardeloos.",
        ),
        Mood.OWN: (
            "Goedemorgen van {b}: onze balie in {c} is open tot {n} uur.",
            "Wij van {b} zoeken het uit, {p}. Stuur ons je nummer in een bericht.",
        ),
    },
)  # fmt: skip
