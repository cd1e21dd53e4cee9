// What ThreadSanitizer has to know of Synchronization's Mutex. The quick ways to lock and unlock are compiled into our own
// code, where the sanitizer sees them. Who has to wait, and who wakes somebody up, goes through the Swift runtime's library,
// which is not instrumented: the sanitizer would not see that one came after the other, and report whatever the lock guards.
// So these stand in front of the library's two functions, and tell it.
#if __has_feature(thread_sanitizer)

#include <dlfcn.h>
#include <stdint.h>

// `_MutexHandle._lockSlow(_: UInt32)` and `_MutexHandle._unlockSlow()`. The handle is the lock's address.
#define LOCK_SLOW "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK_SLOW "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"
#define SWIFT __attribute__((swiftcall))
#define HANDLE __attribute__((swift_context)) void *handle

void __tsan_acquire(void *address);
void __tsan_release(void *address);

SWIFT void heights_lock_slow(uint32_t thread, HANDLE) __asm__(LOCK_SLOW);
SWIFT void heights_unlock_slow(HANDLE) __asm__(UNLOCK_SLOW);

SWIFT void heights_lock_slow(uint32_t thread, HANDLE) {
  SWIFT void (*lock)(uint32_t, HANDLE) = dlsym(RTLD_NEXT, LOCK_SLOW);
  lock(thread, handle);
  __tsan_acquire(handle);
}

SWIFT void heights_unlock_slow(HANDLE) {
  SWIFT void (*unlock)(HANDLE) = dlsym(RTLD_NEXT, UNLOCK_SLOW);
  __tsan_release(handle);
  unlock(handle);
}

#endif
