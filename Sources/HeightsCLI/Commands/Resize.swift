// heights resize: vertical scaling.

import Lab

extension Command {
  static let resize = Command(
    name: "resize", summary: "Give a running app a larger (or smaller) instance, a larger disk, or both.",
    discussion:
      "The app drains and starts again on the same data; connections made meanwhile wait, and none is refused. A "
      + "disk can only grow, as on AWS.",
    options: [
      Option("type", "TYPE", "an EC2 instance type, such as m7g.large: it sets event loops and cache"),
      Option("disk", "SIZE", "the size of the disk, such as 100GiB: it bounds the data folder"),
      .app, .json,
    ],
    example: "heights resize --type m7g.large --disk 100GiB"
  ) { arguments, output in
    let type = arguments.text("type")
    let diskBytes = try arguments.text("disk").map { text throws(UsageError) in
      try ByteSize.parse(text, option: "disk")
    }
    if type == nil, diskBytes == nil { throw UsageError("'resize' needs --type, --disk, or both") }
    let folder = try arguments.appFolder()
    let lab = try await output.whileWorking {
      try await onThread {
        try ControlClient(folder).send(.resize(type: type, diskBytes: diskBytes)) { output.progress($0) }
      }
    }
    if arguments.has("json") {
      output.json(lab)
    } else {
      output.result(
        "\(lab.title) runs on \(lab.instance.type) with a disk of \(Bytes.text(lab.disk.quotaBytes))")
    }
    return 0
  }
}
