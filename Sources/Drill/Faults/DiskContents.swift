// What a host keeps on its disk: the proof that it is gone, past what the lab believes.

import Glibc
import Lab

/// Holds some of a host's files open. The kernel counts their names: those of a lost disk have none any more, whatever has
/// come in their place.
final class DiskContents: Sendable {
  /// Of PostgreSQL, and of etcd: their first files stay for as long as their data.
  private static let names = ["data/PG_VERSION", "etcd/member/snap/db"]

  private let files: [(name: String, descriptor: Int32)]

  init(of host: String, in folder: AppFolder) throws(DrillError) {
    files = Self.names.map {
      ($0, open("\(folder.contents(of: host))/\($0)", O_RDONLY | O_CLOEXEC | O_NOFOLLOW))
    }
    if let missing = files.first(where: { $0.descriptor < 0 }) {
      throw .unhealthy("\(missing.name) of \(host) can't be read: \(String(cString: strerror(errno)))")
    }
  }

  deinit { for file in files where file.descriptor >= 0 { close(file.descriptor) } }

  /// Nil while one of them is still there.
  var loss: String? {
    let areDeleted = files.allSatisfy { file in
      var status = stat()
      return fstat(file.descriptor, &status) == 0 && status.st_nlink == 0
    }
    return areDeleted
      ? "what was on its disk is deleted, \(Self.names.joined(separator: " and ")) with it" : nil
  }
}
