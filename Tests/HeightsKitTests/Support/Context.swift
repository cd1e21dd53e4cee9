// What an app would have, in a folder of the test's own.

@testable import HeightsData
@testable import HeightsKit

/// Runs `body` with an app's context.
func withContext(
  _ variables: [String: String] = [:], _ body: (AppContext) async throws -> Void
) async throws {
  try await withFolder { folder in
    let settings = ["HEIGHTS_DATA_DIR": folder + "/data", "HEIGHTS_LOOPS": "1"].merging(variables) { $1 }
    let context = try await AppContext(Environment(settings))
    do {
      try await body(context)
      await context.close()
    } catch {
      await context.close()
      throw error
    }
  }
}

let account7 = Identifier(tick: 7 << 10, shard: shard7)
