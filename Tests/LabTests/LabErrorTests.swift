// The wording of each error: what went wrong, where, and what to do next.

import Placement
import Testing

@testable import Lab

@Suite struct LabErrorTests {
  private static let part = Manifest.Part(kind: .service, name: "posts", run: ["bin/posts"])
  private static let wording: [(LabError, String)] = [
    (.system(attempt: "opening /x", code: 2), "opening /x: No such file or directory"),
    (.notAFolder("/x"), "/x is not a folder; name the app's folder with --app DIR"),
    (
      .alreadyRunning(pid: 7),
      "this app is already up (process 7); `heights status` shows it, `heights down` stops it"
    ),
    (.notRunning(folder: "/x"), "nothing runs in /x; start it with `heights up`"),
    (
      .portBusy(port: 8080, option: "--port"),
      "port 8080 of 127.0.0.1 is taken by another program; choose another with --port PORT"
    ),
    (
      .portOutOfRange(port: -1, option: "--port"),
      "--port is -1: expected a port from 1 to 65535, or 0 for a free one"
    ),
    (
      .regionTaken(7),
      "the addresses 127.7.*.*, which this app's engines have stored, belong to another lab that runs: stop that one with `heights down` first"
    ),
    (.regionTaken(nil), "no addresses are left on this machine: 250 labs run"),
    (
      .portsTaken(ports: [5432, 6379]),
      "another program listens on port 5432, 6379 of every address; stop it, or make it listen on one address only"
    ),
    (
      .unreadableState(path: "/x", reason: "why"),
      "/x can't be read (why); it says which stage the app is at: restore it, or move it away to start at stage 2"
    ),
    (
      .stageMismatch(at: 1, asked: 2),
      "this app is at stage 1; `heights climb` takes it to stage 2 with its data"
    ),
    (
      .stageMismatch(at: 2, asked: 1),
      "this app is at stage 2, and there is no way back to stage 1 that keeps its data"
    ),
    (.stageNotYet(7), "stage 7 does not run yet; choose from 1 to 6"),
    (.noInstance(stage: 1), "stage 1 has no instance to resize; `heights climb` leads to stage 2"),
    (
      .diskTooSmall(askedBytes: 1 << 30, currentBytes: 8 << 30),
      "the disk has 8 GiB and can only grow; 1 GiB was asked for"
    ),
    (
      .diskTooLarge(askedBytes: 3 << 46, maximumBytes: 1 << 46),
      "a disk has at most 64 TiB; 192 TiB was asked for"
    ),
    (
      .buildFailed(command: "make", outcome: "failed with code 2", log: "/l", lastLines: "  no"),
      "the build (make) failed with code 2; its output is in /l, the end of it:\n  no"
    ),
    (
      .programMissing(of: part, line: 7, path: "/app/bin/posts", isFile: false),
      "services/posts/run: expected a program, found none at /app/bin/posts: build it, or correct the path (heights.json:7)"
    ),
    (
      .programMissing(of: part, line: 7, path: "/app/bin/posts", isFile: true),
      "services/posts/run: expected a program, found /app/bin/posts, which may not be executed: `chmod +x` it, or correct the path "
        + "(heights.json:7)"
    ),
    (
      .programMissing(of: part, line: nil, path: nil, isFile: false),
      "services/posts/run: expected a program, found none called 'bin/posts' in PATH: install it, or correct the name (heights.json)"
    ),
    (
      .engineMissing(engine: "Redis", package: "redis-server"),
      "Redis is not installed; install the package redis-server (`scripts/install-engines` does it)"
    ),
    (
      .enginesMissing(stage: 4, packages: ["etcd-server", "haproxy"]),
      "engines of stage 4 are not installed; install these packages: etcd-server, haproxy (`scripts/install-engines 4` does it)"
    ),
    (
      .noClock(host: "server-a"),
      "the clock of server-a can't be set, since none of its processes has the library that tells it the time: "
        + "`scripts/power-library` makes it, and the next `heights up` takes it"
    ),
    (.noPower(zone: "local-a"), "zone local-a has no power"),
    (.unknownHost("cache-d", known: ["cache-a", "dns"]), "unknown host 'cache-d'; did you mean cache-a?"),
    (.unknownZone("x", known: ["local-a"]), "unknown zone 'x'; known are local-a"),
    (
      .unreadablePlacement(reason: "/x: the document is not JSON"),
      "/x: the document is not JSON; the file says where every database is: restore it from its last good version"
    ),
    (
      .placementConflict(.notLater(epoch: 4, found: 4)),
      "the new placement has epoch 4, and 4 is there: each is higher than the one before"
    ),
    (
      .placementConflict(.locked(by: "/x.lock")),
      "a process that does not come to an end is replacing the placement: see which one has /x.lock open"
    ),
    (.placementInvalid("objects are nowhere"), "not a placement: objects are nowhere"),
    (
      .placementConflict(.replaced(expected: 3, found: 4)),
      "the placement is at epoch 4, and 3 was expected: somebody else has changed it; look at it anew"
    ),
    (.countOutOfRange(service: "web", minimum: 2, maximum: 8), "web has between 2 and 8 instances"),
    (.notAtStage(what: "scaling", stage: 2), "scaling does not work at stage 2"),
    (
      .programFailed(
        program: "/x", host: "database-a", outcome: "exited with code 1", log: "/l", lastLines: "  no"),
      "/x on database-a exited with code 1; its log is /l, the end of it:\n  no"
    ),
    (
      .notReady(process: "app", outcome: "no answer", log: "/l", lastLines: "  no"),
      "app did not become ready: no answer; its log is /l, the end of it:\n  no"
    ),
    (.resizeUndone(type: "t4g.small", reason: "why"), "the resize was undone, t4g.small serves again: why"),
    (
      .adminFailed(process: "app", request: "POST /drain", outcome: "status 500"),
      "app answered POST /drain with: status 500"
    ),
    (.busy(operation: "resize"), "resize is under way; try again when it has ended"),
    (.stopping, "the lab is stopping"),
    (.protocolBroken("why"), "the control socket does not speak our protocol: why"),
    (.timedOut("it"), "it took too long"),
    (.releaseNotMade(from: "/x", reason: "why"), "no release could be made from /x: why"),
    (
      .folderTooLarge("/x"),
      "/x has more than 256 MiB, of which a release would be a copy: name what the app reads under `files` in heights.json, "
        + "then only that is copied"
    ),
    (
      .otherApp(folder: "/x"),
      "/x has another name, other services, workers or databases in its heights.json than the app that runs: such a change "
        + "comes with `heights down` and `heights up`"
    ),
    (
      .packedWithoutWorker("mail", folder: "/x"),
      "/x is a packed release, and has no program workers/mail for the worker 'mail' of the app that runs"
    ),
    (.unknownRelease(7, known: [1, 2]), "there is no release 7 any more, or yet; there are 1, 2"),
    (
      .releaseNotEverywhere(2, process: "server-a"),
      "server-a does not run release 2 yet; `heights deploy --lab` goes on with it"
    ),
    (.rolloutUnderWay(2), "release 2 is on its way into the app; `heights rollback` takes it back"),
  ]

  @Test(arguments: wording) func isToldSo(error: LabError, message: String) {
    #expect(error.description == message)
  }

  @Test(arguments: [
    (0, "0 bytes"), (1023, "1023 bytes"), (1536, "1.5 KiB"), (8 << 30, "8 GiB"), (1 << 50, "1024 TiB"),
  ])
  func sizesAreForPeople(bytes: Int, text: String) {
    #expect(Bytes.text(bytes) == text)
  }
}
