// A region of AWS, with what decides whether a stage can run there.

/// An entry of the catalogue of regions.
public struct CataloguedRegion: Equatable, Sendable {
  /// With the zones that a new account can use.
  public let region: Region
  /// The part of AWS that it belongs to: `aws` for the commercial regions.
  public let partition: String
  /// The zones that AWS counts: sometimes one more than a new account can use.
  public let publishedZones: Int
  /// Whether it was there when the story that the stages come from was told.
  public let openedByAugust2023: Bool
  /// Whether Amplify Hosting is offered there; stage 1 needs it.
  public let hasAmplifyHosting: Bool

  /// Whether any account of AWS's can use it: neither a government's nor China's.
  public var isCommercial: Bool { partition == "aws" }

  /// The city, state or country in brackets in its name.
  public var place: String {
    guard let open = region.name.firstIndex(of: "("), let close = region.name.lastIndex(of: ")") else {
      return region.name
    }
    return String(region.name[region.name.index(after: open)..<close])
  }

  /// All that any account can use.
  public static let commercial = all.filter(\.isCommercial)

  /// The region of that code.
  public static func named(_ code: String) -> CataloguedRegion? { all.first { $0.region.code == code } }
}
