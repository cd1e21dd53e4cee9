// What is read of HAProxy's statistics.

import Testing

@testable import Lab

@Suite struct HAProxyLineTests {
  private static let heading =
    "# pxname,svname,qcur,scur,status,econ,eresp,hrsp_1xx,hrsp_2xx,hrsp_3xx,hrsp_4xx,hrsp_5xx,hrsp_other,"

  @Test func aServersAnswersAreAddedUp() throws {
    let text = """
      \(Self.heading)
      servers,server-a,1,2,UP,3,4,0,100,10,5,7,1,
      servers,server-b,0,0,DOWN,,,,,,,,,
      servers,BACKEND,1,2,UP,3,4,0,100,10,5,7,1,

      """
    #expect(
      HAProxyLine.parse(text) == [
        HAProxyLine(
          server: "server-a", isUp: true, underWay: 3, answers: 123, errors: 7, abandoned: 1, unanswered: 7),
        HAProxyLine(
          server: "server-b", isUp: false, underWay: 0, answers: 0, errors: 0, abandoned: 0, unanswered: 0),
        HAProxyLine(
          server: HAProxyLine.backend, isUp: true, underWay: 3, answers: 123, errors: 7, abandoned: 1,
          unanswered: 7),
      ])
  }

  @Test func withoutAColumnNothingIsRead() {
    #expect(HAProxyLine.parse("") == nil)
    #expect(HAProxyLine.parse(Self.heading.replacing("eresp", with: "x") + "\nservers,a,0,0,UP\n") == nil)
  }
}
