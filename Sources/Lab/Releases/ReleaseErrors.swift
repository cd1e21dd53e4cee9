// What can go wrong with releases, and how it is told.

extension LabError {
  static func releaseNotMade(from folder: String, reason: String) -> LabError {
    LabError("release_not_made", "no release could be made from \(folder): \(reason)")
  }

  static func folderTooLarge(_ folder: String) -> LabError {
    LabError(
      "folder_too_large",
      "\(folder) has more than \(Bytes.text(ReleaseFiles.limitBytes)), of which a release would be a copy: name what the app "
        + "reads under `files` in \(Manifest.fileName), then only that is copied", isMisuse: true)
  }

  /// What the lab runs is not made of the same parts.
  static func otherApp(folder: String) -> LabError {
    LabError(
      "other_app",
      "\(folder) has another name, other services, workers or databases in its \(Manifest.fileName) than the app that runs: such "
        + "a change comes with `heights down` and `heights up`", isMisuse: true)
  }

  static func packedWithoutWorker(_ worker: String, folder: String) -> LabError {
    LabError(
      "packed_without_worker",
      "\(folder) is a packed release, and has no program workers/\(worker) for the worker '\(worker)' of the app that runs",
      isMisuse: true)
  }

  static func unknownRelease(_ number: Int, known: [Int]) -> LabError {
    LabError(
      "unknown_release",
      "there is no release \(number) any more, or yet; there are \(known.map(String.init).joined(separator: ", "))",
      isMisuse: true)
  }

  static func releaseNotEverywhere(_ number: Int, process: String) -> LabError {
    LabError(
      "release_not_everywhere",
      "\(process) does not run release \(number) yet; `heights deploy --lab` goes on with it")
  }

  /// It can't be put in its place while another is on its way.
  static func rolloutUnderWay(_ number: Int) -> LabError {
    LabError(
      "rollout_under_way", "release \(number) is on its way into the app; `heights rollback` takes it back")
  }
}
