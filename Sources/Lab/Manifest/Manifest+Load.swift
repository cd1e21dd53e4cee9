// Reading heights.json: from a folder to a checked manifest, or everything that is wrong with it.

import Contract
import Foundation
import Placement
import Workload

extension Manifest {
  /// The manifest's name in an app's folder.
  public static let fileName = "heights.json"

  /// Reads and checks the manifest of the app in `folder`. Throws `ManifestError` with every problem found.
  public static func load(folder: String) throws(ManifestError) -> Manifest {
    let path = folder + "/" + fileName
    guard let data = FileManager.default.contents(atPath: path) else {
      throw ManifestError(problems: [
        "\(fileName): not found in \(folder); `heights init NAME` writes an app, --app DIR names another folder"
      ])
    }
    guard let text = String(data: data, encoding: .utf8) else {
      throw ManifestError(problems: ["\(fileName): not UTF-8 text"])
    }
    return try parse(text) { isFolder(folder + "/" + $0) }
  }

  /// Checks the text of a manifest; `isFolder` tells whether a path relative to the app is a folder.
  static func parse(_ text: String, isFolder: (String) -> Bool) throws(ManifestError) -> Manifest {
    let root: JSON5Node
    do {
      root = try JSON5Parser.parse(text)
    } catch {
      throw ManifestError(problems: ["\(fileName):\(error.line): \(error.message)"])
    }
    let problems = ManifestProblems()
    let manifest = read(root, problems, isFolder)
    if let manifest, problems.all.isEmpty { return manifest }
    throw ManifestError(problems: problems.all)
  }

  private static func read(
    _ root: JSON5Node, _ problems: ManifestProblems, _ isFolder: (String) -> Bool
  ) -> Manifest? {
    guard let object = ManifestObject(root, path: "", problems) else { return nil }
    let name = object.required("name", "a name of letters, digits and dashes", read: appName)
    let title = object.required("title", "a title") { $0.text }
    let build = object.optional("build", "a command as a list of words", read: command)
    let databases = object.member("databases").map { readDatabases($0, problems) } ?? []
    let servicesMember = object.requiredMember("services", "an object with a service or several")
    let workersMember = object.member("workers")
    let workerNames = workersMember?.node.keys ?? []
    let services =
      servicesMember.map { readServices($0, databases: databases, workers: workerNames, problems) } ?? []
    let workers = workersMember.map { readWorkers($0, beside: services, problems) } ?? []
    let folder = { (node: JSON5Node) in node.text.flatMap { isInside($0) && isFolder($0) ? $0 : nil } }
    let staticFolder = object.optional("static", "a folder inside the app's folder", read: folder)
    // What listens on a port itself begins at stage 3.
    let isAfterLaunch = services.first?.listensOnPort == true && object.member("launch") == nil
    let launch =
      isAfterLaunch ? nil : object.required("launch", "a folder inside the app's folder", read: folder)
    let files = object.optional("files", "a list of files and folders inside the app's folder", read: paths)
    let workload = object.member("workload").map { readWorkload($0, problems) } ?? .standard
    let replication = object.optional("replication", "'available' or 'strict'") { node in
      node.text.flatMap { ["available", "strict"].contains($0) ? $0 : nil }
    }
    let network = object.optional("network", "'machine' or 'own'") { node in
      node.text.flatMap { ["machine", "own"].contains($0) ? $0 : nil }
    }
    let hosts = object.optional(
      "hosts", "a list of names such as 'example.com', or '.example.com' with what lies below"
    ) {
      words($0).flatMap { HostNames($0) }
    }
    object.rejectUnknownKeys()
    guard let name, let title, !services.isEmpty, launch != nil || isAfterLaunch else { return nil }
    return Manifest(
      name: name, title: title, build: build, databases: databases, services: services,
      workers: workers, staticFolder: staticFolder, launchFolder: launch, files: files ?? [],
      workload: workload,
      replicatesStrictly: replication == "strict", hasOwnNetwork: network == "own", hosts: hosts ?? .none)
  }

  private static func readDatabases(_ member: JSON5Node.Member, _ problems: ManifestProblems) -> [Database] {
    guard let object = ManifestObject(member.node, path: "databases", problems) else { return [] }
    let names = object.entries(
      "a name of letters, digits and underscores", isValid: isIdentifier)
    let free = names.filter { name in
      guard takenDatabases.contains(name.key) else { return true }
      problems.add(
        "databases/\(name.key)",
        "expected another name: \(takenDatabases.sorted().joined(separator: ", ")) are taken",
        line: name.line)
      return false
    }
    return free.compactMap { entry in
      guard let database = ManifestObject(entry.node, path: "databases/\(entry.key)", problems) else {
        return nil
      }
      let shardKey = database.optional("shardKey", "a column name") {
        $0.text.flatMap { isIdentifier($0) ? $0 : nil }
      }
      database.rejectUnknownKeys()
      return Database(name: entry.key, shardKey: shardKey ?? "shard")
    }
  }

  /// The standard one in the place of one that is refused.
  private static func readWorkload(_ member: JSON5Node.Member, _ problems: ManifestProblems) -> Workload {
    guard let object = ManifestObject(member.node, path: "workload", problems) else { return .standard }
    var weights: [Action: Double] = [:]
    for action in Action.allCases where action.isNamedByApps {
      weights[action] = object.optional(action.rawValue, Workload.weightWords) {
        $0.number(in: Workload.weightRange)
      }
    }
    let exponent = object.optional("zipfExponent", Workload.exponentWords) {
      $0.number(in: Workload.exponentRange)
    }
    object.rejectUnknownKeys()
    do { return try Workload(named: weights, popularityExponent: exponent ?? 1) } catch {
      // What each may be was asked above.
      problems.add("workload", "expected at least one weight above 0", line: member.line)
      return .standard
    }
  }
}

// The small rules of values.
extension Manifest {
  private static func appName(_ node: JSON5Node) -> String? { node.text.flatMap { isName($0) ? $0 : nil } }

  static func command(_ node: JSON5Node) -> [String]? {
    words(node).flatMap { $0.isEmpty ? nil : $0 }
  }

  private static func words(_ node: JSON5Node) -> [String]? {
    guard case .array(let elements) = node.value else { return nil }
    let words = elements.compactMap { $0.text.flatMap { $0.isEmpty || $0.utf8.contains(0) ? nil : $0 } }
    return words.count == elements.count ? words : nil
  }

  /// Whether a text can be an app's or a service's name: a DNS label of at most 40 lower-case letters, digits and dashes.
  public static func isName(_ text: String) -> Bool {
    let isAllowed = { (byte: UInt8) in isLetterOrDigit(byte) || byte == UInt8(ascii: "-") }
    return (1...40).contains(text.utf8.count) && text.utf8.allSatisfy(isAllowed)
      && text.utf8.first != UInt8(ascii: "-") && text.utf8.last != UInt8(ascii: "-")
  }

  /// What every PostgreSQL server has, and what HeightsKit keeps beside an app's own.
  private static let takenDatabases: Set<String> = Set(
    ["postgres", "template0", "template1"] + Placement.ownDatabases)

  private static func isIdentifier(_ text: String) -> Bool {
    let isAllowed = { (byte: UInt8) in isLetterOrDigit(byte) || byte == UInt8(ascii: "_") }
    return (1...40).contains(text.utf8.count) && text.utf8.allSatisfy(isAllowed)
      && !(text.first?.isNumber ?? true)
  }

  private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
      || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  private static func paths(_ node: JSON5Node) -> [String]? {
    guard case .array(let elements) = node.value else { return nil }
    let paths = elements.compactMap(\.text).filter(isInside)
    return paths.count == elements.count ? paths : nil
  }

  private static func isInside(_ path: String) -> Bool {
    !path.isEmpty && !path.hasPrefix("/") && !path.split(separator: "/").contains("..")
      && !path.utf8.contains(0)
  }
}

private func isFolder(_ path: String) -> Bool {
  var isDirectory: ObjCBool = false
  return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && isDirectory.boolValue
}

extension JSON5Node {
  /// The text of a string that is not empty.
  var text: String? {
    if case .string(let text) = value, !text.isEmpty { text } else { nil }
  }

  /// The keys of an object; none of anything else.
  var keys: [String] {
    if case .object(let members) = value { members.map(\.key) } else { [] }
  }

  /// The whole number in the range; nil for anything else.
  func whole(in range: ClosedRange<Int>) -> Int? {
    guard case .number(let number) = value else { return nil }
    return Int(exactly: number).flatMap { range.contains($0) ? $0 : nil }
  }

  fileprivate func number(in range: ClosedRange<Double>) -> Double? {
    if case .number(let number) = value, range.contains(number) { number } else { nil }
  }
}
