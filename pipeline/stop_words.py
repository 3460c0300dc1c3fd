"""Words that tell nothing about what happened: the small ones, and those of mere opinion.

Our own lists for English, German, Dutch and Indonesian, small letters. A word of one language that
means something in another ("die", "gate") is looked for in all of them: the loss is small, and
nobody tells reliably in which language three words are.
"""


def _words(*lines: str) -> frozenset[str]:
    return frozenset(word for line in lines for word in line.split())


SMALL = _words(
    # English
    "a about after again all already also always am an and another any anybody anyone anything",
    "are aren't as asking at away back be because been before being both but by can can't cannot",
    "come could couldn't day days did didn't do does doesn't doing don't done down during each",
    "else even ever every everybody everyone everything few first for from get gets getting go",
    "goes going gone got had hadn't has hasn't have haven't having he her here hers him his hm",
    "how i i'd i'll i'm i've if in into is isn't it it's its itself just know last least less let",
    "like look make makes many may maybe me mean might mine more morning most much must my myself",
    "never new next no nobody none nor not nothing now of off oh ok okay on once one only onto or",
    "other our ours out over own people per please put quite rather really said same saw say says",
    "second see seems seen shall she should since so some somebody someone something soon still",
    "such take tell tells than thanks that that's the their them then there there's these they",
    "they're thing things think this those though through till time times to today told tomorrow",
    "tonight too turn two under until up update upon us use very via want wants was wasn't way we",
    "we're we've week weeks well went were what when where whether which while who whole whom",
    "whose why will with within without won't word would writing year years yes yesterday yet you",
    "you're your hour hours minute minutes month months monday tuesday wednesday thursday friday",
    "saturday sunday rt lol omg wtf don't amp",
    # German
    "ab aber all alle allem allen aller alles als also am an andere anderen auch auf aus bei beim",
    "bin bis bist da dabei dadurch damit dann das dass dein deine dem den denn der des deshalb",
    "dich die dies diese diesem diesen dieser dieses dir doch dort du durch ein eine einem einen",
    "einer eines einfach einmal er erst es etwas euch euer eure für ganz gar gegen gerade geht",
    "gibt habe haben hat hatte hätte heute hier hin ich ihm ihn ihnen ihr ihre ihrem ihren im",
    "immer in ins ist ja jede jeden jeder jedes jetzt jemand kann kein keine keinen keiner können",
    "könnte leute man mal mehr mein meine meinem meinen meiner mich mir mit morgen muss nach neu",
    "neue neuen nein nicht nichts nie niemand noch nun nur ob oder ohne schon sehr sei seid sein",
    "seine seinem seinen seit selbst sich sie sind so soll sonst über um und uns unser unsere",
    "unter viel viele vom von vor war waren warum was weder weil weiter welche wenn wer werden",
    "wie wieder will wir wird wo wohl wurde wurden würde zu zum zur zwei zwischen tag tage tagen",
    "stunde stunden minute minuten woche wochen jahr jahre montag dienstag mittwoch donnerstag",
    "freitag samstag sonntag schlange gestern wort sagt",
    # Dutch
    "aan al alle alleen alles als altijd andere ben bent bij daar dag dagen dan dat de deze die",
    "dit doe doen door dus echt een eens en er even gaan gaat geen geweest gewoon goed had hadden",
    "heb hebben heeft heel hem hen het hier hij hoe hun iedereen iemand iets ik in is ja je jij",
    "jou jouw jullie kan keer kon kunnen laat maar maand maar me meer meest mensen met mij mijn",
    "moet na naar net niemand niet niets nieuwe nieuws nog nou nu of om omdat onder ons onze ook",
    "op over steeds te tegen toch toen tot tweede u uit uur uw van vandaag vanuit veel vertelt",
    "voor waar waarom wanneer want waren was wat we weer weet weg wel welke werd wie wij wil",
    "worden wordt ze zeer zelf zich zij zijn zit zitten zo zoals zojuist zonder zou week weken",
    "jaar maandag dinsdag woensdag donderdag vrijdag zaterdag zondag ochtend middag avond minuut",
    "minuten rij beurt bericht",
    # Indonesian
    "ada adalah agar aja akan aku anda antara apa apakah atas atau bagi bahwa baik banyak baru",
    "bagaimana beberapa begitu belum berapa biar bisa bukan buat dalam dan dapat dari dengan deh",
    "demi di dia dong dua gak gara-gara hal hanya hari harus hingga ini itu jadi jam jangan jika",
    "juga kabar kali kalian kalau kamu kami karena kata ke kemarin kenapa kepada ketika kita kok",
    "lagi lain lalu lama lebih lewat maka mana mau masih mereka milik minggu mungkin menit namun",
    "ngga nggak nih nya oleh orang pada pagi para per pernah pula pun saat saja sama sampai sana",
    "sangat satu saya sebagai sebuah secara sedang sejak sekali sekarang semua seperti sering",
    "sesuatu setelah siang sih sini situ suatu sudah supaya tadi tahun tak tanpa tapi telah",
    "tentang terlalu terus tetap tidak udah untuk ya yaitu yang bulan senin selasa rabu kamis",
    "jumat sabtu malam sore mohon petugas dgn utk tdk yg",
)

OPINION = _words(
    # how it is found, not what happened
    "abysmal angry annoyed annoying appalling atrocious awful bad crap crying cruel damn",
    "disappointed disappointing disgrace disgraceful disgusted disgusting dreadful embarrassing",
    "experience fuck fucking furious hate hell horrendous horrible horrific incompetent insane",
    "joke love mad nasty outrageous pathetic poor ridiculous sad scary scream shame shameful shit",
    "shocking sorry stupid terrible thank trust ugly unacceptable unbelievable upset upsetting",
    "useless wonderful worried worse worst wow wrong frustrated frustrating nightmare fail failed",
    "fails great good best nice absolutely totally total utterly completely sick mess ashamed",
    "shocked hopeless albtraum ärgerlich dumm enttäuscht enttäuschend entsetzlich ekelhaft",
    "frechheit furchtbar gut hass katastrophal mies mist peinlich richtig schande scheiße",
    "schlecht schlechte schlimm schlimmste schlimmster schrecklich traurig unfassbar unglaublich",
    "unmöglich unverschämt wütend wut angst afschuwelijk belachelijk boos eng erg ergste gênant",
    "haat kut nachtmerrie ongelofelijk onacceptabel schandalig schande slecht slechte slechtste",
    "teleurgesteld treurig verdrietig verschrikkelijk vervelend vreselijk waardeloos walgelijk",
    "woedend buruk jelek kecewa keterlaluan malu marah memalukan menakutkan mengecewakan mimpi",
    "parah payah sedih terburuk bodoh benci jahat berat",
)

STOP = SMALL | OPINION
"""Everything left out of what drives a crisis."""
