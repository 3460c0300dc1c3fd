"""German sentences."""

from pipeline.sources.scenario.phrases import Mood, Phrasebook

GERMAN = Phrasebook(
    code="de",
    openers=(
        "", "", "", "Also,", "Gerade eben:", "Neues aus {c}:", "Noch einmal:", "{w} früh,",
        "Tag {n}:", "Aus der Schlange:", "Heute bin ich dran:", "Zum zweiten Mal diesen Monat:",
    ),
    tails=(
        "", "", "", "#{f}", "({f})", "Das war {f}.", "Vor {m} Minuten.", "Vorgang {f}.",
        "Wie bei {p} am {w}.", "Wir sind hier zu {n}.", "In {c} auch.", "{p} weiß Bescheid.",
        "Seit {w}.", "{p} war auch dabei.",
    ),
    weekdays=("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"),
    sentences={
        Mood.CALM_NEGATIVE: (
            "{b} hat meine Buchung verschlampt und am Schalter war man unfreundlich.",
            "{m} Minuten in der Warteschleife von {b}, furchtbar.",
            "{b} hat doppelt abgebucht, das ist eine Frechheit.",
            "bin richtig enttäuscht von {b}, niemand weiß etwas.",
            "die neue App von {b} ist schrecklich und stürzt ständig ab.",
            "{b} liefert das Falsche und verweigert die Erstattung.",
            "meine Beschwerde bei {b} liegt seit {n} Wochen herum.",
            "{b} hat {p} den Geburtstag verdorben.",
        ),
        Mood.NEUTRAL: (
            "weiß jemand, ob {b} am {w} in {c} geöffnet hat?",
            "{b} hat jetzt ein Büro in {c}, gleich am Bahnhof.",
            "unterwegs nach {c} mit {b}.",
            "wie ändere ich den Namen bei {b}?",
            "{p} arbeitet seit {w} bei {b} in {c}.",
            "{b} legt am {w} Zahlen vor.",
            "vergleiche {b} mit {n} anderen für die Reise nach {c}.",
            "der Schalter von {b} ist links in der Halle.",
        ),
        Mood.POSITIVE: (
            "danke {b}, {p} am Schalter war großartig.",
            "{b} hat es in {m} Minuten gelöst, toller Service.",
            "die neue Seite von {b} gefällt mir sehr.",
            "schönste Reise seit {n} Jahren, gut gemacht {b}.",
            "{b} hat ohne Rückfrage erstattet, bin sehr zufrieden.",
            "die Leute von {b} in {c} sind freundlich und schnell.",
        ),
        Mood.FAILURE: (
            "{b} streicht {f} und lässt {m} Leute in {c} auf dem Boden sitzen, eine Schande.",
            "am Check-in von {b} geht gar nichts mehr, Chaos in {c}.",
            "seit {n} Stunden am Check-in in {c} gestrandet wegen {b}, kein Essen, keine Auskunft.",
            "{b} hat {m} Koffer an einem Morgen verloren, unfassbar.",
            "niemand am Check-in von {b} sagt uns etwas, ein Albtraum.",
            "schlimmster Tag mit {b}, Check-in kaputt, {f} ohne ein Wort gestrichen.",
            "meine Mutter sitzt allein am Check-in in {c}, {b} hilft ihr nicht, ich bin wütend.",
            "{b} hat uns den Urlaub kaputt gemacht.",
        ),
        Mood.OUTAGE: (
            "{b} sperrt mir im Laden die Karte, peinlich und ärgerlich.",
            "kann die Miete nicht zahlen, Karte von {b} seit {m} Minuten kaputt.",
            "mein Gehalt fehlt bei {b}, ein Albtraum.",
            "{b} zeigt einen falschen Kontostand, das macht Angst.",
            "die Karte von {b} verweigert jede Zahlung, unmöglich.",
        ),
        Mood.OWN: (
            "Guten Morgen von {b}: unser Schalter in {c} ist bis {n} Uhr offen.",
            "Wir von {b} kümmern uns darum, {p}. Bitte die Nummer per Nachricht an uns.",
        ),
    },
)  # fmt: skip
