// The pictures of the interface, drawn for Summit; each takes the colour of the text around it.

import HeightsKit

enum Icon {
  static let logo: HTML = """
    <svg class="logo" viewBox="0 0 32 32" aria-hidden="true"><circle cx="23" cy="9" r="4" class="sun"/>\
    <path class="ridge" d="M2 27 12.5 9.5a1.6 1.6 0 0 1 2.7 0L30 27z"/>\
    <path class="snow" d="m9.6 14.4 2.9-4.9a1.6 1.6 0 0 1 2.7 0l3.6 4.3-2.6 1.9-2.3-1.9-2.2 2.3z"/></svg>
    """
  static let home = icon(
    "<path d=\"m3 11.5 9-7.5 9 7.5\"/><path d=\"M5.5 10v9.5h13V10\"/><path d=\"M10 19.5v-5h4v5\"/>")
  static let popular = icon(
    "<path d=\"m2.5 19.5 7-11 4.5 7\"/><path d=\"m11.5 19.5 5-8 5 8z\"/><path d=\"M9.5 8.5v-5l4 1.5-4 1.5\"/>"
  )
  static let person = icon(
    "<circle cx=\"12\" cy=\"8\" r=\"4\"/><path d=\"M4.5 20.5c1-4 4-6 7.5-6s6.5 2 7.5 6\"/>")
  static let settings = icon(
    "<path d=\"M4 7h9m5 0h2M4 17h2m5 0h9\"/><circle cx=\"15.5\" cy=\"7\" r=\"2.5\"/><circle cx=\"8.5\" cy=\"17\" r=\"2.5\"/>"
  )
  static let heart = icon(
    "<path d=\"M12 20.500C5.5 16 3 12.5 3 9a4.6 4.6 0 0 1 9-1.500A4.6 4.6 0 0 1 21 9c0 3.5-2.5 7-9 11.500z\"/>"
  )
  static let leave = icon("<path d=\"M14 4.500H6v15h8\"/><path d=\"M10.5 12H21m-3.5-3.500L21 12l-3.5 3.5\"/>")

  private static func icon(_ paths: HTML) -> HTML {
    "<svg class=\"icon\" viewBox=\"0 0 24 24\" aria-hidden=\"true\">\(paths)</svg>"
  }
}
