// A lab that dies while it is asked to stop.

import Foundation
import Glibc
import TestSupport
import Testing

@testable import Lab

@Suite struct DyingLabTests {
  @Test(arguments: [false, true]) func aLabThatDiesWhileItIsAskedToStopHasStopped(hasRead: Bool) throws {
    let temporary = try TemporaryFolder()
    let folder = try AppFolder(temporary.path)
    try folder.create()
    let socket = try folder.controlSocket.listen(backlog: 8)
    let asked = OneValue<Bool>()
    // With the question unread the kernel resets the connection.
    Thread.detachNewThread {
      let connection = accept(socket.number, nil, nil)
      var byte: UInt8 = 0
      while hasRead, byte != UInt8(ascii: "\n"), read(connection, &byte, 1) == 1 {}
      if !hasRead { recv(connection, &byte, 1, Int32(MSG_PEEK)) }
      asked.set(true)
      close(connection)
    }
    #expect(try Lab.down(folder, report: { _ in }) == false)
    #expect(asked.value == true)
  }
}
