// An app inside another process: how its tests run it.

import Contract
import Foundation

extension App {
  /// Serves an app on a free port of 127.0.0.1 while `body` runs, for tests. Its data folder is new and empty, and is
  /// removed afterwards.
  ///
  /// ```swift
  /// try await App.serving(routes) { url in
  ///   let (page, _) = try await URLSession.shared.data(from: url)
  /// }
  /// ```
  /// - Parameters:
  ///   - variables: settings of the process besides, such as `HEIGHTS_STAGE`.
  ///   - build: makes the routes, as `run` takes it.
  ///   - body: gets the app's address.
  /// - Throws: what the start of the app or `body` throws.
  public static func serving<Result>(
    variables: [String: String] = [:], _ build: @escaping Build, _ body: (URL) async throws -> Result
  ) async throws -> Result {
    let folder = NSTemporaryDirectory() + "heights-app-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let settings = [AppVariable.port: "0", .dataDirectory: folder, .logRequests: "off"].byName
    let process = try await AppProcess(Environment(settings.merging(variables) { $1 }), build)
    do {
      let result = try await body(URL(string: "http://127.0.0.1:\(process.port)")!)  // always an address
      _ = try await process.end()
      return result
    } catch {
      _ = try? await process.end()
      throw error
    }
  }
}
