// The services of heights.json: parts of the app that others call, of one program or of several.

import Topology

extension Manifest {
  /// Every service with what it runs, has and calls. The first answers people; each other is called by some service, and nobody
  /// is called, round a corner or more, by whom he calls: a request that comes back would wait for itself.
  static func readServices(
    _ member: JSON5Node.Member, databases: [Database], workers: [String], _ problems: ManifestProblems
  ) -> [Service] {
    guard let object = ManifestObject(member.node, path: "services", problems) else { return [] }
    let entries = object.entries("a name of letters, digits and dashes", isValid: isName)
    guard let first = entries.first else {
      problems.add("services", "expected a service or several, found none", line: member.line)
      return []
    }
    if entries.count > maximumServices {
      problems.add(
        "services", "expected at most \(maximumServices) services, found \(entries.count)", line: member.line)
    }
    let names = entries.map(\.key)
    var services: [Service] = []
    for entry in entries {
      let program = services.first?.run
      if let service = readService(
        entry, unlessTold: program, among: (names, workers), databases: databases, problems)
      {
        services.append(service)
      } else if entry.key == first.key {
        return []
      }
    }
    if services.count == entries.count { checkCalls(services, entries, problems) }
    let most = services.reduce(0) { $0 + Scaling.unplanned(zones: mostZones, wish: $1.scale).maximum }
    if most > maximumOfAll {
      problems.add(
        "services", "expected at most \(maximumOfAll) instances of all services at their max, found \(most)",
        line: member.line)
    }
    return services
  }

  /// As many as there are load balancers between the layers of an app on AWS, with the one for people, in the quota of a region
  /// that nobody has raised (50), with room for a second app.
  static let maximumServices = 20

  /// - Parameters:
  ///   - program: of the first service, which others may say as well as another; nil where this is the first.
  ///   - names: of services, and of workers, which nobody can call.
  private static func readService(
    _ member: JSON5Node.Member, unlessTold program: [String]?,
    among names: (services: [String], workers: [String]), databases: [Database], _ problems: ManifestProblems
  ) -> Service? {
    let path = "services/\(member.key)"
    guard let object = ManifestObject(member.node, path: path, problems) else { return nil }
    let words = "a command as a list of words"
    let run =
      program == nil
      ? object.required("run", words, read: command) : object.optional("run", words, read: command)
    let used = object.member("databases").map {
      readNames($0, "\(path)/databases", "database", among: databases.map(\.name), problems)
    }
    let calls = object.member("calls").map {
      checkNoneIsWorker($0, "\(path)/calls", names.workers, problems)
      return readNames(
        $0, "\(path)/calls", "service", among: names.services.filter { $0 != member.key },
        notedAlready: names.workers, problems)
    }
    let scale = object.member("scale").flatMap { readScale($0, "\(path)/scale", problems) }
    let listens = object.optional("listens", "'sockets' or 'port'") { node in
      node.text.flatMap { ["sockets", "port"].contains($0) ? $0 : nil }
    }
    if listens == "port", names.services.count > 1 {
      problems.add("\(path)/listens", "what listens on a port itself is one service", line: member.line)
    }
    object.rejectUnknownKeys()
    return (run ?? program).map {
      Service(
        name: member.key, run: $0, databases: used ?? [], calls: calls ?? [], scale: scale,
        listensOnPort: listens == "port")
    }
  }

  /// Of a service, and of all together: a zone of the lab has addresses for a third of those beside everything else.
  public static let maximumInstances = 60
  static let maximumOfAll = 450
  /// From stage 6 on one stands in each zone.
  private static let mostZones = 3

  private static func readScale(
    _ member: JSON5Node.Member, _ path: String, _ problems: ManifestProblems
  ) -> AppOutline.Scale? {
    guard let object = ManifestObject(member.node, path: path, problems) else { return nil }
    func whole(_ key: String, _ range: ClosedRange<Int>) -> Int? {
      object.optional(key, "a whole number from \(range.lowerBound) to \(range.upperBound)") {
        $0.whole(in: range)
      }
    }
    let (minimum, maximum) = (whole("min", 1...maximumInstances), whole("max", mostZones...maximumInstances))
    let target = whole("target", 1...100)
    object.rejectUnknownKeys()
    if let minimum, let maximum, minimum > maximum {
      problems.add(path, "min is \(minimum), and max is \(maximum): expected no more", line: member.line)
    }
    return AppOutline.Scale(minimum: minimum, maximum: maximum, targetPercent: target)
  }

  private static func checkNoneIsWorker(
    _ member: JSON5Node.Member, _ path: String, _ workers: [String], _ problems: ManifestProblems
  ) {
    guard case .array(let elements) = member.node.value else { return }
    for (index, element) in elements.enumerated() {
      guard let name = element.text, workers.contains(name) else { continue }
      problems.add("\(path)/\(index)", "'\(name)' is a worker, which answers nobody", line: element.line)
    }
  }

  /// - Parameters:
  ///   - kind: what is named there, such as `database`.
  ///   - noted: names of which it has been told already that they are none.
  private static func readNames(
    _ member: JSON5Node.Member, _ path: String, _ kind: String, among known: [String],
    notedAlready noted: [String] = [], _ problems: ManifestProblems
  ) -> [String] {
    guard case .array(let elements) = member.node.value else {
      problems.add(path, expected: "a list of \(kind)s", found: member.node)
      return []
    }
    var names: [String] = []
    for (index, element) in elements.enumerated() {
      let place = "\(path)/\(index)"
      if let name = element.text, noted.contains(name), !known.contains(name) { continue }
      guard let name = element.text, known.contains(name) else {
        let expected = "one of the \(kind)s" + (known.isEmpty ? "" : " (\(known.joined(separator: ", ")))")
        problems.add(place, expected: expected, found: element)
        continue
      }
      if names.contains(name) { problems.add(place, "'\(name)' is there twice", line: element.line) }
      names.append(name)
    }
    return names
  }

  private static func checkCalls(
    _ services: [Service], _ entries: [JSON5Node.Member], _ problems: ManifestProblems
  ) {
    if let circle = circle(in: services) {
      let line = entries.first { $0.key == circle[0] }?.line ?? entries[0].line
      problems.add(
        "services/\(circle[0])/calls",
        "a circle: \(circle.joined(separator: " calls ")); who is called can't call back",
        line: line)
    }
    let called = Set(services.flatMap(\.calls))
    for entry in entries.dropFirst() where !called.contains(entry.key) {
      problems.add(
        "services/\(entry.key)", "nobody calls it: expected its name in `calls` of a service that does",
        line: entry.line)
    }
  }

  /// Services of which each calls the next, from one back to itself; nil where there are none such.
  private static func circle(in services: [Service]) -> [String]? {
    let calls = Dictionary(services.map { ($0.name, $0.calls) }) { first, _ in first }
    var done: Set<String> = []
    func search(_ name: String, _ path: [String]) -> [String]? {
      if let start = path.firstIndex(of: name) { return path[start...] + [name] }
      if done.contains(name) { return nil }
      for callee in calls[name] ?? [] {
        if let circle = search(callee, path + [name]) { return circle }
      }
      done.insert(name)
      return nil
    }
    for service in services {
      if let circle = search(service.name, []) { return circle }
    }
    return nil
  }
}
