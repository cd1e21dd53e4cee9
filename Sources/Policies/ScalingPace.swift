// How fast a number of instances follows its load: here and on AWS.

/// The times of target tracking, counted in samples: what takes minutes on AWS, where CloudWatch has one sample a minute, takes as
/// many seconds in the lab.
public struct ScalingPace: Equatable, Sendable {
  /// From one sample to the next.
  public let sampleMs: Int
  /// Samples in a row that have to ask for more instances until there are more. (As of the alarms that EC2 makes for a target: 3.)
  public let samplesAbove = 3
  /// The same for fewer, and for so long nothing is taken away after any change of the number. (As of EC2's alarms: 15.)
  public let samplesBelow = 15
  /// What an instance says in its first samples does not count, since it is still filling its caches.
  public let warmUpSamples = 2
  /// Fewer instances have to stay below this part of the target, or they would soon be more again. (As of EC2's alarms: 90 %.)
  public let lowMarkPercent = 90

  /// On AWS.
  public static let aws = ScalingPace(sampleMs: 60_000)
  /// In the lab, where an instance starts in a second.
  public static let lab = ScalingPace(sampleMs: 1_000)

  /// How long an instance takes until what it says counts.
  public var warmUpSeconds: Int { warmUpSamples * sampleMs / 1_000 }
  /// For how long there has to be too little to do until instances are taken away.
  public var coolDownSeconds: Int { samplesBelow * sampleMs / 1_000 }
}
