// Mail addresses as people type them: what is taken, in which form, and what is said about the rest.

import HeightsKit
import Testing

@Suite struct EmailAddressTests {
  private static let label = String(repeating: "a", count: 63)

  @Test(arguments: [
    ("ada@example.com", "ada@example.com"), ("Ada.Lovelace@Example.COM", "ada.lovelace@example.com"),
    ("a@b.co", "a@b.co"), ("user+tag@example.com", "user+tag@example.com"), ("a.b.c@a.b.c", "a.b.c@a.b.c"),
    ("!#$%&'*+/=?^_`{|}~-@example.com", "!#$%&'*+/=?^_`{|}~-@example.com"), ("1@2.example", "1@2.example"),
    ("a@xn--mnchen-3ya.de", "a@xn--mnchen-3ya.de"), ("a@a-b.example", "a@a-b.example"),
    ("\(String(repeating: "a", count: 64))@example.com", "\(String(repeating: "a", count: 64))@example.com"),
    ("a@\(label).com", "a@\(label).com"),
  ])
  func anAddressIsTakenInLowerCase(text: String, stored: String) throws {
    #expect(try EmailAddress(text).description == stored)
  }

  @Test(arguments: [
    ("", EmailAddressError.noAt), ("ada", .noAt), ("ada.example.com", .noAt), ("a@b@example.com", .noAt),
    ("@@", .noAt), ("@example.com", .badLocalPart), (".a@example.com", .badLocalPart),
    ("a.@example.com", .badLocalPart),
    ("a..b@example.com", .badLocalPart), ("a b@example.com", .badLocalPart),
    (" a@example.com", .badLocalPart),
    ("\"a b\"@example.com", .badLocalPart), ("a,b@example.com", .badLocalPart),
    ("a\n@example.com", .badLocalPart),
    ("a\0@example.com", .badLocalPart), ("\u{e4}@example.com", .badLocalPart),
    ("<a@example.com", .badLocalPart),
    ("a\r\nBcc:b@example.com", .badLocalPart), ("a@", .badDomain), ("a@example", .badDomain),
    ("a@.com", .badDomain),
    ("a@example.", .badDomain), ("a@example..com", .badDomain), ("a@-example.com", .badDomain),
    ("a@example-.com", .badDomain),
    ("a@exa_mple.com", .badDomain), ("a@example.com ", .badDomain), ("a@example.com\n", .badDomain),
    ("a@127.0.0.1", .badDomain),
    ("a@[127.0.0.1]", .badDomain), ("a@ex\u{e4}mple.com", .badDomain), ("a@example.c0m\u{301}", .badDomain),
    ("a@\(label)a.com", .badDomain), ("a@example.123", .badDomain),
    ("\(String(repeating: "a", count: 65))@example.com", .tooLong),
    ("a@\(label).\(label).\(label).\(label).com", .tooLong),
  ])
  func whatIsNoAddressIsRefusedWithTheReason(text: String, error: EmailAddressError) {
    #expect(throws: error) { try EmailAddress(text) }
  }

  @Test(arguments: [
    (EmailAddressError.noAt, "A mail address has one @, such as name@example.com."),
    (
      .badLocalPart, "The part before the @ can't be used: letters, digits and .!#$%&'*+/=?^_`{|}~- are fine."
    ),
    (.badDomain, "The part after the @ isn't a domain, such as example.com."),
    (.tooLong, "The address is too long: at most 64 characters before the @ and 254 in all."),
  ])
  func theReasonIsForPeople(error: EmailAddressError, text: String) {
    #expect("\(error)" == text)
  }
}
