// What a process says over its admin socket, as JSON.

import Contract

extension AdminAnswer.Health: JSONWritable {
  public func write(to json: inout JSONWriter) {
    json.object {
      $0.member("state", state)
      $0.member("stage", stage)
    }
  }
}

extension AdminAnswer.Adopted: JSONWritable {
  public func write(to json: inout JSONWriter) { json.object { $0.member("epoch", epoch) } }
}

extension AdminAnswer.Drained: JSONWritable {
  public func write(to json: inout JSONWriter) { json.object { $0.member("complete", complete) } }
}

extension AdminAnswer.ObjectsCopied: JSONWritable {
  public func write(to json: inout JSONWriter) {
    json.object {
      $0.member("total", total)
      $0.member("done", done)
      $0.member("copied", copied)
      if let next { $0.member("next", next) }
      $0.member("damaged", array: damaged)
    }
  }
}

extension AdminAnswer.SessionsCopied: JSONWritable {
  public func write(to json: inout JSONWriter) {
    json.object {
      $0.member("seen", seen)
      $0.member("kept", kept)
      if let next { $0.member("next", next) }
    }
  }
}

extension AdminAnswer.Move: JSONWritable {
  public func write(to json: inout JSONWriter) {
    json.object {
      if let job { $0.member("job", job.rawValue) }
      if let done { $0.member("done", done.rawValue) }
      if let failure { $0.member("failure", failure) }
      $0.member("databases", array: databases)
    }
  }
}

extension AdminAnswer.MovedDatabase: JSONWritable {
  public func write(to json: inout JSONWriter) {
    json.object {
      $0.member("name", name)
      $0.member("state", state.rawValue)
      $0.member("rows", rows)
      $0.member("totalRows", totalRows)
      $0.member("bytes", bytes)
      $0.member("pending", pending)
      if let pauseMs { $0.member("pauseMs", pauseMs) }
      if let answers { $0.member("answers", answers) }
    }
  }
}

extension AdminAnswer.Answers: JSONWritable {
  public func write(to json: inout JSONWriter) {
    json.object {
      $0.member("known", known)
      $0.member("reads", reads)
      $0.member("writes", writes)
      $0.member("reordered", reordered)
      $0.member("differences", array: differences)
    }
  }
}

extension AdminAnswer.Answers.Difference: JSONWritable {
  public func write(to json: inout JSONWriter) {
    json.object {
      $0.member("statement", statement)
      $0.member("sqlite", sqlite)
      $0.member("postgres", postgres)
    }
  }
}
