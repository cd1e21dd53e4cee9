// What a release is a copy of.

import Foundation
import TestSupport
import Testing

@testable import Lab

@Suite struct ReleaseFilesTests {
  /// An app of these files; `run` as it is written in heights.json.
  private static func app(
    run: String, more: String = "", _ files: [String: String] = [:]
  ) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    for (name, text) in files {
      let parent = URL(fileURLWithPath: folder.path + "/" + name).deletingLastPathComponent()
      try FileManager.default.createDirectory(at: parent, withIntermediateDirectories: true)
      try folder.write(text, to: name)
    }
    try folder.write(
      "{ name: 'hut', title: 'Hut', \(more) services: { web: { run: [\(run)], listens: 'port' } } }",
      to: "heights.json")
    return folder
  }

  private static func copy(_ app: TemporaryFolder) throws -> (copy: ReleaseFiles.Copy, names: [String]) {
    let place = try TemporaryFolder()
    let target = place.path + "/1"
    let copy = try ReleaseFiles(try AppFolder(app.path)).copy(to: target)
    return (copy, try FileManager.default.subpathsOfDirectory(atPath: target).sorted())
  }

  @Test func ofAScriptTheWholeFolderIsCopiedButWhatToolsKeep() throws {
    let app = try Self.app(
      run: "'python3', 'app.py'",
      ["app.py": "1", "parts/a.py": "2", ".git/HEAD": "3", ".venv/x": "4", ".env": "5"])
    let (copy, names) = try Self.copy(app)
    #expect(names == [".env", "app.py", "heights.json", "parts", "parts/a.py"])
    #expect(copy.runs.all[0].hasSuffix("/python3") && copy.runs.all[0].hasPrefix("/"))
    #expect(copy.runs.all[1...] == ["app.py"] && copy.runs.services == ["web": copy.runs.all])
  }

  @Test func linksStayLinksAndWhatMayBeExecutedStaysSo() throws {
    let app = try Self.app(run: "'python3', 'parts/a.py'", ["parts/a.py": "1"])
    symlink("a.py", app.path + "/parts/b.py")
    let elsewhere = try TemporaryFolder()
    try elsewhere.write("2", to: "c.py")
    symlink(elsewhere.path, app.path + "/shared")
    chmod(app.path + "/parts/a.py", 0o755)
    let place = try TemporaryFolder()
    _ = try ReleaseFiles(try AppFolder(app.path)).copy(to: place.path + "/1")
    let parts = place.path + "/1/parts"
    #expect(place.read("1/shared/c.py") == "2")
    #expect((try? FileManager.default.destinationOfSymbolicLink(atPath: place.path + "/1/shared")) == nil)
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: parts + "/b.py") == "a.py")
    #expect(access(parts + "/a.py", X_OK) == 0 && place.read("1/parts/b.py") == "1")
  }

  @Test func aScriptOfItsOwnIsStartedFromTheCopy() throws {
    let app = try Self.app(run: "'./serve'", ["serve": "#!/bin/sh\n"])
    chmod(app.path + "/serve", 0o755)
    #expect(try Self.copy(app).copy.runs.all == ["./serve"])
  }

  @Test func ofALinkedProgramWhatTheManifestNamesIsCopiedAndWhatLiesBesideIt() throws {
    let app = try Self.app(
      run: "'build/out/serve', '--x'", more: "static: 'Public', files: ['data/a.txt'],",
      [
        "build/out/other.o": "1", "Public/a.css": "2", "Migrations/main/001_a.sql": "3", "data/a.txt": "4",
        "data/b.txt": "5", "openapi.json": "6", "Sources/main.c": "7",
      ])
    try FileManager.default.copyItem(atPath: "/usr/bin/env", toPath: app.path + "/build/out/serve")
    let (copy, names) = try Self.copy(app)
    #expect(
      names == [
        ".program", ".program/serve", "Migrations", "Migrations/main", "Migrations/main/001_a.sql", "Public",
        "Public/a.css", "data", "data/a.txt", "heights.json", "openapi.json",
      ])
    #expect(copy.runs.all == [".program/serve", "--x"])
  }

  @Test func workersComeWithTheRelease() throws {
    let app = try Self.app(
      run: "'python3', 'app.py'",
      more:
        "workers: { mail: { run: ['python3', 'mail.py'] }, own: { run: ['./own', '-v'] }, built: { run: ['out/w'] } },",
      ["app.py": "1", "mail.py": "2", "own": "#!/bin/sh\n", "out/x": ""])
    chmod(app.path + "/own", 0o755)
    try FileManager.default.copyItem(atPath: "/usr/bin/env", toPath: app.path + "/out/w")
    let (copy, names) = try Self.copy(app)
    #expect(
      copy.runs.workers?["mail"]?.first?.hasSuffix("/python3") == true
        && copy.runs.workers?["mail"]?.last == "mail.py")
    #expect(
      copy.runs.workers?["own"] == ["./own", "-v"] && copy.runs.workers?["built"] == [".workers/built/w"])
    #expect(Set(names).isSuperset(of: ["mail.py", "own", ".workers/built/w"]))
    // Another command for a worker is another release.
    let other = try Self.app(
      run: "'python3', 'app.py'",
      more: "workers: { mail: { run: ['python3', '-O', 'mail.py'] } },", ["app.py": "1", "mail.py": "2"])
    let same = try Self.app(
      run: "'python3', 'app.py'",
      more: "workers: { mail: { run: ['python3', 'mail.py'] } },", ["app.py": "1", "mail.py": "2"])
    #expect(try Self.copy(other).copy.runs != Self.copy(same).copy.runs)
    #expect(try Self.copy(other).copy.runs.words.contains("-O"))
  }

  /// An app of three services; `notes` has a program of its own.
  private static func split(notes: String) throws -> TemporaryFolder {
    let app = try TemporaryFolder()
    for folder in ["out", "Launch"] { try app.makeFolder(folder) }
    for name in ["web", "notes"] {
      try FileManager.default.copyItem(atPath: "/usr/bin/env", toPath: "\(app.path)/out/\(name)")
    }
    let services =
      "web: { run: ['out/web', '-w'], calls: ['notes', 'people'] }, notes: { run: [\(notes)] }, people: {}"
    try app.write(
      "{ name: 'hut', title: 'Hut', launch: 'Launch', services: { \(services) } }", to: "heights.json")
    return app
  }

  @Test func eachServiceComesWithItsProgram() throws {
    let (copy, names) = try Self.copy(try Self.split(notes: "'out/notes', '-n'"))
    let all = [".program/web", "-w"]
    #expect(copy.runs.all == all && copy.runs.workers == nil)
    #expect(copy.runs.services == ["web": all, "notes": [".services/notes/notes", "-n"], "people": all])
    #expect(Set(names).isSuperset(of: [".program/web", ".services/notes/notes"]))
    // What two have is there once.
    let shared = try Self.copy(try Self.split(notes: "'out/web', '-n'"))
    #expect(shared.copy.runs.services?["notes"] == [".program/web", "-n"])
    #expect(shared.names.filter { $0.hasPrefix(".") } == [".program", ".program/web"])
  }

  @Test func theFingerprintIsOfEachProgramAndItsWords() throws {
    /// Without heights.json, which says the same.
    func fingerprint(
      _ notes: String, _ change: (TemporaryFolder) throws -> Void = { _ in }
    ) throws -> String {
      let (app, place) = (try Self.split(notes: notes), try TemporaryFolder())
      try change(app)
      let copy = try ReleaseFiles(try AppFolder(app.path)).copy(to: place.path + "/1")
      try FileManager.default.removeItem(atPath: place.path + "/1/heights.json")
      return try ReleaseFiles.fingerprint(of: place.path + "/1", copy.runs.words)
    }
    let usual = try fingerprint("'out/notes', '-n'")
    #expect(try fingerprint("'out/notes', '-n'") == usual)
    #expect(try fingerprint("'out/notes', '-m'") != usual)
    #expect(try fingerprint("'out/notes', '-n'") { truncate("\($0.path)/out/notes", 99) } != usual)
    // Of one program, as before there were several.
    #expect(
      ReleaseRuns(all: ["w", "-w"], services: ["web": ["w", "-w"], "b": ["w", "-w"]]).words == ["w", "-w"])
  }

  @Test func aProgramThatIsNotThereIsToldWithItsServiceAndItsLine() throws {
    let app = try Self.split(notes: "'out/notes'")
    let path = "\(app.path)/out/notes"
    let notes = Manifest.Part(kind: .service, name: "notes", run: ["out/notes"])
    chmod(path, 0o644)
    #expect(throws: LabError.programMissing(of: notes, line: 1, path: path, isFile: true)) {
      try Self.copy(app)
    }
    try FileManager.default.removeItem(atPath: path)
    let missing = LabError.programMissing(of: notes, line: 1, path: path, isFile: false)
    #expect(throws: missing) { try Self.copy(app) }
    // That one may be "executed" too.
    try app.makeFolder("out/notes")
    #expect(throws: missing) { try Self.copy(app) }
    let other = try Self.app(run: "\n'nowhere-to-be-found'")
    let web = Manifest.Part(kind: .service, name: "web", run: ["nowhere-to-be-found"])
    #expect(throws: LabError.programMissing(of: web, line: 1, path: nil, isFile: false)) {
      try Self.copy(other)
    }
  }

  @Test func anUnpackedReleaseNeedsNoManifest() throws {
    let folder = try TemporaryFolder()
    try folder.write("#!/bin/sh\n", to: "run")
    chmod(folder.path + "/run", 0o755)
    // It finds out by itself which service it is.
    #expect(try Self.copy(folder).copy.runs == ReleaseRuns(all: ["run"]))
  }

  @Test func theFingerprintIsOfContentNamesWordsAndWhatMayBeExecuted() throws {
    let files = ["app.py": "1", "b.py": "2"]
    func fingerprint(
      _ run: String = "'python3', 'app.py'", _ change: (TemporaryFolder) throws -> Void = { _ in }
    )
      throws -> String
    {
      let app = try Self.app(run: run, files)
      try change(app)
      return try Self.copy(app).copy.fingerprint
    }
    let usual = try fingerprint()
    #expect(try fingerprint() == usual)
    #expect(try fingerprint("'python3', 'b.py'") != usual)
    #expect(try fingerprint { try $0.write("3", to: "b.py") } != usual)
    #expect(try fingerprint { rename($0.path + "/b.py", $0.path + "/c.py") } != usual)
    #expect(try fingerprint { chmod($0.path + "/b.py", 0o755) } != usual)
    #expect(try fingerprint { try $0.makeFolder(".hidden/x") } == usual)
  }

  @Test func anotherAppOrOtherPartsAreRefused() throws {
    let app = try Self.app(run: "'true'")
    let manifest = try Manifest.load(folder: app.path)
    let same = try Self.app(run: "'false', 'x'")
    try ReleaseFiles(try AppFolder(same.path)).check(against: manifest)
    let other = try Self.app(run: "'true'", more: "databases: { main: {} },")
    let files = try ReleaseFiles(try AppFolder(other.path))
    #expect(throws: LabError.self) { try files.check(against: manifest) }
    let busier = try Self.app(run: "'true'", more: "workers: { mail: { run: ['true'] } },")
    #expect(throws: LabError.otherApp(folder: busier.path)) {
      try ReleaseFiles(try AppFolder(busier.path)).check(against: manifest)
    }
    let packed = try TemporaryFolder()
    try packed.write("#!/bin/sh\n", to: "run")
    chmod(packed.path + "/run", 0o755)
    let worked = try Manifest.load(folder: busier.path)
    #expect(throws: LabError.packedWithoutWorker("mail", folder: packed.path)) {
      try ReleaseFiles(try AppFolder(packed.path)).check(against: worked)
    }
    try packed.makeFolder("workers")
    for name in ["mail", "mail.2"] {
      try packed.write("#!/bin/sh\n", to: "workers/\(name)")
      chmod("\(packed.path)/workers/\(name)", 0o755)
    }
    try ReleaseFiles(try AppFolder(packed.path)).check(against: worked)
    #expect(try Self.copy(packed).copy.runs == ReleaseRuns(all: ["run"], workers: ["mail": ["workers/mail"]]))
  }

  @Test func theCommitOfAFolderIsReadFromGitsOwnFiles() throws {
    let folder = try Self.app(run: "'true'", [".git/HEAD": "ref: refs/heads/main\n", "app/x": ""])
    #expect(GitCommit.of(folder.path) == nil)
    let commit = String(repeating: "0123456789", count: 4)
    try folder.write("# pack-refs\n\(commit) refs/heads/main\n", to: ".git/packed-refs")
    #expect(GitCommit.of(folder.path + "/app") == "0123456789 (main)")
    try folder.write("\(commit)\n", to: ".git/HEAD")
    #expect(GitCommit.of(folder.path) == "0123456789")
  }
}
