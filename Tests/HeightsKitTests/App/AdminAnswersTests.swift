// What a process says over its admin socket is what the lab reads: both go by the contract.

import Contract
import Foundation
import HeightsRuntime
import Testing

@Suite struct AdminAnswersTests {
  private func expectReadAsWritten<Answer: JSONWritable & Decodable & Equatable>(
    _ answer: Answer, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    var json = JSONWriter()
    answer.write(to: &json)
    let read = try JSONDecoder().decode(Answer.self, from: Data(json.bytes))
    #expect(read == answer, sourceLocation: sourceLocation)
  }

  @Test func eachIsReadAsItIsWritten() throws {
    try expectReadAsWritten(AdminAnswer.Health(state: "draining", stage: 5))
    try expectReadAsWritten(AdminAnswer.Adopted(epoch: 12))
    try expectReadAsWritten(AdminAnswer.Drained(complete: false))
    var copied = AdminAnswer.ObjectsCopied(total: 9, done: 4)
    try expectReadAsWritten(copied)
    (copied.copied, copied.next, copied.damaged) = (3, "k\"", ["a", "b"])
    try expectReadAsWritten(copied)
    try expectReadAsWritten(AdminAnswer.Move(job: nil, done: nil, failure: nil, databases: []))
    var database = AdminAnswer.MovedDatabase(name: "posts")
    (database.state, database.rows, database.totalRows, database.bytes) = (.flipped, 1, 2, 3)
    (database.pending, database.pauseMs) = (4, 5)
    var answers = AdminAnswer.Answers()
    (answers.known, answers.reads, answers.writes, answers.reordered) = (6, 7, 8, 9)
    answers.differences = [.init(statement: "SELECT \"a\"", sqlite: "1", postgres: "2\n")]
    database.answers = answers
    let untouched = AdminAnswer.MovedDatabase(name: "waitlist")
    for (job, done) in zip(MoveJob.allCases, MoveJob.allCases.reversed()) {
      try expectReadAsWritten(
        AdminAnswer.Move(job: job, done: done, failure: "why\n", databases: [database, untouched]))
    }
  }
}
