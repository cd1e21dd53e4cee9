// Names made from content: what is there under such a name is right.

import CSodium
import Foundation

/// SHA-256, shortened to what no two contents of one app will share.
public enum ContentHash {
  /// 32 hexadecimal digits: 128 bits.
  private static let byteCount = 16
  private static let pieceBytes = 1 << 20

  /// Of bytes in memory: 32 hexadecimal digits in lower case.
  public static func of(_ data: Data) -> String {
    var state = begin()
    add(data, to: &state)
    return end(&state)
  }

  /// Of a file, however large.
  /// - Throws: `DeployError.file` when it can't be read.
  public static func ofFile(_ path: String) throws(DeployError) -> String {
    do {
      let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
      defer { try? file.close() }
      var state = begin()
      while let piece = try file.read(upToCount: pieceBytes), !piece.isEmpty { add(piece, to: &state) }
      return end(&state)
    } catch {
      throw .file(path: path, reason: "it can't be read: \(error.localizedDescription)")
    }
  }

  /// Of all files in a folder with their names; what begins with a dot does not count.
  /// - Throws: `DeployError.file` when one can't be read.
  public static func ofFolder(_ path: String) throws(DeployError) -> String {
    let names = FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []
    var lines = ""
    for name in names.sorted() where !name.split(separator: "/").contains(where: { $0.hasPrefix(".") }) {
      var isFolder: ObjCBool = false
      let file = path + "/" + name
      guard FileManager.default.fileExists(atPath: file, isDirectory: &isFolder), !isFolder.boolValue else {
        continue
      }
      lines += "\(name)\n\(try ofFile(file))\n"
    }
    return of(Data(lines.utf8))
  }

  private static func begin() -> crypto_hash_sha256_state {
    var state = crypto_hash_sha256_state()
    crypto_hash_sha256_init(&state)
    return state
  }

  private static func add(_ data: Data, to state: inout crypto_hash_sha256_state) {
    let bytes = [UInt8](data)
    crypto_hash_sha256_update(&state, bytes, UInt64(bytes.count))
  }

  private static func end(_ state: inout crypto_hash_sha256_state) -> String {
    var hash = [UInt8](repeating: 0, count: Int(crypto_hash_sha256_BYTES))
    crypto_hash_sha256_final(&state, &hash)
    let digits = Array("0123456789abcdef")
    return String(hash.prefix(byteCount).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
  }
}
