// What a release is made of, and the copy of it.

import CSodium
import Foundation

/// The files of an app that its processes need: copied, so that nothing that is built or edited later reaches one that runs.
struct ReleaseFiles {
  /// Of the copy.
  struct Copy {
    let fingerprint: String
    let runs: ReleaseRuns
  }

  /// Of what is copied: it is copied for each release.
  static let limitBytes = 1 << 28
  /// What `heights build` packs begins so, whichever service it is; it needs no manifest.
  private static let packedProgram = "run"
  /// In what is packed: a program for each process of each worker, such as `mail` and `mail.2`.
  private static let packedWorkers = "workers"
  private static let ownProgram = ".program"

  private let source: AppFolder
  /// Nil of what `heights build` has packed.
  private let manifest: Manifest?

  /// - Parameter source: an app's folder, or a release of `heights build` that was unpacked.
  init(_ source: AppFolder) throws {
    self.source = source
    let hasManifest = access("\(source.path)/\(Manifest.fileName)", F_OK) == 0
    let isPacked = access("\(source.path)/\(Self.packedProgram)", X_OK) == 0
    manifest = !hasManifest && isPacked ? nil : try Manifest.load(folder: source.path)
  }

  /// What of it the lab has to be as: it does not change while it runs.
  /// - Throws: when the release is of another app, or of one with other parts.
  func check(against lab: Manifest) throws(LabError) {
    guard let manifest else {
      let packed = packedWorkers
      if let missing = lab.workers.first(where: { packed[$0.name] == nil }) {
        throw .packedWithoutWorker(missing.name, folder: source.path)
      }
      return
    }
    let isSame =
      manifest.name == lab.name && manifest.databases == lab.databases
      && manifest.services.map { Self.shape($0) } == lab.services.map { Self.shape($0) }
      && manifest.workers.map { Self.shape($0) } == lab.workers.map { Self.shape($0) }
    if !isSame { throw .otherApp(folder: source.path) }
  }

  private static func shape(_ service: Manifest.Service) -> [String] {
    [service.name, "\(service.listensOnPort)", "databases"] + service.databases + ["calls"] + service.calls
  }

  private static func shape(_ worker: Manifest.Worker) -> [String] { [worker.name, "\(worker.count)"] }

  /// Copies what it is made of to a folder that is not there yet.
  func copy(to place: String) throws(LabError) -> Copy {
    do {
      let runs = try copyAll(to: place)
      return Copy(fingerprint: try Self.fingerprint(of: place, runs.words), runs: runs)
    } catch let error as LabError { throw error } catch {
      throw .releaseNotMade(from: source.path, reason: "\((error as NSError).localizedDescription)")
    }
  }

  private func copyAll(to place: String) throws -> ReleaseRuns {
    let files = FileManager.default
    try files.createDirectory(
      atPath: place, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    guard let manifest else {
      try copy(try wholeFolder(), to: place)
      return ReleaseRuns(all: [Self.packedProgram], workers: packedWorkers.isEmpty ? nil : packedWorkers)
    }
    let programs = try manifest.parts.map { ($0, path: try Lab.programPath($0, source)) }
    // A script finds what is beside it, which nobody has named.
    let isNamed = programs.allSatisfy { Self.isOwn($0.path) } || !manifest.files.isEmpty
    try copy(isNamed ? namedFiles(manifest) : try wholeFolder(), to: place)
    // Services share what is one; a worker's program is a copy of its own, as it always was.
    var names: [String: String] = [:]
    let runs = try programs.map { part, path in
      let folder = names.isEmpty ? Self.ownProgram : ".\(part.place)"
      let shared = part.kind == .service ? names[path] : nil
      let name = try shared ?? copyProgram(path, to: place, in: folder)
      if part.kind == .service { names[path] = name }
      return (part: part, run: [name] + part.run.dropFirst())
    }
    func of(_ kind: Manifest.Part.Kind) -> [String: [String]] {
      Dictionary(uniqueKeysWithValues: runs.filter { $0.part.kind == kind }.map { ($0.part.name, $0.run) })
    }
    return ReleaseRuns(
      all: runs[0].run, services: of(.service), workers: manifest.workers.isEmpty ? nil : of(.worker))
  }

  /// Those of what was packed.
  private var packedWorkers: [String: [String]] {
    let folder = "\(source.path)/\(Self.packedWorkers)"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    let programs = names.filter { Manifest.isName($0) && access("\(folder)/\($0)", X_OK) == 0 }
    return Dictionary(uniqueKeysWithValues: programs.map { ($0, ["\(Self.packedWorkers)/\($0)"]) })
  }

  /// What a program is called in the copy, or its path where it stays.
  private func copyProgram(_ program: String, to place: String, in folder: String) throws -> String {
    let files = FileManager.default
    if Self.isOwn(program) {
      let name = "\(folder)/\(URL(fileURLWithPath: program).lastPathComponent)"
      try files.createDirectory(atPath: "\(place)/\(folder)", withIntermediateDirectories: true)
      var sizeBytes = 0
      try copyTree(program, to: "\(place)/\(name)", &sizeBytes)
      return name
    }
    // A script of the app's own; an interpreter stays where it is, with what belongs to it.
    let inside = program.hasPrefix(source.path + "/") ? program.dropFirst(source.path.count + 1) : ""
    let isCopied = !inside.isEmpty && files.fileExists(atPath: "\(place)/\(inside)")
    return isCopied ? String(inside) : program
  }

  /// Whether it is a linked program that was built, and none of the system's.
  private static func isOwn(_ program: String) -> Bool {
    var status = stat()
    guard lstat(program, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
      !Lab.programFolders.contains(URL(fileURLWithPath: program).deletingLastPathComponent().path),
      let file = FileHandle(forReadingAtPath: program)
    else { return false }
    defer { try? file.close() }
    return (try? file.read(upToCount: 4)).map { [UInt8]($0) } == [0x7F, 0x45, 0x4C, 0x46]
  }

  /// The folders that heights.json names, and the files beside it.
  private func namedFiles(_ manifest: Manifest) throws -> [String] {
    let beside = try entries().filter { kind(of: $0) == S_IFREG }
    return beside + manifest.filesThatAreRead.filter { kind(of: $0) != nil }
  }

  /// Without folders that begin with a dot: what tools keep, and the lab's own.
  private func wholeFolder() throws -> [String] {
    try entries().filter { name in
      kind(of: name) == S_IFREG || !name.hasPrefix(".") && [S_IFDIR, S_IFLNK].contains(kind(of: name))
    }
  }

  private func entries() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: source.path).sorted()
  }

  private func kind(of name: String) -> mode_t? {
    var status = stat()
    return lstat("\(source.path)/\(name)", &status) == 0 ? status.st_mode & S_IFMT : nil
  }

  private func copy(_ names: [String], to place: String) throws {
    let files = FileManager.default
    var sizeBytes = 0
    // What is in a folder that has been copied is there by then.
    for name in Set(names).sorted() where !files.fileExists(atPath: "\(place)/\(name)") {
      let target = URL(fileURLWithPath: "\(place)/\(name)")
      try files.createDirectory(at: target.deletingLastPathComponent(), withIntermediateDirectories: true)
      // A link may lead out of the folder, by a way that is another one from the copy.
      let whole = URL(fileURLWithPath: "\(source.path)/\(name)").resolvingSymlinksInPath().path
      if (source.path + "/").hasPrefix(whole + "/") {
        throw LabError.releaseNotMade(
          from: source.path, reason: "\(name) leads to a folder that has it inside")
      }
      try copyTree(
        files.fileExists(atPath: whole) ? whole : "\(source.path)/\(name)", to: target.path, &sizeBytes)
    }
  }

  /// Foundation gives a folder's copy to the owner of the original, which only root may. What is neither file, folder nor link is
  /// left out.
  private func copyTree(_ path: String, to target: String, _ sizeBytes: inout Int) throws {
    let files = FileManager.default
    var status = stat()
    if lstat(path, &status) != 0 { throw LabError.system(attempt: "copying \(path)", code: errno) }
    let mode: [FileAttributeKey: Any] = [.posixPermissions: Int(status.st_mode & 0o777 | S_IRUSR | S_IWUSR)]
    switch status.st_mode & S_IFMT {
    case S_IFDIR:
      try files.createDirectory(atPath: target, withIntermediateDirectories: false)
      for name in try files.contentsOfDirectory(atPath: path) {
        try copyTree("\(path)/\(name)", to: "\(target)/\(name)", &sizeBytes)
      }
    case S_IFLNK:
      let destination = try files.destinationOfSymbolicLink(atPath: path)
      try files.createSymbolicLink(atPath: target, withDestinationPath: destination)
    case S_IFREG:
      if !files.createFile(atPath: target, contents: nil, attributes: mode) {
        throw LabError.system(attempt: "copying \(path) to \(target)", code: errno)
      }
      let original = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
      defer { try? original.close() }
      let copy = try FileHandle(forWritingTo: URL(fileURLWithPath: target))
      defer { try? copy.close() }
      while let chunk = try original.read(upToCount: Self.chunkBytes), !chunk.isEmpty {
        sizeBytes += chunk.count
        if sizeBytes > Self.limitBytes { throw LabError.folderTooLarge(source.path) }
        try copy.write(contentsOf: chunk)
      }
    default: break
    }
  }

  // MARK: The fingerprint

  private static let chunkBytes = 1 << 20

  /// SHA-256 of the words and of every file, by name.
  static func fingerprint(of place: String, _ words: [String]) throws -> String {
    var state = crypto_hash_sha256_state()
    crypto_hash_sha256_init(&state)
    func add(_ bytes: [UInt8]) {
      // With its length, so that what belongs to one can't be taken for the next one's.
      withUnsafeBytes(of: UInt64(bytes.count)) {
        _ = crypto_hash_sha256_update(&state, $0.baseAddress, UInt64($0.count))
      }
      crypto_hash_sha256_update(&state, bytes, UInt64(bytes.count))
    }
    for word in words { add(Array(word.utf8)) }
    // What an interpreter keeps for itself says nothing.
    let names = try FileManager.default.subpathsOfDirectory(atPath: place).sorted().filter {
      !$0.split(separator: "/").contains("__pycache__")
    }
    for name in names {
      let path = "\(place)/\(name)"
      var status = stat()
      guard lstat(path, &status) == 0 else { continue }
      add(Array("\(name) \(status.st_mode & (S_IFMT | S_IXUSR))".utf8))
      guard status.st_mode & S_IFMT == S_IFREG else { continue }
      let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
      defer { try? file.close() }
      while let chunk = try file.read(upToCount: chunkBytes), !chunk.isEmpty { add([UInt8](chunk)) }
    }
    var hash = [UInt8](repeating: 0, count: Int(crypto_hash_sha256_BYTES))
    crypto_hash_sha256_final(&state, &hash)
    return hash.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}

extension Manifest {
  /// The folder of an app's migrations, a folder for each database.
  public static let migrations = "Migrations"

  /// What the app reads besides its program, files and folders relative to its folder; some need not be there.
  public var filesThatAreRead: [String] {
    [staticFolder, launchFolder, Self.migrations].compactMap { $0 } + files
  }
}
