// What a client is told when a database refuses.

extension DatabaseError: ProblemConvertible {
  public var problem: Problem {
    switch self {
    case .full:
      Problem(
        .insufficientStorage, title: "There is no room for what you sent",
        detail: "Reading goes on. Writing comes back when the disk has been made larger.")
    case .tooMany: .overloaded
    case .timeout, .contended, .gone, .readOnly:
      Problem(
        .serviceUnavailable, title: "The database doesn't answer in time", detail: "Try again in a moment.",
        retryAfterSeconds: 1)
    case .conflict: Problem(.conflict, title: "It conflicts with what is stored")
    case .zeroInText: .badRequest("A text has the character U+0000, which can't be stored.")
    case .notANumber: .badRequest("A number is none (NaN), which can't be stored.")
    // Another try may do it twice: whoever asks has to know.
    case .unknown(code: 0, _):
      Problem(
        .serviceUnavailable, title: "It isn't known whether that was done",
        detail: "The database left while it was at it. Look whether it is there before you send it again.",
        retryAfterSeconds: 1)
    case .invalid, .corrupt, .unknown: .unexpected
    }
  }
}
