// From the launch page to the single server, in the order in which it happens.
//
// At every moment at least one process answers the public; both do while the climb passes from one to the other,
// from the same listening sockets. No address of the waitlist is ever in neither store.

import Lab

struct Climb1to2 {
  let change: StageChange

  var steps: [ClimbStep] {
    [
      launchApp, carryWaitlist, openAppDoor, drainLaunchDoor, carryStragglers, .record(change), retireLaunch,
    ]
  }

  private let launchApp = ClimbStep(
    name: "launch-app", title: "start the app beside the launch page, its front door closed",
    run: { lab, say in try lab.ensureRunning(.app, say) },
    verify: { lab, _ in try expect("the app runs", lab.isAlive(.app)) },
    undo: { lab, say in try lab.carryOut(.retire(.app), say) })

  /// The launch page goes on taking addresses meanwhile: `carryStragglers` fetches those.
  private let carryWaitlist = ClimbStep(
    name: "carry-waitlist", title: "carry the waitlist over to the app",
    run: { lab, say in try WaitlistTransfer.carry(from: .launch, to: .app, lab, say) },
    // Again: what this finds has arrived since, and it too must be in the app afterwards.
    verify: { lab, _ in try WaitlistTransfer.carry(from: .launch, to: .app, lab, .silent) },
    // The app's front door is closed by now, so this is all that it took.
    undo: { lab, say in try WaitlistTransfer.carry(from: .app, to: .launch, lab, say) })

  private let openAppDoor = ClimbStep(
    name: "open-app-door", title: "open the app's front door beside the launch page's",
    run: { lab, say in try lab.openDoor(.app, say) },
    verify: { lab, _ in try expect("the app answers on the public port", lab.answersPublic(.app)) },
    undo: { lab, say in try lab.closeDoor(.app, whileOpen: .launch, say) })

  private let drainLaunchDoor = ClimbStep(
    name: "drain-launch-door", title: "let the launch page answer what it has accepted, and no more",
    run: { lab, say in try lab.closeDoor(.launch, whileOpen: .app, say) },
    verify: { lab, _ in try expect("only the app has the public port", lab.view().openDoors == [.app]) },
    undo: { lab, say in try lab.openDoor(.launch, say) })

  /// Nothing arrives at the launch page any more, so what is verified here stays so.
  private let carryStragglers = ClimbStep(
    name: "carry-stragglers", title: "carry over the addresses that arrived meanwhile, and check every one",
    run: { lab, say in try WaitlistTransfer.carry(from: .launch, to: .app, lab, say) },
    verify: { lab, _ in try WaitlistTransfer.check(allOf: .launch, areIn: .app, lab) },
    // What is in both stores does no harm; what only the app has goes back when its door is closed.
    undo: { _, _ in })

  /// The point of no return lies after this step. The data of the launch page stays on disk.
  private let retireLaunch = ClimbStep(
    name: "retire-launch", title: "end the launch page's process",
    run: { lab, say in try lab.carryOut(.retire(.launch), say) },
    verify: { lab, _ in try expect("the launch page's process has ended", !lab.isAlive(.launch)) },
    undo: { lab, say in try lab.ensureRunning(.launch, say) })
}
