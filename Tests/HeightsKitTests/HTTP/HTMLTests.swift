// What is interpolated into HTML stays text.

import HeightsHTTP
import Testing

@Suite struct HTMLTests {
  @Test(arguments: [
    ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
    ("\" onload=\"x", "&quot; onload=&quot;x"),
    ("' onload='x", "&#39; onload=&#39;x"),
    ("&lt;", "&amp;lt;"),
    ("<<&>>", "&lt;&lt;&amp;&gt;&gt;"),
    ("plain", "plain"),
    ("", ""),
    ("Gipfel – \u{1f3d4}\u{fe0f} <3 e\u{301}'", "Gipfel – \u{1f3d4}\u{fe0f} &lt;3 e\u{301}&#39;"),
  ])
  func textIsEscaped(text: String, expected: String) {
    let html: HTML = "<p title=\"\(text)\">\(text)</p>"
    #expect(html.text == "<p title=\"\(expected)\">\(expected)</p>")
  }

  /// A combining mark after a sign joins it to one character: escaping looks at bytes, so that this hides nothing.
  @Test func aSignWithACombiningMarkIsEscaped() {
    let html: HTML = "\("<\u{338}b>\u{301}")"
    #expect(html.text.unicodeScalars.elementsEqual("&lt;\u{338}b&gt;\u{301}".unicodeScalars))
  }

  @Test(arguments: [true, false])
  func aLiteralThatIsInterpolatedIsTextToo(isBold: Bool) {
    let html: HTML = "\(isBold ? "<b>" : "<i>")"
    #expect(html.text == (isBold ? "&lt;b&gt;" : "&lt;i&gt;"))
  }

  @Test func partsOfTextAreEscaped() {
    let html: HTML = "\("a<b".dropFirst())"
    #expect(html.text == "&lt;b")
  }

  @Test func nestedHTMLIsInsertedAsItIs() {
    let inner: HTML = "<b>\("&")</b>"
    let html: HTML = "<p>\(inner)\([inner, inner])\(Optional(inner))\(HTML?.none)</p>"
    #expect(html.text == "<p>" + String(repeating: "<b>&amp;</b>", count: 4) + "</p>")
  }

  @Test func numbersAreWritten() {
    let html: HTML = "\(42) \(Int64(-7))"
    #expect(html.text == "42 -7")
  }

  @Test func aPageSaysThatItIsUTF8() {
    let response = Response.html("<p>Grüezi</p>", status: .notFound)
    #expect(response.header("Content-Type") == "text/html; charset=utf-8")
    #expect(response.status == .notFound)
    guard case .bytes(let bytes) = response.body else { return #expect(Bool(false), "no bytes") }
    #expect(bytes == Array("<p>Grüezi</p>".utf8))
  }
}
