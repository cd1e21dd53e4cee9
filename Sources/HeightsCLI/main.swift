// The command line starts here: off the main actor, since event loops can't be started from it.

import Glibc

let words = Array(CommandLine.arguments.dropFirst())
exit(await Task.detached { await Heights.run(words, Output.standard) }.value)
