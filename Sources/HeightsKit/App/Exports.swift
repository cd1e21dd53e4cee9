// What an app that imports HeightsKit has with it: all of the layers below.

@_exported import HeightsData
