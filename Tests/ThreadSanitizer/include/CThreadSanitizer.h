// Nothing to call: what is here stands in front of functions of the Swift runtime's.
