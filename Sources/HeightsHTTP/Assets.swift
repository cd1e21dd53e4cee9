// Static files under names that change with their content, so that caches may keep them for good.

import Foundation

/// The files of a folder as pages refer to them: `site.css` becomes `/static/site.3f2a9c1b0d4e5f67.css`.
///
/// A name is made from the content (the first 16 digits of its SHA-256), so one that is there is right. Where objects are
/// on S3 the files are put there too, for the edges to fetch.
public struct Assets: Sendable {
  static let digits = 16
  /// What caches are told of a name that changes with its content.
  package static let forGood = "public, max-age=31536000, immutable"

  /// A file, and the name under which it is served.
  package struct File: Sendable {
    /// In the folder.
    package let name: String
    /// With a part of its hash in it.
    package let hashedName: String
    /// The SHA-256 of its content, in hexadecimal digits.
    package let hash: String
  }

  let prefix: String
  /// The folder that was read.
  package let directory: String
  /// By name.
  package let files: [File]
  private let baseURL: String
  private let hashed: [ExactString: String]
  private let names: [ExactString: String]

  /// Reads the files of the folder once. Names that begin with a dot and files compressed beforehand don't count.
  /// - Parameters:
  ///   - prefix: the path below which they are served.
  ///   - baseURL: is put before each path.
  /// - Throws: an error of Foundation's when one can't be read.
  package init(_ directory: String, at prefix: String, baseURL: String) throws {
    self.directory = directory
    self.prefix = prefix
    self.baseURL = baseURL.hasSuffix("/") ? String(baseURL.dropLast()) : baseURL
    let all = FileManager.default.enumerator(atPath: directory)?.compactMap { $0 as? String } ?? []
    files = try all.sorted().compactMap { name in
      let isHidden = name.split(separator: "/").contains { $0.hasPrefix(".") }
      var isFolder: ObjCBool = false
      guard !isHidden, !name.hasSuffix(".br"), !name.hasSuffix(".gz"),
        FileManager.default.fileExists(atPath: directory + "/" + name, isDirectory: &isFolder),
        !isFolder.boolValue
      else { return nil }
      let bytes = try Data(contentsOf: URL(fileURLWithPath: directory + "/" + name))
      let hash = sha256(Array(bytes))
      return File(name: name, hashedName: Self.hashedName(name, hash), hash: hash)
    }
    hashed = Dictionary(uniqueKeysWithValues: files.map { (ExactString($0.name), $0.hashedName) })
    names = Dictionary(uniqueKeysWithValues: files.map { (ExactString($0.hashedName), $0.name) })
  }

  private static func hashedName(_ name: String, _ hash: String) -> String {
    let file = name.split(separator: "/").last ?? ""
    let end = file.lastIndex(of: ".").map { $0 == file.startIndex ? "" : file[$0...] } ?? ""
    return "\(name.dropLast(end.count)).\(hash.prefix(digits))\(end)"
  }

  /// Where pages find a file, percent-encoded. One that is not in the folder keeps its name.
  public func url(_ name: String) -> String {
    "\(baseURL)\(prefix)/\(PercentEncoding.encode(path: hashed[ExactString(name)] ?? name))"
  }

  /// The answer to a request for a file of the folder, by either of its names.
  func response(to request: Request, path: String) throws -> Response {
    if let name = names[ExactString(path)] {
      return try StaticFiles(directory: directory, cacheControl: Self.forGood).response(
        to: request, path: name)
    }
    if hashed[ExactString(path)] == nil, let name = Self.withoutHash(path), hashed[ExactString(name)] != nil {
      // Another version of the app, which runs beside this one for a moment, has given this name: nobody may keep ours
      // under it.
      return try StaticFiles(directory: directory, cacheControl: "no-store").response(to: request, path: name)
    }
    return try StaticFiles(directory: directory, cacheControl: "public, max-age=300")
      .response(to: request, path: path)
  }

  private static func withoutHash(_ path: String) -> String? {
    var parts = path.split(separator: ".", omittingEmptySubsequences: false)
    let index =
      parts.count == 1
      ? nil
      : parts.lastIndex { part in
        part.utf8.count == digits
          && part.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
      }
    guard let index, index > 0 else { return nil }
    parts.remove(at: index)
    return parts.joined(separator: ".")
  }
}

extension Router {
  /// Serves assets, those with a hash in their name for good.
  public mutating func assets(_ assets: Assets) {
    get(assets.prefix + "/{path...}") { try assets.response(to: $0, path: $0.parameter("path")) }
  }
}
