// How tests put a placement where a process looks for it.

import Foundation
import HeightsKit

extension Placement {
  /// Replaces a file, whatever it has: whoever reads finds the old document or this one, whole.
  func write(to path: String) throws { try json.write(to: URL(fileURLWithPath: path), options: .atomic) }
}
