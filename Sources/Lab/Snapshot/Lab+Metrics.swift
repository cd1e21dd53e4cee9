// What the app's processes count of themselves.

import Contract

extension Lab {
  /// One that takes longer is busy with something else, or hangs.
  private static let metricsLimitMs = 300

  /// The figures of the app's processes that are ready, by name; without those that don't tell any.
  public func metrics() -> [String: AppMetrics] {
    let ready = (supervisor?.statuses ?? [:]).filter { $0.value.health == .ready }.keys
    let instances = Set(specs.filter(\.isInstance).map(\.name))
    let names = ready.filter { Role(rawValue: $0) != nil || instances.contains($0) }
    return Dictionary(uniqueKeysWithValues: names.compactMap { name in metrics(of: name).map { (name, $0) } })
  }

  private func metrics(of name: String) -> AppMetrics? {
    let admin = AdminClient(folder.adminSocket(ofProcess: name))
    guard let answer = try? admin.get(AdminPath.metrics, limitMs: Self.metricsLimitMs), answer.status == 200
    else {
      return nil
    }
    return AppMetrics(text: answer.text)
  }
}
