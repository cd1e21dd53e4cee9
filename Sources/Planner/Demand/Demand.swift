// From users to what they ask for: requests, statements, bytes, storage.

/// What an audience, or a share of it, asks for. Rates are per second; peaks are those of the busiest time of day.
struct Demand: Sendable {
  let catalog: Catalog
  let profile: RequestProfile
  /// People in a month.
  let users: Double

  func scaled(by share: Double) -> Demand {
    Demand(catalog: catalog, profile: profile, users: users * share)
  }

  // MARK: Requests

  /// People on an average day.
  var activeUsers: Double { users * catalog.value(.usersDauRatio) }
  var meanRequests: Double { activeUsers * catalog.value(.usersRequestsPerUserDay) / 86_400 }
  var peakToMean: Double { catalog.value(.usersPeakToMean) }
  var peakRequests: Double { meanRequests * peakToMean }
  var requestsPerMonth: Double { meanRequests * secondsPerMonth }
  var secondsPerMonth: Double { catalog.value(.sizingDaysPerMonth) * 86_400 }
  /// People who are there in the busiest hour of the day.
  var peakHourPeople: Double { activeUsers * peakToMean / 24 }

  // MARK: Databases

  /// The share of popular reads that the databases answer: all without a cache.
  func reads(withCache: Bool) -> Double {
    profile.reads + profile.popularReads * (withCache ? 1 - catalog.value(.contentCacheHitShare) : 1)
  }

  var writesPerDay: Double { meanRequests * profile.writes * 86_400 }

  /// After `dataMonths` of writing.
  var databaseGiB: Double { databaseGrowthGiB * catalog.value(.sizingDataMonths) + accountsGiB }
  /// Per month.
  var databaseGrowthGiB: Double { requestsPerMonth * profile.storedBytes / 0x1p30 }
  private var accountsGiB: Double { users * catalog.value(.contentAccountBytes) / 0x1p30 }

  // MARK: Pictures and other files

  var picturesPerMonth: Double {
    requestsPerMonth * profile.posts * catalog.value(.contentPicturesPerPost)
  }
  private var storedPictureBytes: Double {
    catalog.value(.contentPictureBytes) + catalog.value(.contentThumbnailBytes)
  }
  /// Per month.
  var objectGrowthGiB: Double { picturesPerMonth * storedPictureBytes / 0x1p30 }
  var objectGiB: Double { objectGrowthGiB * catalog.value(.sizingDataMonths) }
  var pictureViewsPerMonth: Double { requestsPerMonth * profile.pictureViews }
  /// Pictures as thumbnails, and the static files of a day's first visit.
  var fileBytesPerMonth: Double {
    pictureViewsPerMonth * catalog.value(.contentThumbnailBytes) + activeUsers
      * catalog.value(.sizingDaysPerMonth)
      * catalog.value(.contentStaticBytesPerUserDay)
  }
  var answerBytesPerMonth: Double { requestsPerMonth * catalog.value(.contentBytesPerRequest) }
  /// Of sessions that are alive.
  var sessionBytes: Double { activeUsers * catalog.value(.contentSessionBytes) }

  /// Bits per second at the peak, of answers and, where servers send them too, of files.
  func peakGbps(withFiles: Bool) -> Double {
    let bytes = answerBytesPerMonth + (withFiles ? fileBytesPerMonth : 0)
    return bytes / secondsPerMonth * peakToMean * 8 / 1e9
  }
}
