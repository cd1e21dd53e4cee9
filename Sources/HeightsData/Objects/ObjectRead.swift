// Reading objects where they are kept, past the app and every cache: for whoever proves what an app has kept.

/// The stores of objects that a placement names. Reads only.
public final class ObjectRead: Sendable {
  /// An object as one store has it.
  public struct Copy: Sendable {
    /// Which store that is, for people.
    public let store: String
    /// All of it.
    public let bytes: [UInt8]
  }

  private let stores: [Placement.ObjectStoreName]
  private let directory: String
  private let bucket: S3Bucket?

  /// - Parameters:
  ///   - placement: the app's; nil for an app that has none, whose objects are files.
  ///   - directory: the folder of objects.
  ///   - variables: what the app's environment says of its bucket.
  /// - Throws: `EnvironmentError` when the bucket is not told as it must be, `S3Error.away` when it is not told at all.
  public init(_ placement: Placement?, directory: String, variables: [String: String]) throws {
    stores = (placement ?? .local).objects
    self.directory = directory
    bucket = stores.contains(.s3) ? try S3Bucket(variables) : nil
    if stores.contains(.s3), bucket == nil {
      throw S3Error.away("the placement names s3, and no bucket is known")
    }
  }

  /// What each store holds that has the object; none for what is no key.
  /// - Throws: `S3Error`, `SystemError`.
  public func copies(of key: String) async throws -> [Copy] {
    guard let key = ObjectKey(key) else { return [] }
    var copies: [Copy] = []
    for store in stores {
      let file =
        switch store {
        case .folder: ObjectFolder.open(key, in: directory)
        case .s3: try await bucket?.get(key)
        }
      if let file { copies.append(Copy(store: name(of: store), bytes: try file.read())) }
    }
    return copies
  }

  /// Ends its threads. Nothing is read afterwards.
  public func close() { bucket?.close() }

  private func name(of store: Placement.ObjectStoreName) -> String {
    switch store {
    case .folder: directory
    case .s3: "the bucket"
    }
  }
}
