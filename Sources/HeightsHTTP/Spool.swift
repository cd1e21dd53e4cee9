// Bytes that arrive from a client: in memory while they are few, in a file without a name when they are many.

import CRuntime
import Glibc

/// Received bytes, within the budget of the process. Beyond `memoryLimitBytes`, or when memory is scarce, they go to an
/// unnamed temporary file, which ends with the spool.
public final class Spool {
  /// Where the bytes are.
  private enum Content {
    case memory([UInt8])
    case file(descriptor: Int32)
  }

  static let memoryLimitBytes = 64 << 10

  /// What has been received so far.
  public private(set) var sizeBytes = 0
  private var content = Content.memory([])
  private let budget: ReceivedBytes
  private let address: () -> String
  /// Whom the bytes in a file are counted to.
  private var taken: (address: String, bytes: Int)?
  private var extraBytes = 0

  /// - Parameter address: the client's; asked when more comes than is held in memory.
  init(budget: ReceivedBytes, address: @escaping () -> String) {
    self.budget = budget
    self.address = address
  }

  deinit { empty() }

  var isOnDisk: Bool { if case .file = content { true } else { false } }

  /// - Throws: `ReceivedBytes.Refusal`; `SystemError` when the temporary file can't be made or written.
  func append(_ bytes: UnsafeRawBufferPointer) throws {
    try budget.take(bytes.count)
    sizeBytes += bytes.count
    switch content {
    case .memory(var held):
      content = .memory([])  // so that `held` is the only holder and grows in place
      held.append(contentsOf: bytes)
      content = .memory(held)
      budget.moveInMemory(bytes.count)
      if held.count > Spool.memoryLimitBytes || budget.isMemoryScarce { try spill(held) }
    case .file(let descriptor):
      try takeOfAddress(bytes.count)
      try Spool.write(bytes, to: descriptor)
    }
  }

  /// Counts what is held of the body besides its bytes.
  func count(_ bytes: Int) throws {
    try budget.take(bytes)
    extraBytes += bytes
  }

  /// Drops everything.
  func empty() {
    budget.giveBack(sizeBytes + extraBytes)
    if let taken { budget.giveBack(taken.bytes, of: taken.address) }
    switch content {
    case .memory(let bytes): budget.moveInMemory(-bytes.count)
    case .file(let descriptor): close(descriptor)
    }
    content = .memory([])
    (sizeBytes, extraBytes, taken) = (0, 0, nil)
  }

  /// All bytes, in memory.
  /// - Throws: `SystemError` when the temporary file can't be read.
  public func read() throws -> [UInt8] { try read(0..<sizeBytes) }

  func read(_ range: Range<Int>) throws -> [UInt8] {
    switch content {
    case .memory(let bytes): return range == 0..<bytes.count ? bytes : Array(bytes[range])
    case .file(let descriptor):
      let copy = try SystemError.check("fcntl", fcntl(descriptor, F_DUPFD_CLOEXEC, 0))
      return try FileSlice(descriptor: copy, offset: range.lowerBound, sizeBytes: range.count).read()
    }
  }

  private func spill(_ bytes: [UInt8]) throws {
    try takeOfAddress(bytes.count)
    let folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    let descriptor = try SystemError.check(
      "open a temporary file in \(folder)", heights_open_unnamed(folder))
    content = .file(descriptor: descriptor)
    budget.moveInMemory(-bytes.count)
    try bytes.withUnsafeBytes { try Spool.write($0, to: descriptor) }
  }

  private func takeOfAddress(_ bytes: Int) throws {
    let address = taken?.address ?? address()
    try budget.take(bytes, of: address)
    taken = (address, (taken?.bytes ?? 0) + bytes)
  }

  private static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) throws {
    var rest = bytes
    while rest.count > 0 {
      let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw SystemError(call: "write to a temporary file") }
      rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
    }
  }
}

/// The fields and files of a submitted form.
public struct Form {
  /// A file that was sent along.
  public struct File {
    /// Of the form's field.
    public let name: String
    /// The name that the file had on the client's machine: for display only.
    public let filename: String
    /// What the client says it is. Look at the content before you believe it.
    public let contentType: String?
    /// The whole body, of which the file is a part.
    let spool: Spool
    let range: Range<Int>

    /// How long it is.
    public var sizeBytes: Int { range.count }

    /// All bytes, in memory.
    /// - Throws: `SystemError` when the temporary file can't be read.
    public func read() throws -> [UInt8] { try spool.read(range) }
  }

  /// In the order of the form; a name may be there more than once.
  public internal(set) var fields: [(name: String, value: String)] = []
  /// In the order of the form; a field that was left empty has one without bytes.
  public internal(set) var files: [File] = []

  /// The value of the first field of that name.
  public subscript(name: String) -> String? { fields.first { isSame($0.name, name) }?.value }

  /// The first file of that name that isn't empty.
  public func file(_ name: String) -> File? { files.first { isSame($0.name, name) && $0.sizeBytes > 0 } }

  /// Byte by byte, as browsers name them.
  private func isSame(_ sent: String, _ name: String) -> Bool { sent.utf8.elementsEqual(name.utf8) }
}

/// What a request carries.
public enum RequestBody {
  case empty
  case content(Spool)
  case form(Form)
}
