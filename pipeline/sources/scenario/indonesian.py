"""Indonesian sentences."""

from pipeline.sources.scenario.phrases import Mood, Phrasebook

INDONESIAN = Phrasebook(
    code="id",
    openers=(
        "", "", "", "Jadi,", "Baru saja:", "Kabar dari {c}:", "Sekali lagi:", "{w} pagi,",
        "Hari ke-{n}:", "Dari antrean:", "Giliran saya hari ini:", "Kedua kalinya bulan ini:",
    ),
    tails=(
        "", "", "", "#{f}", "({f})", "Itu {f}.", "{m} menit yang lalu.", "Nomor {f}.",
        "Sama seperti {p} hari {w}.", "Kami ber-{n} di sini.", "Di {c} juga.", "{p} sudah tahu.",
        "Sejak {w}.", "{p} juga ada di sana.",
    ),
    weekdays=("Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu"),
    sentences={
        Mood.CALM_NEGATIVE: (
            "{b} menghilangkan pesanan saya dan petugasnya tidak sopan.",
            "menunggu {m} menit di telepon {b}, pelayanannya buruk sekali.",
            "{b} menagih dua kali, ini keterlaluan.",
            "kecewa berat dengan {b}, tidak ada yang tahu apa-apa.",
            "aplikasi baru {b} jelek dan sering macet.",
            "{b} mengirim barang yang salah dan menolak mengganti.",
            "keluhan saya ke {b} sudah {n} minggu tidak dijawab.",
            "{b} merusak ulang tahun {p}.",
        ),
        Mood.NEUTRAL: (
            "ada yang tahu apakah {b} buka di {c} hari {w}?",
            "{b} punya kantor di {c}, di sebelah stasiun.",
            "dalam perjalanan ke {c} dengan {b}.",
            "bagaimana cara mengubah nama di {b}?",
            "{p} bekerja di {b} {c} sejak {w}.",
            "{b} akan mengumumkan angkanya hari {w}.",
            "membandingkan {b} dengan {n} yang lain untuk ke {c}.",
            "loket {b} ada di sebelah kiri.",
        ),
        Mood.POSITIVE: (
            "terima kasih {b}, {p} di loket sangat membantu.",
            "{b} menyelesaikannya dalam {m} menit, pelayanan hebat.",
            "suka sekali dengan tampilan baru {b}.",
            "perjalanan terbaik dalam {n} tahun, bagus {b}.",
            "{b} langsung mengganti uang saya, puas sekali.",
            "orang-orang {b} di {c} ramah dan cepat.",
        ),
        Mood.FAILURE: (
            "{b} membatalkan {f} dan {m} orang terlantar di lantai {c}, memalukan.",
            "sistem check-in {b} rusak total, kacau di {c}.",
            "sudah {n} jam terlantar di check-in {c} gara-gara {b}, tidak ada makanan.",
            "{b} menghilangkan {m} koper dalam satu pagi, parah.",
            "tidak ada petugas check-in {b} yang memberi kabar, mimpi buruk.",
            "hari terburuk dengan {b}, check-in rusak, {f} dibatalkan tanpa kabar.",
            "ibu saya sendirian di check-in {c}, {b} tidak membantu, saya marah.",
            "{b} merusak liburan kami.",
        ),
        Mood.OUTAGE: (
            "kartu {b} saya diblokir di toko, malu sekali.",
            "tidak bisa bayar sewa, kartu {b} rusak sejak {m} menit.",
            "gaji saya hilang di {b}, mimpi buruk.",
            "saldo di {b} salah, menakutkan.",
            "kartu {b} gagal terus, payah.",
        ),
        Mood.OWN: (
            "Selamat pagi dari {b}: loket kami di {c} buka sampai pukul {n}.",
            "Kami dari {b} sedang memeriksanya, {p}. Mohon kirim nomornya lewat pesan.",
        ),
    },
)  # fmt: skip
