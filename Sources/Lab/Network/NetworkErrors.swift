// What can go wrong with networks, and how it is told.

extension LabError {
  /// Another lab has the region of this one; nil when there is no free one at all.
  static func regionTaken(_ region: Int?) -> LabError {
    guard let region else {
      return LabError("region_taken", "no addresses are left on this machine: 250 labs run")
    }
    return LabError(
      "region_taken",
      "the addresses 127.\(region).*.*, which this app's engines have stored, belong to another lab that runs: stop "
        + "that one with `heights down` first")
  }

  /// Another program has these ports on every address.
  static func portsTaken(ports: [Int]) -> LabError {
    LabError(
      "ports_taken",
      "another program listens on port \(ports.map(String.init).joined(separator: ", ")) of every address; stop it, "
        + "or make it listen on one address only")
  }

  /// All hosts of the lab are in the machine's network, where no link can be cut.
  static var noOwnNetwork: LabError {
    LabError(
      "no_own_network",
      "the lab's hosts are in this machine's network, where no link can be cut: set network: \"own\" in heights.json, then "
        + "`heights down` and `heights up`")
  }
}
