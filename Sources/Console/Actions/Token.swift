// Who may press the page's buttons: whoever was given the address that `heights up` prints.

import Lab

/// A secret of one run of the console. It travels in the fragment of the console's address, which a browser keeps to
/// itself, and then in a header, which no other site can make a browser send.
struct Token: Sendable {
  /// 64 hexadecimal digits.
  let text: String

  init() { text = Secret.random(byteCount: 32) }

  /// Whether `sent` is the token, in a time that does not depend on where they differ.
  func equals(_ sent: some StringProtocol) -> Bool {
    let (own, other) = (Array(text.utf8), Array(sent.utf8))
    guard own.count == other.count else { return false }
    var difference: UInt8 = 0
    for (one, another) in zip(own, other) { difference |= one ^ another }
    return difference == 0
  }
}
