// A process keeps nothing where it would be lost: it does not start.

import Foundation
import HeightsKit
import Testing

@Suite struct StoreErrorTests {
  /// Why an app that opens a database and a store of objects does not start; nil when it does.
  private func refusal(
    stage: Int, _ variables: [String: String] = [:], placement: String? = nil, opensObjects: Bool = false
  ) async throws -> String? {
    try await withFolder { folder in
      let path = folder + "/placement.json"
      if let placement { try Data(placement.utf8).write(to: URL(fileURLWithPath: path)) }
      let told = ["HEIGHTS_STAGE": String(stage), "HEIGHTS_PLACEMENT": path].merging(variables) { $1 }
      do {
        try await App.serving(variables: told) { context in
          if opensObjects {
            _ = try ObjectStore(context)
          } else {
            _ = try await context.database("notes", migrations: [])
          }
          return Routes()
        } _: { _ in
        }
        return nil
      } catch let error as StoreError {
        return error.description.replacing(folder, with: "FOLDER")
      }
    }
  }

  @Test(arguments: 3...7)
  func fromStage3OnAnAppWithoutPlacementAndAddressDoesNotStart(stage: Int) async throws {
    #expect(
      try await refusal(stage: stage)
        == "the database notes has no server, and a file of this machine's would be lost: the app is of stage \(stage), "
        + "and there is no placement at FOLDER/placement.json, and no DATABASE_URL; name its server, or start the app at "
        + "stage 2 (HEIGHTS_STAGE=2)")
  }

  @Test func aPlacementThatForgetsADatabaseIsNoReasonToMakeAFile() async throws {
    let told = try await refusal(
      stage: 3, ["DATABASE_URL": "postgresql://heights@127.0.0.1:1/"], placement: #"{"epoch": 4}"#)
    #expect(
      told?.contains("the placement at FOLDER/placement.json (epoch 4) names no cluster for it") == true)
  }

  @Test func upToStage2ADatabaseIsAFile() async throws {
    for stage in 1...2 { #expect(try await refusal(stage: stage) == nil) }
  }

  @Test(arguments: 4...7)
  func fromStage4OnObjectsAreNotInAFolderOfOneServer(stage: Int) async throws {
    let told = try await refusal(stage: stage, opensObjects: true)
    #expect(told?.contains("name the folder that its servers share (HEIGHTS_FILES_DIR)") == true)
    let folder = NSTemporaryDirectory() + "shared-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    #expect(try await refusal(stage: stage, ["HEIGHTS_FILES_DIR": folder], opensObjects: true) == nil)
  }

  @Test func upToStage3ObjectsAreInAFolder() async throws {
    for stage in 2...3 { #expect(try await refusal(stage: stage, opensObjects: true) == nil) }
  }
}
