// What each error of PostgreSQL's comes to: what a person is told, and whether another try may help.

import HeightsHTTP
import Testing

@testable import HeightsData

@Suite struct SQLStateTests {
  /// What becomes of a statement.
  enum Fate: String {
    /// Tried again by itself where that may help; then 503 with Retry-After.
    case again
    /// 503 with Retry-After, and never again by itself: it may have been done.
    case undecided
    /// 507.
    case full
    /// 409.
    case conflict
    /// 500: a mistake in the app, or damage.
    case failed
  }

  /// All codes of PostgreSQL 15's `errcodes.txt` by their first two letters.
  static let codes: [(classes: String, rest: String, Fate)] = [
    ("00", "000", .failed),
    ("01", "000 00C 008 003 007 006 004 P01", .failed),
    ("02", "000 001", .failed),
    ("08", "000 003 006 001 004 007 P01", .again),
    ("03 09 0A 0B 0P 20 21 24 26 27 2D 34 3F 44", "000", .failed),
    ("0F", "000 001", .failed),
    ("0L 2B", "000 P01", .failed),
    ("0Z", "000 002", .failed),
    (
      "22",
      """
      000 02E 021 008 012 005 00B 022 015 01E 014 016 01F 01G 018 007 019 00D 025 P06 010 023 013 01B 01W 01X 02H 02G 009 00C 00G
      004 002 003 00H 026 001 011 027 024 00F P01 P02 P03 P04 P05 00L 00M 00N 00S 00T 030 031 032 033 034 035 036 037 038 039 03A
      03B 03C 03D 03E 03F 03G
      """, .failed
    ),
    ("23", "000 001 502 503 505 514 P01", .conflict),
    // A server that has become a follower, or one that is fenced.
    ("25", "006", .again),
    // Too long idle within a transaction: the server ends the connection.
    ("25", "P03", .again),
    ("25", "000 001 002 008 003 004 005 007 P01 P02", .failed),
    ("28", "000 P01", .again),
    ("2F", "000 005 002 003 004", .failed),
    ("38", "000 001 002 003 004", .failed),
    ("39", "000 001 004 P01 P02 P03", .failed),
    ("3B", "000 001", .failed),
    ("3D", "000", .again),
    ("40", "000 002 001 P01", .again),
    ("40", "003", .undecided),
    // The right to write is taken away while data moves.
    ("42", "501", .again),
    (
      "42",
      """
      000 601 846 803 P20 P19 830 602 622 939 804 P18 P21 P22 809 8C9 703 883 P01 P02 704 701 P03 P04 723 P05 P06 P07 712 710 702
      725 P08 P09 P10 611 P11 P12 P13 P14 P15 P16 P17
      """, .failed
    ),
    ("53", "000 200 300 400", .again),
    ("53", "100", .full),
    ("54", "000 001 011 023", .failed),
    ("55", "000 006 P03", .again),
    ("55", "P02 P04", .failed),
    ("57", "000 014 P01 P02 P03 P04 P05", .again),
    ("58", "000 030 P01 P02", .again),
    ("72", "000", .again),
    ("F0", "000 001", .again),
    (
      "HV",
      """
      000 005 002 010 021 024 007 008 004 006 091 00B 00C 00D 090 00A 009 014 001 00P 00J 00K 00Q 00R 00L 00M 00N
      """, .failed
    ),
    ("P0", "000 001 002 003 004", .failed),
    ("XX", "000 001 002", .failed),
  ]

  static let all: [(state: String, fate: Fate)] = codes.flatMap { classes, rest, fate in
    classes.split(separator: " ").flatMap { start in
      rest.split { $0.isWhitespace }.map { ("\(start)\($0)", fate) }
    }
  }

  @Test func everyCodeHasAFateAndNoneHasTwo() {
    #expect(Self.all.count == 260)
    #expect(Set(Self.all.map(\.state)).count == 260)
  }

  @Test func whatAPersonIsToldOfEachCode() {
    for (state, fate) in Self.all {
      let error = DatabaseError(sqlState: state, message: "m", sql: "SELECT 1")
      let (status, retryAfter) = (error.problem.status.code, error.problem.retryAfterSeconds)
      switch fate {
      case .again: #expect(status == 503 && retryAfter != nil && error.isRetryable, "\(state)")
      case .undecided: #expect(status == 503 && retryAfter != nil && !error.isRetryable, "\(state)")
      case .full: #expect(status == 507 && !error.isRetryable, "\(state)")
      case .conflict: #expect(status == 409 && !error.isRetryable, "\(state)")
      case .failed: #expect(status == 500 && !error.isRetryable, "\(state)")
      }
    }
  }

  /// What whoever runs the servers does, and what happens when one of them goes.
  @Test(arguments: [
    "08000", "08001", "08003", "08004", "08006", "08007", "08P01", "25006", "25P03", "28000", "28P01",
    "3D000",
    "40001", "40003", "40P01", "42501", "53200", "53300", "53400", "55000", "55006", "55P03", "57000",
    "57014",
    "57P01", "57P02", "57P03", "57P04", "57P05", "58000", "58030", "58P01", "72000",
  ])
  func whatRunningTheServersCausesIsNeverTakenForAMistake(_ state: String) {
    let problem = DatabaseError(sqlState: state, message: "m", sql: "SELECT 1").problem
    #expect(problem.status == .serviceUnavailable)
    #expect(problem.retryAfterSeconds == 1)
  }

  @Test func aCommitWithoutAnAnswerIsToldAsWhatItIs() {
    let problem = DatabaseError.unknown(code: 0, message: "the server left").problem
    #expect(problem.status == .serviceUnavailable)
    #expect(problem.title == "It isn't known whether that was done")
    #expect(DatabaseError.unknown(code: 1, message: "m").problem.status == .internalServerError)
  }
}
