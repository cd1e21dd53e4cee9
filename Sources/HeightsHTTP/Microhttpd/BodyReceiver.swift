// Takes in a request's body as it arrives, within its limit.

import CMicrohttpd

/// Gathers a body: as it is, or as the fields and files of a form. One with files is parsed while it arrives, by
/// libmicrohttpd's post processor; one without, once it is there: the processor is not exact about such (it takes a
/// field for two when its bytes come apart, and refuses an = in a value). All parts of a body share one spool.
final class BodyReceiver {
  private static let fieldLimit = 200
  private static let fieldBytesLimit = 256 << 10
  /// How much of a body that is too large is read and dropped, so that a client which has sent it comes to the answer.
  /// More than people's photos have.
  static let toleranceBytes = 64 << 20

  private let limitBytes: Int
  private let spool: Spool
  private var parts: [Part] = []
  private var processor: OpaquePointer?
  private let kind: Kind
  private var receivedBytes = 0
  private var fieldBytes = 0
  private(set) var problem: Problem? {
    // Of what is refused nothing is kept.
    didSet { if problem != nil { spool.empty() } }
  }

  private enum Kind { case content, urlEncodedForm, multipartForm }

  /// A field or file, and where in the spool it is.
  private struct Part {
    let name: String
    let filename: String?
    let contentType: String?
    var range: Range<Int>

    /// What its head takes.
    var headBytes: Int {
      name.utf8.count + (filename?.utf8.count ?? 0) + (contentType?.utf8.count ?? 0)
        + MemoryLayout<Part>.size
    }

    func isNamedLike(_ other: Part) -> Bool {
      (name, filename, contentType) == (other.name, other.filename, other.contentType)
    }
  }

  /// - Parameter announcedBytes: how large the body is said to be. One that is too large is dropped from its beginning.
  init(connection: Connection, limitBytes: Int, announcedBytes: Int?, budget: ReceivedBytes) {
    self.limitBytes = limitBytes
    spool = Spool(budget: budget) { [unowned connection] in connection.clientAddress }
    if let announcedBytes, announcedBytes > limitBytes { problem = .contentTooLarge(limitBytes: limitBytes) }
    let type = connection.header("Content-Type")?.lowercased() ?? ""
    kind =
      type.hasPrefix("multipart/form-data")
      ? .multipartForm
      : type.hasPrefix("application/x-www-form-urlencoded") ? .urlEncodedForm : .content
    if kind == .multipartForm { startProcessor(connection) }
  }

  private func startProcessor(_ connection: Connection) {
    processor = MHD_create_post_processor(
      connection.handle, 4096,
      { context, _, key, filename, contentType, _, data, offset, size in
        guard let context else { return heights_mhd_result(0) }
        let receiver = Unmanaged<BodyReceiver>.fromOpaque(context).takeUnretainedValue()
        let bytes = UnsafeRawBufferPointer(start: data, count: size)
        return heights_mhd_result(receiver.take(key, filename, contentType, bytes, offset) ? 1 : 0)
      }, Unmanaged.passUnretained(self).toOpaque())
    if processor == nil { problem = .badRequest("The form has no boundary, or one that can't be used.") }
  }

  /// Whether so much more than the limit has come that the client isn't worth an answer.
  var isEndless: Bool { receivedBytes > limitBytes + BodyReceiver.toleranceBytes }

  deinit { if let processor { MHD_destroy_post_processor(processor) } }

  /// Takes the next bytes. After a problem the rest is read and dropped.
  func receive(_ bytes: UnsafeRawBufferPointer) {
    receivedBytes += bytes.count
    guard problem == nil else { return }
    let limitBytes = kind == .urlEncodedForm ? min(limitBytes, BodyReceiver.fieldBytesLimit) : limitBytes
    guard receivedBytes <= limitBytes else {
      problem = .contentTooLarge(limitBytes: limitBytes)
      return
    }
    if let processor {
      let taken = heights_mhd_post(processor, bytes.baseAddress, bytes.count)
      if taken == 0 && problem == nil { problem = .badRequest("The form is malformed.") }
    } else {
      keep { try spool.append(bytes) }
    }
  }

  /// Takes nothing of the body that has come or is to come.
  func refuse(_ problem: Problem) { self.problem = self.problem ?? problem }

  /// The whole body.
  /// - Throws: `Problem` when it was too large, malformed or could not be stored.
  func finish() throws -> RequestBody {
    if let processor {
      self.processor = nil
      if heights_mhd_post_end(processor) == 0 && problem == nil {
        problem = .badRequest("The form ends before it is complete.")
      }
    }
    if let problem { throw problem }
    switch kind {
    case .content: return spool.sizeBytes == 0 ? .empty : .content(spool)
    case .multipartForm: return .form(try form())
    case .urlEncodedForm:
      return .form(try Form(urlEncoded: spool.read(), fieldLimit: BodyReceiver.fieldLimit))
    }
  }

  private func take(
    _ key: UnsafePointer<CChar>?, _ filename: UnsafePointer<CChar>?, _ contentType: UnsafePointer<CChar>?,
    _ bytes: UnsafeRawBufferPointer, _ offset: UInt64
  ) -> Bool {
    guard let key else { return true }
    if offset == 0 {
      begin(
        Part(
          name: String(cString: key), filename: filename.map { String(cString: $0) },
          contentType: contentType.map { String(cString: $0) }, range: spool.sizeBytes..<spool.sizeBytes))
    }
    guard let part = parts.last, problem == nil else { return false }
    if part.filename == nil {
      fieldBytes += bytes.count
      if fieldBytes > BodyReceiver.fieldBytesLimit {
        problem = .contentTooLarge(limitBytes: BodyReceiver.fieldBytesLimit)
      }
    }
    guard problem == nil else { return false }
    keep { try spool.append(bytes) }
    // Of what is refused nothing is left.
    guard problem == nil else { return false }
    parts[parts.count - 1].range = part.range.lowerBound..<spool.sizeBytes
    return true
  }

  private func begin(_ next: Part) {
    // libmicrohttpd may begin a part twice, the first time without content, when the bytes between its head and its
    // content come apart. An empty field before one of the same name can't be told from that and is left out.
    if let part = parts.last, part.range.isEmpty, part.isNamedLike(next) { return }
    if parts.count >= BodyReceiver.fieldLimit { return problem = .tooManyFields(BodyReceiver.fieldLimit) }
    keep { try spool.count(next.headBytes) }
    parts.append(next)
  }

  private func form() throws -> Form {
    var form = Form()
    for part in parts {
      if let filename = part.filename {
        form.files.append(
          Form.File(
            name: part.name, filename: filename, contentType: part.contentType, spool: spool,
            range: part.range))
      } else if let value = String(validating: try spool.read(part.range), as: UTF8.self) {
        form.fields.append((part.name, value))
      } else {
        throw Problem.badRequest("The field \(part.name) isn't valid UTF-8.")
      }
    }
    return form
  }

  private func keep(_ body: () throws -> Void) {
    do { try body() } catch let refusal as ReceivedBytes.Refusal {
      problem = refusal.problem
    } catch {
      problem = Problem(
        .insufficientStorage, title: "There is no room for the upload", detail: "Try again later.")
    }
  }
}
