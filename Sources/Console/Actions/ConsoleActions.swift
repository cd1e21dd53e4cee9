// What the page's buttons ask for: checked against what the lab has, then handed to the board.

import HeightsHTTP
import Lab
import Topology

/// `POST /actions/NAME` with a body of JSON, and `GET /access`, which tells whether a token is the right one. Both want
/// `Authorization: Bearer TOKEN`. An action is answered as soon as it has begun: the snapshots tell how it goes on.
struct ConsoleActions: Sendable {
  /// No body that is right comes near it.
  static let maxBodyBytes = 1_024

  let lab: Lab
  let board: JobBoard
  let drills: [ConsoleDrill]
  let token: Token

  func add(to router: inout Router, secured: @escaping @Sendable (Response) -> Response) {
    router.get("/access") { [token] request in
      try token.check(request)
      return secured(.noContent.with("Cache-Control", "no-store"))
    }
    let actions: [(name: String, act: @Sendable (inout ActionBody) throws -> Void)] = [
      ("climb", climb), ("undo", undo), ("rollback", rollback), ("drill", drill), ("load", load),
      ("scale", scale),
      ("scale-by-load", scaleByLoad), ("stop", stop),
      ("cut-power", { try power(&$0, isOn: false) }), ("restore-power", { try power(&$0, isOn: true) }),
    ]
    for (name, act) in actions {
      router.post("/actions/\(name)", maxBodyBytes: Self.maxBodyBytes) { [token] request in
        try token.check(request)
        var body = try request.json(ActionBody.self)
        try act(&body)
        return secured(Response(status: .accepted))
      }
    }
  }

  // MARK: Climbs

  private func climb(_ body: inout ActionBody) throws {
    let stages = Stage.allCases.filter { $0.runsToday && $0 > .launchPage }.map(\.number)
    let to = body.number("to", in: 2...(stages.last ?? 2))
    try body.finish()
    try board.start(["climb", "--to", String(to)], as: "Climb to stage \(to)", lane: .change)
  }

  private func undo(_ body: inout ActionBody) throws {
    try body.finish()
    try board.start(["climb", "--undo"], as: "Back to the stage before", lane: .change)
  }

  // MARK: Releases

  /// Without a number it goes to the release before. While one is on its way the one that ran before may be asked for: then that is taken
  /// back, and nothing else, should it have been taken back meanwhile.
  private func rollback(_ body: inout ActionBody) throws {
    let book = lab.snapshot.releases ?? ReleaseBook()
    let kept = book.all.filter { !$0.isRemoved && ($0.number != book.current || book.rollout != nil) }
      .map(\.number)
    let release = body.optionalNumber("release", of: kept)
    try body.finish()
    try board.start(
      ["rollback"] + (release.map { [String($0)] } ?? []),
      as: release.map { "Back to release \($0)" } ?? "Back to the release before", lane: .change)
  }

  // MARK: Drills and load

  private func drill(_ body: inout ActionBody) throws {
    let snapshot = lab.snapshot
    let offered = drills.filter { $0.firstStage <= snapshot.stage.number }
    let kind = body.choice("kind", of: offered.map(\.kind))
    let target = offered.first { $0.kind == kind }?.target
    let zone = target == .zone ? body.optionalChoice("zone", of: snapshot.topology.zones.map(\.id)) : nil
    let host = target == .host ? body.optionalChoice("host", of: snapshot.hosts) : nil
    try body.finish()
    let words = ["drill", kind] + (zone.map { ["--zone", $0] } ?? []) + (host.map { ["--host", $0] } ?? [])
    let place = (zone ?? host).map { " on \($0)" } ?? ""
    try board.start(words, as: "Drill: \(kind)\(place)", lane: .change)
  }

  private func load(_ body: inout ActionBody) throws {
    let rate = body.number("rate", in: 1...10_000)
    let seconds = body.number("seconds", in: 1...3_600)
    try body.finish()
    try board.start(
      ["load", "--rate", String(rate), "--duration", String(seconds)],
      as: "Load: \(rate) requests/s for \(seconds) s", lane: .load)
  }

  // MARK: The lab

  private func power(_ body: inout ActionBody, isOn: Bool) throws {
    let snapshot = lab.snapshot
    let zones = snapshot.topology.zones.map(\.id)
    let zone = body.choice("zone", of: snapshot.stage >= .replicated ? zones : [])
    try body.finish()
    if isOn {
      try board.start(.restorePower(zone: zone), as: "Restore the power of \(zone)")
    } else {
      try board.start(.cutPower(zone: zone), as: "Cut the power of \(zone)")
    }
  }

  private func scale(_ body: inout ActionBody) throws {
    let scaled = lab.snapshot.services ?? []
    let service = body.choice("service", of: scaled.map(\.name))
    // By hand there may be more than by the load: the lab says how many.
    let count = body.number("count", in: 1...Manifest.maximumInstances)
    try body.finish()
    try board.start(.scale(service: service, count: count), as: "Scale \(service) to \(count)")
  }

  private func scaleByLoad(_ body: inout ActionBody) throws {
    let service = body.choice("service", of: (lab.snapshot.services ?? []).map(\.name))
    try body.finish()
    try board.start(.scaleByLoad(service: service), as: "Scale \(service) by its load")
  }

  private func stop(_ body: inout ActionBody) throws {
    let lane = body.choice("lane", of: [Job.Lane.change, .load].map(\.rawValue))
    try body.finish()
    if let lane = Job.Lane(rawValue: lane) { try board.stop(lane) }
  }
}

extension LabSnapshot {
  /// What a drill can be held on.
  fileprivate var hosts: [String] {
    let known = topology.servers.map(\.id)
    return known + processes.compactMap(\.host).filter { !known.contains($0) }
  }
}

extension Token {
  private static let advice =
    "Open the console at the address that `heights up` printed; `heights status` shows it too."

  /// - Throws: `Problem`: 401 without a token, 403 with another one.
  func check(_ request: Request) throws {
    guard let sent = request.header("Authorization") else {
      throw Problem(.unauthorized, title: "A token is needed", detail: Self.advice)
    }
    guard sent.hasPrefix("Bearer "), equals(sent.dropFirst("Bearer ".count)) else {
      throw Problem(.forbidden, title: "The token is not of this run", detail: Self.advice)
    }
  }
}
