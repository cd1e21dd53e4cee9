// What an app's process says over its admin socket: HeightsKit writes it, and whoever runs the app reads it.

import Placement

/// The bodies of answers, as JSON.
public enum AdminAnswer {
  /// Whether the process lives, or can be given work.
  public struct Health: Codable, Equatable, Sendable {
    /// `alive` of a process that lives, otherwise its `Readiness`.
    public let state: String
    /// 1 to 7.
    public let stage: Int

    /// - Parameters:
    ///   - state: `alive`, or a `Readiness`.
    ///   - stage: 1 to 7.
    public init(state: String, stage: Int) {
      self.state = state
      self.stage = stage
    }
  }

  /// Every part of the process goes by this epoch of the placement, or by a later one.
  public struct Adopted: Codable, Equatable, Sendable {
    /// The placement's.
    public let epoch: Int

    /// - Parameter epoch: the placement's.
    public init(epoch: Int) { self.epoch = epoch }
  }

  /// What came of the requests that were under way when the process was told to take no more.
  public struct Drained: Codable, Equatable, Sendable {
    /// Whether everything was answered. Otherwise some connections took too long and were cut off.
    public let complete: Bool

    /// - Parameter complete: whether everything was answered.
    public init(complete: Bool) { self.complete = complete }
  }

  /// How far a copy of objects has come.
  public struct ObjectsCopied: Codable, Equatable, Sendable {
    /// Objects that the source has.
    public let total: Int
    /// Those looked at by now, of earlier calls too.
    public var done: Int
    /// Copied by this call; the others were there already.
    public var copied = 0
    /// Where the next call goes on; nil when all are done.
    public var next: String?
    /// Keys whose content is not what they name, at most 10.
    public var damaged: [String] = []

    /// Nothing is copied yet.
    public init(total: Int, done: Int) {
      self.total = total
      self.done = done
    }
  }

  /// How far a copy of sessions has come. When `next` is nil, everything that the second keeper had is with the first.
  public struct SessionsCopied: Codable, Equatable, Sendable {
    /// Sessions that this call has looked at.
    public var seen = 0
    /// Those of them that the first keeper has now; the others have ended.
    public var kept = 0
    /// Where the next call goes on; nil when all are done.
    public var next: String?

    /// Nothing is copied yet.
    public init(next: String? = nil) { self.next = next }
  }

  /// How far the move of all databases has come.
  public struct Move: Codable, Equatable, Sendable {
    /// Under way.
    public let job: MoveJob?
    /// The last one that ended well.
    public let done: MoveJob?
    /// Why the last one ended otherwise.
    public let failure: String?
    /// Each that the process has opened, HeightsKit's own among them.
    public let databases: [MovedDatabase]

    /// - Parameters:
    ///   - job: under way; nil when none is.
    ///   - done: the last one that ended well; nil when none has.
    public init(job: MoveJob?, done: MoveJob?, failure: String?, databases: [MovedDatabase]) {
      self.job = job
      self.done = done
      self.failure = failure
      self.databases = databases
    }
  }

  /// How far the move of one of them has come.
  public struct MovedDatabase: Codable, Equatable, Sendable {
    /// The steps of a move in their order; from `flipped` on it can go on, or back.
    public enum State: String, Codable, Sendable {
      case waiting, copying, copied, verifying, verified, flipping, flipped, returning, returned, finished
    }

    /// As the placement names it.
    public let name: String
    /// How far it has come.
    public var state = State.waiting
    /// Those that the copy has put into the new place.
    public var rows = 0
    /// At the start of the copy; the app goes on writing.
    public var totalRows = 0
    /// What those rows take as COPY has them.
    public var bytes = 0
    /// Rows that were written since and have yet to follow.
    public var pending = 0
    /// How long transactions waited at the fence, in milliseconds; nil before the flip.
    public var pauseMs: Int?
    /// What both engines were asked; nil before they are.
    public var answers: Answers?

    /// Nothing is copied yet.
    public init(name: String) { self.name = name }
  }
}

extension AdminAnswer {
  /// How both engines of a move have answered what the app asks.
  public struct Answers: Codable, Equatable, Sendable {
    /// A statement that they did not answer alike.
    public struct Difference: Codable, Equatable, Sendable {
      /// Its text, without the values of its parameters.
      public let statement: String
      /// What of SQLite's answer was not PostgreSQL's.
      public let sqlite: String
      /// What PostgreSQL answered there, or its error.
      public let postgres: String

      /// - Parameters:
      ///   - statement: without the values of its parameters.
      ///   - sqlite: the part that is not the same.
      ///   - postgres: the part that is not the same, or the error.
      public init(statement: String, sqlite: String, postgres: String) {
        (self.statement, self.sqlite, self.postgres) = (statement, sqlite, postgres)
      }
    }

    /// Uses of statements that were kept of real requests; there may be no time to ask them all.
    public var known = 0
    /// Of those, the ones that read and were answered by both.
    public var reads = 0
    /// The ones that write and were run by PostgreSQL in a transaction that was rolled back.
    public var writes = 0
    /// Reads whose rows came in another order, which the statement leaves open.
    public var reordered = 0
    /// 20 at most.
    public var differences: [Difference] = []

    /// Nothing was asked yet.
    public init() {}
  }
}

/// Where the databases are moved to.
public struct MoveTarget: Codable, Equatable, Sendable {
  /// What the placement calls it.
  public let cluster: String
  /// Those that hold data; whichever leads takes the writes.
  public let members: [ServerAddress]

  /// - Parameters:
  ///   - cluster: what the placement calls it.
  ///   - members: at least one.
  public init(cluster: String, members: [ServerAddress]) {
    self.cluster = cluster
    self.members = members
  }
}
