// The daemon of libmicrohttpd, and what it calls back.

import CMicrohttpd
import Glibc

extension HTTPEngine {
  private func opened(_ handle: OpaquePointer) -> UnsafeMutableRawPointer? {
    guard let connection = accepted else { return nil }
    connection.attach(handle)
    connections[ObjectIdentifier(connection)] = connection
    return Unmanaged.passUnretained(connection).toOpaque()
  }

  private func closed(_ context: UnsafeMutableRawPointer?) {
    guard let context else { return }
    let connection = Unmanaged<Connection>.fromOpaque(context).takeUnretainedValue()
    connections[ObjectIdentifier(connection)] = nil
  }

  func startDaemon() throws -> OpaquePointer {
    var settings = heights_mhd_settings(
      context: Unmanaged.passUnretained(self).toOpaque(), on_line: HTTPEngine.onLine,
      on_request: HTTPEngine.onRequest,
      on_completed: HTTPEngine.onCompleted, on_connection: HTTPEngine.onConnection,
      header_bytes: limits.headerBytes, connection_limit: UInt32(limits.connectionsPerLoop + 16))
    guard let daemon = heights_mhd_start(&settings) else { throw SystemError(call: "MHD_start_daemon") }
    return daemon
  }

  /// Returns nothing: what it returned would stand where a request's exchange is looked for.
  private static let onLine: heights_mhd_on_line = { _, target, handle in
    guard let target, let handle, let context = heights_mhd_context(handle) else { return nil }
    heights_mhd_hide_cookies(handle)
    // Alive: `connections` holds it until libmicrohttpd has closed it.
    Unmanaged<Connection>.fromOpaque(context)._withUnsafeGuaranteedRef {
      $0.lineHasCome(heights_mhd_take_line(target))
    }
    return nil
  }

  private static let onRequest: MHD_AccessHandlerCallback = {
    context, handle, url, method, version, upload, size, slot in
    guard let context, let url, let method, let version, let size, let slot else {
      return heights_mhd_result(0)
    }
    let target = UnsafeRawBufferPointer(start: url, count: strlen(url)).assumingMemoryBound(to: UInt8.self)
    let call = RequestCall(
      handle: handle, method: method, target: target, version: version,
      upload: UnsafeRawBufferPointer(start: upload, count: size.pointee))
    // Alive: its loop holds an engine as long as it runs.
    return Unmanaged<HTTPEngine>.fromOpaque(context)._withUnsafeGuaranteedRef { engine in
      // What isn't taken comes again once the connection is resumed.
      if size.pointee > 0, engine.holdsBack(slot.pointee) { return heights_mhd_result(1) }
      size.pointee = 0
      return engine.handle(call, slot)
    }
  }

  private static let onCompleted: MHD_RequestCompletedCallback = { context, _, slot, _ in
    guard let context, let slot else { return }
    // Alive: its loop holds an engine as long as it runs.
    Unmanaged<HTTPEngine>.fromOpaque(context)._withUnsafeGuaranteedRef { $0.completed(slot) }
  }

  private static let onConnection: MHD_NotifyConnectionCallback = { context, handle, slot, what in
    guard let context, let handle, let slot else { return }
    let engine = Unmanaged<HTTPEngine>.fromOpaque(context).takeUnretainedValue()
    if heights_mhd_is_opening(what) != 0 {
      slot.pointee = engine.opened(handle)
    } else {
      engine.closed(slot.pointee)
    }
  }
}
