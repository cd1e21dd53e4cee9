// Photos: taken only if their content is a picture.

import HeightsKit

enum Photo {
  static let uploadLimitBytes = 10 << 20
  private static let pixelLimit = 50_000_000

  /// Stores an uploaded photo and returns its key.
  /// - Throws: `Problem` (422) when it isn't a picture that browsers show, or is too large.
  static func store(_ file: Form.File, in photos: ObjectStore) async throws -> String {
    let bytes = try file.read()
    guard let kind = ImageKind(bytes), let size = kind.dimensions(bytes) else {
      throw Problem.invalid([Problem.Field("photo", "Choose a JPEG, PNG, WebP or GIF picture.")])
    }
    guard size.width <= pixelLimit / size.height else {
      throw Problem.invalid([Problem.Field("photo", "The picture has more than 50 million pixels.")])
    }
    return try await photos.put(bytes, fileExtension: kind.fileExtension)
  }
}
