"""The console in a real browser can be read: nothing is cut off, covered, too pale or on the move."""

import pytest

from support.console_page import SNAPSHOTS, browser, golden, look, page, renamed


# Of what is seen on the page: what reaches beyond the window, whose text is cut off, and which words lie over others.
FAULTS = """
    const width = document.documentElement.clientWidth;
    const isSeen = (element) => element.checkVisibility() && !element.closest('.for-readers, .symbols');
    const boxOf = (element) => element.getBoundingClientRect();
    const name = (element) => `${element.tagName} ${element.id || element.getAttribute('class')}: ${element.textContent.slice(0, 40)}`;
    // A picture's lists of calls are for readers.
    const inPicture = (element) => element.closest('.is-picture .calls');
    const all = [...document.querySelectorAll('body *')].filter((element) => isSeen(element) && !inPicture(element));
    const beyond = all.filter((element) => {
      const { left, right, width: own } = boxOf(element);
      return own > 0 && (left < -0.5 || right > width + 0.5);
    }).map(name);
    const isCut = (element) => element.scrollWidth > element.clientWidth + 1 || element.scrollHeight > element.clientHeight + 1;
    const cut = all.filter((element) => !(element instanceof SVGElement) && !['INPUT', 'SELECT', 'OPTION'].includes(element.tagName)
      && element.clientWidth > 0 && getComputedStyle(element).overflowX !== 'visible' && element.id !== 'events' && isCut(element)).map(name);
    const withWords = all.filter((element) => !(element instanceof HTMLOptionElement) && element.tagName !== 'SELECT'
      && [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim()));
    // Lines of words, as they are drawn.
    const lines = withWords.filter((element) => !element.closest('#events')).flatMap((element) => [...element.childNodes]
      .filter((node) => node.nodeType === 3 && node.data.trim()).flatMap((node) => {
        const range = document.createRange();
        range.selectNodeContents(node);
        return [...range.getClientRects()].filter(({ width: own }) => own > 0).map((box) => ({ box, element, of: node }));
      }));
    const over = [];
    lines.forEach((a, index) => lines.slice(index + 1).forEach((b) => {
      if (a.of === b.of) return;
      const wide = Math.min(a.box.right, b.box.right) - Math.max(a.box.left, b.box.left);
      const high = Math.min(a.box.bottom, b.box.bottom) - Math.max(a.box.top, b.box.top);
      // Lines of one paragraph may touch.
      if (wide > 1 && high > 4) over.push([name(a.element), name(b.element)]);
    }));
    // And words that leave the box that they are in.
    const outside = lines.filter(({ box, element }) => {
      const frame = element.closest('.node, .service, .panel, button, dialog');
      return frame && (box.right > boxOf(frame).right + 1 || box.left < boxOf(frame).left - 1);
    }).map(({ element }) => name(element));
    return { beyond, cut, over: over.slice(0, 10), outside };
"""
NONE = {"beyond": [], "cut": [], "over": [], "outside": []}


@pytest.mark.parametrize("width", [1400, 400])
@pytest.mark.parametrize("name", ["canary", "fifty-hosts", "climb-5-to-6"])
def test_everything_can_be_read_with_thirty_hosts_and_with_fifty(browser, page, name, width):
    look(browser, page, SNAPSHOTS[name], width)
    browser.see("GET /@{name}")
    hosts = {node["host"] for node in SNAPSHOTS[name]["topology"]["nodes"] if node["zone"]}
    assert name == "climb-5-to-6" or len(hosts) >= 30
    assert browser.run(FAULTS) == NONE


@pytest.mark.parametrize("width", [1400, 400])
def test_names_of_sixty_three_characters_break_nothing_and_are_no_markup(browser, page, width):
    """A manifest's names are data, with hyphens or without."""
    snapshot = renamed(golden("canary"), {"posts": "p" * 63, "accounts": "-".join(["account"] * 8)[:63]})
    snapshot["app"]["title"] = "<b>" + "Summit" * 10
    snapshot["processes"][0]["lastEnd"] = "<img src=x onerror=alert(1)> " + "x" * 120
    snapshot["releases"]["releases"][0]["from"] = "/" + "f" * 200
    look(browser, page, snapshot, width)
    assert browser.run(FAULTS) == NONE
    assert browser.run("return document.querySelectorAll('main img, main b, header b').length") == 0
    assert "<b>Summit" in browser.text
    assert "p" * 63 in browser.run("return document.getElementById('topology').textContent")


@pytest.mark.parametrize("name", ["zone-cut", "canary", "climb-5-to-6"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stand_out_from_what_is_behind_them(browser, page, name, scheme):
    """WCAG's 4.5 to 1, of everything on the page that has words and a plain background."""
    look(browser, page, golden(name), **{"prefers-color-scheme": scheme})
    weak = browser.run("""
      const channels = (color) => (color.match(/[\\d.]+/g) ?? []).map(Number);
      const light = ([r, g, b]) => [r, g, b].map((c) => c / 255).map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
        .reduce((sum, c, index) => sum + c * [0.2126, 0.7152, 0.0722][index], 0);
      const behind = (element) => {
        for (let at = element; at; at = at.parentElement) {
          const [r, g, b, alpha = 1] = channels(getComputedStyle(at).backgroundColor);
          if (alpha === 1) return [r, g, b];
        }
        return [255, 255, 255];
      };
      return [...document.querySelectorAll('body *')].filter((element) => element.checkVisibility()
        && !element.disabled && !element.closest('.for-readers, svg')
        && [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim())).map((element) => {
          const [a, b] = [light(channels(getComputedStyle(element).color)), light(behind(element))];
          return [(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), element.className, element.textContent.slice(0, 30)];
        }).filter(([ratio]) => ratio < 4.5);""")
    assert weak == []


def test_nothing_moves_where_people_ask_for_that(browser, page):
    look(browser, page, golden("climb-4-to-5"), **{"prefers-reduced-motion": "reduce"})
    assert browser.run("return document.getAnimations().length") == 0
