// The library that notes unflushed writes: where it is, and how a process comes to have it.

import Foundation

enum PowerLibrary {
  static let name = "libheights-power.so"

  /// What `scripts/power-library` has made: beside this program, or in `power` in a folder above it. Nil when there is none.
  static var built: String? {
    var folder = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    while let slash = folder.lastIndex(of: "/") {
      folder = String(folder[..<slash])
      for path in ["\(folder)/\(name)", "\(folder)/power/\(name)"] where access(path, R_OK) == 0 {
        return path
      }
    }
    return nil
  }

  /// Puts it where every host sees it. What was noted before is gone, that of a run which crashed too: no process lives.
  static func install(in folder: AppFolder) throws(LabError) {
    remove(from: folder)
    guard let built else { return }
    let path = folder.power + "/" + name
    do {
      try FileManager.default.copyItem(atPath: built, toPath: path)
    } catch {
      throw .system(attempt: "copying \(built) to \(path)", code: EIO)
    }
  }

  /// Empties the folder. It stays: zones may have it open.
  static func remove(from folder: AppFolder) {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.power)) ?? []
    for name in names { try? FileManager.default.removeItem(atPath: folder.power + "/" + name) }
  }

  /// Where it is for a process that works in the folder of a release, by a name that the loader takes for one: it takes a path with a
  /// space or a colon for several.
  static func plainPath(of folder: AppFolder) -> String {
    guard folder.power.contains(where: isSeparator), folder.power.hasPrefix(folder.home) else {
      return folder.power
    }
    return "../.." + folder.power.dropFirst(folder.home.count)
  }

  private static func isSeparator(_ character: Character) -> Bool { character == " " || character == ":" }

  /// What a process has in its environment that is to have the library: nothing by a path that the loader would take for
  /// several.
  static func variables(library: String, hostFolder: String, others: String?) -> [String: String] {
    if library.contains(where: isSeparator) { return [:] }
    let all = [library, others].compactMap { $0 }.filter { !$0.isEmpty }
    return ["LD_PRELOAD": all.joined(separator: ":"), "HEIGHTS_POWER": hostFolder]
  }
}
