// How the lab's errors are told.

import Glibc
import Topology

extension LabError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .system(let attempt, let code): "\(attempt): \(String(cString: strerror(code)))"
    case .notAFolder(let path): "\(path) is not a folder; name the app's folder with --app DIR"
    case .alreadyRunning(let pid):
      "this app is already up (process \(pid)); `heights status` shows it, `heights down` stops it"
    case .notRunning(let folder): "nothing runs in \(folder); start it with `heights up`"
    case .portBusy(let port, let option):
      "port \(port) of 127.0.0.1 is taken by another program; choose another with \(option) PORT"
    case .portOutOfRange(let port, let option):
      "\(option) is \(port): expected a port from 1 to 65535, or 0 for a free one"
    case .regionTaken(let region?):
      "the addresses 127.\(region).*.*, which this app's engines have stored, belong to another lab that runs: stop "
        + "that one with `heights down` first"
    case .regionTaken(nil): "no addresses are left on this machine: 250 labs run"
    case .portsTaken(let ports):
      "another program listens on port \(ports.map(String.init).joined(separator: ", ")) of every address; stop it, "
        + "or make it listen on one address only"
    case .unreadablePlacement(let reason):
      "\(reason); the file says where every database is: restore it from its last good version"
    case .placementConflict(let conflict): conflict.description
    case .placementInvalid(let reason): "not a placement: \(reason)"
    case .unknownHost(let name, let known): Self.unknown("host", name, known)
    case .unknownZone(let name, let known): Self.unknown("zone", name, known)
    case .unknownProcess(let name, let known): Self.unknown("process or host", name, known)
    case .unknownService(let name, let known): Self.unknown("service", name, known)
    case .countOutOfRange(let service, let minimum, let maximum):
      "\(service) has between \(minimum) and \(maximum) instances"
    case .notAtStage(let what, let stage): "\(what) does not work at stage \(stage)"
    case .stageNeedsSockets(let stage):
      "stage \(stage) hands the app its sockets and its SQLite files, and this app listens on its port itself "
        + "(heights.json: listens); start it at stage 3 or later"
    case .unreadableState(let path, let reason):
      "\(path) can't be read (\(reason)); it says which stage the app is at: restore it, or move it away to "
        + "start at stage 2"
    case .stageMismatch(let at, let asked):
      asked > at
        ? "this app is at stage \(at); `heights climb` takes it to stage \(asked) with its data"
        : "this app is at stage \(at), and there is no way back to stage \(asked) that keeps its data"
    case .stageNotYet(let stage):
      "stage \(stage) does not run yet; choose from 1 to \(Stage.allCases.last { $0.runsToday }?.number ?? 2)"
    case .levelImpossible(let reason): reason
    case .unknownInstanceType(let name): Self.unknownType(name)
    case .noInstance(let stage): "stage \(stage) has no instance to resize; `heights climb` leads to stage 2"
    case .diskTooSmall(let asked, let current):
      "the disk has \(Bytes.text(current)) and can only grow; \(Bytes.text(asked)) was asked for"
    case .diskTooLarge(let asked, let maximum):
      "a disk has at most \(Bytes.text(maximum)); \(Bytes.text(asked)) was asked for"
    case .buildFailed(let command, let outcome, let log, let lines):
      "the build (\(command)) \(outcome); its output is in \(log), the end of it:\n\(lines)"
    case .programMissing(let path):
      "the program \(path) is not there, or may not be executed; `services` in heights.json names it under run"
    case .engineMissing(let engine, let package):
      "\(engine) is not installed; install the package \(package) (`scripts/install-engines` does it)"
    case .enginesMissing(let stage, let packages):
      "engines of stage \(stage) are not installed; install these packages: \(packages.joined(separator: ", ")) "
        + "(`scripts/install-engines \(stage)` does it)"
    case .programFailed(let program, let host, let outcome, let log, let lines):
      "\(program) on \(host) \(outcome); its log is \(log), the end of it:\n\(lines)"
    case .madeByAnEarlierVersion(let engine):
      "\(engine) was made by an earlier version of Heights, whose engines believed whoever asked them: run the app with "
        + "that version, or move its folder .heights away to begin anew"
    case .notReady(let process, let outcome, let log, let lines):
      "\(process) did not become ready: \(outcome); its log is \(log), the end of it:\n\(lines)"
    case .resizeUndone(let type, let reason): "the resize was undone, \(type) serves again: \(reason)"
    case .adminFailed(let process, let request, let outcome):
      "\(process) answered \(request) with: \(outcome)"
    case .unknownRole(let role): "unknown role '\(role)'; roles are launch and app"
    case .noClock(let host):
      "the clock of \(host) can't be set, since none of its processes has the library that tells it the time: "
        + "`scripts/power-library` makes it, and the next `heights up` takes it"
    case .noPower(let zone): "zone \(zone) has no power"
    case .noOwnNetwork:
      "the lab's hosts are in this machine's network, where no link can be cut: set network: \"own\" in heights.json, then "
        + "`heights down` and `heights up`"
    case .busy(let operation): "\(operation) is under way; try again when it has ended"
    case .stopping: "the lab is stopping"
    case .protocolBroken(let detail): "the control socket does not speak our protocol: \(detail)"
    case .timedOut(let what): "\(what) took too long"
    case .remote(_, let message): message
    }
  }

  private static func unknownType(_ name: String) -> String {
    unknown("instance type", name, InstanceType.catalogue.map(\.name))
  }

  private static func unknown(_ kind: String, _ name: String, _ known: [String]) -> String {
    let hint = Nearest.name(to: name, among: known).map { "did you mean \($0)?" }
    return "unknown \(kind) '\(name)'; \(hint ?? "known are \(known.joined(separator: ", "))")"
  }
}

/// Sizes for people.
public enum Bytes {
  /// Such as `1.5 GiB`: one decimal at most, binary units.
  public static func text(_ bytes: Int) -> String {
    var size = Double(bytes)
    for unit in ["bytes", "KiB", "MiB", "GiB"] {
      if size < 1024 { return "\(rounded(size)) \(unit)" }
      size /= 1024
    }
    return "\(rounded(size)) TiB"
  }

  private static func rounded(_ size: Double) -> String {
    let tenths = (size * 10).rounded() / 10
    return Int(exactly: tenths).map(String.init) ?? String(tenths)
  }
}
