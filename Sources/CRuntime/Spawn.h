// What starting programs and making networks share.
#ifndef HEIGHTS_SPAWN_H
#define HEIGHTS_SPAWN_H

#include <sys/types.h>

/// Writes a short text to a file that is there. -1 and errno when that fails.
int heights_write_file(const char *path, const char *text);

/// In a user namespace that was just made: who we are outside, we are inside. -1 and errno when that fails.
int heights_map_user(uid_t user, gid_t group);

/// What this process starts next may change networks, whoever it is. -1 and errno when that fails.
int heights_keep_network_rights(void);

#endif
