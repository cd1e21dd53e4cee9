// Strings as those mean them who have made them: by their bytes.

/// A string that equals another only where their bytes are the same. Two of Swift's are equal also where one has an accented letter
/// and the other the letter and its accent: to a file system, a client and a database these are two names.
package struct ExactString: Hashable, Sendable {
  package let text: String

  package init(_ text: String) { self.text = text }

  package static func == (left: ExactString, right: ExactString) -> Bool {
    left.text.utf8.elementsEqual(right.text.utf8)
  }

  package func hash(into hasher: inout Hasher) {
    var text = text
    text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
  }
}
