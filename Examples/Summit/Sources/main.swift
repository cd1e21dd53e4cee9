// Summit starts here, in the folder of its manifest.

import HeightsKit

let summit = SummitRoutes(folder: ".")

await App.run(launch: { try await summit.launchPage($0) }) { try await summit.app($0) }
