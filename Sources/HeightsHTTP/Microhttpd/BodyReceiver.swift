// Takes in a request's body as it arrives, within its limit.

/// Gathers a body: as it is, or as the fields and files of a form. One with files is parsed while it arrives, one without
/// once it is there. (libmicrohttpd's post processor drops fields that it does not understand.) All parts of a body share
/// one spool.
final class BodyReceiver {
  private static let fieldLimit = 200
  private static let fieldBytesLimit = 256 << 10
  /// How much of a body that is too large is read and dropped, so that a client which has sent it comes to the answer.
  /// More than people's photos have.
  static let toleranceBytes = 64 << 20

  private let limitBytes: Int
  private let spool: Spool
  private var parts: [Part] = []
  private let kind: Kind
  private var parser: MultipartParser?
  private var receivedBytes = 0
  private var fieldBytes = 0
  private(set) var problem: Problem? {
    // Of what is refused nothing is kept.
    didSet { if problem != nil { spool.empty() } }
  }

  private enum Kind { case content, urlEncodedForm, multipartForm }

  /// A field or file, and where in the spool it is.
  private struct Part {
    let head: PartHead
    var range: Range<Int>
  }

  /// - Parameter announcedBytes: how large the body is said to be. One that is too large is dropped from its beginning.
  init(connection: Connection, limitBytes: Int, announcedBytes: Int?, budget: ReceivedBytes) {
    self.limitBytes = limitBytes
    spool = Spool(budget: budget) { [unowned connection] in connection.clientAddress }
    if let announcedBytes, announcedBytes > limitBytes { problem = .contentTooLarge(limitBytes: limitBytes) }
    let type = connection.header("Content-Type") ?? ""
    kind =
      switch Request.mediaType(type) {
      case "multipart/form-data": .multipartForm
      case "application/x-www-form-urlencoded": .urlEncodedForm
      default: .content
      }
    guard kind == .multipartForm, problem == nil else { return }
    parser = HeaderValue(type.utf8)?["boundary"].flatMap { MultipartParser(boundary: $0) }
    if parser == nil { problem = .badRequest("The form has no boundary, or one that can't be used.") }
  }

  /// Whether so much more than the limit has come that the client isn't worth an answer.
  var isEndless: Bool { receivedBytes > limitBytes + BodyReceiver.toleranceBytes }

  /// Takes the next bytes. After a problem the rest is read and dropped.
  func receive(_ bytes: UnsafeRawBufferPointer) {
    receivedBytes += bytes.count
    guard problem == nil else { return }
    let limitBytes = kind == .urlEncodedForm ? min(limitBytes, BodyReceiver.fieldBytesLimit) : limitBytes
    guard receivedBytes <= limitBytes else {
      problem = .contentTooLarge(limitBytes: limitBytes)
      return
    }
    keep {
      if parser == nil { return try spool.append(bytes) }
      try parser?.receive(bytes) { try take($0) }
    }
  }

  /// Takes nothing of the body that has come or is to come.
  func refuse(_ problem: Problem) { self.problem = self.problem ?? problem }

  /// The whole body.
  /// - Throws: `Problem` when it was too large, malformed or could not be stored.
  func finish() throws -> RequestBody {
    if problem == nil { keep { try parser?.finish() } }
    if let problem { throw problem }
    switch kind {
    case .content: return spool.sizeBytes == 0 ? .empty : .content(spool)
    case .multipartForm: return .form(try form())
    case .urlEncodedForm:
      return .form(try Form(urlEncoded: spool.read(), fieldLimit: BodyReceiver.fieldLimit))
    }
  }

  private func take(_ event: MultipartParser.Event) throws {
    switch event {
    case .part(let head):
      guard parts.count < BodyReceiver.fieldLimit else {
        throw Problem.tooManyFields(BodyReceiver.fieldLimit)
      }
      try spool.count(head.bytes)
      parts.append(Part(head: head, range: spool.sizeBytes..<spool.sizeBytes))
    case .content(let bytes):
      // There is one, for its head has come.
      let last = parts.count - 1
      if parts[last].head.filename == nil {
        fieldBytes += bytes.count
        guard fieldBytes <= BodyReceiver.fieldBytesLimit else {
          throw Problem.contentTooLarge(limitBytes: BodyReceiver.fieldBytesLimit)
        }
      }
      try spool.append(bytes)
      parts[last].range = parts[last].range.lowerBound..<spool.sizeBytes
    }
  }

  private func form() throws -> Form {
    var form = Form()
    for part in parts {
      let head = part.head
      if let filename = head.filename {
        form.files.append(
          Form.File(
            name: head.name, filename: filename, contentType: head.contentType, spool: spool,
            range: part.range))
      } else if let value = String(validating: try spool.read(part.range), as: UTF8.self) {
        form.fields.append((head.name, value))
      } else {
        throw Problem.badRequest("The field \(head.name) isn't valid UTF-8.")
      }
    }
    return form
  }

  private func keep(_ body: () throws -> Void) {
    do { try body() } catch let refusal as ReceivedBytes.Refusal {
      problem = refusal.problem
    } catch let error as MultipartError {
      problem = .badRequest("\(error)")
    } catch let error as Problem {
      problem = error
    } catch {
      problem = Problem(
        .insufficientStorage, title: "There is no room for the upload", detail: "Try again later.")
    }
  }
}
