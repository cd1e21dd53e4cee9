// Why there is no plan.

import Errors
import Topology

/// What was asked for can't be planned.
public enum PlanError: CodedError, Equatable {
  case usersOutOfRange(Int, limit: Int)
  case unknownRegion(String)
  case unpricedRegion(String)
  case repeatedRegion(String)
  case oneRegionOnly(Stage, count: Int)
  case topology(TopologyError)

  public var code: String { "invalid_plan" }
  public var isMisuse: Bool { true }

  public var description: String {
    switch self {
    case .usersOutOfRange(let users, let limit):
      "\(users) users can't be planned for: expected a whole number from 1 to \(Figures.grouped(limit)); beyond that "
        + "neither list prices nor AWS's default quotas tell what happens"
    case .unknownRegion(let code):
      "'\(code)' is no region of AWS; the codes look like us-east-1 or eu-central-1"
    case .unpricedRegion(let code):
      "there are no prices for '\(code)': plans are made for AWS's commercial regions"
    case .repeatedRegion(let code): "the region '\(code)' is there twice"
    case .oneRegionOnly(let stage, let count):
      "stage \(stage.number) is in one region and \(count) are given; stage 7 is in several"
    case .topology(let error): "\(error)"
    }
  }
}
