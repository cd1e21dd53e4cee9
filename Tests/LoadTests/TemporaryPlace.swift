// A folder of a test of its own.

import Foundation

/// A folder that is gone when the body ends.
func withTemporaryFolder<T>(_ body: (String) async throws -> T) async throws -> T {
  let path = NSTemporaryDirectory() + "load-\(UUID().uuidString.prefix(8))"
  try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: path) }
  return try await body(path)
}
