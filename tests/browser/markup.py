"""What stands in a document, looked at from inside the browser: did a text become markup?"""

from playwright.sync_api import Page

_NAMES = """
html head meta title link script body header nav main footer section article aside div  span p
h1 h2 h3 h4 h5 h6 ul ol li dl dt dd table caption colgroup col thead tbody tfoot  tr th td a b
strong em i small s del ins mark code pre kbd samp q blockquote cite abbr  time data figure
figcaption canvas svg g path line rect circle polyline polygon text  tspan defs use symbol form
fieldset legend label input textarea select option optgroup  button output progress meter
details summary bdi br hr wbr noscript template style  datalist desc clipPath pattern
"""
ELEMENTS = frozenset(_NAMES.split())
"""What pages and reports are made of; anything else came out of a text."""

_LOOK = """
(elements) => {
  const wrong = [];
  const known = new Set(elements);
  const say = (element, what) => {
    if (wrong.length < 20) wrong.push(`${what}: ${element.outerHTML.slice(0, 160)}`);
  };
  const address = /^(href|src|action|formaction|data|poster|xlink:href|srcset|ping)$/;
  for (const element of document.querySelectorAll("*")) {
    if (!known.has(element.localName)) say(element, "an element of a text");
    if (element.localName === "script" && element.src === "" &&
        !/json/.test(element.type) && location.protocol !== "file:") say(element, "a script");
    if (element.localName === "meta" && element.parentElement !== document.head) {
      say(element, "meta");
    }
    for (const {name, value} of element.attributes) {
      if (/^on/i.test(name) || /^(data-)?hx-on/i.test(name)) say(element, `attribute ${name}`);
      if (/^(data-)?(hx|sse|ws)-/i.test(name) && /evil|js:|javascript:/i.test(value)
          && /^(data-)?hx-(vals|headers|ext|vars)/i.test(name)) say(element, `attribute ${name}`);
      if (/^(data-)?hx-(get|post|put|delete|patch)$/i.test(name) && !/^[/?]/.test(value)) {
        say(element, `attribute ${name}`);
      }
      if (address.test(name) && !/^(https?:\\/\\/|\\/(?!\\/)|[?#.]|data:image\\/|$)/i.test(value)) {
        say(element, `address ${name}`);
      }
      if (name === "href" && /^https?:/i.test(value) && element.localName === "a"
          && new URL(element.href).origin !== location.origin
          && !/noreferrer/.test(element.rel)) say(element, "a link that tells where from");
    }
  }
  if (document.querySelectorAll("main").length !== 1) wrong.push("not one main");
  if (document.querySelectorAll("body").length !== 1) wrong.push("not one body");
  return wrong;
}
"""


def strange_markup(page: Page) -> list[str]:
    """Elements, handlers and addresses that no page of ours has."""
    found: list[str] = page.evaluate(_LOOK, sorted(ELEMENTS))
    return found


_PILED = r"""
() => {
  const wrong = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  // A direction ends with its isolated element, or with the paragraph that holds nothing else.
  const isolates = (element, text) => {
    for (let each = element; each; each = each.parentElement) {
      const style = getComputedStyle(each);
      if (style.display !== "inline") return each.textContent.trim() === text.trim();
      if (/isolate|plaintext/.test(style.unicodeBidi)) return true;
    }
    return false;
  };
  while (walker.nextNode() && wrong.length < 10) {
    const text = walker.currentNode.data;
    const element = walker.currentNode.parentElement;
    if (/^(script|style|template|textarea)$/.test(element.localName)) continue;
    const place = `${element.localName}.${element.className} in ${element.parentElement.localName}`;
    if (/[\p{Mn}\p{Me}]{4}/u.test(text)) {
      wrong.push(`marks piled up in ${place}: ${text.slice(0, 40)}`);
    }
    if (/[\u202a-\u202e\u2066-\u2069]/.test(text) && !isolates(element, text)) {
      wrong.push(`turns what stands around it, in ${place}: ${escape(text.slice(0, 40))}`);
    }
  }
  return wrong;
}
"""


def leaking_text(page: Page) -> list[str]:
    """Texts that reach over their lines: marks piled up, a direction that does not end."""
    found: list[str] = page.evaluate(_PILED)
    return found


def marks_shown(page: Page) -> set[str]:
    """The marks of the hostile texts that can be read in the document."""
    found: list[str] = page.evaluate(
        "[...new Set(document.body.textContent.match(/hz\\d{4}/g) || [])]"
    )
    return set(found)
