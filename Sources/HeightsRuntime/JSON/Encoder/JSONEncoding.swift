// Writes a value as it encodes itself: straight into the text, in the order in which it says things.

/// One text that is being written, or a part of one.
///
/// Nearly always a value says one member after the other, each whole, and the text grows at its end. What a value may write
/// later, beside others (`nestedContainer`, `superEncoder`), is a part with a text of its own, put in at the end.
final class JSONEncoding {
  /// What a value has become so far.
  enum Shape { case nothing, object, array, written }

  /// The value that is being written. Who began another one has to wait for its end.
  struct Scope {
    /// Where it begins in the text, which tells it from all others.
    var start = 0
    var shape = Shape.nothing
    /// Elements of an array.
    var count = 0
    /// How many objects and arrays it is in.
    var depth = 0
    /// How many `encode(to:)` call each other.
    var calls = 0
  }

  /// How far the text and its parts have got.
  struct Mark {
    let json: JSONWriter.Mark
    let parts: Int
  }

  struct State: ~Copyable {
    var json: JSONWriter
    var scope = Scope()
    var parts: [(offset: Int, encoding: JSONEncoding)] = []
    /// What went wrong where nothing can be thrown.
    var failure: EncodingError?
  }

  /// Values that encode nothing but another value, without an end.
  private static let callLimit = 8 * JSON.depthLimit

  // Sound: this alone has it, from `init` to `deinit`; each use is over before the next begins, for no call into the value's
  // own code is made from within one. Not a property: each access of those is checked, which takes longer than to write.
  let state: UnsafeMutablePointer<State>
  /// Whose part it is, which has it.
  private weak var parent: JSONEncoding?
  /// Where in its text.
  private let offset: Int

  init(capacity: Int, partOf parent: JSONEncoding? = nil, at offset: Int = 0) {
    state = .allocate(capacity: 1)
    state.initialize(to: State(json: JSONWriter(capacity: capacity)))
    (self.parent, self.offset) = (parent, offset)
  }

  deinit {
    state.deinitialize(count: 1)
    state.deallocate()
  }

  /// The whole text of a value.
  func bytes(of value: some Encodable) throws -> [UInt8] {
    try value.encode(to: JSONValueEncoding(encoding: self, start: 0))
    guard state.pointee.scope.shape != .nothing else {
      throw invalid(
        value, at: codingPath(at: 0), expected: "a value that encodes something", found: "one that doesn't")
    }
    try finish()
    return state.pointee.json.bytes
  }

  // MARK: Values

  /// Whether it is the turn of this value, which is such a one so far.
  func isDue(_ start: Int, _ shape: Shape) -> Bool {
    state.pointee.scope.start == start && state.pointee.scope.shape == shape
  }

  /// A value of any type, where one is due. If it throws it is as if it had not begun, since `mark`.
  func write<Value: Encodable>(_ value: Value, since mark: Mark) throws {
    let outer = state.pointee.scope
    let start = state.pointee.json.mark.count
    do {
      try enter(value, Scope(start: start, depth: outer.depth, calls: outer.calls + 1))
      close()
      state.pointee.scope = outer
    } catch {
      rewind(to: mark)
      state.pointee.scope = outer
      throw error
    }
  }

  /// A value that is all that another one encodes.
  func writeWhole<Value: Encodable>(_ value: Value, at start: Int) throws {
    try beginWhole(at: start)
    let (scope, mark) = (state.pointee.scope, mark)
    do {
      try enter(value, Scope(start: start, depth: scope.depth, calls: scope.calls + 1))
      close()
      // Nobody has this place any more.
      state.pointee.scope = Scope(start: -1, shape: .written, depth: scope.depth, calls: scope.calls)
    } catch {
      rewind(to: mark)
      state.pointee.scope = scope
      throw error
    }
  }

  /// Before the only value that another one encodes.
  @inline(__always)
  func beginWhole(at start: Int) throws {
    guard isDue(start, .nothing) else { throw outOfTurn("a value", start) }
  }

  private func enter<Value: Encodable>(_ value: Value, _ scope: Scope) throws {
    if let failure = state.pointee.failure { throw failure }
    guard scope.calls <= Self.callLimit else {
      throw invalid(
        value, at: codingPath(at: scope.start),
        expected: "at most \(Self.callLimit) values within each other",
        found: "one more")
    }
    state.pointee.scope = scope
    try value.encode(to: JSONValueEncoding(encoding: self, start: scope.start))
  }

  /// Ends what has been begun. What encodes nothing is an empty object.
  private func close() {
    switch state.pointee.scope.shape {
    case .nothing:
      state.pointee.json.beginObject()
      state.pointee.json.endObject()
    case .object: state.pointee.json.endObject()
    case .array: state.pointee.json.endArray()
    case .written: break
    }
  }

  private var mark: Mark { Mark(json: state.pointee.json.mark, parts: state.pointee.parts.count) }

  private func rewind(to mark: Mark) {
    state.pointee.json.rewind(to: mark.json)
    state.pointee.parts.removeSubrange(mark.parts...)
  }

  // MARK: Objects and arrays

  /// An object or array at a place, begun unless it is one already; false if it can't be there, which is told at the end.
  func begin(_ shape: Shape, at start: Int) -> Bool {
    if isDue(start, shape) { return true }
    guard isDue(start, .nothing) else {
      fail(outOfTurn(shape, start))
      return false
    }
    guard state.pointee.scope.depth < JSON.depthLimit else {
      fail(
        invalid(
          shape, at: codingPath(at: start),
          expected: "at most \(JSON.depthLimit) objects and arrays within each other", found: "one more"))
      return false
    }
    state.pointee.scope.shape = shape
    state.pointee.scope.depth += 1
    if shape == .object { state.pointee.json.beginObject() } else { state.pointee.json.beginArray() }
    return true
  }

  /// Up to where a member's value begins. Where it was before.
  @inline(__always)
  func beginMember(_ key: some CodingKey, of start: Int) throws -> Mark {
    let name = key.stringValue
    guard isDue(start, .object) else { throw outOfTurn(name, start) }
    let mark = mark
    state.pointee.json.key(named: name)
    return mark
  }

  /// Up to where an element begins. Where it was before.
  @inline(__always)
  func beginElement(of start: Int) throws -> Mark {
    guard isDue(start, .array) else { throw outOfTurn("an element", start) }
    let mark = mark
    state.pointee.json.beginElement()
    return mark
  }

  /// What may be written later, and stands here.
  func beginPart() -> JSONEncoding {
    let offset = state.pointee.json.mark.count
    state.pointee.json.skipValue()
    let part = JSONEncoding(capacity: 64, partOf: self, at: offset)
    part.state.pointee.scope.depth = state.pointee.scope.depth
    part.state.pointee.scope.calls = state.pointee.scope.calls
    state.pointee.parts.append((offset, part))
    return part
  }

  /// A part that belongs nowhere, for who can't be told at once that it was not its turn.
  func beginLostPart(_ what: String, of start: Int) -> JSONEncoding {
    fail(outOfTurn(what, start))
    return JSONEncoding(capacity: 16, partOf: self, at: state.pointee.json.mark.count)
  }

  // MARK: The end

  /// Closes what is open, and puts parts in.
  private func finish() throws {
    if let failure = state.pointee.failure { throw failure }
    close()
    if state.pointee.parts.isEmpty { return }
    var whole = JSONWriter(capacity: 2 * state.pointee.json.mark.count)
    var written = 0
    for (offset, part) in state.pointee.parts {
      try part.finish()
      whole.append(state.pointee.json, written..<offset)
      whole.append(part.state.pointee.json, 0..<part.state.pointee.json.mark.count)
      written = offset
    }
    whole.append(state.pointee.json, written..<state.pointee.json.mark.count)
    state.pointee.json = whole
  }

  private func fail(_ error: EncodingError) {
    if state.pointee.failure == nil { state.pointee.failure = error }
  }
}

// MARK: - What is wrong, and where

extension JSONEncoding {
  /// What leads to the value that begins at a place in the text.
  func codingPath(at start: Int) -> [any CodingKey] {
    let outer = parent?.codingPath(at: offset) ?? []
    return outer + state.pointee.json.path(at: start)
  }

  func invalid(
    _ value: Any, at path: [any CodingKey], expected: String, found: String
  ) -> EncodingError {
    let error = JSONError(.unwritable, at: path, expected: expected, found: found)
    return .invalidValue(
      value,
      EncodingError.Context(
        codingPath: path, debugDescription: "expected \(expected), found \(found)", underlyingError: error))
  }

  /// JSON has finite numbers alone.
  @inline(__always)
  func check(
    _ value: some BinaryFloatingPoint, at path: @autoclosure () -> [any CodingKey]
  ) throws {
    if !value.isFinite { throw invalid(value, at: path(), expected: "a finite number", found: "\(value)") }
  }

  private func outOfTurn(_ value: Any, _ start: Int) -> EncodingError {
    invalid(
      value, at: codingPath(at: start),
      expected: "one value, or the members or elements of one, before the next begins",
      found: "two in one place")
  }
}
